"""What Python says of another process."""

from __future__ import annotations

from .error import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Inner


def message(error: BaseException, inner: Inner) -> str:
    """The command line holds arguments, and a traceback from another process any value."""
    code, timeout = read(error, "returncode"), read(error, "timeout")
    if code is None and timeout is None:
        return ""
    return f"Command ? {f'returned {code}' if timeout is None else f'timed out after {timeout} seconds'}"

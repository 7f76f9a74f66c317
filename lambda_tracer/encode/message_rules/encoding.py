"""What Python's codecs say."""

from __future__ import annotations

from .error import read
from .text import unquoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Inner


def message(error: BaseException, inner: Inner) -> str:
    """What can't be en- or decoded is a piece of the value; where it stands is not."""
    encoding, start, end, reason = (read(error, name) for name in ("encoding", "start", "end", "reason"))
    verb = "encode" if isinstance(error, (UnicodeEncodeError, UnicodeTranslateError)) else "decode"
    if type(start) is not int or type(end) is not int:
        return ""
    where = f"position {start}" if end - start <= 1 else f"position {start}-{end - 1}"
    return f"{str(encoding)[:40]!r} codec can't {verb} what is in {where}: {unquoted(str(reason)[:200])}"

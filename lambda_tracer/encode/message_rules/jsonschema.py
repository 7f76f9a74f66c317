"""What jsonschema says: the rule and the place."""

from __future__ import annotations

from ...guard import pass_on
from ...safe import safe_str
from .error import read
from .text import place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Inner


def message(error: BaseException, inner: Inner) -> str:
    validator, path = read(error, "validator"), read(error, "absolute_path")
    if type(validator) is not str:
        return safe_str(error).partition("\n")[0] if type(error).__name__ == "SchemaError" else ""
    try:
        where = "".join(f"[{place(part)}]" for part in path or ())
    except BaseException as failure:
        pass_on(failure)
        where = ""
    return f"failed validating {validator!r} of instance{where}"

"""What is read of an exception to tell its message: its class's names, its arguments, attributes and text."""

from __future__ import annotations

from ...guard import pass_on
from ...safe import safe_str
from ..limits import MAX_MESSAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_READ = 2 * MAX_MESSAGE
"""Characters that are read of a message that is looked through for values."""

args_of = BaseException.__dict__["args"].__get__
cause_of = BaseException.__dict__["__cause__"].__get__
traceback_of = BaseException.__dict__["__traceback__"].__get__


def names_of(kind: type) -> tuple[str, str]:
    """The names of a class's module and of the class, asked of no metaclass."""
    module = type.__dict__["__module__"].__get__(kind)
    return (module if type(module) is str else "", type.__dict__["__name__"].__get__(kind))


def read(value: Any, name: str) -> Any:
    """An attribute of a library's object; None where there is none."""
    try:
        return getattr(value, name, None)
    except BaseException as failure:
        pass_on(failure)
        return None


def text_of(error: BaseException) -> str:
    """The beginning of what the exception itself says."""
    return safe_str(error)[:MAX_READ]

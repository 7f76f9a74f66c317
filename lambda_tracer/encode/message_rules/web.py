"""What web frameworks say of a request: nothing of its path, its headers and its body."""

from __future__ import annotations

from . import pydantic
from .error import names_of, read, text_of
from .text import unquoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Inner


def message(error: BaseException, inner: Inner) -> str:
    """A validation error's places and reasons; of others what is said without the values."""
    module, name = names_of(type(error))
    if name == "Resolver404":  # the path, and all routes that it was compared with
        return ""
    if name == "RequestUnsupportedContentType":
        return "unsupported content type"
    if name.endswith("ValidationError"):
        errors = read(error, "errors")
        found = errors() if callable(errors) else ()
        return pydantic.told("", len(found), list(found[:100]))
    if module == "bottle":
        return _bottles(error)
    return unquoted(text_of(error))


def _bottles(error: BaseException) -> str:
    """The status, and the words given to `abort`: Bottle's exceptions are responses, with headers as their text."""
    status = read(error, "status_line")
    body = read(error, "body")
    said = status if type(status) is str else ""
    if type(body) is str and body and read(error, "status_code") != 404:
        return f"{said}: {body}"
    return said

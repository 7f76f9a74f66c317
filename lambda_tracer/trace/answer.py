"""The HTTP status that an exception stands for, where a web framework makes an answer of it.

Read off what the exception and its class hold already, without running any code of theirs.
"""

from __future__ import annotations

from types import GetSetDescriptorType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NAMES = ("status_code", "statusCode", "STATUS_CODE")
"""Starlette's, FastAPI's and Powertools' name for it, another that people use, and Chalice's."""

_OWN_NAMES = {"werkzeug": "code"}
"""By package: names that mean something else elsewhere."""

_DJANGO = {
    "Http404": 404,
    "PermissionDenied": 403,
    "BadRequest": 400,
    "SuspiciousOperation": 400,
    "MultiPartParserError": 400,
}
"""What Django's own handlers make of its exceptions, which do not say so themselves."""

_mro_of = type.__dict__["__mro__"].__get__
_members_of = type.__dict__["__dict__"].__get__


def status_of(error: BaseException) -> int | None:
    """The status that an exception carries as a whole number from 100 to 599, its own or its class's; else None."""
    own = _attributes(error)
    for base in _mro_of(type(error)):
        if base is Exception:
            break
        members = _members_of(base)
        module = members.get("__module__")
        package = module.partition(".")[0] if type(module) is str else ""
        names = (*_NAMES, _OWN_NAMES[package]) if package in _OWN_NAMES else _NAMES
        for name in names:
            status = _status(own.get(name)) or _status(members.get(name))
            if status is not None:
                return status
        if package == "django":
            status = _DJANGO.get(type.__dict__["__name__"].__get__(base))
            if status is not None:
                return status
    return None


def _attributes(error: BaseException) -> dict[str, Any]:
    """What the exception's `__dict__` holds, unless its class has put something else in that place."""
    for base in _mro_of(type(error)):
        descriptor = _members_of(base).get("__dict__")
        if descriptor is not None:
            if type(descriptor) is not GetSetDescriptorType:
                return {}
            attributes = descriptor.__get__(error)
            return attributes if type(attributes) is dict else {}
    return {}


def _status(value: object) -> int | None:
    kind = type(value)
    if not issubclass(kind, int) or kind is bool:
        return None
    number = int.__int__(value)  # type: ignore[arg-type]  # an int, perhaps of an enumeration
    return number if 100 <= number <= 599 else None

"""Objects and classes that raise when they are looked at, each by one of the ways to do so."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any


class Nasty(BaseException):
    """An exception that `except Exception` does not catch, and that pytest does not take for its own."""


SECRET = "p4ssw0rd"
"""Part of an exception's message that must not get into the tracer's own log records."""

RAISED: tuple[type[BaseException], ...] = (ValueError, Nasty, KeyboardInterrupt, SystemExit, StopIteration)

LOOKED_AT = (
    "__repr__",
    "__str__",
    "__format__",
    "__getattr__",
    "__getattribute__",
    "__eq__",
    "__hash__",
    "__iter__",
    "__len__",
    "__bool__",
    "__class__",
    "__dict__",
    "__dir__",
    "__reduce_ex__",
    "__getstate__",
    "__int__",
    "__float__",
    "__index__",
    "__getitem__",
    "__contains__",
    "__sizeof__",
    "keys",
    "items",
    "model_dump",
    "dict",
)


def raising(name: str, raised: type[BaseException], bases: tuple[type, ...] = (object,)) -> type:
    """A class whose attribute `name` raises when it is used; looking it up is enough where it is a property."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise raised(f"{name} of a hostile value was used")

    namespace: dict[str, Any] = {name: refuse}
    if name in ("__class__", "__dict__"):
        namespace[name] = property(refuse)
    if name == "__eq__":
        namespace["__hash__"] = object.__hash__
    if name == "items":
        namespace["keys"] = refuse
    return types.new_class(f"Raising_{name.strip('_')}", bases, exec_body=lambda body: body.update(namespace))


def made_raising(name: str, raised: type[BaseException], *bases: type) -> Callable[[], Any]:
    def make() -> Any:
        return raising(name, raised, bases or (object,))()

    return make


class MetaRefuses(type):
    """A class of classes that refuse to be looked at."""

    def __getattribute__(cls, name: str) -> Any:
        raise Nasty(name)


class MetaUnhashable(type):
    def __hash__(cls) -> int:
        raise Nasty("__hash__ of a class")

    def __eq__(cls, other: object) -> bool:
        raise Nasty("__eq__ of a class")


class MetaInstance(type):
    def __instancecheck__(cls, instance: object) -> bool:
        raise Nasty("__instancecheck__")

    def __subclasscheck__(cls, subclass: type) -> bool:
        raise Nasty("__subclasscheck__")


class OfRefusing(metaclass=MetaRefuses):
    pass


class OfUnhashable(metaclass=MetaUnhashable):
    pass


class OfInstance(metaclass=MetaInstance):
    pass


class ModuleIsNoText:
    __module__ = raising("__format__", ValueError)()

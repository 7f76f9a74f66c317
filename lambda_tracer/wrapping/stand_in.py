"""StandIn: a callable object, recorded, that passes for the one it stands in for.

Functions have wrappers that are functions. An object (a `functools.partial`, a command, a task, a mock, somebody's
wrapper) offers more than to be called: attributes, operators, a way to be bound to instances. All of it is reached
through the stand-in, live; only its calls are recorded.
"""

from __future__ import annotations

from types import MethodType
from weakref import WeakKeyDictionary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

# Special methods that the stand-in has itself, or that make no sense for something made already.
_OWN = frozenset(
    (
        *("__new__", "__init__", "__init_subclass__", "__subclasshook__", "__class_getitem__", "__del__"),
        *(
            "__getattribute__",
            "__getattr__",
            "__setattr__",
            "__delattr__",
            "__dir__",
            "__class__",
            "__dict__",
        ),
        *("__copy__", "__deepcopy__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__"),
        *("__getnewargs__", "__getnewargs_ex__", "__sizeof__", "__doc__", "__module__", "__slots__"),
        *("__weakref__", "__call__", "__get__", "__wrapped__", "__repr__"),
    )
)

# Of functools: a class calls what they give.
_GIVE_METHODS = ("partialmethod", "singledispatchmethod")

_kinds: dict[bool, WeakKeyDictionary[type, type[StandIn]]] = {
    False: WeakKeyDictionary(),
    True: WeakKeyDictionary(),
}


def stand_in(
    function: Any,
    call: Callable[..., Any],
    again: Callable[[Any], Any],
    bind: Callable[..., Any] | None = None,
) -> StandIn:
    """What stands in for `function`: `call` is called in its place.

    `again` makes a recorded one of what `function` is bound to, or copied as. With `bind` a class calls that instead,
    with the instance first.
    """
    kind = type(function)
    kinds = _kinds[bind is not None]
    made_for = kinds.get(kind)
    if made_for is None:
        made_for = kinds[kind] = _kind(kind, bind is not None)
    made = object.__new__(made_for)
    for name, value in (
        ("__wrapped__", function),
        ("_lambda_tracer_call", call),
        ("_lambda_tracer_again", again),
        ("_lambda_tracer_bind", bind),
        ("_lambda_tracer_binds", bind is not None),
    ):
        object.__setattr__(made, name, value)
    return made


def descriptor(found: Any, again: Callable[[Any], Any]) -> Any:
    """What stands in for a property, or for what can't be called but gives what can: a `partialmethod`."""
    if issubclass(type(found), property) and found.fget is not None:
        return type(found)(again(found.fget), found.fset, found.fdel, found.__doc__)
    return stand_in(found, again(_Getter(found)), again)


class _Getter:
    """Gets what a property of some kind gives."""

    def __init__(self, found: Any) -> None:
        self._found = found
        self.__name__ = getattr(getattr(found, "func", None), "__name__", type(found).__name__)

    def __call__(self, instance: Any, owner: Any) -> Any:
        return _special(self._found, "__get__")(instance, owner)


class StandIn:
    """See the module; made by `stand_in`, of a class that has the special methods of the original's class."""

    __slots__ = (
        "__weakref__",
        "__wrapped__",
        "_lambda_tracer_again",
        "_lambda_tracer_bind",
        "_lambda_tracer_binds",
        "_lambda_tracer_call",
        "_lambda_tracer_original",  # what `patches.replace` knows its own by
    )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_lambda_tracer_"):  # not set; what it stands in for may be one of ours, too
            raise AttributeError(name)
        return getattr(self.__wrapped__, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_lambda_tracer_") or name == "__wrapped__":
            object.__setattr__(self, name, value)
        else:
            setattr(self.__wrapped__, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.__wrapped__, name)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return self.__wrapped__.__class__

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return self.__wrapped__.__dict__

    @property
    def __doc__(self) -> Any:  # type: ignore[override]
        return self.__wrapped__.__doc__

    def __dir__(self) -> Iterable[str]:
        return dir(self.__wrapped__)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __copy__(self) -> Any:
        import copy

        return self._lambda_tracer_again(copy.copy(self.__wrapped__))

    def __deepcopy__(self, memo: Any) -> Any:
        import copy

        return self._lambda_tracer_again(copy.deepcopy(self.__wrapped__, memo))

    def __reduce_ex__(self, protocol: Any) -> Any:
        """By its name, as a function, where it has one; else it is what it stands in for."""
        import sys

        place: Any = sys.modules.get(getattr(self, "__module__", None) or "")
        name = getattr(self, "__qualname__", None) or getattr(self, "__name__", None)
        if isinstance(name, str):
            for part in name.split("."):
                place = getattr(place, part, None)
            if place is self:
                return name
        from _operator import itemgetter

        return itemgetter(0), ((self.__wrapped__,),)


def _module_of(self: StandIn) -> Any:
    return self.__wrapped__.__module__


def _call(self: StandIn, /, *args: Any, **kwargs: Any) -> Any:
    return self._lambda_tracer_call(*args, **kwargs)


def _get(self: StandIn, instance: Any, owner: Any = None) -> Any:
    function = self.__wrapped__
    if self._lambda_tracer_binds:
        if instance is None:
            return self
        return stand_in(function, MethodType(self._lambda_tracer_bind, instance), self._lambda_tracer_again)
    if callable(function) or type(function).__name__ in _GIVE_METHODS:
        bound = type(function).__get__(function, instance, owner)
        if bound is function:
            return self
        return stand_in(bound, MethodType(_apply(self), bound), self._lambda_tracer_again)
    if instance is None:
        return _special(function, "__get__")(None, owner)
    return self._lambda_tracer_call(instance, owner)  # a property of some kind: getting it is the call


class _Applied:
    """Calls its first argument, which is of the kind that the descriptor is: what that was bound to."""

    __slots__ = ("_descriptor",)
    _lambda_tracer_is_function = True

    def __init__(self, found: Any) -> None:
        self._descriptor = found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._descriptor, name)

    def __call__(self, bound: Any, /, *args: Any, **kwargs: Any) -> Any:
        return bound(*args, **kwargs)


def _apply(made: StandIn) -> Callable[..., Any]:
    """What records the calls of whatever the original is bound to: made once, since binding comes with each call."""
    if made._lambda_tracer_bind is None:
        made._lambda_tracer_bind = made._lambda_tracer_again(_Applied(made.__wrapped__))
    apply: Callable[..., Any] = made._lambda_tracer_bind
    return apply


def _kind(kind: type, binds: bool) -> type[StandIn]:
    """A class of stand-ins for objects of that class."""
    namespace: dict[str, Any] = {
        "__slots__": (),
        "__doc__": vars(StandIn)["__doc__"],
        "__module__": property(_module_of),
    }
    if any("__call__" in vars(base) for base in kind.__mro__):
        namespace["__call__"] = _call
    if binds or _binds(kind):
        namespace["__get__"] = _get
    for name in dir(kind):
        if not (name.startswith("__") and name.endswith("__")) or name in _OWN:
            continue
        method = getattr(kind, name, None)
        if method is getattr(object, name, _OWN):
            continue
        if method is None:
            namespace[name] = None
        elif callable(method):
            namespace[name] = _Forwarded(name)
    return type(kind.__name__, (StandIn,), namespace)


def _binds(kind: type) -> bool:
    from functools import partial
    from sys import version_info

    if issubclass(kind, partial):  # on 3.13 its __get__ only announces what it does from 3.14 on
        return version_info >= (3, 14)
    return hasattr(kind, "__get__")


class _Forwarded:
    """A special method of the original's: Python binds it to the stand-in, and gets the original's."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, made: StandIn | None, owner: Any = None) -> Any:
        return self if made is None else _special(made.__wrapped__, self._name)


def _special(function: Any, name: str) -> Any:
    """A special method, as Python looks it up: of the class, bound to the object."""
    kind = type(function)
    for base in kind.__mro__:
        if name in vars(base):
            method = vars(base)[name]
            bind = getattr(type(method), "__get__", None)
            return method if bind is None else bind(method, function, kind)
    raise AttributeError(name)

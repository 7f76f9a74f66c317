"""Functions that others have put where we replace, before us and after us.

What stood there before us may be any descriptor, which ours calls as attribute access would. What was put around ours
later may hold ours anywhere.
"""

from __future__ import annotations

import functools
import types

from ..guard import Late, pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType
    from typing import Any

    from ..wrapping import stand_in as stand_ins
else:
    stand_ins = Late("lambda_tracer.wrapping.stand_in")  # only where an object is in the place of a method

MAX_LOOKED_AT = 100
"""How many objects are looked at to find ours inside what somebody else put around it."""


def stand_in(original: Any, make: Callable[[Any], Callable[..., Any]], *, is_in_class: bool) -> Any:
    """What takes the place of a callable object: it offers more than to be called.

    A class calls such an object without the instance.
    """
    bind = make(_Called(original)) if is_in_class else None
    return stand_ins.stand_in(original, make(original), make, bind)


def binding(owner: type | ModuleType, original: Any) -> tuple[Any, Any, Any]:
    """What kind of method a class's descriptor is, what it passes for, and what calls it as attribute access would.

    The kind is what makes the like of a function: `staticmethod`, `classmethod`, a subclass of these, or None.
    """
    kind = type(original)
    if issubclass(kind, (staticmethod, classmethod)):
        called = original.__func__
        if kind is staticmethod or type(called) is types.FunctionType:
            return kind, called, called
        return kind, called, _Called(original, binds_type=True)
    # Somebody's wrapper passes for what it wraps.
    method = next((each for each in (staticmethod, classmethod) if isinstance(original, each)), None)
    bound = _Called(original, owner if method is staticmethod else None, binds_type=method is classmethod)
    return method, original if callable(original) else original.__get__(None, owner), bound


class _Called:
    """Calls a descriptor with what it is to be bound to first, as attribute access binds it.

    Whoever asks what it is (a coroutine function, say) is told by the descriptor itself.
    """

    __slots__ = ("_descriptor", "_is_bound_to_type", "_owner")
    _lambda_tracer_is_function = True

    def __init__(self, descriptor: Any, owner: Any = None, *, binds_type: bool = False) -> None:
        """`owner` is the class of a static method, which is bound to nothing else."""
        self._descriptor = descriptor
        self._owner = owner
        self._is_bound_to_type = binds_type

    def __getattr__(self, name: str) -> Any:
        return getattr(self._descriptor, name)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        descriptor = self._descriptor
        bind = getattr(type(descriptor), "__get__", None)
        if self._owner is not None:
            return (descriptor if bind is None else bind(descriptor, None, self._owner))(*args, **kwargs)
        instance, *rest = args
        if bind is None:  # a mock, a partial: a class calls it without the instance
            return descriptor(*rest, **kwargs)
        if self._is_bound_to_type:
            return bind(descriptor, None, instance)(*rest, **kwargs)
        return bind(descriptor, instance, type(instance))(*rest, **kwargs)


def holds(attribute: Any, ours: Any) -> bool:
    """Whether somebody's function holds what we made, as far as it is there to be looked at."""
    return any(each is ours for each in _inside(attribute))


def _inside(attribute: Any) -> Iterator[Any]:
    """What somebody's function holds: what it may call."""
    objects = [attribute]
    seen = set()
    for held in objects:
        if id(held) in seen:
            continue
        seen.add(id(held))
        yield held
        if len(objects) > MAX_LOOKED_AT:
            return
        if type(held) is types.FunctionType:
            for cell in held.__closure__ or ():
                try:
                    objects.append(cell.cell_contents)
                except ValueError as error:  # nothing is in it yet
                    pass_on(error)
            objects += held.__defaults__ or ()
            objects += (held.__kwdefaults__ or {}).values()
            objects += [held.__globals__[name] for name in held.__code__.co_names if name in held.__globals__]
        if held is attribute or callable(held):
            for name in ("__wrapped__", "__func__", "func"):
                try:
                    inner = getattr(held, name, None)
                except Exception as error:  # somebody else's __getattr__
                    pass_on(error)
                    continue
                if inner is not None:
                    objects.append(inner)

"""Putting a function in the place of a library's; `undo` puts the very same one back.

Others replace the same functions, before us and after us: see `others`.
"""

from __future__ import annotations

import types

from ..guard import pass_on
from ..wrapping.kinds import is_function, like

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType, ModuleType
    from typing import Any, TypeAlias

    Owner: TypeAlias = type | ModuleType
    Make: TypeAlias = Callable[[Any], Callable[..., Any]]
    Target: TypeAlias = tuple[Owner, str, Make]
    """What is replaced: the class or module that has the function in its own namespace, the function's name there, and
    what makes the new one out of the old."""

MARK = "_lambda_tracer_original"

# What a class calls with the instance first, just as it is called directly.
_CALLED_WITH_SELF = (types.FunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)


class Mark(tuple):  # type: ignore[type-arg]  # of (made, original, called): a type of its own, since a mock makes up any attribute
    """What a function that `replace` made is known by."""

    __slots__ = ()


# By owner and name, what `replace` put there last: to find it again inside what others put around it.
placed: dict[tuple[int, str], tuple[Any, Any]] = {}

# By what `undo` turned off: its code and keyword defaults.
off: dict[int, tuple[Any, CodeType, Any]] = {}


def replace(targets: Iterable[Target]) -> None:
    """Replace functions, all or none.

    All are found before any is replaced: AttributeError for one that is not there leaves the library as it was, and so
    does what a class raises that refuses. One that has been replaced already is left alone. A staticmethod or
    classmethod stays one; the new function has the name, documentation and signature of the old.

    A target's `make` gets what can be called as a function: of a class, with the instance first. It binds another kind
    of descriptor (somebody's wrapper, a `partialmethod`) as attribute access would.
    """
    found = []
    for given, name, make in targets:
        owner = owner_of(given, name)
        found.append((owner, name, _own_attribute(owner, name), make))
    made = []
    for owner, name, original, make in found:
        inside = ours_in(owner, name, original)
        if inside is None:
            made.append((owner, name, original, _replacement(owner, original, make)))
        else:
            _turn_on(inside)
    replaced = []
    try:
        for owner, name, original, ours in made:
            setattr(owner, name, ours)
            replaced.append((owner, name, original))
            placed[id(owner), name] = owner, ours
    except BaseException:  # a class that is immutable, or whose metaclass refuses
        for owner, name, original in replaced:
            setattr(owner, name, original)
            placed.pop((id(owner), name), None)
        raise


def is_replaced(given: Owner, name: str) -> bool:
    """Whether the attribute is one that `replace` put there, or has it inside."""
    owner = owner_of(given, name)
    ours = ours_in(owner, name, vars(owner).get(name))
    return ours is not None and id(function_of(ours)) not in off


def owner_of(owner: Owner, name: str) -> Owner:
    """The class or module itself; or the class below one of somebody else's that took the place of a library's."""
    if isinstance(owner, type) and name not in vars(owner):
        for base in owner.__mro__[1:]:
            if name in vars(base):
                is_of_others = base.__module__.partition(".")[0] != owner.__module__.partition(".")[0]
                return base if is_of_others else owner
    return owner


def _own_attribute(owner: Owner, name: str) -> Any:
    try:
        return vars(owner)[name]
    except KeyError:
        raise AttributeError(f"{getattr(owner, '__name__', owner)!s} has no {name} of its own") from None


def _replacement(owner: Owner, original: Any, make: Make) -> Any:
    kind = type(original)
    is_in_class = isinstance(owner, type)
    called = seen = original
    method: Any = None
    made: Any = None
    if is_function(original) and (kind in _CALLED_WITH_SELF or not is_in_class):
        pass
    elif not hasattr(kind, "__get__"):
        from . import others  # a mock, a partial, an object: seldom does a library have one

        made = others.stand_in(original, make, is_in_class=is_in_class)
    elif not is_in_class:
        pass
    elif kind in (staticmethod, classmethod) and type(original.__func__) is types.FunctionType:
        method = kind
        seen = called = original.__func__
    else:
        from . import others  # somebody's wrapper, a `partialmethod`

        method, seen, called = others.binding(owner, original)
    if made is None:
        made = like(seen)(make(called))
        if method is not None:
            made = method(made)
    setattr(made, MARK, Mark((made, original, called)))
    return made


def mark_of(attribute: Any) -> Any:
    """The mark of what we made, also where others copied it from there: functools.wraps does, and proxies show it."""
    try:
        mark = getattr(attribute, MARK, None)
    except Exception as error:  # somebody else's __getattr__
        pass_on(error)
        return None
    return mark if type(mark) is Mark else None


def ours_in(owner: Owner, name: str, attribute: Any) -> Any:
    """What we made, if it is the attribute or somewhere inside it; None if not."""
    mark = mark_of(attribute)
    if mark is not None:
        return mark[0]
    known = placed.get((id(owner), name))
    if known is None or attribute is None:
        return None
    from . import others  # few of them wrap what we have wrapped without saying so

    return known[1] if others.holds(attribute, known[1]) else None


def function_of(made: Any) -> Any:
    """The function itself of what `replace` made."""
    return made.__func__ if isinstance(made, (staticmethod, classmethod)) else made


def _turn_on(made: Any) -> None:
    """Have what `undo` turned off do its work again."""
    function, code, defaults = off.pop(id(function_of(made)), (None, None, None))
    if function is not None:
        function.__code__, function.__kwdefaults__ = code, defaults

"""Putting a function in the place of a library's, and the very same one back.

Others replace the same functions, before us and after us. What we find may be any descriptor, and our function calls it
as attribute access would. What others put around ours stays when ours is taken back: ours inside it then only calls
what it replaced.
"""

from __future__ import annotations

import functools
import types

from ..guard import Late, pass_on
from ..wrapping.kinds import CO_COROUTINE, is_function, like

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType, ModuleType
    from typing import Any, TypeAlias

    Owner: TypeAlias = type | ModuleType
    Make: TypeAlias = Callable[[Any], Callable[..., Any]]
    Target: TypeAlias = tuple[Owner, str, Make]
    """What is replaced: the class or module that has the function in its own namespace, the function's name there, and
    what makes the new one out of the old."""

    from ..wrapping import stand_in as stand_ins
else:
    stand_ins = Late(
        "lambda_tracer.wrapping.stand_in"
    )  # only where somebody put an object in the place of a method

_MARK = "_lambda_tracer_original"

# What a class calls with the instance first, just as it is called directly.
_CALLED_WITH_SELF = (types.FunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)

MAX_LOOKED_AT = 100
"""How many objects are looked at to find ours inside what somebody else put around it."""


class _Mark(tuple):  # type: ignore[type-arg]  # of (made, original, called): a type of its own, since a mock makes up any attribute
    """What a function that `replace` made is known by."""

    __slots__ = ()


# By owner and name, what `replace` put there last: to find it again inside what others put around it.
_replaced: dict[tuple[int, str], tuple[Any, Any]] = {}

# By what was turned off: its code and keyword defaults.
_off: dict[int, tuple[Any, CodeType, Any]] = {}


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
        owner = _owner(given, name)
        found.append((owner, name, _own_attribute(owner, name), make))
    made = []
    for owner, name, original, make in found:
        inside = _ours_in(owner, name, original)
        if inside is None:
            made.append((owner, name, original, _replacement(owner, original, make)))
        else:
            _turn_on(inside)
    replaced = []
    try:
        for owner, name, original, ours in made:
            setattr(owner, name, ours)
            replaced.append((owner, name, original))
            _replaced[id(owner), name] = owner, ours
    except BaseException:  # a class that is immutable, or whose metaclass refuses
        for owner, name, original in replaced:
            setattr(owner, name, original)
            _replaced.pop((id(owner), name), None)
        raise


def restore(targets: Iterable[Target]) -> None:
    """Put back what `replace` replaced; what was not replaced, or by somebody else since, is left alone.

    Where somebody else's stands around ours, ours stays inside it and does nothing but call what it replaced.
    """
    for given, name, _ in targets:
        owner = _owner(given, name)
        attribute = vars(owner).get(name)
        ours = _ours_in(owner, name, attribute)
        _replaced.pop((id(owner), name), None)
        if ours is None:
            continue
        made, original, called = _mark_of(ours)
        if made is attribute:
            setattr(owner, name, original)
        else:
            _turn_off(made, called)
            _replaced[id(owner), name] = owner, made


def is_replaced(given: Owner, name: str) -> bool:
    """Whether the attribute is one that `replace` put there, or has it inside."""
    owner = _owner(given, name)
    ours = _ours_in(owner, name, vars(owner).get(name))
    return ours is not None and id(_function_of(ours)) not in _off


def _owner(owner: Owner, name: str) -> Owner:
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
    called: Any = original
    seen = original
    method: Any = None
    made: Any
    if is_function(original) and (kind in _CALLED_WITH_SELF or not is_in_class):
        pass
    elif not hasattr(kind, "__get__"):
        # A mock, a partial, an object: a class calls it without the instance, and it offers more than to be called.
        bind = make(_Called(original)) if is_in_class else None
        made = stand_ins.stand_in(original, make(original), make, bind)
        setattr(made, _MARK, _Mark((made, original, called)))
        return made
    elif not is_in_class:
        pass
    elif issubclass(kind, (staticmethod, classmethod)):
        method = kind
        seen = called = original.__func__
        if kind is not staticmethod and type(called) is not types.FunctionType:
            called = _Called(original, binds_type=True)
    else:
        # Somebody's wrapper passes for what it wraps.
        method = next((each for each in (staticmethod, classmethod) if isinstance(original, each)), None)
        called = _Called(
            original, owner if method is staticmethod else None, binds_type=method is classmethod
        )
        if not callable(original):
            seen = original.__get__(None, owner)
    made = like(seen)(make(called))
    if method is not None:
        made = method(made)
    setattr(made, _MARK, _Mark((made, original, called)))
    return made


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


# What others put around ours


def _mark_of(attribute: Any) -> Any:
    """The mark of what we made, also where others copied it from there: functools.wraps does, and proxies show it."""
    try:
        mark = getattr(attribute, _MARK, None)
    except Exception as error:  # somebody else's __getattr__
        pass_on(error)
        return None
    return mark if type(mark) is _Mark else None


def _ours_in(owner: Owner, name: str, attribute: Any) -> Any:
    """What we made, if it is the attribute or somewhere inside it; None if not."""
    mark = _mark_of(attribute)
    if mark is not None:
        return mark[0]
    known = _replaced.get((id(owner), name))
    if known is None or attribute is None:
        return None
    return next((known[1] for each in _inside(attribute) if each is known[1]), None)


def _inside(attribute: Any) -> Iterator[Any]:
    """What somebody's function holds, as far as it is there to be looked at: what it may call."""
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
                except Exception as error:  # as above
                    pass_on(error)
                    continue
                if inner is not None:
                    objects.append(inner)


def _function_of(made: Any) -> Any:
    return made.__func__ if isinstance(made, (staticmethod, classmethod)) else made


def _turn_off(made: Any, called: Any) -> None:
    """Have what we made only call what it replaced: what others put around it still calls it, and always will.

    Its code is exchanged: asking at each call whether it is still wanted would cost every call that is.
    """
    function = _function_of(made)
    if type(function) is not types.FunctionType or id(function) in _off:
        return
    _off[id(function)] = function, function.__code__, function.__kwdefaults__
    template: Any = _pass_on_async if function.__code__.co_flags & CO_COROUTINE else _pass_on
    code = template.__code__.replace(
        co_freevars=function.__code__.co_freevars, co_name=function.__code__.co_name
    )
    # In this order, so that a call in between gets through.
    function.__kwdefaults__ = {**(function.__kwdefaults__ or {}), "lambda_tracer_calls": called}
    function.__code__ = code


def _turn_on(made: Any) -> None:
    """Undo `_turn_off`."""
    function, code, defaults = _off.pop(id(_function_of(made)), (None, None, None))
    if function is not None:
        function.__code__, function.__kwdefaults__ = code, defaults


def _pass_on(*args: Any, lambda_tracer_calls: Any, **kwargs: Any) -> Any:
    return lambda_tracer_calls(*args, **kwargs)


async def _pass_on_async(*args: Any, lambda_tracer_calls: Any, **kwargs: Any) -> Any:
    return await lambda_tracer_calls(*args, **kwargs)

"""How one callable is wrapped: plain functions and coroutines here, what yields in `generators`.

The wrapper calls the user's function with exactly what it got, gives back exactly what came, and lets every
exception pass. What is recorded about the call is not known here: `record()` gives a `Recording` for one
call, or None when nothing is to be recorded. All kinds share that; they differ in the line that calls the
user.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import types

from ..guard import loaded, pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol, TypeVar

    CallableT = TypeVar("CallableT", bound=Callable[..., Any])

    class Recording(Protocol):
        """One call being recorded. `aopen` and `aclose` are for coroutines, and may wait."""

        def open(self) -> None:
            """The call begins. Whatever happens in this or after it, `close` is going to be called."""

        def close(self, error: BaseException | None = None) -> None:
            """The call has ended, by `error` if it raised; called again where it was interrupted from outside."""

        async def aopen(self) -> None:
            """See `open`."""

        async def aclose(self, error: BaseException | None = None) -> None:
            """See `close`."""

        def respond(self, value: object) -> None:
            """The call returned `value`."""

        def suspend(self) -> None:
            """The generator yielded: what its consumer does is not part of it."""

        def resume(self) -> None:
            """The generator goes on."""

    Record = Callable[..., Recording | None]

_ENTER = contextlib._GeneratorContextManager.__enter__.__code__
_CODE, _CONTEXTLIB = type(_ENTER), _ENTER.co_filename

# What a plain function can stand in for. A cache's methods are copied by `like`.
_CACHED = type(functools.lru_cache(len))
_FUNCTIONS = frozenset(
    (
        *(types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodWrapperType, _CACHED),
        *(types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType),
    )
)

# Bits of code.co_flags, as `inspect` names them; importing inspect would cost 3 ms of cold start.
_CO_GENERATOR = 0x20
_CO_COROUTINE = 0x80
_CO_ITERABLE_COROUTINE = 0x100
_CO_ASYNC_GENERATOR = 0x200


def wrap(function: Callable[..., Any], record: Record, *, tells_arguments: bool = False) -> Any:
    """`function`, recorded at each call by what `record()` gives.

    With `tells_arguments` a function or coroutine function has it called as `record(args, kwargs)`.

    Takes functions of every kind, callable objects (`functools.partial` among them), which what is returned passes
    for, properties, and `staticmethod` and `classmethod` objects, which stay what they are. Raises TypeError for what
    cannot be called.
    """
    if issubclass(type(function), (staticmethod, classmethod)):
        descriptor: Any = function
        return type(descriptor)(wrap(descriptor.__func__, record, tells_arguments=tells_arguments))
    if not callable(function) and hasattr(type(function), "__get__"):
        stand_in = loaded("wrapping.stand_in")  # a property, a `partialmethod`
        if stand_in is None:
            return function
        return stand_in.descriptor(function, functools.partial(wrap, record=record))
    if not callable(function):
        raise TypeError(f"expected a function or another callable, not {type(function).__name__}")
    code, made_from = _attribute(function, "__code__"), _attribute(function, "__wrapped__")
    is_made = made_from is not None and type(code) is _CODE and code.co_filename == _CONTEXTLIB
    if is_made and type(function) is types.FunctionType:  # not an object that passes for one
        generators = loaded("wrapping.generators")
        made = generators and generators.context_manager(code, made_from, record)
        if made is not None:
            return made
    flags = _flags(function)
    if flags & (_CO_COROUTINE | _CO_ITERABLE_COROUTINE):
        wrapper: Any = _coroutine(function, record, tells_arguments)
    elif flags & (_CO_GENERATOR | _CO_ASYNC_GENERATOR):
        generators = loaded("wrapping.generators")  # most functions are none
        if generators is None:
            return function
        make = generators.async_generator if flags & _CO_ASYNC_GENERATOR else generators.generator
        wrapper = make(function, record)
    else:
        wrapper = _plain(function, record, tells_arguments)
    if is_function(function):
        return wrapper
    stand_in = loaded("wrapping.stand_in")  # most are functions
    if stand_in is None:
        return function
    again = functools.partial(wrap, record=record, tells_arguments=tells_arguments)
    return stand_in.stand_in(function, wrapper, again)


def is_function(function: Any) -> bool:
    """Whether a plain function can take the place of `function`; else it is an object that offers more than that."""
    kind = type(function)
    return (
        kind in _FUNCTIONS
        or issubclass(kind, type)
        or kind.__name__ == "cython_function_or_method"
        or hasattr(kind, "_lambda_tracer_is_function")
    )


def is_coroutine_function(function: object) -> bool:
    """Whether calling `function` gives a coroutine."""
    return bool(_flags(function) & (_CO_COROUTINE | _CO_ITERABLE_COROUTINE))


def _flags(function: Any) -> int:
    """The code flags of what is called in the end: a function, a partial's function, an object's `__call__`."""
    call = getattr(type(function), "_lambda_tracer_call", None)
    if call is not None:  # one of ours that stands in for an object
        return _flags(call.__get__(function))
    while issubclass(type(function), functools.partial):
        function = function.func
    function = _attribute(function, "__func__") or function  # a bound method
    code = _attribute(function, "__code__")
    if code is None and callable(function):
        code = _attribute(type(function).__call__, "__code__")
    flags: int = _attribute(code, "co_flags") or 0
    mark = _attribute(
        function, "_is_coroutine_marker"
    )  # of inspect.markcoroutinefunction; a mock makes one up
    known_as = ("_is_coroutine_mark", "_is_coroutine_marker")  # from 3.13 on, and in 3.12
    if mark is not None and any(mark is getattr(sys.modules.get("inspect"), name, None) for name in known_as):
        flags |= _CO_COROUTINE
    return flags if type(flags) is int else 0


def _attribute(function: Any, name: str) -> Any:
    """`getattr` for objects whose own code may raise: only what a real function has is of use here."""
    try:
        return getattr(function, name, None)
    except BaseException as error:
        pass_on(error)
        return None


def like(function: Callable[..., Any]) -> Callable[[CallableT], CallableT]:
    """`functools.wraps`, as far as the function allows: a callable object may have attributes that raise."""

    def dress(wrapper: CallableT) -> CallableT:
        try:
            functools.update_wrapper(wrapper, function)
            if type(function) is _CACHED:
                _offer(wrapper, function)
        except BaseException as error:
            pass_on(error)
            wrapper.__wrapped__ = function  # type: ignore[attr-defined]
        return wrapper

    return dress


def _offer(wrapper: Any, function: Any) -> None:
    """Have the wrapper offer the methods of what it wraps: a cache's `cache_info`, say."""
    for name in dir(type(function)):
        if not name.startswith("_") and not hasattr(wrapper, name):
            setattr(wrapper, name, getattr(function, name))


def _plain(function: Callable[..., Any], record: Record, tells_arguments: bool) -> Callable[..., Any]:
    @like(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        recording = record(args, kwargs) if tells_arguments else record()
        if recording is None:
            return function(*args, **kwargs)
        # No `with`: an exception from outside may come while one is being entered or left, which then is not.
        try:
            recording.open()
            response = function(*args, **kwargs)
            recording.respond(response)
            recording.close()
        except BaseException as error:
            try:
                recording.close(error)
            except BaseException:
                recording.close(error)
                raise
            raise
        return response

    return wrapper


def _coroutine(function: Callable[..., Any], record: Record, tells_arguments: bool) -> Callable[..., Any]:
    @like(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        recording = record(args, kwargs) if tells_arguments else record()
        if recording is None:
            return await function(*args, **kwargs)
        try:
            await recording.aopen()
            response = await function(*args, **kwargs)
            recording.respond(response)
            await recording.aclose()
        except BaseException as error:
            try:
                await recording.aclose(error)
            except BaseException:
                await recording.aclose(error)
                raise
            raise
        return response

    return wrapper

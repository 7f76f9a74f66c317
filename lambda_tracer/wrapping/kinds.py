"""The kinds of callables, and how a function passes for the one that it wraps.

What is recorded of a call is a `Recording`, of which nothing is known here but when to begin and end it.
"""

from __future__ import annotations

import functools
import sys
import types

from ..guard import pass_on

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

# Bits of code.co_flags, as `inspect` names them; importing inspect would cost 3 ms of cold start.
CO_GENERATOR = 0x20
CO_COROUTINE = 0x80
CO_ITERABLE_COROUTINE = 0x100
CO_ASYNC_GENERATOR = 0x200

# What a plain function can stand in for. `like` has it offer a cache's methods, too: `cache_info`, say.
_CACHED = type(functools.lru_cache(len))

_FUNCTIONS = frozenset(
    (
        *(types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodWrapperType, _CACHED),
        *(types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType),
    )
)


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
    return bool(code_flags(function) & (CO_COROUTINE | CO_ITERABLE_COROUTINE))


def code_flags(function: Any) -> int:
    """The code flags of what is called in the end: a function, a partial's function, an object's `__call__`."""
    call = getattr(type(function), "_lambda_tracer_call", None)
    if call is not None:  # one of ours that stands in for an object
        return code_flags(call.__get__(function))
    while issubclass(type(function), functools.partial):
        function = function.func
    function = attribute_of(function, "__func__") or function  # a bound method
    code = attribute_of(function, "__code__")
    if code is None and callable(function):
        code = attribute_of(type(function).__call__, "__code__")
    flags: int = attribute_of(code, "co_flags") or 0
    # Of inspect.markcoroutinefunction; a mock makes one up.
    mark, inspect = attribute_of(function, "_is_coroutine_marker"), sys.modules.get("inspect")
    if mark is not None and (
        mark is getattr(inspect, "_is_coroutine_mark", None)  # from 3.13 on
        or mark is getattr(inspect, "_is_coroutine_marker", None)  # in 3.12
    ):
        flags |= CO_COROUTINE
    return flags if type(flags) is int else 0


def attribute_of(function: Any, name: str) -> Any:
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
                for name in dir(_CACHED):
                    if not name.startswith("_") and not hasattr(wrapper, name):
                        setattr(wrapper, name, getattr(function, name))
        except BaseException as error:
            pass_on(error)
            wrapper.__wrapped__ = function  # type: ignore[attr-defined]
        return wrapper

    return dress

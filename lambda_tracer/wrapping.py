"""How one callable is wrapped: plain function, coroutine, generator, asynchronous generator, context manager.

The wrapper calls the user's function with exactly what it got, gives back exactly what came, and lets every
exception pass. What is recorded about the call is not known here: `record()` gives a `Recording` for one
call, or None when nothing is to be recorded. All kinds share that; they differ in the line that calls the
user.

A generator's recording is suspended while the generator is: the consumer's work is not filed under it. When
`contextlib` drives the generator as a context manager it is not, so that the body of the `with` is.
"""

from __future__ import annotations

import contextlib
import functools
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from typing import Any, Protocol

    class Recording(AbstractContextManager[Any], AbstractAsyncContextManager[Any], Protocol):
        """One call being recorded; `async with` and `with` do the same."""

        def respond(self, value: object) -> None:
            """The call returned `value`."""

        def suspend(self) -> None:
            """The generator yielded: what its consumer does is not part of it."""

        def resume(self) -> None:
            """The generator goes on."""

    Record = Callable[[], Recording | None]

# Bits of code.co_flags, as `inspect` names them; importing inspect would cost 3 ms of cold start.
_CO_GENERATOR = 0x20
_CO_COROUTINE = 0x80
_CO_ITERABLE_COROUTINE = 0x100
_CO_ASYNC_GENERATOR = 0x200


@contextlib.contextmanager
def _a_context_manager() -> Iterator[None]:
    yield


@contextlib.asynccontextmanager
async def _an_async_context_manager() -> AsyncIterator[None]:
    yield


# contextlib's own code, to know its work when we see it: what it makes of a function, and what drives a
# generator.
_MAKES_CONTEXT_MANAGER = getattr(_a_context_manager, "__code__", None)
_MAKES_ASYNC_CONTEXT_MANAGER = getattr(_an_async_context_manager, "__code__", None)
_ENTERS = frozenset(
    (
        contextlib._GeneratorContextManager.__enter__.__code__,
        contextlib._AsyncGeneratorContextManager.__aenter__.__code__,
    )
)


def wrap(function: Callable[..., Any], record: Record) -> Any:
    """`function`, recorded at each call by what `record()` gives.

    Takes functions of every kind, callable objects (`functools.partial` among them), and `staticmethod` and
    `classmethod` objects, which stay what they are. Raises TypeError for what cannot be called.
    """
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(wrap(function.__func__, record))
    if not callable(function):
        raise TypeError(f"expected a function or another callable, not {type(function).__name__}")
    code = getattr(function, "__code__", None)
    made_from = getattr(function, "__wrapped__", None)
    if code is not None and made_from is not None:
        if code is _MAKES_CONTEXT_MANAGER:
            return contextlib.contextmanager(_generator(made_from, record, is_context=True))
        if code is _MAKES_ASYNC_CONTEXT_MANAGER:
            return contextlib.asynccontextmanager(_async_generator(made_from, record, is_context=True))
    flags = _flags(function)
    if flags & (_CO_COROUTINE | _CO_ITERABLE_COROUTINE):
        wrapper: Any = _coroutine(function, record)
    elif flags & _CO_ASYNC_GENERATOR:
        wrapper = _async_generator(function, record)
    elif flags & _CO_GENERATOR:
        wrapper = _generator(function, record)
    else:
        wrapper = _plain(function, record)
    if not hasattr(type(function), "__get__") and not isinstance(function, type):
        # A callable object in a class body is called without `self`; a function in its place must be, too.
        return staticmethod(wrapper)
    return wrapper


def is_coroutine_function(function: object) -> bool:
    """Whether calling `function` gives a coroutine."""
    return bool(_flags(function) & (_CO_COROUTINE | _CO_ITERABLE_COROUTINE))


def _flags(function: Any) -> int:
    """The code flags of what is called in the end: a function, a partial's function, an object's `__call__`."""
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)  # a bound method
    code = getattr(function, "__code__", None)
    if code is None:
        code = getattr(type(function).__call__, "__code__", None) if callable(function) else None
    flags: int = getattr(code, "co_flags", 0)
    if getattr(function, "_is_coroutine_mark", None) is not None:  # inspect.markcoroutinefunction
        flags |= _CO_COROUTINE
    return flags


def _plain(function: Callable[..., Any], record: Record) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        recording = record()
        if recording is None:
            return function(*args, **kwargs)
        with recording:
            response = function(*args, **kwargs)
            recording.respond(response)
        return response

    return wrapper


def _coroutine(function: Callable[..., Any], record: Record) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        recording = record()
        if recording is None:
            return await function(*args, **kwargs)
        async with recording:
            response = await function(*args, **kwargs)
            recording.respond(response)
        return response

    return wrapper


def _generator(
    function: Callable[..., Any], record: Record, *, is_context: bool = False
) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        generator = function(*args, **kwargs)
        recording = record()
        if recording is None:
            return (yield from generator)
        stays_current = is_context or sys._getframe(1).f_code in _ENTERS
        resume, value = generator.send, None
        yielded = None
        with recording:
            while True:
                try:
                    item = resume(value)
                except StopIteration as stop:
                    recording.respond(yielded if is_context else stop.value)
                    return stop.value
                finally:
                    value = None  # an exception kept here would keep this frame, in a cycle
                if is_context:
                    yielded = item
                if not stays_current:
                    recording.suspend()
                try:
                    value = yield item
                    resume = generator.send
                except BaseException as error:  # GeneratorExit too: the generator decides what becomes of it
                    resume, value = generator.throw, error
                if not stays_current:
                    recording.resume()

    return wrapper


def _async_generator(
    function: Callable[..., Any], record: Record, *, is_context: bool = False
) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        generator = function(*args, **kwargs)
        recording = record() or _NOTHING
        stays_current = is_context or sys._getframe(1).f_code in _ENTERS
        yielded = None
        async with recording:
            step: Any = _first_step(generator)
            while True:
                try:
                    item = await step
                except StopAsyncIteration:
                    if is_context:
                        recording.respond(yielded)
                    return
                finally:
                    step = None  # as above
                if is_context:
                    yielded = item
                if not stays_current:
                    recording.suspend()
                try:
                    value = yield item
                    step = generator.asend, value
                except BaseException as error:
                    step = generator.athrow, error
                if not stays_current:
                    recording.resume()
                step = step[0](step[1])

    return wrapper


def _first_step(generator: Any) -> Any:
    """The first step of an asynchronous generator that an event loop must not close by itself at the end.

    The loop closes the wrapper, which closes what it wraps; both at the same time would be an error.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        return generator.asend(None)
    finally:
        sys.set_asyncgen_hooks(*hooks)


class _Nothing:
    """The recording of a call of which nothing is recorded."""

    __slots__ = ()

    def __enter__(self) -> None: ...
    def __exit__(self, *exc_info: object) -> None: ...
    async def __aenter__(self) -> None: ...
    async def __aexit__(self, *exc_info: object) -> None: ...
    def respond(self, value: object) -> None: ...
    def suspend(self) -> None: ...
    def resume(self) -> None: ...


_NOTHING = _Nothing()

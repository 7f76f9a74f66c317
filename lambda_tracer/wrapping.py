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
    from typing import Any, Protocol, TypeVar

    CallableT = TypeVar("CallableT", bound=Callable[..., Any])

    class Recording(AbstractContextManager[Any], AbstractAsyncContextManager[Any], Protocol):
        """One call being recorded; `async with` and `with` do the same."""

        def respond(self, value: object) -> None:
            """The call returned `value`."""

        def suspend(self) -> None:
            """The generator yielded: what its consumer does is not part of it."""

        def resume(self) -> None:
            """The generator goes on."""

    Record = Callable[..., Recording | None]

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


def wrap(function: Callable[..., Any], record: Record, *, tells_arguments: bool = False) -> Any:
    """`function`, recorded at each call by what `record()` gives.

    With `tells_arguments` a function or coroutine function has it called as `record(args, kwargs)`.

    Takes functions of every kind, callable objects (`functools.partial` among them), and `staticmethod` and
    `classmethod` objects, which stay what they are. Raises TypeError for what cannot be called.
    """
    if issubclass(type(function), (staticmethod, classmethod)):
        descriptor: Any = function
        return type(descriptor)(wrap(descriptor.__func__, record, tells_arguments=tells_arguments))
    if not callable(function):
        raise TypeError(f"expected a function or another callable, not {type(function).__name__}")
    code = _attribute(function, "__code__")
    made_from = _attribute(function, "__wrapped__")
    if code is not None and made_from is not None:
        if code is _MAKES_CONTEXT_MANAGER:
            return contextlib.contextmanager(_generator(made_from, record, is_context=True))
        if code is _MAKES_ASYNC_CONTEXT_MANAGER:
            return contextlib.asynccontextmanager(_async_generator(made_from, record, is_context=True))
    flags = _flags(function)
    if flags & (_CO_COROUTINE | _CO_ITERABLE_COROUTINE):
        wrapper: Any = _coroutine(function, record, tells_arguments)
    elif flags & _CO_ASYNC_GENERATOR:
        wrapper = _async_generator(function, record)
    elif flags & _CO_GENERATOR:
        wrapper = _generator(function, record)
    else:
        wrapper = _plain(function, record, tells_arguments)
    if _is_called_without_self(type(function)):
        return staticmethod(wrapper)
    return wrapper


def _is_called_without_self(kind: type) -> bool:
    """Whether a callable of this type in a class body is called as it is; what stands in its place must be, too."""
    if issubclass(kind, functools.partial):  # on 3.13 its __get__ only announces what it does from 3.14 on
        return sys.version_info < (3, 14)
    return not hasattr(kind, "__get__") and not issubclass(kind, type)


def is_coroutine_function(function: object) -> bool:
    """Whether calling `function` gives a coroutine."""
    return bool(_flags(function) & (_CO_COROUTINE | _CO_ITERABLE_COROUTINE))


def _flags(function: Any) -> int:
    """The code flags of what is called in the end: a function, a partial's function, an object's `__call__`."""
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
    except BaseException:
        return None


def _like(function: Callable[..., Any]) -> Callable[[CallableT], CallableT]:
    """`functools.wraps`, as far as the function allows: a callable object may have attributes that raise."""

    def dress(wrapper: CallableT) -> CallableT:
        try:
            functools.update_wrapper(wrapper, function)
        except BaseException:
            wrapper.__wrapped__ = function  # type: ignore[attr-defined]
        return wrapper

    return dress


def _plain(function: Callable[..., Any], record: Record, tells_arguments: bool) -> Callable[..., Any]:
    @_like(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        recording = record(args, kwargs) if tells_arguments else record()
        if recording is None:
            return function(*args, **kwargs)
        with recording:
            response = function(*args, **kwargs)
            recording.respond(response)
        return response

    return wrapper


def _coroutine(function: Callable[..., Any], record: Record, tells_arguments: bool) -> Callable[..., Any]:
    @_like(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        recording = record(args, kwargs) if tells_arguments else record()
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
    @_like(function)
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        generator = function(*args, **kwargs)
        # Not `yield from` where nothing is recorded: it closes a generator that ignores being closed.
        recording = record() or _NOTHING
        stays_current = is_context or sys._getframe(1).f_code in _ENTERS
        resume, value = generator.send, None
        yielded = None
        with recording:
            if not stays_current:
                recording.suspend()  # notes where the consumer is, for the case that nothing is ever yielded
                recording.resume()
            while True:
                try:
                    # In a box that is emptied as it is yielded: what the consumer drops must not live on here.
                    box = [resume(value)]
                except StopIteration as stop:
                    recording.respond(yielded if is_context else stop.value)
                    return stop.value
                finally:
                    value = None  # an exception kept here would keep this frame, in a cycle
                if is_context:
                    yielded = box[0]
                if not stays_current:
                    recording.suspend()
                try:
                    value = yield box.pop()
                    resume = generator.send
                except BaseException as error:  # GeneratorExit too: the generator decides what becomes of it
                    resume, value = generator.throw, error
                if not stays_current:
                    recording.resume()

    return wrapper


def _async_generator(
    function: Callable[..., Any], record: Record, *, is_context: bool = False
) -> Callable[..., Any]:
    @_like(function)
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        generator = function(*args, **kwargs)
        recording = record() or _NOTHING
        stays_current = is_context or sys._getframe(1).f_code in _ENTERS
        yielded = None
        async with recording:
            if not stays_current:
                recording.suspend()
                recording.resume()
            step: Any = _first_step(generator)
            while True:
                try:
                    box = [await step]
                except StopAsyncIteration:
                    if is_context:
                        recording.respond(yielded)
                    return
                finally:
                    step = None  # as above
                if is_context:
                    yielded = box[0]
                if not stays_current:
                    recording.suspend()
                try:
                    value = yield box.pop()
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

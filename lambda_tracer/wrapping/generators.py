"""How a generator, an asynchronous generator, and a context manager made of one are wrapped.

A generator's recording is suspended while the generator is: the consumer's work is not filed under it. When
`contextlib` drives the generator as a context manager it is not, so that the body of the `with` is.
"""

from __future__ import annotations

import contextlib
import sys

from .kinds import like

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
    from typing import Any

    from .kinds import Record


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


def context_manager(code: object, made_from: Any, record: Record) -> Any:
    """What `contextlib` made of the generator function `made_from`, made again of the recorded one.

    `code` is that of the function it made; None if that is no context manager after all.
    """
    if code is _MAKES_CONTEXT_MANAGER:
        return contextlib.contextmanager(generator(made_from, record, is_context=True))
    if code is _MAKES_ASYNC_CONTEXT_MANAGER:
        return contextlib.asynccontextmanager(async_generator(made_from, record, is_context=True))
    return None


def generator(
    function: Callable[..., Any], record: Record, *, is_context: bool = False
) -> Callable[..., Any]:
    """A generator function, recorded; `is_context`: `contextlib` is to make a context manager of it."""

    @like(function)
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        generated = function(*args, **kwargs)
        # Not `yield from` where nothing is recorded: it closes a generator that ignores being closed.
        recording = record() or _NOTHING
        stays_current = is_context or sys._getframe(1).f_code in _ENTERS
        resume, value = generated.send, None
        yielded = None
        try:
            recording.open()
            if not stays_current:
                recording.suspend()  # notes where the consumer is, for the case that nothing is ever yielded
                recording.resume()
            while True:
                try:
                    # In a box that is emptied as it is yielded: what the consumer drops must not live on here.
                    box = [resume(value)]
                except StopIteration as stop:
                    recording.respond(yielded if is_context else stop.value)
                    recording.close()
                    return stop.value
                finally:
                    value = None  # an exception kept here would keep this frame, in a cycle
                if is_context:
                    yielded = box[0]
                if not stays_current:
                    recording.suspend()
                try:
                    value = yield box.pop()
                    resume = generated.send
                except BaseException as error:  # GeneratorExit too: the generator decides what becomes of it
                    resume, value = generated.throw, error
                if not stays_current:
                    recording.resume()
        except BaseException as error:
            try:
                recording.close(error)
            except BaseException:
                recording.close(error)
                raise
            raise

    return wrapper


def async_generator(
    function: Callable[..., Any], record: Record, *, is_context: bool = False
) -> Callable[..., Any]:
    """An asynchronous generator function, recorded; see `generator`."""

    @like(function)
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        generated = function(*args, **kwargs)
        recording = record() or _NOTHING
        stays_current = is_context or sys._getframe(1).f_code in _ENTERS
        yielded = None
        try:
            await recording.aopen()
            if not stays_current:
                recording.suspend()
                recording.resume()
            step: Any = _first_step(generated)
            while True:
                try:
                    box = [await step]
                except StopAsyncIteration:
                    if is_context:
                        recording.respond(yielded)
                    await recording.aclose()
                    return
                finally:
                    step = None  # as above
                if is_context:
                    yielded = box[0]
                if not stays_current:
                    recording.suspend()
                try:
                    value = yield box.pop()
                    step = generated.asend, value
                except BaseException as error:
                    step = generated.athrow, error
                if not stays_current:
                    recording.resume()
                step = step[0](step[1])
        except BaseException as error:
            try:
                await recording.aclose(error)
            except BaseException:
                await recording.aclose(error)
                raise
            raise

    return wrapper


def _first_step(generated: Any) -> Any:
    """The first step of an asynchronous generator that an event loop must not close by itself at the end.

    The loop closes the wrapper, which closes what it wraps; both at the same time would be an error.
    """
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        return generated.asend(None)
    finally:
        sys.set_asyncgen_hooks(*hooks)


class _Nothing:
    """The recording of a call of which nothing is recorded."""

    __slots__ = ()

    def open(self) -> None: ...
    def close(self, error: BaseException | None = None) -> None: ...
    async def aopen(self) -> None: ...
    async def aclose(self, error: BaseException | None = None) -> None: ...
    def respond(self, value: object) -> None: ...
    def suspend(self) -> None: ...
    def resume(self) -> None: ...


_NOTHING = _Nothing()

"""CurrentSpan: a span for a `with` block, and as a decorator one for each call of a function of any kind."""

from __future__ import annotations

from opentelemetry import context as api

from .. import recording
from ..wrapping.kinds import CO_ASYNC_GENERATOR, CO_GENERATOR, code_flags, like
from ..wrapping.wrap import wrap
from . import span as spans
from .context import make_current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Any, Protocol

    from opentelemetry.trace import Span

    from ..trace.kept import KeptSubsegment

    class Starts(Protocol):
        """A tracer."""

        def start_span(self, name: str, /, *given: Any) -> Span:
            """Start a span without making it current."""


class CurrentSpan:
    """A span that is current in a `with` block, or while a function runs that it decorates: what `wrap` records."""

    __slots__ = ("_ends", "_given", "_kept", "_token", "_tracer", "other", "span")

    other: Callable[[], AbstractContextManager[Span] | None] | None
    """Makes what the application's own provider has in its place, once it has one."""

    span: Span | None

    def __init__(self, tracer: Starts, given: tuple[Any, ...], ends: bool) -> None:
        """`given` is for `Tracer.start_span`; `ends`: whether the block's end is the span's."""
        self._tracer = tracer
        self._given = given
        self._ends = ends
        self.other = None
        self._token: Any = None
        self._kept: KeptSubsegment | None = None
        self.span = None

    def __enter__(self) -> Span:
        span = self.span = self._tracer.start_span(*self._given)
        try:
            if spans.bridged(span) is not None:  # what stands for nothing recorded is current by itself
                self._token = make_current(span)
            elif recording.kept is not None:
                kept = self._kept = _keep(*self._given)
                if kept is not None:
                    kept.open()
        except BaseException as error:  # it came from outside, and nobody else will end it
            span.end()
            if self._kept is not None:
                self._kept.close(error)
            raise
        return span

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        token, self._token = self._token, None
        span = self.span
        try:
            if token is not None:
                api.detach(token)
            if exc is not None and type(span) is spans.SubsegmentSpan:
                span.fail(exc)
            if self._kept is not None:
                self._kept.close(exc if any(self._given[6:8]) else None)
        finally:
            if self._ends and span is not None and span.is_recording():
                span.end()

    def __call__(self, function: Any) -> Any:
        """Decorate a function of any kind: each call is a span."""
        wrapped = wrap(function, self._again)
        if self.other is None or not code_flags(function) & (CO_GENERATOR | CO_ASYNC_GENERATOR):
            return wrapped
        other = self.other

        @like(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            theirs: Any = other()
            if theirs is None:
                return wrapped(*args, **kwargs)
            with theirs:  # as it does itself: it ends when the generator has been made
                return function(*args, **kwargs)

        return call

    def _again(self) -> CurrentSpan | KeptSubsegment | _Theirs | None:
        theirs = None if self.other is None else self.other()
        if theirs is not None:
            return _Theirs(theirs)
        if recording.default.place() is None:
            return None if recording.kept is None else _keep(*self._given)
        return CurrentSpan(self._tracer, self._given, self._ends)

    # As `wrapping.kinds.Recording`

    def open(self) -> None:
        """The call begins."""
        self.__enter__()

    def close(self, error: BaseException | None = None) -> None:
        """The call has ended."""
        self.__exit__(None if error is None else type(error), error, None)

    async def aopen(self) -> None:
        """See `open`."""
        self.__enter__()

    async def aclose(self, error: BaseException | None = None) -> None:
        """See `close`."""
        self.close(error)

    def respond(self, value: object) -> None:
        """Nothing: what functions return is nothing that spans record."""

    def suspend(self) -> None:
        """Stop being current: a generator yielded."""
        token, self._token = self._token, None
        if token is not None:
            api.detach(token)

    def resume(self) -> None:
        """Be current again."""
        if self.span is not None and self._token is None:
            self._token = make_current(self.span)


def _keep(name: str, context: object, kind: object, *_: object) -> KeptSubsegment | None:
    """What is kept of a span of which nothing is recorded; None for a call, which our patch keeps."""
    if recording.kept is None or kind in spans.OUTGOING:
        return None
    return recording.kept.keep_named(name)


class _Theirs:
    """What another provider's tracer has for a call of a decorated function, as `wrap` records."""

    __slots__ = ("_block",)

    def __init__(self, block: AbstractContextManager[Any]) -> None:
        self._block: Any = block

    def open(self) -> None:
        self._block.__enter__()

    def close(self, error: BaseException | None = None) -> None:
        block, self._block = self._block, None
        if block is not None:
            block.__exit__(
                None if error is None else type(error), error, None if error is None else error.__traceback__
            )

    async def aopen(self) -> None:
        self.open()

    async def aclose(self, error: BaseException | None = None) -> None:
        self.close(error)

    def respond(self, value: object) -> None:
        pass

    def suspend(self) -> None:
        pass

    def resume(self) -> None:
        pass

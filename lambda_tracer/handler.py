"""What is special about the Lambda handler: it begins the invocation, is annotated, watched, and may be a coroutine."""

from __future__ import annotations

from . import invocation, watch, wrapping
from .capture import Capture, CapturedCall, named
from .guard import failed
from .recorder import xray_recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextvars import ContextVar
    from types import TracebackType
    from typing import Any

    from .foreign import ForeignCall
    from .tracer import Tracer
else:
    from _contextvars import ContextVar  # the C module alone: one less to import

# Whether a captured handler runs in this context: the outermost one begins a new invocation.
_in_handler: ContextVar[bool] = ContextVar("lambda_tracer_in_handler", default=False)

_NO_ARGUMENTS: Mapping[str, Any] = {}


class HandlerCapture:
    """How calls of the Lambda handler are recorded: each outermost one is a new invocation."""

    __slots__ = ("capture",)

    def __init__(self, capture: Capture) -> None:
        """`capture` records the call as that of any other function."""
        self.capture = capture

    def __call__(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NO_ARGUMENTS) -> HandlerCall:
        """Record one call, never None: the handler's own work is always due."""
        return HandlerCall(self.capture, kwargs.get("context") or (args[-1] if args else None))


class HandlerCall:
    """One call of the handler: begins the invocation, and adds the annotations that every handler has."""

    __slots__ = ("_call", "_capture", "_context", "_token", "_watched")

    def __init__(self, capture: Capture, context: Any) -> None:
        """`context` is what Lambda passes to the handler; its deadline is watched."""
        self._capture = capture
        self._context = context
        self._watched: watch.Watched | None = None
        self._call: CapturedCall | ForeignCall | None = None
        self._token: Any = None

    def __enter__(self) -> None:
        self._begin()
        if self._call is not None:
            self._call.__enter__()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._annotate()
        if self._call is not None:
            self._call.__exit__(exc_type, exc, traceback)
        self._end()

    async def __aenter__(self) -> None:
        self._begin()
        if self._call is not None:
            await self._call.__aenter__()

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._annotate()
        if self._call is not None:
            await self._call.__aexit__(exc_type, exc, traceback)
        self._end()

    def respond(self, value: object) -> None:
        """Keep what the handler returned, unless that is None."""
        if self._call is not None:
            self._call.respond(value)

    def suspend(self) -> None:
        """See `wrapping.Recording`; a handler that is a generator is nobody's, but it must not break."""
        if self._call is not None:
            self._call.suspend()

    def resume(self) -> None:
        """See `suspend`."""
        if self._call is not None:
            self._call.resume()

    def _begin(self) -> None:
        try:
            if not _in_handler.get():
                self._token = _in_handler.set(True)
                xray_recorder.begin_invocation()
            self._call = self._capture()
            if self._token is not None and isinstance(self._call, CapturedCall):
                subsegment = self._call.subsegment
                self._watched = watch.begin(subsegment.invocation, subsegment.recorder.outbox, self._context)
        except Exception as error:
            failed(error)

    def _annotate(self) -> None:
        is_cold_start = invocation.take_cold_start()
        if self._call is not None:
            self._call.annotate("ColdStart", is_cold_start)
            if self._capture.tracer.service:
                self._call.annotate("Service", self._capture.tracer.service)

    def _end(self) -> None:
        if self._watched is not None:
            watch.end(self._watched)
        if self._token is not None:
            _in_handler.set(False)  # not reset: a generator may end in another context than it began in


def capture_handler(tracer: Tracer, handler: Any, capture_response: bool, capture_error: bool) -> Any:
    """`handler`, each call a subsegment `## <name>`. A coroutine function becomes a plain one that runs it."""
    if isinstance(handler, (staticmethod, classmethod)):
        return type(handler)(capture_handler(tracer, handler.__func__, capture_response, capture_error))
    name = named(handler).__name__
    capture = HandlerCapture(Capture(tracer, name, name, capture_response, capture_error))
    if wrapping.is_coroutine_function(handler):
        from . import event_loop

        return event_loop.run_to_end(
            wrapping.wrap(event_loop.with_leftovers_cancelled(handler), capture, tells_arguments=True)
        )
    return wrapping.wrap(handler, capture, tells_arguments=True)

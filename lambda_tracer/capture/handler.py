"""What is special about the Lambda handler: it begins the invocation, is annotated, watched, and may be a coroutine."""

from __future__ import annotations

import sys

from .. import recording
from ..guard import failed
from ..send import watchdog
from ..trace.collection import is_collecting
from ..trace.context import in_handler
from ..trace.running import take_cold_start
from ..wrapping.kinds import is_coroutine_function
from ..wrapping.wrap import wrap
from .method import Capture, CapturedCall, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ..trace import invocation
    from .provider import ForeignCall, TracerSettings

_NO_ARGUMENTS: Mapping[str, Any] = {}


class HandlerCapture:
    """How calls of the Lambda handler are recorded: each outermost one is a new invocation, recorded or not."""

    __slots__ = ("capture",)

    def __init__(self, capture: Capture) -> None:
        """`capture` records the call as that of any other function."""
        self.capture = capture

    def __call__(
        self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NO_ARGUMENTS
    ) -> HandlerCall | None:
        """Begin the invocation, if this is the outermost handler and nothing of it has begun, and record the call.

        None when nothing of it is recorded: an invocation that nobody will look at costs as little as that.
        """
        running = None
        try:
            outer = in_handler.get()
            if outer is None or outer.has_ended or outer.is_over():
                running = recording.default.begin_invocation_unless_begun()
            call = self.capture()
            if call is not None:
                context = kwargs.get("context") or (args[-1] if args else None)
                return HandlerCall(self.capture, call, running, context)
            take_cold_start()
        except Exception as error:
            failed(error)
        return None


class HandlerCall:
    """One call of the handler that is recorded: watched, and with the annotations that every handler has."""

    __slots__ = ("_call", "_capture", "_context", "_running", "_watched", "frame_id", "has_ended")

    def __init__(
        self,
        capture: Capture,
        call: CapturedCall | ForeignCall,
        running: invocation.Invocation | None,
        context: Any,
    ) -> None:
        """`running` is the invocation that has begun with it; `context` what Lambda passes, which has the deadline."""
        self._capture = capture
        self._call = call
        self._running = running
        self._context = context
        self._watched: watchdog.Watched | None = None
        self.has_ended = False
        self.frame_id = 0

    def open(self) -> None:
        """Open the call's subsegment, and have it watched."""
        self.frame_id = id(sys._getframe(1))
        self._begin()
        self._call.open()
        self._watch()

    def close(self, error: BaseException | None = None) -> None:
        """End the call, and the watch over it."""
        self._annotate()
        try:
            self._call.close(error)
        finally:
            self._end()

    async def aopen(self) -> None:
        """See `open`."""
        self.frame_id = id(sys._getframe(1))
        self._begin()
        await self._call.aopen()
        self._watch()

    async def aclose(self, error: BaseException | None = None) -> None:
        """See `close`."""
        self._annotate()
        try:
            await self._call.aclose(error)
        finally:
            self._end()

    def respond(self, value: object) -> None:
        """Keep what the handler returned, unless that is None."""
        self._call.respond(value)

    def suspend(self) -> None:
        """See `wrapping.kinds.Recording`; a handler that is a generator is nobody's, but it must not break."""
        self._call.suspend()

    def resume(self) -> None:
        """See `suspend`."""
        self._call.resume()

    def _begin(self) -> None:
        """Be this context's handler, if none is: it is where the stacks of exceptions end, and others are within it."""
        if self._running is not None and not is_collecting():
            in_handler.set(self)

    def _watch(self) -> None:
        try:
            call = self._call
            context, self._context = self._context, None
            if self._running is not None and isinstance(call, CapturedCall) and call.subsegment is not None:
                self._watched = watchdog.prepare(self._running, call.recorder.outbox, context)
                watchdog.begin(self._watched)
        except Exception as error:
            failed(error)

    def is_over(self) -> bool:
        """Whether another invocation has begun, in which this call is nobody's outermost handler."""
        return self._running is not None and self._running.has_ended

    def _annotate(self) -> None:
        if self.has_ended:  # the second time, after an interruption
            return
        try:
            self._call.annotate("ColdStart", take_cold_start())
            if self._capture.tracer.service:
                self._call.annotate("Service", self._capture.tracer.service)
        except Exception as error:
            failed(error)

    def _end(self) -> None:
        self.has_ended = True
        if (
            in_handler.get() is self and not is_collecting()
        ):  # another context, in which a generator began, may go on holding it
            in_handler.set(None)
        if self._watched is not None:
            watchdog.end(self._watched)


def capture_handler(tracer: TracerSettings, handler: Any, capture_response: bool, capture_error: bool) -> Any:
    """`handler`, each call a subsegment `## <name>`. A coroutine function becomes a plain one that runs it."""
    if isinstance(handler, (staticmethod, classmethod)):
        return type(handler)(capture_handler(tracer, handler.__func__, capture_response, capture_error))
    name = named(handler).__name__
    capture = HandlerCapture(Capture(tracer, name, name, capture_response, capture_error))
    if is_coroutine_function(handler):
        from . import event_loop

        return event_loop.run_to_end(
            wrap(event_loop.with_leftovers_cancelled(handler), capture, tells_arguments=True)
        )
    return wrap(handler, capture, tells_arguments=True)

"""SegmentCapture: a Lambda handler whose calls have a segment of our own, where the environment names no trace."""

from __future__ import annotations

from .. import settings
from ..capture.handler import HandlerCall, HandlerCapture, capture_handler
from ..guard import failed
from ..trace import running
from . import invocation, recorder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ..capture.provider import TracerSettings
    from .invocation import SegmentInvocation

ORIGIN = "AWS::Lambda::Function"
"""What Lambda's own segments of functions say that they come from."""

_NO_ARGUMENTS: Mapping[str, Any] = {}


class SegmentCall(HandlerCall):
    """A call that is recorded below a segment of its own."""

    __slots__ = ("segment",)

    def __init__(self, *args: Any) -> None:
        """See `HandlerCall`."""
        super().__init__(*args)
        self.segment: SegmentInvocation | None = None

    def close(self, error: BaseException | None = None) -> None:
        """End the call, and its segment."""
        try:
            super().close(error)
        finally:
            self._end_segment(error)

    async def aclose(self, error: BaseException | None = None) -> None:
        """See `close`."""
        try:
            await super().aclose(error)
        finally:
            self._end_segment(error)

    def _end_segment(self, error: BaseException | None) -> None:
        if self.segment is not None:
            invocation.end(self.segment, error=error)


class SegmentCapture(HandlerCapture):
    """How calls of the handler are recorded; see `HandlerCapture`."""

    __slots__ = ()

    new_call = SegmentCall

    def __call__(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NO_ARGUMENTS) -> Any:
        """Begin a segment if the environment names no trace and this context works for none; record the call."""
        before = running.bound_to()
        try:
            begun = self._begin()
            if begun is None:
                return super().__call__(args, kwargs)
            call = super().__call__(args, kwargs)
            if isinstance(call, SegmentCall):
                call.segment = begun
                return call
            return recorder.SegmentContext(lambda: begun)
        except BaseException:  # it came from outside
            invocation.undo(before)
            raise

    def _begin(self) -> SegmentInvocation | None:
        tracer = self.capture.tracer
        before = running.bound_to()
        try:
            if tracer.disabled or not recorder.are_wanted() or invocation.current() is not None:
                return None
            name = recorder.name_for(None, tracer.service, settings.function_name(), self.capture.name[3:])
            begun = invocation.begin(name, origin=ORIGIN if settings.in_lambda() else None, is_block=True)
            keeper = running.latest.keeper
            if keeper is not None:  # what was traced while the module was imported
                keeper.end(begun)
            return begun
        except Exception as error:
            invocation.undo(before)
            failed(error)
            return None


def capture_with_segment(
    tracer: TracerSettings, handler: Any, capture_response: bool, capture_error: bool
) -> Any:
    """`capture.handler.capture_handler`, with a segment of its own for each call where Lambda gives none."""
    return capture_handler(tracer, handler, capture_response, capture_error, SegmentCapture)

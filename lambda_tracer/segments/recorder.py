"""What the X-Ray SDK's segment methods do where segments are our own: a recorder hands its calls on to these functions.

They are our own where `LAMBDA_TRACER_SEGMENT` asks for them and the environment's trace header has no Root.
"""

from __future__ import annotations

from os import fsdecode

from .. import settings
from ..guard import failed, warn_once
from ..trace.context import in_handler, last_seen, place
from ..trace.header import TraceHeader
from ..trace.running import bound_to
from ..wrapping.wrap import wrap
from . import invocation
from .sampling import decision

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any, Protocol, TypeVar

    from ..trace.context import AnySubsegment
    from ..trace.subsegment import Owner
    from .invocation import SegmentInvocation

    CallableT = TypeVar("CallableT", bound=Callable[..., Any])

    class Recorder(Owner, Protocol):
        """A recorder, as far as segments know it."""

        service: str | None
        sampling: Any

        def begin_segment(self) -> Any:
            """What is entered where the segment is Lambda's."""


def are_ours() -> bool:
    """Whether a segment that code begins now is our own, and not Lambda's.

    While a function's module is imported there is no header yet, and no telling whether this is Lambda. So a process
    that looks like one of Lambda's has segments of our own within its handler only, or where `sam local` says so.
    """
    if not are_wanted():
        return False
    if not settings.is_real_lambda():
        return True
    call = in_handler.get()
    return call is not None and not call.has_ended


def are_wanted() -> bool:
    """Whether `LAMBDA_TRACER_SEGMENT` asks for segments of our own, and no trace header names a trace that goes on."""
    if settings.segment_name() is None:
        return False
    raw = settings.trace_header()
    return not (raw and TraceHeader.from_header_str(fsdecode(raw)).root)


def name_for(given: str | None, *others: str | None) -> str:
    """What a segment is called: as given, as the environment says, else the first of `others` that is one."""
    names = (given, settings.segment_name(), settings.tracing_name(), *others, settings.function_name())
    return next((name for name in names if name), "unnamed")


def begin_segment(
    recorder: Recorder,
    name: str | None = None,
    traceid: str | None = None,
    parent_id: str | None = None,
    sampling: Any = None,
    *,
    is_block: bool = False,
) -> SegmentInvocation:
    """`Recorder.begin_segment`, which has these arguments. `is_block`: whether a block ends it."""
    called = name_for(name, recorder.service)
    is_decided = sampling is not None or not recorder.sampling
    return invocation.begin(
        called,
        header=TraceHeader(
            traceid if isinstance(traceid, str) else None, parent_id if isinstance(parent_id, str) else None
        ),
        sampled=(sampling is None or bool(sampling)) if is_decided else None,
        request=decision.Request(called),
        recorder=recorder,
        is_block=is_block,
    )


def in_segment(recorder: Recorder, name: str | None, arguments: Mapping[str, Any]) -> SegmentContext:
    """`Recorder.in_segment`: whether the segment is our own is known when the block, or the function, is entered."""

    def begin() -> SegmentInvocation | None:
        return begin_segment(recorder, name, **arguments, is_block=True) if are_ours() else None

    return SegmentContext(begin, recorder.begin_segment)


def end_segment(end_time: float | None = None) -> bool:
    """`Recorder.end_segment`; whether there was one. What is open below it stays current until it is ended, too."""
    begun = invocation.current()
    if begun is None:
        if are_ours():
            warn_once("end_segment", "end_segment: ignored, no segment was begun here")
        return False
    innermost: Any = place()[1]
    if innermost is None or innermost is begun.top:
        invocation.end(begun, end_time)
    else:
        invocation.close(begun, end_time)
    return True


class SegmentContext:
    """What `Recorder.in_segment` gives: a block (`with`, `async with`) or a decorated function's call in a segment."""

    __slots__ = ("_begin", "_begun", "_otherwise", "_seen")

    def __init__(
        self, begin: Callable[[], SegmentInvocation | None], otherwise: Callable[[], Any] | None = None
    ) -> None:
        """`begin` begins the segment, or gives None where that is Lambda's; then `otherwise` gives what is entered."""
        self._begin = begin
        self._otherwise = otherwise
        self._begun: SegmentInvocation | None = None
        self._seen: AnySubsegment | None = None

    def __enter__(self) -> Any:
        """Begin it and return it."""
        before = bound_to()
        try:
            self._begun = begun = self._begin()
            if begun is not None:
                return begun.top
            return None if self._otherwise is None else self._otherwise()
        except BaseException:
            invocation.undo(before)
            raise

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.close(exc)
        except BaseException:  # it came from outside
            self.close(exc)
            raise

    async def __aenter__(self) -> Any:
        return self.__enter__()

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(exc_type, exc, traceback)

    def __call__(self, function: CallableT) -> CallableT:
        """Decorate `function`: each call is a segment of its own, but where Lambda gives one."""
        begin = self._begin
        wrapped: CallableT = wrap(function, lambda: SegmentContext(begin))
        return wrapped

    def open(self) -> None:
        """Begin it."""
        before = bound_to()
        try:
            self._begun = self._begin()
        except BaseException as error:
            invocation.undo(before)
            if not isinstance(error, Exception):  # it came from outside
                raise
            failed(error)

    def close(self, error: BaseException | None = None) -> None:
        """End it, as failed by `error` if there is one. Interrupted from outside, this may be called again."""
        if self._begun is not None:
            invocation.end(self._begun, error=error)

    async def aopen(self) -> None:
        """See `open`."""
        self.open()

    async def aclose(self, error: BaseException | None = None) -> None:
        """See `close`."""
        self.close(error)

    def respond(self, value: object) -> None:
        """Nothing is kept of it."""

    def suspend(self) -> None:
        """A generator yielded: what its consumer does is not part of it."""
        if self._begun is not None:
            self._seen = last_seen()
            invocation.leave(self._begun)

    def resume(self) -> None:
        """Go on with it."""
        if self._begun is not None:
            invocation.go_on(self._begun, self._seen)

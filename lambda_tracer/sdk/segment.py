"""LambdaSegment: the segment that Lambda writes for an invocation, as the function sees it: to read, not to write."""

from __future__ import annotations

from .. import settings
from ..guard import Late, warn_once
from ..trace.unrecorded import UnrecordedSubsegment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol, TypeVar

    from ..segments import recorder as own
    from ..segments.invocation import AnySegment
    from ..trace.invocation import Invocation

    CallableT = TypeVar("CallableT", bound=Callable[..., Any])

    class Recorder(own.Recorder, Protocol):
        """The recorder."""

        def current_segment(self) -> LambdaSegment | AnySegment:
            """The segment of the running invocation."""

else:
    own = Late("lambda_tracer.segments.recorder")  # in Lambda segments are Lambda's


class LambdaSegment(UnrecordedSubsegment):
    """The segment above all subsegments of an invocation.

    `id`, `trace_id` and `sampled` say what the trace header says. Lambda writes its document, so nothing can
    be put into it: each attempt is ignored and the first is logged. (The X-Ray SDK raises
    FacadeSegmentMutationException there.)
    """

    __slots__ = ()

    type = "segment"
    name = "facade"
    in_progress = True

    def __init__(self, invocation: Invocation) -> None:
        """The segment of that invocation."""
        super().__init__(invocation)
        # Shadows the class's values: what this one knows comes from the header.
        self.__dict__.update(
            id=invocation.parent_id or UnrecordedSubsegment.id, sampled=invocation.is_sampled, parent_id=None
        )

    def __bool__(self) -> bool:
        """Whether there is a trace that it could be the segment of."""
        assert self.invocation is not None
        return bool(self.invocation.trace_id)

    def put_annotation(self, key: str, value: Any) -> None:
        """Ignored, and logged once. So are the other methods that would change the segment."""
        self._ignored("put_annotation")

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        """Ignored, and logged once."""
        self._ignored("put_metadata")

    def put_http_meta(self, key: str, value: Any) -> None:
        """Ignored, and logged once."""
        self._ignored("put_http_meta")

    def set_aws(self, aws_meta: dict[str, Any]) -> None:
        """Ignored, and logged once."""
        self._ignored("set_aws")

    def set_user(self, user: str) -> None:
        """Ignored, and logged once."""
        self._ignored("set_user")

    def set_service(self, service_info: dict[str, Any]) -> None:
        """Ignored: Lambda says which service it is."""

    def set_rule_name(self, rule_name: str) -> None:
        """Ignored: Lambda says by which rule it sampled."""

    def close(self, end_time: float | None = None) -> None:
        """Ignored, and logged once: Lambda ends it."""
        self._ignored("close")

    def ready_to_send(self) -> bool:
        """Never: Lambda sends it."""
        return False

    def _ignored(self, method: str) -> None:
        if self or settings.is_real_lambda():
            warn_once(
                "segment",
                "%s: ignored, no subsegment is open and the segment itself belongs to Lambda",
                method,
            )
        else:
            warn_once("segment", "%s: ignored, no segment or subsegment is open", method)


class LambdasBlock:
    """What `in_segment` gives where segments are Lambda's: a block that enters that, and a decorator without effect."""

    __slots__ = ("_segment",)

    def __init__(self, segment: Callable[[], Any]) -> None:
        """`segment` gives what is entered."""
        self._segment = segment

    def __enter__(self) -> Any:
        return self._segment()

    def __exit__(self, *raised: object) -> None:
        """Nothing: Lambda ends it."""

    async def __aenter__(self) -> Any:
        return self._segment()

    async def __aexit__(self, *raised: object) -> None:
        """Nothing: Lambda ends it."""

    def __call__(self, function: CallableT) -> CallableT:
        """The function as it is."""
        return function


def of(running: Any) -> LambdaSegment | AnySegment:
    """`Recorder.current_segment`, in the invocation that runs."""
    if running.is_of_context:
        begun: AnySegment = running.top
        return begun
    return LambdaSegment(running)


def begin(
    recorder: Recorder, name: str | None, traceid: str | None, parent_id: str | None, sampling: Any
) -> LambdaSegment | AnySegment:
    """`Recorder.begin_segment`."""
    if settings.segment_name() is not None and own.are_ours():
        return own.begin_segment(recorder, name, traceid, parent_id, sampling).top
    _ignored("begin_segment")
    return recorder.current_segment()


def end(end_time: float | None) -> None:
    """`Recorder.end_segment`."""
    if settings.segment_name() is None or not (own.end_segment(end_time) or own.are_ours()):
        _ignored("end_segment")


def block_in(
    recorder: Recorder, name: str | None, arguments: Mapping[str, Any]
) -> LambdasBlock | own.SegmentContext:
    """`Recorder.in_segment`."""
    if settings.segment_name() is None:
        return LambdasBlock(recorder.begin_segment)
    return own.in_segment(recorder, name, arguments)


def _ignored(method: str) -> None:
    """Say once that a recorder's method did nothing: segments are not begun and ended here."""
    if settings.is_real_lambda() or settings.segment_name() is not None:
        warn_once(method, "%s: ignored, in Lambda the segment belongs to Lambda", method)
    else:
        warn_once(method, "%s: ignored, segments outside Lambda need LAMBDA_TRACER_SEGMENT", method)

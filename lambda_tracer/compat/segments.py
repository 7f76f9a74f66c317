"""Lambda's segment as the X-Ray SDK shows it to the function. Those that somebody makes are in `own_segments`."""

from __future__ import annotations

from ..clock import clock
from ..sdk.segment import LambdaSegment
from ..trace import subsegment as trace
from ..trace.header import TraceHeader
from ..trace.invocation import Invocation
from .detached import Detached, detached
from .helpers import AtomicCounter
from .kind import Kind, record, told_in_vain, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NO_ID = "0" * 16
NO_TRACE_ID = "1-00000000-" + "0" * 24


class SeenSegment(LambdaSegment):
    """Lambda's segment as the function sees it, with what the SDK's have besides."""

    __slots__ = ()
    user = None

    def __init__(self, invocation: Invocation) -> None:
        """The segment of that invocation."""
        LambdaSegment.__init__(self, invocation)
        self.__dict__["ref_counter"] = AtomicCounter()

    @property
    def initializing(self) -> bool:
        """Whether no invocation has begun, or its header does not say enough."""
        return not (self.trace_id and self.id != NO_ID)

    @property
    def subsegments(self) -> list[trace.Subsegment]:
        """Those below it that are open."""
        assert self.invocation is not None
        return [each for each in trace.opened_in(self.invocation) if each.parent is None]

    def add_subsegment(self, subsegment: Any) -> None:
        """Make a subsegment one of this invocation; one that was made by hand is recorded from here on."""
        assert self.invocation is not None
        if isinstance(subsegment, trace.Subsegment) and self.invocation.is_sampled:
            subsegment.parent = None
            subsegment.parent_id = self.invocation.parent_id
            record(subsegment, self.invocation)

    def get_origin_trace_header(self) -> Any:
        """The trace header of the invocation, or what `save_origin_trace_header` was given."""
        assert self.invocation is not None
        return self.__dict__.get("_origin_header") or self.invocation.header

    def save_origin_trace_header(self, trace_header: Any) -> None:
        """Keep a header for `get_origin_trace_header`."""
        self.__dict__["_origin_header"] = trace_header

    def adopt(self, subsegment: trace.Subsegment) -> None:
        """Count what the recorder has opened as below this one. It is recorded where it was opened."""
        vars(subsegment)["parent_segment"] = self

    def increment(self) -> None:
        """Nothing to count: what is open is known."""

    decrement_ref_counter = decrement_subsegments_size = increment

    def get_total_subsegments_size(self) -> int:
        """How many are open."""
        return len(self.subsegments)

    def __getattr__(self, name: str) -> Any:
        """What it has not got."""
        raise AttributeError(why(self, name))


class FacadeSegment(SeenSegment, metaclass=Kind):
    """The segment that Lambda writes. Nothing of it can be changed; see `LambdaSegment`."""

    __module__ = "aws_xray_sdk.core.models.facade_segment"
    __slots__ = ()

    def __init__(
        self,
        name: str | Invocation,
        entityid: str | None = None,
        traceid: str | None = None,
        sampled: Any = None,
    ) -> None:
        """Of an invocation, which comes in the place of `name`; or of what the arguments say."""
        if isinstance(name, Invocation):
            SeenSegment.__init__(self, name)
        else:
            SeenSegment.__init__(self, detached(TraceHeader(traceid, entityid)))
            self.__dict__.update(name=name, sampled=sampled)


class DummySegment(SeenSegment, metaclass=Kind):
    """A segment of which nothing is recorded; also what `current_segment` gives where there is no trace."""

    __module__ = "aws_xray_sdk.core.models.dummy_entities"
    __slots__ = ()

    def __init__(self, name: str | Invocation = "dummy") -> None:
        """With ids of zeros; or of an invocation without a trace, which comes in the place of `name`."""
        if isinstance(name, Invocation):
            SeenSegment.__init__(self, name)
            name = "dummy"
        else:
            SeenSegment.__init__(self, detached(TraceHeader(NO_TRACE_ID, NO_ID, 0)))
        self.__dict__.update(name=name, sampled=False)

    def put_annotation(self, key: str, value: Any) -> None:
        """Does nothing, as the methods that follow."""

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        """Does nothing."""

    put_http_meta = put_annotation

    def set_aws(self, aws_meta: Any) -> None:
        """Does nothing."""

    def set_user(self, user: str) -> None:
        """Does nothing."""

    def close(self, end_time: float | None = None) -> None:
        """End one that somebody made. Nothing is recorded of it."""
        if isinstance(self.invocation, Detached):
            self.end_time = clock.now() if end_time is None else end_time
            self.__dict__["in_progress"] = False


told_in_vain(
    SeenSegment, *("trace_id", "subsegments", "initializing", "annotations", "metadata", "http", "aws")
)

_segment: tuple[Invocation, SeenSegment] | None = None


def segment_of(invocation: Invocation) -> Any:
    """Lambda's segment of an invocation: the same one as long as that runs. Without a trace, one that is a dummy.

    Where the segment is not Lambda's but one that was begun: that.
    """
    global _segment
    if invocation.is_of_context:
        return invocation.top
    known = _segment
    if known is None or known[0] is not invocation:
        kind = FacadeSegment if invocation.trace_id else DummySegment
        _segment = known = invocation, kind(invocation)
    return known[1]

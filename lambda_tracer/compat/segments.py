"""Segments as the X-Ray SDK has them: those that somebody makes, and Lambda's as the function sees it."""

from __future__ import annotations

from .. import recording
from ..clock import clock
from ..safe import safe_str
from ..sdk.segment import LambdaSegment
from ..trace import subsegment as trace
from ..trace.header import TraceHeader
from ..trace.invocation import Invocation
from .detached import MAX_KEPT, Detached, detached, told
from .helpers import AtomicCounter, TraceId
from .kind import Kind, record, told_in_vain, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NO_ID = "0" * 16
NO_TRACE_ID = "1-00000000-" + "0" * 24


class Entity(trace.Subsegment, metaclass=Kind):
    """What segments and subsegments have in common. One that somebody makes is in no trace, and never sent."""

    __module__ = "aws_xray_sdk.core.models.entity"
    __slots__ = ()
    counts = staticmethod(lambda entity: True)
    type = "entity"

    def __init__(self, name: str, entity_id: str | None = None) -> None:
        """An id is made up where none is given."""
        self._begin(name, entity_id, TraceHeader())

    def _begin(self, name: str, entity_id: str | None, header: TraceHeader, is_sampled: bool = True) -> None:
        invocation = detached(header, is_sampled=is_sampled)
        trace.Subsegment.__init__(
            self, safe_str(name or "unnamed"), "local", None, invocation, recording.default
        )
        self.id = entity_id or self.id
        self.__dict__["subsegments"] = []

    def add_subsegment(self, subsegment: Any) -> None:
        """Keep it in `subsegments`. It is not sent: nor is this."""
        subsegment.parent_id = self.id
        self.subsegments.append(subsegment)

    def remove_subsegment(self, subsegment: Any) -> None:
        """Forget it."""
        if subsegment in self.subsegments:
            self.subsegments.remove(subsegment)

    def close(self, end_time: float | None = None) -> None:
        """End it, at `end_time` (epoch seconds) or now."""
        was_open = self.end_time is None
        trace.Subsegment.close(self, end_time)
        if was_open and isinstance(end_time, (int, float)):
            self.end_time = end_time

    def to_dict(self) -> dict[str, Any]:
        """What it was told, and what is below it."""
        document = told(self, self.subsegments)
        document.update({name: vars(self)[name] for name in ("user", "service") if vars(self).get(name)})
        return {
            name: value
            for name, value in document.items()
            if value != "" and name not in ("type", "namespace")
        }

    def serialize(self) -> str:
        """The JSON text of `to_dict`."""
        import json

        return json.dumps(self.to_dict())

    def __getattr__(self, name: str) -> Any:
        """What it has not got."""
        raise AttributeError(why(self, name))


class Segment(Entity):
    """A segment that somebody made: it keeps what it is told, and is never sent, as in the SDK in Lambda."""

    __module__ = "aws_xray_sdk.core.models.segment"
    __slots__ = ()
    counts = staticmethod(lambda entity: entity.type == "segment")
    type = "segment"

    def __init__(
        self,
        name: str,
        entityid: str | None = None,
        traceid: str | None = None,
        parent_id: str | None = None,
        sampled: bool = True,
    ) -> None:
        """Ids and the trace's id are made up where they are not given."""
        trace_id = traceid or TraceId().to_id()
        self._begin(name, entityid, TraceHeader(trace_id), is_sampled=bool(sampled))
        made = self.invocation
        made._header, made.parent_id = TraceHeader(trace_id, self.id, 1 if sampled else 0), self.id
        self.__dict__.update(sampled=sampled, user=None, ref_counter=AtomicCounter(), _total=0)
        self.parent_id = parent_id or ""

    def add_subsegment(self, subsegment: Any) -> None:
        """Keep it in `subsegments`, and count it. It is not sent: nor is this segment."""
        Entity.add_subsegment(self, subsegment)
        self.increment()

    def adopt(self, subsegment: trace.Subsegment) -> None:
        """Count what the recorder has opened as below this one. It is recorded where it was opened."""
        vars(subsegment).update(parent_segment=self, _kept=[])
        parent = subsegment.parent
        kept = None if parent is None else vars(parent).get("_kept")
        below: list[Any] = self.subsegments if kept is None else kept
        if len(below) < MAX_KEPT:
            below.append(subsegment)
        self.increment()

    def increment(self) -> None:
        """Count one more that is open."""
        self.ref_counter.increment()
        self.__dict__["_total"] += 1

    def decrement_ref_counter(self) -> None:
        """Count one less that is open."""
        self.ref_counter.decrement()

    def decrement_subsegments_size(self) -> None:
        """Count one less in all."""
        self.__dict__["_total"] -= 1

    def get_total_subsegments_size(self) -> int:
        """How many there have been."""
        total: int = self._total
        return total

    def set_user(self, user: str) -> None:
        """Keep the user."""
        self.__dict__["user"] = user

    def set_service(self, service_info: dict[str, Any]) -> None:
        """Keep what service it is."""
        self.__dict__["service"] = service_info

    def set_rule_name(self, rule_name: str) -> None:
        """Keep the name of the sampling rule."""
        self.aws.setdefault("xray", {})["sampling_rule_name"] = rule_name

    def has_open(self) -> bool:
        """Whether anything below it is open."""
        below = list(self.subsegments)
        while below:
            subsegment = below.pop()
            if subsegment.end_time is None:
                return True
            below.extend(subsegment.subsegments)
        return False

    def ready_to_send(self) -> bool:
        """Whether it has ended, and all that is below it. It is not sent all the same: segments are Lambda's."""
        return self.end_time is not None and not self.has_open()


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
            SeenSegment.__init__(self, detached(TraceHeader(NO_TRACE_ID, NO_ID)))
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


told_in_vain(Segment, "trace_id", "in_progress")
told_in_vain(
    SeenSegment, *("trace_id", "subsegments", "initializing", "annotations", "metadata", "http", "aws")
)

_segment: tuple[Invocation, SeenSegment] | None = None


def segment_of(invocation: Invocation) -> SeenSegment:
    """Lambda's segment of an invocation: the same one as long as that runs. Without a trace, one that is a dummy."""
    global _segment
    known = _segment
    if known is None or known[0] is not invocation:
        kind = FacadeSegment if invocation.trace_id else DummySegment
        _segment = known = invocation, kind(invocation)
    return known[1]

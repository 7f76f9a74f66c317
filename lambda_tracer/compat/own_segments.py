"""Segments that somebody makes by the X-Ray SDK's names. Outside Lambda those that are begun are sent, as by the SDK.

One that is made by hand is an object until a recorder's context gets it. In Lambda all are objects, as in the SDK: what
is opened below them is recorded below Lambda's segment.
"""

from __future__ import annotations

import copy

from .. import recording
from ..safe import safe_str
from ..segments import invocation as own
from ..segments import segment as own_segment
from ..segments.sampling.request import Request
from ..trace import running
from ..trace import subsegment as trace
from ..trace.context import see
from ..trace.header import TraceHeader
from ..trace.invocation import Invocation, is_id, is_trace_id
from .detached import MAX_KEPT, NOWHERE, detached, meet, runs_in_invocation, told
from .helpers import AtomicCounter, TraceId, service_info
from .kind import Kind, record, told_in_vain, why
from .sampling import decide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..trace.invocation import Keeper


class Trace(own.SegmentInvocation):
    """What is below a segment that somebody made. Until `enter` it is nobody's, and nothing in it is sent."""

    __slots__ = ("is_of_context", "keeper")

    def __init__(self, trace_id: str, segment_id: str, *, is_sampled: bool) -> None:
        header = TraceHeader(trace_id, segment_id, is_sampled)
        Invocation.__init__(self, None)
        self.raw, self._header = header.to_header_str(), header
        self.trace_id, self.parent_id, self.is_sampled = trace_id, segment_id, is_sampled
        self.is_block = False
        self.outside = (None, None)
        self.is_of_context = False
        self.keeper: Keeper | None = NOWHERE


class Entity(trace.Subsegment, metaclass=Kind):
    """What segments and subsegments have in common. One that somebody makes is in no trace, and never sent."""

    __module__ = "aws_xray_sdk.core.models.entity"
    __slots__ = ()
    counts = staticmethod(lambda entity: True)
    type = "entity"

    def __init__(self, name: str, entity_id: str | None = None) -> None:
        """An id is made up where none is given."""
        made = detached(TraceHeader(), is_sampled=True)
        trace.Subsegment.__init__(self, safe_str(name or "unnamed"), "local", None, made, recording.default)
        self.id = entity_id or self.id
        self.__dict__["_below"] = []

    @property
    def subsegments(self) -> list[Any]:
        """What is below it: objects, also of what has ended."""
        below: list[Any] = self.__dict__["_below"]
        return below

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
        super().close(end_time)
        if was_open and isinstance(end_time, (int, float)):
            self.end_time = end_time

    def to_dict(self) -> dict[str, Any]:
        """What it was told, and what is below it."""
        unused = ("type", "namespace")
        document = told(self, self.subsegments)
        return {name: value for name, value in document.items() if value != "" and name not in unused}

    def serialize(self) -> str:
        """The JSON text of `to_dict`."""
        import json

        return json.dumps(self.to_dict())

    def __getattr__(self, name: str) -> Any:
        """What it has not got."""
        raise AttributeError(why(self, name))


class Segment(Entity, own_segment.Segment):
    """A segment that somebody made: it keeps what it is told, and is sent once it ends, if a context got it."""

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
        meet()
        trace_id = safe_str(traceid) if traceid else TraceId().to_id()
        made = Trace(trace_id, entityid or own.new_id(), is_sampled=bool(sampled))
        own_segment.Segment.__init__(
            self, safe_str(name or "unnamed"), safe_str(parent_id or ""), made, recording.default
        )
        made.top = self
        self.__dict__.update(sampled=sampled, ref_counter=AtomicCounter(), _total=0, _below=[])

    def add_subsegment(self, subsegment: Any) -> None:
        """Keep it in `subsegments`, and count it. It is recorded, if this segment is."""
        if self.invocation.is_of_context and isinstance(subsegment, trace.Subsegment):
            subsegment.parent, subsegment.parent_id = self, self.id
            record(subsegment, self.invocation)
            self.adopt(subsegment)
        else:
            Entity.add_subsegment(self, subsegment)
            self.increment()

    def adopt(self, subsegment: trace.Subsegment) -> None:
        """Count what the recorder has opened as below this one. It is recorded where it was opened."""
        vars(subsegment)["parent_segment"] = self
        vars(subsegment).setdefault("_kept", [])
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
        """Whether it has ended, and all that is below it."""
        return self.end_time is not None and not self.has_open()


told_in_vain(Entity, "subsegments")
told_in_vain(Segment, "trace_id", "in_progress", "subsegments")


def sampled(recorder: Any, name: str, sampling: Any) -> str | None:
    """Whether a segment that is begun outside Lambda is recorded: by which rule, an empty text by none; None if not.

    A `sampling` that is given decides (1, or the name of a rule), else the environment, or the recorder's sampler.
    """
    if sampling is None and recorder.sampling:
        is_sampled, rule = decide(recorder, TraceHeader(), Request(name))
        return rule or "" if is_sampled else None
    return sampling if isinstance(sampling, str) else ""


def told_of(segment: Segment, aws: Any, origin: Any, rule: str) -> None:
    """Have a segment say what it is recorded by, where, and by which rule; an empty text for none."""
    segment.set_aws(copy.deepcopy(aws))
    segment.set_service(service_info())
    segment.origin = origin
    if rule:
        segment.set_rule_name(rule)


def enter(segment: Any) -> None:
    """Have this context work for the trace of a segment, unless an invocation runs; it is sent when it ends."""
    if runs_in_invocation():
        return
    working_for = segment.invocation
    if isinstance(working_for, Trace) and working_for.keeper is not None and segment.end_time is None:
        if is_trace_id(working_for.trace_id) and is_id(segment.id) and working_for.is_sampled:
            working_for.keeper = None
        working_for.is_of_context = True
        own.register(working_for)
        _record_below(segment, segment.subsegments, working_for)
    if running.bound_to() is not working_for:
        running.bind(working_for)
    see(None)


def overtaken() -> None:
    """Another segment is about to be begun here: send what is open of the one before, which may never be ended."""
    before = own.current()
    if isinstance(before, Trace):
        own.leave_behind(before)


def is_anothers() -> bool:
    """Whether this context works for a segment that these names have not begun: a handler's, or a web middleware's."""
    working_for = own.current()
    return working_for is not None and not isinstance(working_for, Trace)


def begun_here() -> Segment | None:
    """The segment that this context works for, in whatever task or thread it was begun."""
    working_for = own.current()
    return (
        working_for.top if isinstance(working_for, Trace) and isinstance(working_for.top, Segment) else None
    )


def _record_below(above: Any, below: list[Any], invocation: Trace) -> None:
    """Record what was put below a segment before anybody's context got that."""
    for subsegment in below:
        has_ended = subsegment.end_time is not None
        invocation.open[subsegment.id] = subsegment
        subsegment.parent = above
        _record_below(subsegment, subsegment.subsegments, invocation)
        if has_ended:
            subsegment.recorder.closed(subsegment)

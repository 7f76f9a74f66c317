"""Subsegments as the X-Ray SDK has them: with its constructors, and what its entities tell.

What the recorder opens while the compatible names are in use is of these classes. So a method that somebody replaces in
the class is replaced in what is recorded, and `isinstance` is as in the SDK: a `DummySubsegment` counts as a
`Subsegment`. Segments, which few code asks for, are in `segments`.
"""

from __future__ import annotations

from .. import recording
from ..guard import Late
from ..safe import safe_str
from ..trace import running, unrecorded
from ..trace import subsegment as trace
from ..trace.invocation import Invocation
from . import detached
from .kind import Kind, record, told_in_vain, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import segments, storage
else:
    storage = Late("lambda_tracer.compat.storage")
    segments = Late("lambda_tracer.compat.segments")


class Subsegment(trace.Subsegment, metaclass=Kind):
    """A subsegment that is recorded.

    One that somebody makes by hand is recorded once it is added to another (`add_subsegment`), or put into the context
    (`put_subsegment`), and closed.
    """

    __module__ = "aws_xray_sdk.core.models.subsegment"
    __slots__ = ()
    counts = staticmethod(lambda entity: entity.type == "subsegment")

    def __init__(
        self,
        name: str,
        namespace: str,
        segment: Any,
        invocation: Invocation | None = None,
        recorder: trace.Owner | None = None,
    ) -> None:
        """`segment` is the one above, or the subsegment. With the last two it is opened by the recorder."""
        if invocation is not None and recorder is not None:
            trace.Subsegment.__init__(self, name, namespace, segment, invocation, recorder)
            if detached.is_met:
                own = invocation.top if invocation.is_of_context else storage.own_segment(recorder)
                if hasattr(own, "adopt"):
                    own.adopt(self)
            return
        above = getattr(segment, "invocation", None) or running.bound_to() or running.current()
        parent = segment if isinstance(segment, trace.Subsegment) and segment.type != "entity" else None
        trace.Subsegment.__init__(
            self, safe_str(name or "unnamed"), namespace, parent, above, recording.default
        )
        if segment is not None:
            is_below_one = parent is not None and parent.type == "subsegment"
            self.__dict__["parent_segment"] = segment.parent_segment if is_below_one else segment
        if detached.is_unsent(above):
            self.__dict__["_kept"] = []

    def __getattr__(self, name: str) -> Any:
        """What the SDK's have besides."""
        if name == "parent_segment":
            return segments.segment_of(self.invocation)
        raise AttributeError(why(self, name))

    @property
    def subsegments(self) -> list[Any]:
        """Those below it that are open. What has ended is a finished document, as it is where the SDK streams.

        Below a segment of one's own: all of them.
        """
        kept: list[Any] | None = self.__dict__.get("_kept")
        if kept is not None:
            return kept
        return [each for each in trace.opened_in(self.invocation) if each.parent is self]

    def add_subsegment(self, subsegment: Any) -> None:
        """Make a subsegment a child of this one; one that was made by hand is recorded from here on.

        Not below a segment that was made by hand, too: then it is kept.
        """
        trace.Subsegment.add_subsegment(self, subsegment)
        if isinstance(subsegment, trace.Subsegment) and subsegment.parent is self:
            if detached.is_unsent(self.invocation):
                self.subsegments.append(subsegment)
                self.parent_segment.increment()
            else:
                record(subsegment, self.invocation)
                if self.invocation.is_of_context and hasattr(self.parent_segment, "adopt"):
                    self.parent_segment.adopt(subsegment)

    def remove_subsegment(self, subsegment: Any) -> None:
        """Make a child of this one a child of this one's parent."""
        trace.Subsegment.remove_subsegment(self, subsegment)
        kept = self.__dict__.get("_kept")
        if kept and subsegment in kept:
            kept.remove(subsegment)

    def close(self, end_time: float | None = None) -> None:
        """See `lambda_tracer`'s. One that was made by hand ends at any time that it is told."""
        was_open = self.end_time is None
        trace.Subsegment.close(self, end_time)
        if was_open and detached.is_met:
            if isinstance(end_time, (int, float)) and detached.is_unsent(self.invocation):
                self.end_time = end_time
            if "parent_segment" in self.__dict__:
                self.parent_segment.decrement_ref_counter()

    def to_dict(self) -> dict[str, Any]:
        """The document as it would be sent now; below a segment of one's own with children."""
        return detached.told(self, self.__dict__.get("_kept") or [])

    def serialize(self) -> str:
        """The JSON text of `to_dict`."""
        if not self.__dict__.get("_kept"):
            return trace.Subsegment.serialize(self)
        import json

        return json.dumps(self.to_dict())


class DummySubsegment(unrecorded.UnrecordedSubsegment, metaclass=Kind):
    """A subsegment of which nothing is recorded."""

    __module__ = "aws_xray_sdk.core.models.dummy_entities"
    __slots__ = ()
    counts = staticmethod(lambda entity: not entity.sampled and entity.type == "subsegment")

    def __init__(self, segment: Any = None, name: Any = "dummy") -> None:
        """Below a segment; or, by the recorder, in an invocation and below the subsegment in the place of `name`."""
        if isinstance(segment, Invocation):
            unrecorded.UnrecordedSubsegment.__init__(self, segment, name)
            return
        above = getattr(segment, "invocation", None) or running.bound_to() or running.current()
        unrecorded.UnrecordedSubsegment.__init__(self, above)
        self.__dict__.update(name=name, parent_segment=segment, namespace="dummy")

    @classmethod
    def named(cls, name: str) -> DummySubsegment:
        """One that is in no invocation, as the one that all share, with a name of its own."""
        made = cls.__new__(cls)
        unrecorded.UnrecordedSubsegment.__init__(made)
        made.__dict__["name"] = name
        return made

    @property
    def subsegments(self) -> list[Any]:
        """None: nothing is known of what is below."""
        return []

    def __getattr__(self, name: str) -> Any:
        """What the SDK's have besides."""
        if name == "parent_segment":
            return segments.segment_of(self.invocation or running.bound_to() or running.current())
        raise AttributeError(why(self, name))


told_in_vain(Subsegment, "trace_id", "in_progress", "subsegments")
told_in_vain(DummySubsegment, "trace_id", "subsegments", "annotations", "metadata", "http", "aws")


def adopt() -> None:
    """Have the recorder open subsegments of these classes."""
    recording.new_subsegment, recording.new_unrecorded = Subsegment, DummySubsegment
    unrecorded.UNRECORDED.__class__ = DummySubsegment


def release() -> None:
    """Undo `adopt`."""
    recording.new_subsegment = trace.Subsegment
    recording.new_unrecorded = unrecorded.UnrecordedSubsegment
    unrecorded.UNRECORDED.__class__ = unrecorded.UnrecordedSubsegment

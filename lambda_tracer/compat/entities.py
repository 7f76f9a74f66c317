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
from .kind import Kind, record, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import segments
else:
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
            return
        above = getattr(segment, "invocation", None) or running.bound_to() or running.current()
        parent = segment if isinstance(segment, trace.Subsegment) and segment.type == "subsegment" else None
        trace.Subsegment.__init__(
            self, safe_str(name or "unnamed"), namespace, parent, above, recording.default
        )
        self.__dict__["parent_segment"] = segment

    def __getattr__(self, name: str) -> Any:
        """What the SDK's have besides."""
        if name == "parent_segment":
            return segments.segment_of(self.invocation)
        raise AttributeError(why(self, name))

    @property
    def subsegments(self) -> list[trace.Subsegment]:
        """Those below it that are open. What has ended is a finished document, as it is where the SDK streams."""
        return [each for each in trace.opened_in(self.invocation) if each.parent is self]

    def add_subsegment(self, subsegment: Any) -> None:
        """Make a subsegment a child of this one; one that was made by hand is recorded from here on."""
        trace.Subsegment.add_subsegment(self, subsegment)
        if isinstance(subsegment, trace.Subsegment) and subsegment.parent is self:
            record(subsegment, self.invocation)


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

    @property
    def subsegments(self) -> list[Any]:
        """None: nothing is known of what is below."""
        return []

    def __getattr__(self, name: str) -> Any:
        """What the SDK's have besides."""
        if name == "parent_segment":
            return segments.segment_of(self.invocation or running.bound_to() or running.current())
        raise AttributeError(why(self, name))


def adopt() -> None:
    """Have the recorder open subsegments of these classes."""
    recording.use_kinds(Subsegment, DummySubsegment)
    unrecorded.UNRECORDED.__class__ = DummySubsegment


def release() -> None:
    """Undo `adopt`."""
    recording.use_kinds(trace.Subsegment, unrecorded.UnrecordedSubsegment)
    unrecorded.UNRECORDED.__class__ = unrecorded.UnrecordedSubsegment

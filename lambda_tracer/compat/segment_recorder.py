"""SegmentRecorder: what the X-Ray SDK's recorder does about segments, and where there is none.

A segment that code begins itself is sent outside Lambda, see `own_segments`. In Lambda it is an object, which is not.
Outside Lambda, where none has been begun, the context says what happens, as `context_missing` asks.
"""

from __future__ import annotations

from .. import recording, settings
from ..guard import Late
from ..sdk import recorder
from ..trace import running
from ..trace import subsegment as trace
from ..trace.context import place
from ..trace.unrecorded import UNRECORDED
from . import detached, entities
from .subsegment_context import SubsegmentContextManager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import context as contexts
    from . import no_effect, own_segments, segment_context, segments, storage
else:
    contexts = Late("lambda_tracer.compat.context")
    own_segments = Late("lambda_tracer.compat.own_segments")
    segment_context = Late("lambda_tracer.compat.segment_context")
    segments = Late("lambda_tracer.compat.segments")
    storage = Late("lambda_tracer.compat.storage")
    no_effect = Late("lambda_tracer.compat.no_effect")


class SegmentRecorder(recorder.Recorder):
    """The recorder, with segments of one's own."""

    _aws_metadata: Any = None
    _origin: Any = None

    def __init__(self) -> None:
        """Whether this is Lambda, where segments are Lambda's, is decided here."""
        self._is_in_lambda = settings.in_lambda()
        super().__init__()

    @property
    def context(self) -> Any:
        """The context that was configured, or one that says what the recorder knows."""
        if vars(self).get("context") is None:
            self.context = contexts.new_context(self._is_in_lambda)
        return vars(self)["context"]

    @context.setter
    def context(self, context: Any) -> None:
        vars(self)["context"] = context
        if context is not None:
            contexts.take(self, context)

    def current_segment(self) -> Any:
        """The segment that Lambda writes: to be read, not written. Without a trace it counts as false.

        With a context of one's own: the segment that was begun.
        """
        own = self._own_segment()
        if own is not None:
            return own
        return self._missing() if self._is_missing() else segments.segment_of(place()[0])

    def current_subsegment(self) -> Any:
        """The innermost open subsegment, or None."""
        own = self._own_segment()
        if own is not None:
            entity = self._here(own)
            return entity if entity is not own else None
        found: Any = super().current_subsegment()
        return self._missing() if found is None and self._is_missing() else found

    def get_trace_entity(self) -> Any:
        """What a subsegment opened now would be below; give it to `set_trace_entity` in another thread."""
        own = self._own_segment()
        return super().current_subsegment() or self.current_segment() if own is None else self._here(own)

    def set_trace_entity(self, trace_entity: Any) -> None:
        """Make an open subsegment, or a segment, current in this thread or task."""
        own = None
        if isinstance(trace_entity, trace.Subsegment) and detached.is_met:
            own = trace_entity if trace_entity.type == "segment" else vars(trace_entity).get("parent_segment")
        if own is not None and "_below" in vars(own) and self._keeps_segments():
            is_kept_by_hand = detached.is_unsent(trace_entity.invocation)
            storage.keep(
                self.context, [own, trace_entity] if is_kept_by_hand and trace_entity is not own else [own]
            )
            own_segments.enter(own)
        super().set_trace_entity(trace_entity)

    def clear_trace_entities(self) -> None:
        """Make Lambda's segment current in this thread or task; what is open stays open."""
        super().clear_trace_entities()
        if detached.is_met:
            storage.forget(self.context)
            detached.leave()

    def begin_subsegment(self, name: str, namespace: str = "local") -> Any:
        """Open a subsegment below the current one; see `Recorder.begin_subsegment`."""
        found = super().begin_subsegment(name, namespace)
        if found.sampled or found.is_kept:
            return found
        own = self._own_segment()
        if own is not None and found is UNRECORDED and not detached.runs_in_invocation():
            own_segments.enter(own)  # it may have been begun in another task of this thread
            if own.sampled:
                found = super().begin_subsegment(name, namespace)
            else:  # to be current
                found = self._begin_unrecorded(own.invocation, None)
        return found if found.sampled else self._unrecorded(found, name, own)

    def begin_subsegment_without_sampling(self, name: str) -> Any:
        """Open a subsegment of which nothing is recorded; see `Recorder.begin_subsegment_without_sampling`."""
        return self._unrecorded(super().begin_subsegment_without_sampling(name), name, self._own_segment())

    def end_subsegment(self, end_time: float | None = None) -> None:
        """Close the current subsegment; see `Recorder.end_subsegment`."""
        own = self._own_segment()
        if own is None and place()[1] is None and self._is_missing():
            self._missing()
            return
        if own is not None and detached.innermost() is None:
            contexts.Context.end_subsegment(self.context, end_time)
        else:
            super().end_subsegment(end_time)
        self._leave_if_over(own)

    def put_annotation(self, key: str, value: Any) -> None:
        """Annotate what is current."""
        entity = self.get_trace_entity()
        if entity is not None:
            entity.put_annotation(key, value)

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        """Add metadata to what is current."""
        entity = self.get_trace_entity()
        if entity is not None:
            entity.put_metadata(key, value, namespace)

    def in_subsegment(
        self, name: str | None = None, namespace: str = "local", **ignored: Any
    ) -> SubsegmentContextManager:
        """See `Recorder.in_subsegment`."""
        return SubsegmentContextManager(self, name, namespace)

    capture = capture_async = in_subsegment_async = in_subsegment

    def recording_of_call(self, name: str, namespace: str) -> recording.Recorded | None:
        """`recording` for a function that somebody decorated."""
        if self.replaces_begin_or_end():
            return SubsegmentContextManager(self, name, namespace)
        opened = self.recording(name, namespace)
        if opened is None and not running.latest.trace_id and self._is_missing():
            self._missing()
        return opened

    def replaces_begin_or_end(self) -> bool:
        """Whether a subclass, or a test, has replaced how subsegments begin or end."""
        kind, own = type(self), vars(self)
        return (
            kind.begin_subsegment is not SegmentRecorder.begin_subsegment
            or kind.end_subsegment is not SegmentRecorder.end_subsegment
            or "begin_subsegment" in own
            or "end_subsegment" in own
        )

    def begin_segment(
        self,
        name: str | None = None,
        traceid: str | None = None,
        parent_id: str | None = None,
        sampling: Any = None,
    ) -> Any:
        """A segment of its own, which is current until it is ended, and then sent.

        In Lambda it is not sent, and one log message says so. With a context of one's own it is current all the same:
        what is opened meanwhile counts as below it, and is recorded below Lambda's segment.
        """
        called = name or self.service
        if not settings.global_sdk_config.sdk_enabled():
            return segments.DummySegment(called or "dummy")
        rule: str | None
        if sampling == 0:
            rule = None
        elif detached.runs_in_invocation():
            rule = ""
            no_effect.has_no_effect("begin_segment", no_effect.LAMBDA_OWNS_SEGMENTS)
        else:
            rule = own_segments.sampled(self, called or "unnamed", sampling)
        segment: Any
        if rule is None:
            segment = segments.DummySegment(called or "dummy")
        else:
            segment = own_segments.Segment(called or "unnamed", traceid=traceid, parent_id=parent_id)
            own_segments.told_of(segment, self._aws_metadata, self._origin, rule)
        if self._keeps_segments():
            own_segments.overtaken()
            storage.keep(self.context, [segment])
            own_segments.enter(segment)
        return segment

    def end_segment(self, end_time: float | None = None) -> None:
        """End a segment that was begun with a context of one's own. Lambda ends its own: one log message."""
        if not settings.global_sdk_config.sdk_enabled():
            return
        own = self._own_segment()
        if own is not None:
            own.close(end_time)
            self._leave_if_over(own)
        elif self._is_missing():
            self._missing()
        else:
            no_effect.has_no_effect("end_segment", no_effect.LAMBDA_OWNS_SEGMENTS)

    def _keeps_segments(self) -> bool:
        return isinstance(self.context, contexts.Context) and not isinstance(
            self.context, contexts.LambdaContext
        )

    def _own_segment(self) -> Any:
        if not detached.is_met:
            return None
        return storage.own_segment(self) or own_segments.begun_here()

    def _here(self, own: Any) -> Any:
        """The innermost that is open below a segment of one's own, or that."""
        return detached.innermost() or (storage.stored_in(self.context) or [own])[-1]

    def _leave_if_over(self, own: Any) -> None:
        """Forget a segment of one's own that has ended, and all below it."""
        if own is not None and (own.ready_to_send() if own.sampled else not own.in_progress):
            self.clear_trace_entities()

    def _is_missing(self) -> bool:
        """Whether this is not Lambda, and no segment has been begun."""
        if (
            place()[0].trace_id
            or not settings.global_sdk_config.sdk_enabled()
            or detached.runs_in_invocation()
        ):
            return False
        return self._own_segment() is None and self._keeps_segments()

    def _missing(self) -> Any:
        return self.context.handle_context_missing()

    def _unrecorded(self, found: Any, name: str, own: Any) -> Any:
        """One of which nothing is recorded, with its name; where tracing is switched off it has none, as in the SDK."""
        if not settings.global_sdk_config.sdk_enabled():
            return found
        if found is UNRECORDED:
            if own is None and self._is_missing():
                return self._missing()
            found = entities.DummySubsegment.named(name)
        else:
            vars(found)["name"] = name
        if own is not None:
            vars(found)["parent_segment"] = own
        return found

    def in_segment(self, name: str | None = None, **segment_kwargs: Any) -> Any:
        """A block whose subsegments are below Lambda's segment, as they are without it."""
        return segment_context.SegmentContextManager(self, name, **segment_kwargs)

    in_segment_async = in_segment

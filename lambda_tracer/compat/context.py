"""Contexts as the X-Ray SDK has them.

What is current is known to the recorder, per task and thread: the context that is configured asks that. One that code
drives by itself keeps what it is told, and sends nothing.
"""

from __future__ import annotations

import os

from .. import recording, settings
from ..guard import Late, warn_once
from ..trace.context import place
from . import detached
from .exceptions import SegmentNotFoundException
from .segments import DummySegment, segment_of
from .storage import LambdaLocal, Local, TaskLocalStorage, configured, forget, keep, recorder_of, stored_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import own_segments
else:
    own_segments = Late("lambda_tracer.compat.own_segments")  # of those in Lambda none is

MISSING_SEGMENT_MSG = "no segment or subsegment is open"
SUPPORTED_CONTEXT_MISSING = ("RUNTIME_ERROR", "LOG_ERROR", "IGNORE_ERROR")
CXT_MISSING_STRATEGY_KEY = "AWS_XRAY_CONTEXT_MISSING"
LAMBDA_TRACE_HEADER_KEY = "_X_AMZN_TRACE_ID"
LAMBDA_TASK_ROOT_KEY = "LAMBDA_TASK_ROOT"
TOUCH_FILE_DIR = "/tmp/.aws-xray/"
TOUCH_FILE_PATH = "/tmp/.aws-xray/initialized"

_end_current = recording.SubsegmentRecorder.end_subsegment
"""Not the recorder's own method: code may have replaced that by one which asks its context."""


class Context:
    """Where the trace stands, for code that asks a context instead of the recorder, or keeps its own.

    The recorder never asks it: what a subclass does differently has no effect there.
    """

    __module__ = "aws_xray_sdk.core.context"

    def __init__(self, context_missing: str = "LOG_ERROR") -> None:
        """`context_missing`: what is done where no segment is open; `AWS_XRAY_CONTEXT_MISSING` wins."""
        self._local: Any = Local(self)
        self._context_missing: str | None = os.environ.get(CXT_MISSING_STRATEGY_KEY, context_missing)

    @property
    def context_missing(self) -> str | None:
        """What is done where no segment is open: `RUNTIME_ERROR`, `LOG_ERROR` or `IGNORE_ERROR`."""
        return self._context_missing

    @context_missing.setter
    def context_missing(self, value: str) -> None:
        if value in SUPPORTED_CONTEXT_MISSING:
            self._context_missing = value

    def put_segment(self, segment: Any) -> None:
        """Keep a segment, and make it current."""
        keep(self, [segment])
        if recorder_of(self) is not None:
            own_segments.enter(segment)

    def end_segment(self, end_time: float | None = None) -> None:
        """End the current segment."""
        entity = self.get_trace_entity()
        if entity:
            (entity.parent_segment if self._is_subsegment(entity) else entity).close(end_time)

    def put_subsegment(self, subsegment: Any) -> None:
        """Put a subsegment that was made by hand below what is current, and make it current."""
        above = self.get_trace_entity()
        if not above or above is subsegment:
            return
        above.add_subsegment(subsegment)
        entities = stored_in(self)
        if entities:
            keep(self, [*entities, subsegment])
        elif recorder_of(self) is not None:
            recording.default.set_trace_entity(subsegment)

    def end_subsegment(self, end_time: float | None = None) -> bool:
        """End the current subsegment, if it was not opened by a `with` block; whether there was one."""
        entity = self.get_trace_entity()
        if not self._is_subsegment(entity):
            return False
        entities = stored_in(self)
        if any(each is entity for each in entities):
            entity.close(end_time)
            keep(self, [each for each in entities if each is not entity])
            return True
        if place()[1] is entity:
            _end_current(recording.default, end_time)
        else:
            entity.close(end_time)
        return entity.end_time is not None

    def get_trace_entity(self) -> Any:
        """What is current; where that is nothing, what `handle_context_missing` gives."""
        is_configured = recorder_of(self) is not None
        current = detached.innermost() if is_configured else None
        if current is not None:
            return current
        entities = stored_in(self)
        if entities:
            return entities[-1]
        if not settings.global_sdk_config.sdk_enabled():
            return DummySegment()
        is_own = type(self).handle_context_missing is not Context.handle_context_missing
        if is_configured and not is_own and detached.runs_in_invocation():
            return segment_of(place()[0])
        return self.handle_context_missing()

    def set_trace_entity(self, trace_entity: Any) -> None:
        """Make something current."""
        recorder = recorder_of(self)
        if recorder is None:
            keep(self, [trace_entity])
        else:
            recorder.set_trace_entity(trace_entity)

    def clear_trace_entities(self) -> None:
        """Forget what is current."""
        forget(self)
        recorder = recorder_of(self)
        if recorder is not None:
            recorder.clear_trace_entities()

    def handle_context_missing(self) -> None:
        """As `context_missing` says: raises SegmentNotFoundException, logs it once, or does nothing."""
        if self.context_missing == "RUNTIME_ERROR":
            raise SegmentNotFoundException(MISSING_SEGMENT_MSG)
        if self.context_missing == "LOG_ERROR":
            warn_once("compat context missing", MISSING_SEGMENT_MSG)

    def _is_subsegment(self, entity: Any) -> bool:
        return getattr(entity, "type", None) == "subsegment"


class LambdaContext(Context):
    """The context in Lambda: it knows what the recorder knows."""

    __module__ = "aws_xray_sdk.core.lambda_launcher"

    def __init__(self) -> None:
        super().__init__()
        self._local = LambdaLocal()
        self._context_missing = None

    @property
    def context_missing(self) -> str | None:
        """None: in Lambda nothing is done where no segment is open, whatever was asked for."""
        return None

    @context_missing.setter
    def context_missing(self, value: str) -> None:
        """Ignored."""

    def put_segment(self, segment: Any) -> None:
        """Does nothing: the segment is Lambda's."""

    def end_segment(self, end_time: float | None = None) -> None:
        """Does nothing: the segment is Lambda's."""

    def put_subsegment(self, subsegment: Any) -> None:
        """Put a subsegment that was made by hand below the current one, and make it current."""
        above = self.get_trace_entity()
        if above is not subsegment:
            above.add_subsegment(subsegment)
            recording.default.set_trace_entity(subsegment)

    def end_subsegment(self, end_time: float | None = None) -> bool:
        """End the current subsegment, if it was not opened by a `with` block; whether there was one."""
        current = place()[1]
        _end_current(recording.default, end_time)
        return current is not None and current.end_time is not None

    def get_trace_entity(self) -> Any:
        """The current subsegment, or else Lambda's segment."""
        return recording.default.current_subsegment() or segment_of(place()[0])

    def set_trace_entity(self, trace_entity: Any) -> None:
        """See `Recorder.set_trace_entity`."""
        recording.default.set_trace_entity(trace_entity)

    def clear_trace_entities(self) -> None:
        """See `Recorder.clear_trace_entities`."""
        recording.default.clear_trace_entities()

    def handle_context_missing(self) -> None:
        """Does nothing."""


class AsyncContext(Context):
    """The context for asyncio: what it keeps is kept per task."""

    __module__ = "aws_xray_sdk.core.async_context"

    def __init__(self, *args: Any, loop: Any = None, use_task_factory: bool = True, **kwargs: Any) -> None:
        """`loop` is kept; no task factory is set on it, since none is needed."""
        super().__init__(*args, **kwargs)
        self._loop = loop
        self._local = TaskLocalStorage(loop)
        object.__setattr__(self._local, "context", self)


def check_in_lambda() -> LambdaContext | None:
    """A context where this process is a Lambda function, else None."""
    return LambdaContext() if settings.in_lambda() else None


def new_context(is_in_lambda: bool) -> Context:
    """What a recorder's context is where none was given."""
    return LambdaContext() if is_in_lambda else Context()


def take(recorder: Any, context: Any) -> None:
    """A recorder has been given this context."""
    if isinstance(context, Context):
        configured(recorder, context)


def task_factory(loop: Any, coro: Any, **kwargs: Any) -> Any:
    """An ordinary task: its context variables know the current subsegment."""
    import asyncio

    return asyncio.Task(coro, loop=loop, **kwargs)


def is_own(context: object) -> bool:
    """Whether a context does what ours do, so that it makes no difference that nobody asks it."""
    overridden = {name for kind in type(context).__mro__ for name in vars(kind) if kind not in _OURS}
    return isinstance(context, Context) and not overridden & _ASKED


_OURS = (Context, LambdaContext, AsyncContext, object)
_ASKED = {name for name in vars(Context) if not name.startswith("_")}

"""Contexts as the X-Ray SDK has them. What is current is known to the recorder, per task and thread: they ask that."""

from __future__ import annotations

import os

from .. import recording, settings
from ..trace.context import place
from .segments import segment_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MISSING_SEGMENT_MSG = "no segment or subsegment is open"
SUPPORTED_CONTEXT_MISSING = ("RUNTIME_ERROR", "LOG_ERROR", "IGNORE_ERROR")
CXT_MISSING_STRATEGY_KEY = "AWS_XRAY_CONTEXT_MISSING"
LAMBDA_TRACE_HEADER_KEY = "_X_AMZN_TRACE_ID"
LAMBDA_TASK_ROOT_KEY = "LAMBDA_TASK_ROOT"
TOUCH_FILE_DIR = "/tmp/.aws-xray/"
TOUCH_FILE_PATH = "/tmp/.aws-xray/initialized"


class Context:
    """Where the trace stands, for code that asks a context instead of the recorder.

    The recorder never asks it: what a subclass does differently has no effect.
    """

    __module__ = "aws_xray_sdk.core.context"

    def __init__(self, context_missing: str = "LOG_ERROR") -> None:
        """`context_missing` is kept, and `AWS_XRAY_CONTEXT_MISSING` wins. Where no trace is, nothing is recorded."""
        self._local = Local()
        self._context_missing: str | None = os.environ.get(CXT_MISSING_STRATEGY_KEY, context_missing)

    @property
    def context_missing(self) -> str | None:
        """What was to be done where no segment is open."""
        return self._context_missing

    @context_missing.setter
    def context_missing(self, value: str) -> None:
        if value in SUPPORTED_CONTEXT_MISSING:
            self._context_missing = value

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
        recording.default.end_subsegment(end_time)
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
        """Does nothing, as in Lambda with the SDK."""

    def _is_subsegment(self, entity: Any) -> bool:
        return getattr(entity, "type", None) == "subsegment"


class LambdaContext(Context):
    """The context in Lambda."""

    __module__ = "aws_xray_sdk.core.lambda_launcher"

    def __init__(self) -> None:
        super().__init__()
        self._context_missing = None

    @property
    def context_missing(self) -> str | None:
        """None: in Lambda nothing is done where no segment is open, whatever was asked for."""
        return None

    @context_missing.setter
    def context_missing(self, value: str) -> None:
        """Ignored."""


class AsyncContext(Context):
    """The context for asyncio: the same. Every task has its own current subsegment, whichever context is configured."""

    __module__ = "aws_xray_sdk.core.async_context"

    def __init__(self, *args: Any, loop: Any = None, use_task_factory: bool = True, **kwargs: Any) -> None:
        """`loop` is kept; no task factory is set on it, since none is needed."""
        super().__init__(*args, **kwargs)
        self._loop = loop


class Local:
    """What the SDK keeps per thread, computed: `segment`, and `entities`, from the outermost open subsegment on."""

    @property
    def segment(self) -> Any:
        """Lambda's segment."""
        return segment_of(place()[0])

    @property
    def entities(self) -> list[Any]:
        """The open subsegments of this context."""
        found: list[Any] = []
        at: Any = place()[1]
        while at is not None:
            if at.end_time is None:
                found.insert(0, at)
            at = at.parent
        return found

    @entities.setter
    def entities(self, entities: list[Any]) -> None:
        recording.default.set_trace_entity(entities[-1] if entities else None)

    def clear(self) -> None:
        """Nothing is open in this context from now on."""
        recording.default.clear_trace_entities()


class TaskLocalStorage(Local):
    """The SDK's name for what `AsyncContext` keeps."""

    __module__ = "aws_xray_sdk.core.async_context"

    def __init__(self, loop: Any = None) -> None:
        self._loop = loop


def check_in_lambda() -> LambdaContext | None:
    """A context where this process is a Lambda function, else None."""
    return LambdaContext() if settings.in_lambda() else None


def new_context() -> Context:
    """What a recorder's context is where none was given."""
    return check_in_lambda() or Context()


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

"""AWSXRayRecorder and AsyncAWSXRayRecorder: lambda_tracer's recorder under the X-Ray SDK's names.

There is one recorder. While the compatible names are in use, `lambda_tracer.xray_recorder` is of these classes: what
code replaces in them, a test say, is replaced for all that use it, and Powertools takes it for the SDK's.
"""

from __future__ import annotations

from .. import guard, settings
from ..guard import Late
from ..recording import SubsegmentContext
from ..sdk import recorder
from ..sdk.recorder import xray_recorder
from ..trace.context import place
from . import entities
from .config import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import context as contexts
    from . import no_effect, segments
else:
    contexts = Late("lambda_tracer.compat.context")
    segments = Late("lambda_tracer.compat.segments")
    no_effect = Late("lambda_tracer.compat.no_effect")

TRACING_NAME_KEY = "AWS_XRAY_TRACING_NAME"
DAEMON_ADDR_KEY = "AWS_XRAY_DAEMON_ADDRESS"
CONTEXT_MISSING_KEY = "AWS_XRAY_CONTEXT_MISSING"
XRAY_META = {"xray": {"sdk": "X-Ray for Python", "sdk_version": VERSION}}

_NO_EFFECT = {
    "plugins": "a segment would say where it ran",
    "sampling_rules": "the trace header says what is sampled",
    "sampler": "the trace header says what is sampled",
    "streaming": "lambda_tracer decides when documents leave",
}


def _alias(name: str) -> Any:
    """A private attribute of the SDK's recorder that code reads and sets: the public one."""

    def get(self: Any) -> Any:
        return getattr(self, name)

    def put(self: Any, value: Any) -> None:
        setattr(self, name, value)

    return property(get, put, doc=f"`{name}`, under the name that it has in the X-Ray SDK.")


def _made_when_asked_for(name: str, make: str) -> Any:
    """A setting that is an object of the SDK's where nobody has given one."""

    def get(self: Any) -> Any:
        if vars(self).get(name) is None:
            home, _, function = make.partition(".")
            vars(self)[name] = getattr({"contexts": contexts, "no_effect": no_effect}[home], function)()
        return vars(self)[name]

    def put(self: Any, value: Any) -> None:
        vars(self)[name] = value

    return property(get, put, doc=f"The `{name}` that was configured, or one that stands for it.")


class AWSXRayRecorder(recorder.Recorder):
    """The recorder, with what code written for the X-Ray SDK asks of it besides. See `lambda_tracer.Recorder`."""

    __module__ = "aws_xray_sdk.core.recorder"

    context = _made_when_asked_for("context", "contexts.new_context")
    sampler = _made_when_asked_for("sampler", "no_effect.LocalSampler")
    streaming = _made_when_asked_for("streaming", "no_effect.DefaultStreaming")
    _context = _alias("context")
    _sampler = _alias("sampler")
    _streaming = _alias("streaming")
    _emitter = _alias("emitter")
    _sampling = _alias("sampling")
    _service = _alias("service")
    _dynamic_naming = _alias("dynamic_naming")
    _max_trace_back = _alias("max_trace_back")
    _stream_sql = _alias("stream_sql")
    _plugins = None
    _origin = None
    _aws_metadata = XRAY_META

    def __reduce__(self) -> str | tuple[Any, ...]:
        """The shared one is pickled as what it is named elsewhere."""
        return (_shared, ()) if self is xray_recorder else (type(self), ())

    def __getattr__(self, name: str) -> Any:
        """What the SDK's recorder has, and this one has not."""
        private = ": that is private to the X-Ray SDK" if name.startswith("_") and name[:2] != "__" else ""
        raise AttributeError(
            f"{type(self).__name__!r} has no attribute {name!r} in lambda_tracer's compatible names{private}"
        )

    def configure(
        self,
        sampling: Any = None,
        plugins: Any = None,
        context_missing: Any = None,
        sampling_rules: Any = None,
        daemon_address: str | None = None,
        service: str | None = None,
        context: Any = None,
        emitter: Any = None,
        streaming: Any = None,
        dynamic_naming: Any = None,
        streaming_threshold: int | None = None,
        max_trace_back: int | None = None,
        sampler: Any = None,
        stream_sql: bool | None = None,
    ) -> None:
        """Change settings, as `Recorder.configure` does; one log message names what has no effect in Lambda."""
        given = {
            "plugins": plugins,
            "sampling_rules": sampling_rules,
            "sampler": sampler,
            "streaming": streaming,
        }
        for name, value in given.items():
            if value:
                no_effect.has_no_effect(f"configure({name}=...)", _NO_EFFECT[name])
        if context is not None and not contexts.is_own(context):
            no_effect.has_no_effect(
                f"configure(context={type(context).__name__}())", "what is current is known to lambda_tracer"
            )
        if isinstance(dynamic_naming, str):
            from .helpers import DefaultDynamicNaming

            dynamic_naming = DefaultDynamicNaming(dynamic_naming, service or self.service)
        super().configure(
            sampling=sampling,
            daemon_address=daemon_address or None,
            service=service or None,
            context=context,
            emitter=emitter,
            streaming=streaming,
            dynamic_naming=dynamic_naming,
            streaming_threshold=streaming_threshold,
            max_trace_back=max_trace_back,
            sampler=sampler,
            stream_sql=stream_sql,
        )

    def current_segment(self) -> Any:
        """The segment that Lambda writes: to be read, not written. Without a trace it counts as false."""
        return segments.segment_of(place()[0])

    def begin_segment(
        self,
        name: str | None = None,
        traceid: str | None = None,
        parent_id: str | None = None,
        sampling: Any = None,
    ) -> Any:
        """A segment of its own that is never sent, as with the SDK in Lambda. One log message says so."""
        if sampling == 0 or not settings.global_sdk_config.sdk_enabled():
            return segments.DummySegment(name or self.service or "dummy")
        no_effect.has_no_effect("begin_segment", no_effect.LAMBDA_OWNS_SEGMENTS)
        return segments.Segment(name or self.service or "unnamed", traceid=traceid, parent_id=parent_id)

    def end_segment(self, end_time: float | None = None) -> None:
        """One log message: Lambda ends its segment."""
        if settings.global_sdk_config.sdk_enabled():
            no_effect.has_no_effect("end_segment", no_effect.LAMBDA_OWNS_SEGMENTS)

    def in_segment(self, name: str | None = None, **segment_kwargs: Any) -> Any:
        """A block whose subsegments are below Lambda's segment, as they are without it."""
        return segments.SegmentContextManager(self, name, **segment_kwargs)

    in_segment_async = in_segment


class AsyncAWSXRayRecorder(AWSXRayRecorder):
    """The same: every method is for coroutines, too."""

    __module__ = "aws_xray_sdk.core.async_recorder"


class SubsegmentContextManager(SubsegmentContext):
    """What `in_subsegment` gives, with the SDK's constructor."""

    __module__ = "aws_xray_sdk.core.models.subsegment"
    __slots__ = ()

    def __init__(
        self, recorder: Any, name: str | None = None, namespace: str = "local", **ignored: Any
    ) -> None:
        super().__init__(recorder, name, namespace)


def adopt() -> None:
    """Have the shared recorder, and what it opens, be of the SDK's classes."""
    xray_recorder.__class__ = AsyncAWSXRayRecorder
    guard.also_asked = "aws_xray_sdk.core"
    entities.adopt()


def release() -> None:
    """Undo `adopt`."""
    xray_recorder.__class__ = recorder.Recorder
    guard.also_asked = ""
    entities.release()


def _shared() -> Any:
    return recorder.xray_recorder


def __getattr__(name: str) -> Any:
    if name != "SERVICE_INFO":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import platform

    return {"runtime": platform.python_implementation(), "runtime_version": platform.python_version()}

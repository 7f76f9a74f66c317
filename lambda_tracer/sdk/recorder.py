"""Recorder: the subsegment recorder under the names of the X-Ray SDK's, for code that was written against it.

In Lambda the segment belongs to Lambda: sampling rules, plugins, dynamic naming and segments of one's own have no
meaning there. Settings are accepted and kept, segment methods warn once and do nothing.
"""

from __future__ import annotations

from .. import settings
from ..guard import Late, can_load
from ..recording import SubsegmentContext, SubsegmentRecorder, use
from ..trace.context import place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ..patches import registry as patches
    from ..patches import unpatch as unpatching
    from ..segments import recorder as own
    from ..segments.invocation import AnySegment
    from ..trace.context import AnySubsegment
    from . import configuration, segment
    from . import meta_processor as processed
    from .segment import LambdaSegment
else:
    # As in `tracer`: what type hints name. Every segment is one of both kinds, or a class of its own below them.
    from _collections_abc import Callable, Mapping, Sequence

    from ..recording import AnySubsegment

    Any = object
    LambdaSegment = AnySegment = AnySubsegment
    configuration = Late("lambda_tracer.sdk.configuration")
    own = Late("lambda_tracer.segments.recorder")  # in Lambda segments are Lambda's
    processed = Late("lambda_tracer.sdk.meta_processor")  # few call this but the X-Ray SDK's own patches
    patches = Late("lambda_tracer.patches.registry")
    segment = Late("lambda_tracer.sdk.segment")  # rarely asked for
    unpatching = Late("lambda_tracer.patches.unpatch")


class Recorder(SubsegmentRecorder):
    """Records subsegments under the segment that Lambda writes.

    Every method may be called at any time, from any thread or task; none raises because of the state of the
    trace. Settings that have a meaning only where segments are ours (sampling rules, plugins, dynamic naming)
    are accepted and kept, and have no effect.
    """

    def __init__(self) -> None:
        super().__init__()
        self.service: str | None = settings.tracing_name()
        self.enabled = True
        self.sampling: Any = True
        self.sampler: Any = None
        self.dynamic_naming: Any = None
        self.context: Any = None
        self.streaming: Any = None
        self.streaming_threshold = 0

    # What is open belongs to this process: a copy is the recorder itself, and pickled it is a name.

    def __copy__(self) -> Recorder:
        return self

    def __deepcopy__(self, memo: object) -> Recorder:
        return self

    def __reduce__(self) -> str | tuple[Any, ...]:
        return "xray_recorder" if self is xray_recorder else (type(self), ())

    def capture(self, name: str | None = None) -> SubsegmentContext:
        """`in_subsegment`, as the X-Ray SDK calls it where it is a decorator."""
        return SubsegmentContext(self, name, "local")

    capture_async = capture

    def get_trace_entity(self) -> AnySubsegment | LambdaSegment | AnySegment:
        """What a subsegment opened now would be under; give it to `set_trace_entity` in another thread."""
        return self.current_subsegment() or self.current_segment()

    def put_annotation(self, key: str, value: Any) -> None:
        """Annotate the current subsegment; see `Subsegment.put_annotation`. With none open: ignored, logged once."""
        (self.current_subsegment() or self.current_segment()).put_annotation(key, value)

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        """Add metadata to the current subsegment (`Subsegment.put_metadata`). With none open: ignored, logged once."""
        (self.current_subsegment() or self.current_segment()).put_metadata(key, value, namespace)

    def stream_subsegments(self) -> None:
        """Send now what has finished and waits for its parents."""
        self.outbox.flush(place()[0])

    def current_segment(self) -> LambdaSegment | AnySegment:
        """The segment that Lambda writes for the running invocation: to be read, not written.

        Where segments are our own, the one that was begun here.
        """
        return segment.of(place()[0])

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
        """Change settings; None leaves one as it is.

        `daemon_address`: where documents go, unless `AWS_XRAY_DAEMON_ADDRESS` says; raises
        InvalidDaemonAddressException. `emitter`: any object with `send(document)` or the SDK's
        `send_entity(entity)`. `max_trace_back`: frames kept of an exception, 0 for none. `stream_sql`:
        whether SQL text is recorded. `sampling_rules`, `sampler` and `plugins` are for segments of our own, see
        `begin_segment`: rules are a dict, or a JSON file's path, and raise ValueError or OSError. The others are
        kept.
        """
        configuration.configure(
            self,
            sampling_rules,
            plugins,
            daemon_address,
            service,
            emitter,
            max_trace_back,
            stream_sql,
            sampler,
            sampling=sampling,
            context=context,
            streaming=streaming,
            dynamic_naming=dynamic_naming,
            streaming_threshold=streaming_threshold,
        )

    def begin_segment(
        self,
        name: str | None = None,
        traceid: str | None = None,
        parent_id: str | None = None,
        sampling: Any = None,
    ) -> LambdaSegment | AnySegment:
        """Begin a segment of our own where `LAMBDA_TRACER_SEGMENT` asks for it and Lambda gives none; return it.

        Without a `name` it has that of the variable, or of the `service`. `traceid` and `parent_id` are those of a
        trace that goes on. `sampling`: 1 or 0, whether it is recorded. It is current until `end_segment`.

        Anywhere else that warns once, and gives the segment that is there already: in Lambda, Lambda's.
        """
        return segment.begin(self, name, traceid, parent_id, sampling)

    def end_segment(self, end_time: float | None = None) -> None:
        """End the segment that was begun here, at `end_time` (epoch seconds) or now. Lambda's own: warns once."""
        if can_load(segment):
            segment.end(end_time)

    def in_segment(
        self, name: str | None = None, **segment_kwargs: Any
    ) -> segment.LambdasBlock | own.SegmentContext:
        """A `with` or `async with` block in a segment of our own, or a decorator; see `begin_segment`.

        In Lambda, subsegments in it are under Lambda's segment, as they are without it.
        """
        return segment.block_in(self, name, segment_kwargs)

    in_segment_async = in_segment

    def record_subsegment(
        self,
        wrapped: Callable[..., Any],
        instance: Any,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        name: str,
        namespace: str,
        meta_processor: Callable[..., None] | None,
    ) -> Any:
        """Call `wrapped` in a subsegment. `meta_processor` is then called as the X-Ray SDK calls it, to
        describe the call.

        What it raises is logged once and does not reach the caller.
        """
        if not can_load(processed):
            return wrapped(*args, **kwargs)
        call = processed.ProcessedCall(meta_processor, wrapped, instance, args, kwargs)
        return call.record(self.in_subsegment(name, namespace))

    async def record_subsegment_async(
        self,
        wrapped: Callable[..., Any],
        instance: Any,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        name: str,
        namespace: str,
        meta_processor: Callable[..., None] | None,
    ) -> Any:
        """`record_subsegment` for a coroutine function."""
        if not can_load(processed):
            return await wrapped(*args, **kwargs)
        call = processed.ProcessedCall(meta_processor, wrapped, instance, args, kwargs)
        return await call.record_async(self.in_subsegment(name, namespace))

    # Patching libraries

    def patch(
        self,
        modules: Sequence[str],
        raise_errors: bool = True,
        ignore_module_patterns: Sequence[str] | None = None,
    ) -> None:
        """Trace what the named libraries do, now or when they are imported; see `patches.registry.patch`."""
        patches.patch(modules, raise_errors, ignore_module_patterns)

    def patch_all(self, double_patch: bool = False) -> None:
        """Trace what every known library does, now or when it is imported; see `patches.registry.patch_all`."""
        patches.patch_all(double_patch)

    def unpatch(self, modules: Sequence[str]) -> None:
        """Put back what `patch` replaced in the named libraries; see `patches.unpatch`."""
        unpatching.unpatch(modules)

    def unpatch_all(self) -> None:
        """Put back all that was replaced; see `patches.unpatch`."""
        unpatching.unpatch_all()


xray_recorder = Recorder()
"""The instance that the package, its patches and every Tracer share unless told otherwise."""

use(xray_recorder)

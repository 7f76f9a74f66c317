"""SdkMethods: what the X-Ray SDK's recorder has and Lambda has no use for, kept so that code written for it runs.

In Lambda the segment belongs to Lambda: sampling rules, plugins, dynamic naming and segments of one's own have no
meaning there. Settings are accepted and kept, segment methods warn once and do nothing.
"""

from __future__ import annotations

import contextlib

from .. import settings
from ..guard import loaded, warn_once
from ..send.emitter import UDPEmitter
from ..trace.context import place
from ..trace.unrecorded import UNRECORDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ..recorder import SubsegmentContext
    from .segment import LambdaSegment


class SdkMethods:
    """The part of `Recorder` that is there for the X-Ray SDK's sake."""

    def __init__(self) -> None:
        self.emitter: Any = UDPEmitter()
        self.service: str | None = settings.tracing_name()
        self.max_trace_back = 10
        self.stream_sql = True
        self.enabled = True
        self.sampling: Any = True
        self.sampler: Any = None
        self.dynamic_naming: Any = None
        self.context: Any = None
        self.streaming: Any = None
        self.streaming_threshold = 0

    def in_subsegment(self, name: str | None = None, namespace: str = "local") -> SubsegmentContext:
        """See `Recorder.in_subsegment`."""
        raise NotImplementedError

    def current_segment(self) -> LambdaSegment:
        """The segment that Lambda writes for the running invocation: to be read, not written."""
        segment = loaded("sdk.segment")  # rarely asked for
        found: Any = UNRECORDED if segment is None else segment.LambdaSegment(place()[0])
        return found  # type: ignore[no-any-return]

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
        whether SQL text is recorded. The others are kept and have no effect in Lambda.
        """
        if emitter is not None:
            self.emitter = emitter
        if daemon_address is not None:
            self.emitter.set_daemon_address(daemon_address)
        if type(max_trace_back) is int and max_trace_back >= 0:
            self.max_trace_back = max_trace_back
        if stream_sql is not None:
            self.stream_sql = stream_sql
        if service is not None:
            self.service = settings.tracing_name() or service
        kept = {
            "sampling": sampling,
            "sampler": sampler,
            "context": context,
            "streaming": streaming,
            "dynamic_naming": dynamic_naming,
            "streaming_threshold": streaming_threshold,
        }
        for name, value in kept.items():
            if value is not None:
                setattr(self, name, value)

    def begin_segment(
        self,
        name: str | None = None,
        traceid: str | None = None,
        parent_id: str | None = None,
        sampling: Any = None,
    ) -> LambdaSegment:
        """Warns once and returns the segment that is there already: Lambda's."""
        warn_once("begin_segment", "begin_segment: ignored, in Lambda the segment belongs to Lambda")
        return self.current_segment()

    def end_segment(self, end_time: float | None = None) -> None:
        """Warns once: Lambda ends its segment."""
        warn_once("end_segment", "end_segment: ignored, in Lambda the segment belongs to Lambda")

    def in_segment(
        self, name: str | None = None, **segment_kwargs: Any
    ) -> contextlib.nullcontext[LambdaSegment]:
        """A `with` or `async with` block in which subsegments are under Lambda's segment, as they are without it."""
        return contextlib.nullcontext(self.begin_segment())

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
        processed = loaded("sdk.meta_processor")  # few call this but the X-Ray SDK's own patches
        if processed is None:
            return wrapped(*args, **kwargs)
        with self.in_subsegment(name, namespace=namespace) as subsegment:
            call = processed.ProcessedCall(subsegment, meta_processor, wrapped, instance, args, kwargs)
            with call:
                call.return_value = wrapped(*args, **kwargs)
            return call.return_value

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
        processed = loaded("sdk.meta_processor")
        if processed is None:
            return await wrapped(*args, **kwargs)
        async with self.in_subsegment(name, namespace=namespace) as subsegment:
            call = processed.ProcessedCall(subsegment, meta_processor, wrapped, instance, args, kwargs)
            with call:
                call.return_value = await wrapped(*args, **kwargs)
            return call.return_value

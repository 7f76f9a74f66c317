"""TracerProvider and Tracer of OpenTelemetry's API, whose spans are subsegments.

A span opens below the current subsegment, or below the span of the context that it is given: whatever that says, the
trace stays one tree. A parent in another trace becomes a link and an annotation.
"""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.trace import NoOpTracer, SpanKind

from .. import recording
from ..encode.name import clean_name
from ..guard import Late, can_load, failed, pass_on
from ..patches import caller, registry
from ..safe import safe_str
from ..trace.w3c import CALLER_TRACE_ID
from . import beside, calls
from . import span as spans
from .context import SPAN_KEY, standing_span, unrecorded
from .current import CurrentSpan
from .described import MAX_ATTRIBUTES
from .given import copied, nanoseconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext

    from ..trace.context import AnySubsegment
    from ..trace.invocation import Invocation
    from ..trace.subsegment import Subsegment
    from . import mapping
else:
    mapping = Late("lambda_tracer.otel.mapping")  # only where a span is recorded

_NO_OP = NoOpTracer()


class TracerProvider(beside.Ours, trace.TracerProvider):
    """For `OTEL_PYTHON_TRACER_PROVIDER=lambda_tracer`, or to be given to those who want a provider."""

    def __init__(self) -> None:
        registry.patch(["opentelemetry"], raise_errors=False)

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Any = None,
    ) -> Tracer:
        """A tracer. Of what it is given the name counts: it says whose calls its spans are."""
        return Tracer(instrumenting_module_name)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """True. What has ended is sent with the outermost subsegment, as ever."""
        return True

    def shutdown(self) -> None:
        """Nothing: spans are subsegments, and go on to be recorded."""


class StandIn(trace.ProxyTracerProvider):
    """Stands in for the provider that the application has not set: what `trace.get_tracer_provider` gives until then.

    Code that asks whether there is a provider yet is told that there is none, and may set its own.
    """

    force_flush = TracerProvider.force_flush
    shutdown = TracerProvider.shutdown


class Tracer(trace.Tracer):
    """Starts spans that are subsegments."""

    def __init__(self, scope: str) -> None:
        """`scope` names the library or the instrumentation whose tracer it is."""
        self._scope = safe_str(scope)

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Any = None,
        links: Any = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> Span:
        """Start a span without making it current. Where nothing is recorded, it does nothing."""
        try:
            found = recording.default.place()
            if found is None:
                return unrecorded() or _NO_OP.start_span(name, context)
            span = self._started(
                *found, name, context, kind, record_exception, set_status_on_exception, attributes
            )
            if span is not None:
                if type(span) is spans.SubsegmentSpan:
                    _tell(span, links, start_time)
                return span
        except Exception as error:
            failed(error)
        return _NO_OP.start_span(name, context)

    def start_as_current_span(  # type: ignore[override]  # more than the API's, which is made by contextlib
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Any = None,
        links: Any = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> CurrentSpan:
        """A span for a `with` block; as a decorator, one for each call of a function of any kind."""
        given = (
            name,
            context,
            kind,
            attributes,
            links,
            start_time,
            record_exception,
            set_status_on_exception,
        )
        return CurrentSpan(self, given, end_on_exit)

    def _started(
        self,
        running: Invocation,
        current: AnySubsegment | None,
        name: str,
        context: Context | None,
        kind: SpanKind,
        record_exception: bool,
        set_status_on_exception: bool,
        attributes: Any,
    ) -> Span | None:
        """A span below `current`, or below what the context says; None where it could not be opened."""
        if type(kind) is not SpanKind:
            kind = SpanKind.INTERNAL
        is_call = kind in spans.OUTGOING
        if is_call and current is not None and calls.is_recorded():
            return spans.of_call(current)  # type: ignore[arg-type]  # where nothing is recorded, nothing comes here
        parent, other = _parent(running, current, context)
        name = safe_str(name)
        facts = copied(attributes)
        if kind is SpanKind.INTERNAL:
            opened_as, namespace = clean_name(name), "local"
        elif can_load(mapping):
            opened_as, namespace = mapping.begin_name(name, kind, facts)
        else:
            return None
        subsegment = _begin(parent, running, opened_as, namespace)
        if subsegment is None:
            return None
        span = spans.SubsegmentSpan(
            subsegment,
            name,
            kind,
            self._scope,
            caller.users_frame_id() if is_call else 0,
            record_exception,
            set_status_on_exception,
        )
        if facts and len(facts) <= MAX_ATTRIBUTES and "" not in facts:
            span.attributes = facts
        elif facts:
            span.set_attributes(facts)
        if is_call:
            calls.begun(span)
        if other is not None:
            span.add_link(other)
            subsegment.put_annotation(CALLER_TRACE_ID, spans.trace_id_of(other))
        return span


def _begin(parent: AnySubsegment | None, running: Invocation, name: str, namespace: str) -> Subsegment | None:
    """Open a subsegment below `parent` without making it current; its `close` ends it.

    `running` and `parent` are what `Recorder.place` gave, or a recorded subsegment that is open in that invocation.
    None where it could not be opened.
    """
    recorder = recording.default
    try:
        above: Any = parent or running.top
        subsegment = recording.new_subsegment(name, namespace, above, running, recorder)
        subsegment.is_managed = True
        running.open[subsegment.id] = subsegment
        if running.has_ended:
            recorder.leave_behind(subsegment)
        return subsegment
    except Exception as error:
        failed(error)
        return None


def _tell(span: spans.SubsegmentSpan, links: Any, start_time: int | None) -> None:
    """What else a span is started with."""
    moment = nanoseconds(start_time)
    if moment is not None:
        span.subsegment.start_time = moment / 1e9
    if links is None:
        return
    try:
        for link in links:
            span.add_link(link.context, link.attributes)
    except Exception as error:  # these are no links
        pass_on(error)


def _parent(
    running: Invocation, current: AnySubsegment | None, context: Context | None
) -> tuple[AnySubsegment | None, SpanContext | None]:
    """Below what a span opens, and the span of another trace that it goes on with.

    A context without a span, or with one that is nowhere, says nothing: the current subsegment is what has it started.
    """
    given: Any = standing_span() if context is None else context.get(SPAN_KEY)
    if given is None:
        return current, None
    bridged = spans.bridged(given)
    if bridged is not None:
        parent: AnySubsegment | None = bridged.subsegment
        while parent is not None and parent.end_time is not None:
            parent = parent.parent
        if bridged.subsegment.invocation is running:
            return parent, None
        return current, bridged.get_span_context()
    if type(given) is spans.Segment or not isinstance(given, trace.Span):
        return current, None
    other = given.get_span_context()
    if not other.is_valid:
        return current, None
    ours = spans.of_segment(running, True)
    if ours is not None and ours.get_span_context().trace_id == other.trace_id:
        found: Any = running.open.get(f"{other.span_id:016x}")
        return found or current, None
    return current, other

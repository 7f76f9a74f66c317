"""TracerProvider and Tracer of OpenTelemetry's API, whose spans are subsegments.

A span opens below the current subsegment, or below the span of the context that it is given: whatever that says, the
trace stays one tree. A parent in another trace becomes a link and an annotation.
"""

from __future__ import annotations

from opentelemetry import context as api
from opentelemetry import trace
from opentelemetry.trace import NoOpTracer, SpanKind

from .. import recording
from ..guard import Late, can_load, failed, pass_on
from ..patches import nesting, registry
from ..safe import safe_str
from ..wrapping.kinds import CO_ASYNC_GENERATOR, CO_GENERATOR, code_flags, like
from ..wrapping.wrap import wrap
from . import calls
from . import span as spans
from .context import SPAN_KEY, standing_span, unrecorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Any

    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext

    from ..trace.context import AnySubsegment
    from ..trace.invocation import Invocation
    from . import mapping
else:
    mapping = Late("lambda_tracer.otel.mapping")  # only where a span is recorded

CALLER_TRACE_ID = "CallerTraceId"
"""The annotation of a span whose parent is in another trace, as a handler has it: that trace's id in X-Ray's form."""

_NO_OP = NoOpTracer()


class TracerProvider(trace.TracerProvider):
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
        if not can_load(mapping):
            return None
        if type(kind) is not SpanKind:
            kind = SpanKind.INTERNAL
        is_call = kind.name in spans.OUTGOING
        if is_call and current is not None and calls.is_recorded():
            return spans.of_call(current)  # type: ignore[arg-type]  # where nothing is recorded, nothing comes here
        parent, other = _parent(running, current, context)
        name = safe_str(name)
        facts = spans.copied(attributes)
        opened_as, namespace = mapping.begin_name(name, kind, facts)
        subsegment = recording.default.begin_below(parent, running, opened_as, namespace)
        if subsegment is None:
            return None
        span = spans.SubsegmentSpan(
            subsegment,
            name,
            kind,
            self._scope,
            nesting.users_frame_id() if is_call else 0,
            record_exception,
            set_status_on_exception,
        )
        span.set_attributes(facts)
        if is_call:
            calls.begun(span)
        if other is not None:
            span.add_link(other)
            subsegment.put_annotation(CALLER_TRACE_ID, spans.trace_id_of(other))
        return span


def _tell(span: spans.SubsegmentSpan, links: Any, start_time: int | None) -> None:
    """What else a span is started with."""
    moment = spans.nanoseconds(start_time)
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
    if isinstance(given, spans.BridgedSpan):
        parent: AnySubsegment | None = given.subsegment
        while parent is not None and parent.end_time is not None:
            parent = parent.parent
        if given.subsegment.invocation is running:
            return parent, None
        return current, given.get_span_context()
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


class CurrentSpan:
    """A span that is current in a `with` block, or while a function runs that it decorates: what `wrap` records."""

    __slots__ = ("_ends", "_given", "_token", "_tracer", "other", "span")

    other: Callable[[], AbstractContextManager[Span] | None] | None
    """Makes what the application's own provider has in its place, once it has one."""

    span: Span | None

    def __init__(self, tracer: Tracer, given: tuple[Any, ...], ends: bool) -> None:
        """`given` is for `Tracer.start_span`; `ends`: whether the block's end is the span's."""
        self._tracer = tracer
        self._given = given
        self._ends = ends
        self.other = None
        self._token: Any = None
        self.span = None

    def __enter__(self) -> Span:
        span = self.span = self._tracer.start_span(*self._given)
        try:
            if isinstance(span, spans.BridgedSpan):  # what stands for nothing recorded is current by itself
                self._token = api.attach(api.set_value(SPAN_KEY, span))
        except BaseException:  # it came from outside, and nobody else will end it
            span.end()
            raise
        return span

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        token, self._token = self._token, None
        span = self.span
        try:
            if token is not None:
                api.detach(token)
            if exc is not None and isinstance(span, spans.SubsegmentSpan):
                span.fail(exc, *self._given[6:8])
        finally:
            if self._ends and span is not None and span.is_recording():
                span.end()

    def __call__(self, function: Any) -> Any:
        """Decorate a function of any kind: each call is a span."""
        wrapped = wrap(function, self._again)
        if self.other is None or not code_flags(function) & (CO_GENERATOR | CO_ASYNC_GENERATOR):
            return wrapped
        other = self.other

        @like(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            theirs: Any = other()
            if theirs is None:
                return wrapped(*args, **kwargs)
            with theirs:  # as it does itself: it ends when the generator has been made
                return function(*args, **kwargs)

        return call

    def _again(self) -> CurrentSpan | _Theirs | None:
        theirs = None if self.other is None else self.other()
        if theirs is not None:
            return _Theirs(theirs)
        if recording.default.place() is None:
            return None
        return CurrentSpan(self._tracer, self._given, self._ends)

    # As `wrapping.kinds.Recording`

    def open(self) -> None:
        """The call begins."""
        self.__enter__()

    def close(self, error: BaseException | None = None) -> None:
        """The call has ended."""
        self.__exit__(None if error is None else type(error), error, None)

    async def aopen(self) -> None:
        """See `open`."""
        self.__enter__()

    async def aclose(self, error: BaseException | None = None) -> None:
        """See `close`."""
        self.close(error)

    def respond(self, value: object) -> None:
        """Nothing: what functions return is nothing that spans record."""

    def suspend(self) -> None:
        """Stop being current: a generator yielded."""
        token, self._token = self._token, None
        if token is not None:
            api.detach(token)

    def resume(self) -> None:
        """Be current again."""
        if self.span is not None and self._token is None:
            self._token = api.attach(api.set_value(SPAN_KEY, self.span))


class _Theirs:
    """What another provider's tracer has for a call of a decorated function, as `wrap` records."""

    __slots__ = ("_block",)

    def __init__(self, block: AbstractContextManager[Any]) -> None:
        self._block: Any = block

    def open(self) -> None:
        self._block.__enter__()

    def close(self, error: BaseException | None = None) -> None:
        block, self._block = self._block, None
        if block is not None:
            block.__exit__(
                None if error is None else type(error), error, None if error is None else error.__traceback__
            )

    async def aopen(self) -> None:
        self.open()

    async def aclose(self, error: BaseException | None = None) -> None:
        self.close(error)

    def respond(self, value: object) -> None:
        pass

    def suspend(self) -> None:
        pass

    def resume(self) -> None:
        pass

"""Spans: what OpenTelemetry's API gives for a subsegment, and for where nothing is recorded.

A `SubsegmentSpan` was started by the API. It keeps what it is told, and `mapping` puts that into its subsegment when it
ends. Of the recorder's own subsegments a `View` is given, which ends nothing.

Keys and values are whatever people give: they are kept as they are, within bounds, and looked at when the subsegment is
encoded. Nothing here raises for them.
"""

from __future__ import annotations

from time import time_ns
from weakref import ref

from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from ..guard import Late, can_load, failed, pass_on
from ..safe import safe_str
from ..trace import w3c
from ..trace.invocation import is_id, is_trace_id
from ..xray import MAX_LINKS
from .described import MAX_ATTRIBUTES, MAX_EVENTS
from .given import copied, nanoseconds, status_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Any

    from ..trace.invocation import Invocation
    from ..trace.subsegment import Subsegment
    from . import errors, mapping, privacy
    from .described import Event, Link
else:
    mapping = Late("lambda_tracer.otel.mapping")  # only where a span ends that is recorded
    errors = Late("lambda_tracer.otel.errors")
    privacy = Late("lambda_tracer.otel.privacy")

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_NOT_SAMPLED = TraceFlags(TraceFlags.DEFAULT)

OUTGOING = (SpanKind.CLIENT, SpanKind.PRODUCER)
"""The kinds of spans that are calls."""

_KEPT_AS = "opentelemetry_span"
"""The attribute of a subsegment that has its span."""

_OF_CALLS = (
    "aws. client. code. db. error. http. messaging. net. network. peer. rpc. server. thread. url. user_agent."
)
_FACTS_OF_CALLS = tuple(_OF_CALLS.split())
"""What the conventions say of a call, and our own patches record of theirs."""


class Segment(NonRecordingSpan):
    """The segment that Lambda writes, as a span: what is current where no subsegment is, or none that is recorded."""

    def __init__(self, running: Invocation, is_sampled: bool) -> None:
        """Of an invocation that has a trace. `is_sampled`: whether what is below it is."""
        super().__init__(_context(running.trace_id, running.parent_id, is_sampled, is_remote=True))
        self.invocation = running


_segments: dict[bool, Segment] = {}  # by whether it is sampled: the last one


def of_segment(running: Invocation, is_sampled: bool) -> Segment | None:
    """The span that stands for Lambda's segment; None where there is no trace."""
    span = _segments.get(is_sampled)
    if span is None or span.invocation is not running:
        if not (is_trace_id(running.trace_id) and is_id(running.parent_id)):
            return None
        span = _segments[is_sampled] = Segment(running, is_sampled)
    return span


def of_subsegment(subsegment: Subsegment) -> BridgedSpan:
    """The span of a subsegment: the one that opened it, or a view."""
    kept = vars(subsegment).get(_KEPT_AS)
    if type(kept) is ref:
        kept = kept()
    if kept is None:
        kept = View(subsegment)
        # Weakly, since nobody tells when a subsegment of ours ends: the two would keep each other.
        vars(subsegment)[_KEPT_AS] = ref(kept)
    return kept


def bridged(span: object) -> BridgedSpan | None:
    """A span that stands for a subsegment; None for whatever else is given as a span, which is not asked."""
    kind = type(span)  # `isinstance` takes five times as long, of what is abstract to OpenTelemetry
    return span if kind is SubsegmentSpan or kind is View or kind is PassThrough else None  # type: ignore[return-value]


def of_call(subsegment: Subsegment) -> Span:
    """What an instrumentation gets for a call that one of our patches records: `subsegment`, if it is that."""
    if subsegment.namespace == "local":  # the call is one that is to be ignored
        return NonRecordingSpan(of_subsegment(subsegment).get_span_context())
    return PassThrough(subsegment)


def opened_by_api(subsegment: object) -> SubsegmentSpan | None:
    """The span that opened a subsegment and has not ended; None for those of the recorder's own."""
    kept = vars(subsegment).get(_KEPT_AS)
    return kept if type(kept) is SubsegmentSpan else None


class BridgedSpan(Span):
    """A span that stands for a subsegment that is recorded."""

    def __init__(self, subsegment: Subsegment) -> None:
        self.subsegment = subsegment
        self._span_context: SpanContext | None = None

    def get_span_context(self) -> SpanContext:
        """The trace's id and the subsegment's. Before the first invocation there is no trace: it is invalid then."""
        context = self._span_context
        if context is None:
            subsegment = self.subsegment
            context = _context(subsegment.trace_id, subsegment.id, True)
            if context.is_valid:
                self._span_context = context
        return context

    def is_recording(self) -> bool:
        """Whether it has not ended."""
        return self.subsegment.end_time is None

    # What the SDK's spans show beyond the API. Instrumentations read it of spans that are recording.

    @property
    def context(self) -> SpanContext:
        """See `get_span_context`."""
        return self.get_span_context()

    @property
    def parent(self) -> SpanContext | None:
        """The subsegment's parent, or Lambda's segment; None before the first invocation."""
        subsegment = self.subsegment
        if not (is_trace_id(subsegment.trace_id) and is_id(subsegment.parent_id)):
            return None
        return _context(subsegment.trace_id, subsegment.parent_id, True, is_remote=subsegment.parent is None)

    @property
    def start_time(self) -> int:
        """In nanoseconds since the epoch."""
        return int(self.subsegment.start_time * 1e9)

    @property
    def end_time(self) -> int | None:
        """In nanoseconds since the epoch; None until then."""
        ended = self.subsegment.end_time
        return None if ended is None else int(ended * 1e9)

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """`set_attribute` for each of them."""
        try:
            for key, value in attributes.items():
                self.set_attribute(key, value)
        except Exception as error:  # it is no mapping
            pass_on(error)


class View(BridgedSpan):
    """A subsegment of the recorder's own, as a span: of a handler, a captured method, a patched call.

    What it is told goes to the subsegment at once: attributes and events as metadata, exceptions to its cause, a status
    ERROR to its flags. Its name stays, and it is ended by whoever opened it.
    """

    @property
    def name(self) -> str:
        """The subsegment's."""
        return self.subsegment.name

    @property
    def kind(self) -> SpanKind:
        """CLIENT for a call, else INTERNAL."""
        return SpanKind.INTERNAL if self.subsegment.namespace == "local" else SpanKind.CLIENT

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Those that the API has set, as they are recorded."""
        kept = self.subsegment.metadata.get("default")
        return dict(kept) if type(kept) is dict else {}

    @property
    def status(self) -> Status:
        """ERROR if it is a fault."""
        return Status(StatusCode.ERROR if self.subsegment.fault else StatusCode.UNSET)

    def set_attribute(self, key: str, value: Any) -> None:
        """Keep a value as metadata under `default`."""
        try:
            if type(key) is str and self.is_recording() and can_load(privacy):
                for each, shown in privacy.kept({key: value}).items():
                    self.subsegment.put_metadata(each, shown)
        except Exception as error:
            failed(error)

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        """Keep an event as metadata: a list `events` under `default`."""
        try:
            if not self.is_recording() or not can_load(privacy):
                return
            events = self.subsegment.metadata.setdefault("default", {}).setdefault("events", [])
            if type(events) is list and len(events) < MAX_EVENTS:
                moment = nanoseconds(timestamp) or time_ns()
                said = safe_str(name)
                event: dict[str, Any] = {"name": said, "time": moment / 1e9}
                is_content = privacy.is_event_of_content(said)
                facts = {} if is_content else privacy.kept(copied(attributes))
                events.append({**event, "attributes": facts} if facts else event)
        except Exception as error:
            failed(error)

    def add_link(self, context: SpanContext, attributes: Any = None) -> None:
        """Link the subsegment with a span of any trace."""
        try:
            if self.is_recording() and context.is_valid:
                link = (trace_id_of(context), f"{context.span_id:016x}")
                if link not in self.subsegment.links and len(self.subsegment.links) < MAX_LINKS:
                    self.subsegment.links = (*self.subsegment.links, link)
        except Exception as error:
            pass_on(error)  # it is no SpanContext

    def update_name(self, name: str) -> None:
        """Nothing: names of the recorder's own subsegments are what traces are searched by."""

    def set_status(self, status: Any, description: str | None = None) -> None:
        """ERROR makes it a fault, with the description as its cause where there is none yet."""
        code, text = status_of(status, description)
        subsegment = self.subsegment
        if code != "ERROR" or subsegment.end_time is not None:
            return
        subsegment.add_fault_flag()
        try:
            if text and subsegment.cause is None and can_load(errors):
                errors.add_status(subsegment, text, "", "", False)
        except Exception as error:
            failed(error)

    def record_exception(
        self,
        exception: BaseException,
        attributes: Any = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Describe an exception in the subsegment's cause; its flags stay."""
        if self.is_recording():
            _record(self.subsegment, exception, "INTERNAL")

    def end(self, end_time: int | None = None) -> None:
        """Nothing: whoever opened the subsegment closes it."""


class PassThrough(View):
    """What an instrumentation gets for a call that one of our patches records: that call's subsegment.

    What the conventions say of a call is recorded by the patch; what else is told, by users' hooks, goes there.
    """

    def set_attribute(self, key: str, value: Any) -> None:
        """As of any view, but for what the patch records."""
        if type(key) is str and not key.startswith(_FACTS_OF_CALLS):
            super().set_attribute(key, value)

    def set_status(self, status: Any, description: str | None = None) -> None:
        """Nothing: the patch sees how the call ends."""

    def record_exception(
        self,
        exception: BaseException,
        attributes: Any = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Nothing, as above."""


class SubsegmentSpan(BridgedSpan):
    """A span started by the API: `Described`, in the words of `mapping`."""

    def __init__(
        self,
        subsegment: Subsegment,
        name: str,
        kind: SpanKind,
        scope: str,
        users_frame_id: int,
        record_exception: bool,
        set_status_on_exception: bool,
    ) -> None:
        """`scope` is the tracer's name, `users_frame_id` which call of the user's code had it started; 0 for none.

        The last two say what `fail` does, as in `Tracer.start_span`.
        """
        super().__init__(subsegment)
        self.name = name
        self.kind = kind
        self.scope = scope
        self.users_frame_id = users_frame_id
        self.has_call = False
        self.attributes: dict[str, Any] = {}
        self.events: list[Event] = []
        self.links: list[Link] = []
        self.status_code = "UNSET"
        self.status_description: str | None = None
        self._record_exception = record_exception
        self._set_status_on_exception = set_status_on_exception
        self._left_out: dict[str, int] | None = None
        vars(subsegment)[_KEPT_AS] = self

    @property
    def status(self) -> Status:
        """What `set_status` has set."""
        return Status(StatusCode[self.status_code], self.status_description)

    def set_attribute(self, key: str, value: Any) -> None:
        """Keep a fact; the last one of a key counts."""
        if type(key) is not str:
            if not issubclass(type(key), str):
                return
            key = str.__str__(key)
        if not key or self.subsegment.end_time is not None:
            return
        if len(self.attributes) >= MAX_ATTRIBUTES and key not in self.attributes:
            self._leave_out("attributes_left_out")
            return
        self.attributes[key] = tuple(value) if type(value) is list else value

    def add_event(self, name: str, attributes: Any = None, timestamp: int | None = None) -> None:
        """Note what happened now, or at `timestamp` (nanoseconds since the epoch)."""
        try:
            if self.subsegment.end_time is None:
                self._note(safe_str(name), copied(attributes), timestamp)
        except Exception as error:
            failed(error)

    def add_link(self, context: SpanContext, attributes: Any = None) -> None:
        """Link it with a span of any trace."""
        try:
            if self.subsegment.end_time is not None or not context.is_valid:
                return
            if len(self.links) >= MAX_LINKS:
                self._leave_out("links_left_out")
            else:
                self.links.append((context.trace_id, context.span_id, copied(attributes)))
        except Exception as error:
            pass_on(error)  # it is no SpanContext

    def update_name(self, name: str) -> None:
        """Give it another name. What is open shows the old one until it ends."""
        if self.subsegment.end_time is None and issubclass(type(name), str):
            self.name = str.__str__(name)

    def set_status(self, status: Any, description: str | None = None) -> None:
        """Set how it went. OK is final, and UNSET is ignored: the rules of OpenTelemetry's specification."""
        if self.subsegment.end_time is not None or self.status_code == "OK":
            return
        code, text = status_of(status, description)
        if code in ("OK", "ERROR"):
            self.status_code = code
            self.status_description = text if code == "ERROR" else None

    def record_exception(
        self,
        exception: BaseException,
        attributes: Any = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Describe an exception in the cause, as any that leaves a subsegment; the flags stay, see `set_status`.

        `attributes` are kept in an event `exception`, without those that say what the cause says.
        """
        if self.subsegment.end_time is not None:
            return
        _record(self.subsegment, exception, self.kind.name)
        try:
            facts = {
                key: value for key, value in copied(attributes).items() if not key.startswith("exception.")
            }
            if facts:
                self._note("exception", facts, timestamp)
        except Exception as error:
            failed(error)

    def end(self, end_time: int | None = None) -> None:
        """End it, now or at `end_time` (nanoseconds since the epoch)."""
        subsegment = self.subsegment
        try:
            if subsegment.end_time is None and self._says_more() and can_load(mapping):
                mapping.describe(subsegment, self)
                if self._left_out:
                    subsegment.metadata.setdefault("lambda_tracer", {}).update(self._left_out)
        except Exception as error:
            failed(error)
        finally:
            moment = nanoseconds(end_time)
            subsegment.close(None if moment is None else moment / 1e9)
            vars(subsegment).pop(_KEPT_AS, None)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """End it, as failed by the exception that left the block."""
        try:
            if exc_val is not None:
                self.fail(exc_val)
        finally:
            self.end()

    def fail(self, error: BaseException) -> None:
        """A block was left by an exception. What is no Exception is none to OpenTelemetry: GeneratorExit, an exit."""
        if issubclass(type(error), Exception) and self.is_recording():
            if self._record_exception:
                self.record_exception(error)
            if self._set_status_on_exception:
                self.set_status(StatusCode.ERROR, type(error).__name__)

    def _says_more(self) -> bool:
        """Whether there is anything to be told that its subsegment does not say since it was opened."""
        subsegment = self.subsegment
        return bool(
            self.attributes
            or self.events
            or self.links
            or self.name != subsegment.name
            or self.status_code == "ERROR"
            or subsegment.cause is not None
        )

    def _note(self, name: str, attributes: Mapping[str, Any], timestamp: object) -> None:
        if len(self.events) >= MAX_EVENTS:
            self._leave_out("events_left_out")
        else:
            self.events.append((name, attributes, nanoseconds(timestamp) or time_ns()))

    def _leave_out(self, what: str) -> None:
        if self._left_out is None:
            self._left_out = {}
        self._left_out[what] = self._left_out.get(what, 0) + 1


def _context(trace_id: str, span_id: str, is_sampled: bool, *, is_remote: bool = False) -> SpanContext:
    """Of X-Ray's ids."""
    flags = _SAMPLED if is_sampled else _NOT_SAMPLED
    return SpanContext(int(w3c.digits_of(trace_id), 16), int(span_id, 16), is_remote, flags)


def trace_id_of(context: SpanContext) -> str:
    """The id of a trace in X-Ray's form."""
    return w3c.trace_id_of(f"{context.trace_id:032x}")


def _record(subsegment: Subsegment, exception: BaseException, kind: str) -> None:
    if issubclass(type(exception), BaseException) and can_load(errors):
        errors.record(subsegment, exception, kind)

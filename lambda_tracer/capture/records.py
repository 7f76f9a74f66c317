"""How the records of a batch are recorded: each in a subsegment of its own, if its sender sampled it.

An invocation is one trace, sampled or not; each message in its batch was sampled, or not, by the one who sent it. A
record without a decision follows the invocation. One that was not sampled is worked on below a subsegment that
records nothing, so that the requests it causes carry `Sampled=0`. In an invocation that is not sampled there is
no segment to record anything under, whatever a message says.

What a record says is `events`' and `sqs`'s business, how a call is recorded `method`'s, how a callable is wrapped
`wrapping`'s, which records the handler calls failed `batch`'s.
"""

from __future__ import annotations

import sys

from .. import recording, settings
from ..events import fields
from ..events import record as records
from ..events.envelope import wrapped_source
from ..guard import Late, can_load, failed, pass_on, warn_once
from ..recording import Recording, SubsegmentRecorder
from ..sqs import trace_header
from ..trace import invocation
from ..trace import running as running_module
from ..wrapping.kinds import CO_ASYNC_GENERATOR, CO_GENERATOR
from ..wrapping.wrap import wrap
from .batch import batch_of
from .method import Capture, CapturedCall, named
from .provider import ForeignCall

TYPE_CHECKING = False
if TYPE_CHECKING:
    import opcode
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType
    from typing import Any

    from ..events.record import Source
    from ..recording import Recorded
    from ..trace.context import AnySubsegment
    from ..trace.header import TraceHeader
    from ..trace.keeper import Keeper
    from .provider import TracerSettings
else:
    opcode = Late("opcode")  # only where a loop is left early

_NO_ARGUMENTS: Mapping[str, Any] = {}

SQS = records.SQS
"""For those that take every record for one of a queue."""

# The instructions that let go of an iterator, on its way out of a `for` statement or from a variable, and don't raise.
_LETS_GO = (
    "POP_TOP",
    "POP_ITER",
    "END_FOR",
    "STORE_FAST",
    "STORE_NAME",
    "STORE_DEREF",
    "DELETE_FAST",
    "RETURN_",
)


def capture_record_handler(
    tracer: TracerSettings,
    function: Any,
    capture_response: bool | None,
    capture_error: bool | None,
    only: Source | None = None,
) -> Any:
    """`function`, each call recorded as the record that is its argument; see `Tracer.capture_record`.

    Without a function, what decorates one.
    """
    response = settings.capture_response(capture_response)
    error = settings.capture_error(capture_error)
    if function is None:
        return lambda handler: capture_record_handler(tracer, handler, response, error, only)
    source = named(function)
    key = f"{source.__module__}.{getattr(source, '__qualname__', None) or source.__name__}"
    capture = RecordCapture(tracer, key, response, error, only)
    return wrap(function, capture, tells_arguments=True)


class RecordCapture:
    """How the work on one record at a time is recorded."""

    __slots__ = ("_capture", "only")

    def __init__(
        self,
        tracer: TracerSettings,
        key: str,
        capture_response: bool,
        capture_error: bool,
        only: Source | None,
    ) -> None:
        """`key` names the metadata entries, as in `Capture`. `only` is what every record is taken for."""
        self._capture = Capture(tracer, "record", key, capture_response, capture_error)
        self.only = only

    def __call__(
        self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NO_ARGUMENTS
    ) -> Recorded | ForeignCall | None:
        """Record one call of a record handler; None when nothing of it is recorded."""
        record = _record_among(args, kwargs)
        return self.begin(record, self.only)

    def begin(self, record: object, source: Source | None) -> Recorded | ForeignCall | None:
        """Record the work on one record; None when nothing of it is recorded. Without `source`, it is asked for it."""
        capture = self._capture
        provider = capture.tracer.provider
        try:
            if capture.tracer.disabled:
                return None
            if not isinstance(provider, SubsegmentRecorder):
                return _begin_foreign(capture, provider, _Facts(record, source))
            found = provider.place()
            if found is None:
                return None if recording.kept is None else _kept(recording.kept, record, source)
            facts = _Facts(record, source)
            if facts.is_unsampled:
                return _UnsampledRecord(provider, facts.name, "local", *found)
            return _Record(capture, provider, *found, facts)
        except Exception as error:
            failed(error)
            return None


def _kept(keeper: Keeper, record: object, source: Source | None) -> Recorded | None:
    """The record in an invocation of which only failures are kept."""
    if keeper.invocation_here() is None:
        return None
    source = source or records.source_of(record) or records.NAMELESS
    return keeper.keep_named(f"## {source.label(record)}")


class _Facts:
    """What a record says, as far as its subsegment tells it."""

    __slots__ = ("annotations", "failed_by", "header", "is_unsampled", "name")

    def __init__(self, record: object, source: Source | None) -> None:
        source = source or records.source_of(record) or records.NAMELESS
        self.name = f"## {source.label(record)}"
        self.header: TraceHeader | None = trace_header(record) if source.is_message else None
        self.is_unsampled = self.header is not None and self.header.sampled == 0
        self.annotations: dict[str, str] = {}
        id_ = source.id_of(record)
        self.failed_by = id_ if source.is_failed_by_id else None
        if id_:
            self.annotations[source.id_annotation] = id_
        root = self.header.root if self.header is not None else None
        # The sender can write anything there; only what has the form of a trace id is worth searching for.
        if root and len(root) == 35 and root.startswith("1-") and root != running_module.current().trace_id:
            self.annotations["ProducerTraceId"] = root
        if source.is_message and not self.is_unsampled:
            inner = wrapped_source(fields.field(record, "body", "Body"))
            if inner is not None:
                self.annotations["InnerSource"] = inner

    def link(self) -> tuple[str, str] | None:
        """The producer's subsegment in its trace, where that is another one."""
        root = self.annotations.get("ProducerTraceId")
        parent = self.header.parent if self.header is not None else None
        if root and parent and invocation.is_trace_id(root) and invocation.is_id(parent):
            return root, parent
        return None


class _Record(CapturedCall):
    """One record recorded by our own recorder."""

    __slots__ = ("_facts",)

    def __init__(
        self,
        capture: Capture,
        recorder: SubsegmentRecorder,
        running: invocation.Invocation,
        parent: AnySubsegment | None,
        facts: _Facts,
    ) -> None:
        CapturedCall.__init__(self, capture, recorder, running, parent)
        self._name = facts.name
        self._facts = facts

    def open(self) -> None:
        CapturedCall.open(self)
        facts, subsegment = self._facts, self.subsegment
        if subsegment is None:
            return
        try:
            for key, value in facts.annotations.items():
                subsegment.put_annotation(key, value)
            batch = batch_of(self._running)
            if batch.has_room_for_links:
                link = facts.link()
                if link is not None and batch.take_link():
                    subsegment.links = (link,)
            if facts.failed_by:
                batch.begin(subsegment, facts.failed_by)
        except Exception as error:
            failed(error)


class _UnsampledRecord(Recording):
    """One record that its sender did not sample."""

    __slots__ = ()

    def open(self) -> None:
        self.subsegment = self.recorder.begin_subsegment_without_sampling(self._name)
        self.subsegment.is_managed = self.subsegment.invocation is not None
        try:
            batch_of(self._running).leave_out(self._parent)
        except Exception as error:
            failed(error)


class Records:
    """What `Tracer.records` returns: the records of an event, each in a subsegment of its own.

    Every `for` statement over it is a pass of its own, with new subsegments.
    """

    __slots__ = ("_capture", "_event")

    def __init__(self, tracer: TracerSettings, event: object, only: Source | None = None) -> None:
        """`event`: what the handler was called with, one of Powertools' events, what boto3 received, or a list.

        `only`: records of other sources than this are given out as they are.
        """
        self._capture = RecordCapture(tracer, "", False, False, only)
        self._event = event

    def __iter__(self) -> Iterator[Any]:
        # Nothing but the `for` statement holds the pass: it is let go of as soon as the loop is left.
        return _Pass(self._capture, _records_of(self._event, self._capture.only))


class _Pass:
    """One `for` statement's way through the records."""

    __slots__ = ("_capture", "_frame_id", "_recording", "_records", "_taken_at")

    def __init__(self, capture: RecordCapture, records: Iterator[Any]) -> None:
        self._recording: Recorded | ForeignCall | None = None
        self._capture = capture
        self._records = records
        self._frame_id = 0
        self._taken_at = 0

    def __iter__(self) -> _Pass:
        return self

    def __next__(self) -> Any:
        self._end()
        record = next(self._records)
        only = self._capture.only
        source = records.source_of(record)
        if source is records.NAMELESS:
            source = only or source
        if source is None or (only is not None and source is not only):
            _say_not_ours(only)
        else:
            begun = self._capture.begin(record, source)
            if begun is not None:
                self._recording = begun
                begun.open()
                frame = sys._getframe(1)
                self._frame_id = id(frame)
                self._taken_at = frame.f_lasti
        return record

    def __del__(self) -> None:
        if self._recording is None:
            return
        try:
            frame = sys._getframe(1)
            is_failure = id(frame) == self._frame_id and _is_left_by_exception(frame, self._taken_at)
        except Exception as error:  # the interpreter is going away
            pass_on(error)
            is_failure = False
        self._end(is_failure)

    def _end(self, is_failure: bool = False) -> None:
        begun, self._recording = self._recording, None
        if begun is None:
            return
        try:
            if is_failure and not isinstance(begun, ForeignCall) and begun.subsegment is not None:
                begun.subsegment.add_fault_flag()
            begun.close()
        except Exception as error:
            failed(error)


class _ForeignRecord(ForeignCall):
    """One record recorded by somebody else's provider."""

    __slots__ = ("_annotations",)

    def __init__(self, capture: Capture, provider: Any, annotations: dict[str, str]) -> None:
        ForeignCall.__init__(self, capture, provider)
        self._annotations = annotations

    def open(self) -> None:
        ForeignCall.open(self)
        self._annotate()

    async def aopen(self) -> None:
        await ForeignCall.aopen(self)
        self._annotate()

    def _annotate(self) -> None:
        for key, value in self._annotations.items():
            self.annotate(key, value)


def _begin_foreign(capture: Capture, provider: Any, facts: _Facts) -> ForeignCall | None:
    """The record recorded by a `BaseProvider`: these know of no subsegment that is not sampled."""
    if facts.is_unsampled:
        return None
    labelled = Capture(capture.tracer, "", "", False, False)
    labelled.name = facts.name
    labelled.response_key, labelled.error_key = capture.response_key, capture.error_key
    return _ForeignRecord(labelled, provider, facts.annotations)


def _is_left_by_exception(frame: FrameType, taken_at: int) -> bool:
    """Whether a `for` statement in `frame`, which took its last record at `taken_at`, is being left by an exception.

    Nobody tells an iterator why it is let go of: the interpreter hides the exception on its way from what runs
    meanwhile. What it does not hide is the instruction that the frame is at. Leaving a loop by `break`, `return`
    or at its end is an instruction of its own; at any other one, it raised. What a generator's consumer did
    cannot be told from that: no claim is made.
    """
    if not can_load(opcode):
        return False
    opname = opcode.opname
    if frame.f_code.co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR):
        return False
    code, now_at = frame.f_code.co_code, frame.f_lasti
    return (
        opname[code[taken_at]] == "FOR_ITER"
        and now_at != taken_at  # what it goes through beside the records, with `zip` say, has come to an end
        and not opname[code[now_at]].startswith(_LETS_GO)
    )


def _records_of(event: object, only: Source | None) -> Iterator[Any]:
    """The records of an event, as they are in it: Powertools' `SQSEvent` gives `SQSRecord`s, a dict gives dicts."""
    found: Any = event
    if issubclass(type(event), dict):
        found = fields.entry(event, "Records", "Messages")
    elif not issubclass(type(event), (list, tuple)):
        found = fields.attribute(event, "records", "Records")
        if found is None:
            found = fields.entry(event, "Records")
    try:
        if found is not None and not issubclass(type(found), (str, bytes, dict)):
            return iter(found)
    except Exception as error:  # nothing to iterate over; said below
        pass_on(error)
    _say_not_ours(only)
    return iter(())


def _say_not_ours(only: Source | None) -> None:
    if only is None:
        warn_once(
            "records", "records: the event is of no source that is known, its records get no subsegments"
        )
    else:
        warn_once(
            "sqs", "sqs_records: the event is not one of SQS, its records get no subsegments of their own"
        )


def _record_among(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The record among a handler's arguments: `record=`, or the first that says where it is from, or has an id.

    Attributes are asked for last: those of a method's `self` are none of our business.
    """
    if "record" in kwargs:
        return kwargs["record"]
    candidates = [*args[:2], *kwargs.values()]
    for look in (fields.entry, fields.attribute):
        for candidate in candidates:
            if records.is_record(candidate, look):
                return candidate
    return None

"""How the messages of an SQS batch are recorded: each in a subsegment of its own, if its sender sampled it.

An invocation is one trace, sampled or not; each message in its batch was sampled, or not, by the one who sent it. A
message without a decision follows the invocation. One that was not sampled is worked on below a subsegment that
records nothing, so that the requests it causes carry `Sampled=0`. In an invocation that is not sampled there is
no segment to record anything under, whatever a message says.

What a message says is `sqs`'s business, how a call is recorded `capture`'s, how a callable is wrapped `wrapping`'s.
"""

from __future__ import annotations

import sys

from .. import sqs
from ..guard import Late, can_load, failed, pass_on, warn_once
from ..recording import Recording, SubsegmentRecorder
from ..trace import invocation
from ..trace import running as running_module
from ..wrapping.kinds import CO_ASYNC_GENERATOR, CO_GENERATOR
from ..wrapping.wrap import wrap
from .method import Capture, CapturedCall, named
from .provider import ForeignCall

TYPE_CHECKING = False
if TYPE_CHECKING:
    import opcode
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType
    from typing import Any

    from ..trace.context import AnySubsegment
    from ..trace.header import TraceHeader
    from .provider import TracerSettings
else:
    opcode = Late("opcode")  # only where a loop is left early

_NO_ARGUMENTS: Mapping[str, Any] = {}

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
    tracer: TracerSettings, function: Any, capture_response: bool, capture_error: bool
) -> Any:
    """`function`, each call recorded as the message that is its argument; see `Tracer.capture_sqs_record`."""
    source = named(function)
    key = f"{source.__module__}.{getattr(source, '__qualname__', None) or source.__name__}"
    return wrap(function, MessageCapture(tracer, key, capture_response, capture_error), tells_arguments=True)


class MessageCapture:
    """How the work on one message at a time is recorded."""

    __slots__ = ("_capture",)

    def __init__(self, tracer: TracerSettings, key: str, capture_response: bool, capture_error: bool) -> None:
        """`key` names the metadata entries, as in `Capture`."""
        self._capture = Capture(tracer, "sqs", key, capture_response, capture_error)

    def __call__(
        self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] = _NO_ARGUMENTS
    ) -> Recording | ForeignCall | None:
        """Record one call of a record handler; None when nothing of it is recorded."""
        return self.begin(_record_among(args, kwargs))

    def begin(self, record: object) -> Recording | ForeignCall | None:
        """Record the work on one message; None when nothing of it is recorded."""
        capture = self._capture
        provider = capture.tracer.provider
        try:
            if capture.tracer.disabled:
                return None
            if not isinstance(provider, SubsegmentRecorder):
                return _begin_foreign(capture, provider, record)
            found = provider.place()
            if found is None:
                return None
            header = sqs.trace_header(record)
            if header is not None and header.sampled == 0:
                return _UnsampledMessage(provider, f"## {_label(record)}", "local", *found)
            return _Message(capture, provider, *found, record, header)
        except Exception as error:
            failed(error)
            return None


class _Message(CapturedCall):
    """One message recorded by our own recorder."""

    __slots__ = ("_annotations",)

    def __init__(
        self,
        capture: Capture,
        recorder: SubsegmentRecorder,
        running: invocation.Invocation,
        parent: AnySubsegment | None,
        record: object,
        header: TraceHeader | None,
    ) -> None:
        CapturedCall.__init__(self, capture, recorder, running, parent)
        self._name = f"## {_label(record)}"
        self._annotations = _annotations(record, header)

    def open(self) -> None:
        CapturedCall.open(self)
        for key, value in self._annotations.items():
            self.annotate(key, value)


class _UnsampledMessage(Recording):
    """One message that its sender did not sample."""

    __slots__ = ()

    def open(self) -> None:
        self.subsegment = self.recorder.begin_subsegment_without_sampling(self._name)
        self.subsegment.is_managed = self.subsegment.invocation is not None


class SqsRecords:
    """What `Tracer.sqs_records` returns: the records of an event, each in a subsegment of its own.

    Every `for` statement over it is a pass of its own, with new subsegments.
    """

    __slots__ = ("_capture", "_event")

    def __init__(self, tracer: TracerSettings, event: object) -> None:
        """`event`: what the handler was called with, Powertools' `SQSEvent`, what boto3 received, or a list."""
        self._capture = MessageCapture(tracer, "", False, False)
        self._event = event

    def __iter__(self) -> Iterator[Any]:
        # Nothing but the `for` statement holds the pass: it is let go of as soon as the loop is left.
        return _Pass(self._capture, _records_of(self._event))


class _Pass:
    """One `for` statement's way through the records."""

    __slots__ = ("_capture", "_frame_id", "_recording", "_records", "_taken_at")

    def __init__(self, capture: MessageCapture, records: Iterator[Any]) -> None:
        self._recording: Recording | ForeignCall | None = None
        self._capture = capture
        self._records = records
        self._frame_id = 0
        self._taken_at = 0

    def __iter__(self) -> _Pass:
        return self

    def __next__(self) -> Any:
        self._end()
        record = next(self._records)
        if not _is_from_elsewhere(record):
            recording = self._capture.begin(record)
            if recording is not None:
                self._recording = recording
                recording.open()
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
        recording, self._recording = self._recording, None
        if recording is None:
            return
        try:
            if is_failure and isinstance(recording, Recording) and recording.subsegment is not None:
                recording.subsegment.add_fault_flag()
            recording.close()
        except Exception as error:
            failed(error)


class _ForeignMessage(ForeignCall):
    """One message recorded by somebody else's provider."""

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


def _begin_foreign(capture: Capture, provider: Any, record: object) -> ForeignCall | None:
    """The message recorded by a `BaseProvider`: these know of no subsegment that is not sampled."""
    header = sqs.trace_header(record)
    if header is not None and header.sampled == 0:
        return None
    labelled = Capture(capture.tracer, _label(record), "", False, False)
    labelled.response_key, labelled.error_key = capture.response_key, capture.error_key
    return _ForeignMessage(labelled, provider, _annotations(record, header))


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


def _records_of(event: object) -> Iterator[Any]:
    """The records of an event, as they are in it: Powertools' `SQSEvent` gives `SQSRecord`s, a dict gives dicts."""
    records: Any = event
    if issubclass(type(event), dict):
        records = sqs.entry(event, "Records", "Messages")
    elif not issubclass(type(event), (list, tuple)):
        records = sqs.attribute(event, "records", "Records")
        if records is None:
            records = sqs.entry(event, "Records")
    try:
        if records is not None and not issubclass(type(records), (str, bytes, dict)):
            return iter(records)
    except Exception as error:  # nothing to iterate over; said below
        pass_on(error)
    _say_not_sqs()
    return iter(())


def _is_from_elsewhere(record: object) -> bool:
    source = sqs.text(sqs.entry(record, "eventSource", "EventSource"))
    if source is None or source == "aws:sqs":
        return False
    _say_not_sqs()
    return True


def _say_not_sqs() -> None:
    warn_once("sqs", "sqs_records: the event is not one of SQS, its records get no subsegments of their own")


def _record_among(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The message among a record handler's arguments: `record=`, or the first that has the id of one.

    Attributes are asked for last: those of a method's `self` are none of our business.
    """
    if "record" in kwargs:
        return kwargs["record"]
    candidates = [*args[:2], *kwargs.values()]
    for look in (sqs.entry, sqs.attribute):
        for candidate in candidates:
            if sqs.text(look(candidate, "messageId", "MessageId", "message_id")) is not None:
                return candidate
    return None


def _label(record: object) -> str:
    """`sqs` and the name of the queue, the last part of its ARN, as far as it is known."""
    arn = sqs.text(sqs.field(record, "eventSourceARN", "event_source_arn")) or ""
    return f"sqs {arn[arn.rfind(':') + 1 :]}".rstrip()


def _annotations(record: object, header: TraceHeader | None) -> dict[str, str]:
    annotations = {}
    message_id = sqs.text(sqs.field(record, "messageId", "MessageId", "message_id"))
    if message_id:
        annotations["MessageId"] = message_id
    root = header.root if header is not None else None
    # The sender can write anything there; only what has the form of a trace id is worth searching for.
    if root and len(root) == 35 and root.startswith("1-") and root != running_module.current().trace_id:
        annotations["ProducerTraceId"] = root
    return annotations

"""What a call of Amazon Bedrock says of the model's work: tokens, why it stopped, how long it took. Never what it said.

`Converse` says it in its answer, `InvokeModel` in the answer's headers, and both streams in their last event. A stream
belongs to the caller, who reads it as ever. What its generator of raw events yields is looked at in passing, so the
call's subsegment stays open until the stream has told, has ended or has been let go.
"""

from __future__ import annotations

import binascii
import json
import weakref
from types import AsyncGeneratorType, GeneratorType

from ... import guard
from ...clock import clock
from ...events import arn
from ...safe import name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping
    from typing import Any

    from ...trace.subsegment import Subsegment

_FACTS = {
    # in the answer of Converse, in its stream, in the stream of InvokeModel, in the headers of InvokeModel
    "input_tokens": ("inputTokens", "inputTokenCount", "x-amzn-bedrock-input-token-count"),
    "output_tokens": ("outputTokens", "outputTokenCount", "x-amzn-bedrock-output-token-count"),
    "cache_read_input_tokens": (
        *("cacheReadInputTokens", "cacheReadInputTokenCount"),
        "x-amzn-bedrock-cache-read-input-token-count",
    ),
    "cache_write_input_tokens": (
        *("cacheWriteInputTokens", "cacheWriteInputTokenCount"),
        "x-amzn-bedrock-cache-write-input-token-count",
    ),
    "latency_ms": ("latencyMs", "invocationLatency", "x-amzn-bedrock-invocation-latency"),
}
"""The numbers that are recorded, and what Bedrock calls each of them."""

_ANNOTATED = {"input_tokens": "InputTokens", "output_tokens": "OutputTokens"}

_STOP_REASONS = ("stopReason", "stop_reason", "completionReason")
"""Why a model stopped, as Converse, and the models behind InvokeModel, call it."""

_METRICS = "amazon-bedrock-invocationMetrics"
_TELLING = tuple(name.encode() for name in (_METRICS, *_STOP_REASONS))

_STREAMS = {"<botocore.eventstream.EventStream>", "<aiobotocore.eventstream.AioEventStream>"}
"""Whatever else there is in its place, a test's list say, is not ours to look at."""

MAX_EVENT_BYTES = 1_000_000
"""Longer events are passed by. One of text has a few hundred bytes."""

MAX_REASON = 64


def annotate(subsegment: Subsegment, aws: Mapping[str, Any]) -> None:
    """Annotate a call with the model that it asks; of an ARN, with the resource's name."""
    try:
        model = aws.get("model_id")
        if type(model) is str:
            subsegment.put_annotation("ModelId", arn.short_name(model) or model)
    except Exception as error:
        guard.failed(error)


def describe(subsegment: Subsegment, aws: dict[str, Any], response: Mapping[str, Any]) -> bool:
    """Put what an answer says into the `aws` block and the annotations.

    True where a stream is going to say the rest: it closes the subsegment.
    """
    metadata = response.get("ResponseMetadata") or {}
    for told in (metadata.get("HTTPHeaders"), response.get("usage"), response.get("metrics")):
        _put(subsegment, aws, told)
    _put_reason(aws, response)
    for name in ("stream", "body"):
        stream = response.get(name)
        if name_of(type(stream)) in _STREAMS:
            return _watch(stream, subsegment, aws)
    return False


def _put(subsegment: Subsegment, aws: dict[str, Any], told: object) -> None:
    """Take over the numbers that we know of what Bedrock has `told`."""
    if not isinstance(told, dict):
        return
    for fact, names in _FACTS.items():
        for name in names:
            number = _whole_number(told.get(name))
            if number is not None:
                aws[fact] = number
                if fact in _ANNOTATED:
                    subsegment.put_annotation(_ANNOTATED[fact], number)


def _put_reason(aws: dict[str, Any], told: object) -> None:
    """Take over why the model stopped: a word, so that whatever else a model has there is not recorded."""
    if not isinstance(told, dict):
        return
    for name in _STOP_REASONS:
        reason = told.get(name)
        if type(reason) is str and _is_word(reason):
            aws["stop_reason"] = reason


def _watch(stream: Any, subsegment: Subsegment, aws: dict[str, Any]) -> bool:
    """Look at the events that a stream of botocore's or aiobotocore's is going to yield."""
    attributes = vars(stream)
    events = attributes.get("_event_generator")
    if type(events) is GeneratorType:
        attributes["_event_generator"] = _Events(_anew(stream, events), _Telling(subsegment, aws))
    elif type(events) is AsyncGeneratorType:
        attributes["_event_generator"] = _AsyncEvents(_anew(stream, events), _Telling(subsegment, aws))
    else:
        return False
    return True


def _anew(stream: Any, events: Any) -> Any:
    """The generator of a stream's raw events, made once more, if nobody has begun to read the one there is.

    That one holds the stream, which holds it. A stream that somebody stops reading would live, and its call would not
    end, until the garbage collector comes by. So this one holds the stream weakly; nobody but the stream runs it.
    """
    make = getattr(type(stream), "_create_raw_event_generator", None)
    if make is None:
        return events
    made = make(weakref.proxy(stream))
    return made if type(made) is type(events) and _position(made) == _position(events) else events


def _position(generator: Any) -> int | None:
    """The instruction at which a generator is."""
    frame = generator.gi_frame if type(generator) is GeneratorType else generator.ag_frame
    return None if frame is None else frame.f_lasti


class _Telling:
    """What the events of one stream tell, and the subsegment of the call that it answers.

    That ends with the last event that came, however long the stream lies about.
    """

    __slots__ = ("_aws", "_last_time", "_subsegment")

    def __init__(self, subsegment: Subsegment, aws: dict[str, Any]) -> None:
        self._subsegment: Subsegment | None = subsegment
        self._aws = aws
        self._last_time = clock.now()

    def came(self, event: Any) -> None:
        """Look at an event, `botocore.eventstream.EventStreamMessage`, that is about to be handed on."""
        subsegment = self._subsegment
        if subsegment is None or subsegment.end_time is not None:
            return
        try:
            self._last_time = clock.now()
            headers, payload = event.headers, event.payload
            kind = headers.get(":event-type")
            if headers.get(":message-type") in ("error", "exception"):
                self._failed(subsegment, headers.get(":exception-type") or headers.get(":error-code"))
                self.end()
            elif len(payload) > MAX_EVENT_BYTES:
                pass
            elif kind == "chunk":
                if self._came_chunk(subsegment, payload):
                    self.end()
            elif kind == "messageStop":
                _put_reason(self._aws, _object(payload))
            elif kind == "metadata":
                told = _object(payload)
                _put(subsegment, self._aws, told.get("usage"))
                _put(subsegment, self._aws, told.get("metrics"))
                self.end()
        except Exception as error:
            guard.failed(error)

    def end(self, error: BaseException | None = None) -> None:
        """No more is going to be told: the subsegment is closed, as failed by `error` if there is one."""
        subsegment = self._subsegment
        if subsegment is None:
            return
        if subsegment.end_time is None:
            if error is not None:
                subsegment.add_exception(error)
            subsegment.close(self._last_time if error is None else None)
        self._subsegment = None

    def _came_chunk(self, subsegment: Subsegment, payload: bytes) -> bool:
        """A part of a model's own answer; whether it is the last one, to which Bedrock has added its figures."""
        data = _object(payload).get("bytes")
        text = binascii.a2b_base64(data) if type(data) is str and data.isascii() else b""
        if not any(name in text for name in _TELLING):
            return False
        told = _object(text)
        for holder in (told, told.get("delta"), told.get("messageStop")):
            _put_reason(self._aws, holder)
        metrics = told.get(_METRICS)
        _put(subsegment, self._aws, metrics)
        return metrics is not None

    def _failed(self, subsegment: Subsegment, code: object) -> None:
        """The service broke the stream off. The caller gets an exception for it, after this."""
        if type(code) is str and _is_word(code):
            self._aws["stream_error"] = code
        is_throttle = code == "throttlingException"
        if is_throttle:
            subsegment.add_throttle_flag()
        if is_throttle or code == "validationException":
            subsegment.add_error_flag()
        else:
            subsegment.add_fault_flag()


class _Events:
    """A stream's generator of raw events, looked at in passing."""

    __slots__ = ("_events", "_telling")

    def __init__(self, events: Generator[Any, Any, Any], telling: _Telling) -> None:
        self._events = events
        self._telling = telling

    def __iter__(self) -> _Events:
        return self

    def __next__(self) -> Any:
        try:
            event = next(self._events)
        except BaseException as error:
            _end(self._telling, None if type(error) is StopIteration else error)
            raise
        self._telling.came(event)
        return event

    def __del__(self) -> None:
        _end(self._telling)


class _AsyncEvents:
    """`_Events` for aiobotocore."""

    __slots__ = ("_events", "_telling")

    def __init__(self, events: AsyncGenerator[Any, Any], telling: _Telling) -> None:
        self._events = events
        self._telling = telling

    def __aiter__(self) -> _AsyncEvents:
        return self

    async def __anext__(self) -> Any:
        try:
            event = await self._events.__anext__()
        except BaseException as error:
            _end(self._telling, None if type(error) is StopAsyncIteration else error)
            raise
        self._telling.came(event)
        return event

    def __del__(self) -> None:
        _end(self._telling)


def _end(telling: _Telling, error: BaseException | None = None) -> None:
    try:
        telling.end(error)
    except Exception as raised:
        guard.failed(raised)


def _object(text: bytes) -> dict[str, Any]:
    """A JSON object; an empty one where it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        guard.pass_on(error)
        return {}
    return value if isinstance(value, dict) else {}


def _whole_number(value: object) -> int | None:
    """A count as JSON or a header has it."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 16:
        return int(value)
    return value if type(value) is int and 0 <= value < 2**53 else None


def _is_word(text: str) -> bool:
    return len(text) <= MAX_REASON and text.isascii() and text.replace("_", "").isalnum()

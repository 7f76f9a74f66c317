"""What is recorded of the models of Amazon Bedrock, and that their streams are left to the caller.

The answers are a stand-in's, in the shapes and the framing of the real service: moto has no streams.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import types
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, closing
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.patches.aws import eventstream
from tests.patches.aws.calls import SECRET
from tests.patches.aws.libraries import Aiobotocore, client
from tests.patches.aws.servers import REQUEST_ID, Answer, Service

pytest.importorskip("boto3", reason="boto3 is not installed")

pytestmark = pytest.mark.usefixtures("boto_patched")

MODEL = "anthropic.claude-3-5-sonnet-20240620-v1:0"
QUESTION: dict[str, Any] = {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": SECRET}]}]}
USAGE = {"inputTokens": 12, "outputTokens": 34, "totalTokens": 46, "cacheReadInputTokens": 5}

CONVERSATION = [
    eventstream.event("messageStart", {"role": "assistant"}),
    eventstream.event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": SECRET}}),
    eventstream.event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": f"more {SECRET}"}}),
    eventstream.event("contentBlockStop", {"contentBlockIndex": 0}),
    eventstream.event("messageStop", {"stopReason": "end_turn"}),
    eventstream.event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 789}}),
]
TOLD = {"input_tokens": 12, "output_tokens": 34, "cache_read_input_tokens": 5, "latency_ms": 789}
ANNOTATED = {"ModelId": MODEL, "InputTokens": 12, "OutputTokens": 34}

METRICS = {
    "inputTokenCount": 12,
    "outputTokenCount": 34,
    "invocationLatency": 789,
    "firstByteLatency": 100,
    "cacheReadInputTokenCount": 5,
    "cacheWriteInputTokenCount": 0,
}
COMPLETION = [
    eventstream.chunk({"type": "content_block_delta", "delta": {"type": "text_delta", "text": SECRET}}),
    eventstream.chunk({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {}}),
    eventstream.chunk({"type": "message_stop", "amazon-bedrock-invocationMetrics": METRICS}),
]


def streamed(pieces: list[bytes] | Iterator[bytes]) -> Answer:
    return Answer(200, iter(pieces), {"Content-Type": eventstream.TYPE})


def recorded(daemon: Daemon) -> dict[str, Any]:
    """The call's `aws` block, without what is in that of every call."""
    aws = dict(daemon.subsegment("bedrock-runtime")["aws"])
    assert SECRET.encode() not in b"".join(daemon.datagrams())
    assert (aws.pop("request_id"), aws.pop("region")) == (REQUEST_ID, "eu-west-1")
    return aws


def annotated(daemon: Daemon) -> dict[str, Any]:
    annotations = daemon.subsegment("bedrock-runtime")["annotations"]
    assert isinstance(annotations, dict)
    return annotations


def bedrock(service: Service) -> Any:
    return client("bedrock-runtime", service.url)


@asynccontextmanager
async def aio_bedrock(service: Service) -> AsyncIterator[Any]:
    async with Aiobotocore().client(service.url, service="bedrock-runtime") as made:
        yield made


def converse_stream(service: Service) -> list[Any]:
    with closing(bedrock(service).converse_stream(**QUESTION)["stream"]) as stream:
        return list(stream)


def aio_converse_stream(service: Service) -> list[Any]:
    async def main() -> list[Any]:
        async with aio_bedrock(service) as made:
            with closing((await made.converse_stream(**QUESTION))["stream"]) as stream:
                return [event async for event in stream]

    return asyncio.run(main())


def invoke_stream(service: Service) -> list[Any]:
    response = bedrock(service).invoke_model_with_response_stream(modelId=MODEL, body=SECRET.encode())
    with closing(response["body"]) as stream:
        return list(stream)


def aio_invoke_stream(service: Service) -> list[Any]:
    async def main() -> list[Any]:
        async with aio_bedrock(service) as made:
            response = await made.invoke_model_with_response_stream(modelId=MODEL, body=SECRET.encode())
            return [event async for event in response["body"]]

    return asyncio.run(main())


CONVERSING = pytest.mark.parametrize("read", [converse_stream, aio_converse_stream])
INVOKING = pytest.mark.parametrize("read", [invoke_stream, aio_invoke_stream])

Read = Callable[[Service], list[Any]]


def test_converse(service: Service, daemon: Daemon) -> None:
    output = {"message": {"role": "assistant", "content": [{"text": SECRET}]}}
    service.answer = Answer(
        body={"output": output, "stopReason": "end_turn", "usage": USAGE, "metrics": {"latencyMs": 789}}
    )

    response = bedrock(service).converse(**QUESTION)

    assert response["output"] == output
    assert recorded(daemon) == {"operation": "Converse", "model_id": MODEL, "stop_reason": "end_turn", **TOLD}
    assert annotated(daemon) == ANNOTATED


def test_invoke_model_says_it_in_headers(service: Service, daemon: Daemon) -> None:
    headers = {
        "X-Amzn-Bedrock-Input-Token-Count": "12",
        "X-Amzn-Bedrock-Output-Token-Count": "34",
        "X-Amzn-Bedrock-Cache-Read-Input-Token-Count": "5",
        "X-Amzn-Bedrock-Invocation-Latency": "789",
    }
    service.answer = Answer(200, SECRET.encode(), headers)

    response = bedrock(service).invoke_model(modelId=MODEL, body=SECRET.encode())

    assert recorded(daemon) == {"operation": "InvokeModel", "model_id": MODEL, **TOLD}
    assert annotated(daemon) == ANNOTATED
    assert response["body"].read() == SECRET.encode()


@CONVERSING
def test_a_conversations_stream_tells_at_its_end(read: Read, service: Service, daemon: Daemon) -> None:
    service.answer = streamed(CONVERSATION)

    events = read(service)

    assert [next(iter(event)) for event in events] == [
        *("messageStart", "contentBlockDelta", "contentBlockDelta"),
        *("contentBlockStop", "messageStop", "metadata"),
    ]
    assert events[1]["contentBlockDelta"]["delta"] == {"text": SECRET}
    assert events[-1]["metadata"]["usage"] == USAGE
    assert recorded(daemon) == {
        "operation": "ConverseStream",
        "model_id": MODEL,
        "stop_reason": "end_turn",
        **TOLD,
    }
    assert annotated(daemon) == ANNOTATED


@INVOKING
def test_a_models_own_stream_tells_in_its_last_chunk(read: Read, service: Service, daemon: Daemon) -> None:
    service.answer = streamed(COMPLETION)

    events = read(service)

    assert len(events) == 3
    assert SECRET.encode() in events[0]["chunk"]["bytes"]
    assert recorded(daemon) == {
        "operation": "InvokeModelWithResponseStream",
        "model_id": MODEL,
        "stop_reason": "max_tokens",
        "cache_write_input_tokens": 0,
        **TOLD,
    }
    assert annotated(daemon) == ANNOTATED


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"outputText": SECRET, "completionReason": "FINISH"}, "FINISH"),
        ({"generation": SECRET, "stop_reason": "length"}, "length"),
        ({"messageStop": {"stopReason": "end_turn"}}, "end_turn"),
        ({"generation": SECRET, "stop_reason": None}, None),
        ({"stop_reason": f"because {SECRET}"}, None),
        ({"stop_reason": {"text": SECRET}}, None),
        ({"text": f'"stop_reason": {SECRET}'}, None),
    ],
)
def test_why_a_model_stopped_is_a_word(answer: Any, reason: Any, service: Service, daemon: Daemon) -> None:
    service.answer = streamed([eventstream.chunk(answer)])

    assert len(invoke_stream(service)) == 1
    assert recorded(daemon).get("stop_reason") == reason


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova", "eu.amazon.nova"),
        ("eu.amazon.nova-lite-v1:0", "eu.amazon.nova-lite-v1:0"),
    ],
)
def test_the_annotation_names_the_model_without_its_arn(
    given: str, shown: str, service: Service, daemon: Daemon
) -> None:
    service.answer = Answer(body={})

    bedrock(service).converse(modelId=given)

    assert annotated(daemon) == {"ModelId": shown}
    assert recorded(daemon)["model_id"] == given


@pytest.mark.parametrize(
    "body",
    [
        {"usage": None, "metrics": {"latencyMs": None}},
        {"usage": {"inputTokens": -1, "outputTokens": 2**60}},
        {"stopReason": "a text with blanks", "usage": {}},
    ],
)
def test_what_is_no_count_is_left_out(body: Any, service: Service, daemon: Daemon) -> None:
    service.answer = Answer(body=body, headers={"x-amzn-bedrock-input-token-count": "many"})

    bedrock(service).converse(**QUESTION)

    assert recorded(daemon) == {"operation": "Converse", "model_id": MODEL}


@pytest.mark.parametrize(
    ("status", "code", "trouble"),
    [(429, "ThrottlingException", "error throttle"), (400, "ValidationException", "error")],
)
def test_a_refused_call_says_which_model(
    status: int, code: str, trouble: str, service: Service, daemon: Daemon
) -> None:
    service.answer = Answer(status, {"message": "no"}, {"x-amzn-ErrorType": code})
    asking = bedrock(service)

    with pytest.raises(asking.exceptions.ClientError):
        asking.converse_stream(**QUESTION)

    daemon.expect_tree(f"bedrock-runtime  {trouble} {code}")
    assert annotated(daemon) == {"ModelId": MODEL}


# Streams


def test_a_stream_is_what_it_is_untraced(service: Service, daemon: Daemon) -> None:
    from botocore.eventstream import EventStream

    service.answer = lambda request: streamed(CONVERSATION)
    stream = bedrock(service).converse_stream(**QUESTION)["stream"]
    untraced = EventStream(None, None, None, "ConverseStream")

    assert type(stream) is EventStream
    assert vars(stream).keys() == vars(untraced).keys()
    assert type(iter(stream)) is types.GeneratorType
    assert len(list(stream)) == 6
    assert list(stream) == []
    daemon.expect_tree("bedrock-runtime")


def test_an_event_is_handed_on_as_soon_as_it_comes(service: Service, daemon: Daemon) -> None:
    seen, in_time = threading.Semaphore(0), list[bool]()

    def pieces() -> Iterator[bytes]:
        for piece in CONVERSATION:
            yield piece
            in_time.append(seen.acquire(timeout=5))

    service.answer = streamed(pieces())

    count = 0
    for _ in bedrock(service).converse_stream(**QUESTION)["stream"]:
        count += 1
        seen.release()

    assert count == len(CONVERSATION)
    assert in_time == [True] * count
    assert recorded(daemon)["output_tokens"] == 34


@pytest.mark.parametrize("open_stream", [True, False])
def test_the_call_ends_with_what_its_stream_told(open_stream: bool, service: Service, daemon: Daemon) -> None:
    service.answer = streamed(CONVERSATION)
    tracer = Tracer(service="chat", auto_patch=False)

    @tracer.capture_method(capture_response=False)
    def ask() -> Any:
        return bedrock(service).converse_stream(**QUESTION)["stream"]

    @tracer.capture_lambda_handler(capture_response=False)
    def lambda_handler(event: Any, context: Any) -> Any:
        stream = ask()
        for _ in stream:
            with tracer.provider.in_subsegment("shown"):
                pass
        with tracer.provider.in_subsegment("afterwards"):
            pass
        return stream if open_stream else None

    lambda_handler({}, None)

    shown = "\n".join(["          shown"] * 6)
    daemon.expect_tree(f"""
        ## lambda_handler
          ## {__name__}.test_the_call_ends_with_what_its_stream_told.locals.ask
            bedrock-runtime
{shown}
          afterwards
    """)
    assert recorded(daemon)["output_tokens"] == 34
    assert not daemon.subsegment("bedrock-runtime").get("in_progress")
    ended = daemon.subsegment("bedrock-runtime")["end_time"]
    assert ended <= daemon.subsegment("afterwards")["start_time"]


def test_a_stream_that_is_let_go_ends_the_call_with_the_last_event_that_came(
    service: Service, daemon: Daemon
) -> None:
    service.answer = lambda request: streamed(CONVERSATION)
    tracer = Tracer(service="chat", auto_patch=False)

    @tracer.capture_lambda_handler
    def lambda_handler(event: Any, context: Any) -> None:
        for _ in bedrock(service).converse_stream(**QUESTION)["stream"]:
            break
        bedrock(service).converse_stream(**QUESTION)
        closed = bedrock(service).converse_stream(**QUESTION)["stream"]
        closed.close()

    lambda_handler({}, None)

    daemon.expect_tree("""
        ## lambda_handler
          bedrock-runtime
          bedrock-runtime
          bedrock-runtime
    """)
    for call in daemon.subsegments():
        if call["name"] == "bedrock-runtime":
            assert call["annotations"] == {"ModelId": MODEL}
            assert not call.get("in_progress")


def test_a_stream_that_outlives_the_handler_is_sent_and_completed(service: Service, daemon: Daemon) -> None:
    service.answer = streamed(CONVERSATION)
    streams = []

    @Tracer(service="chat", auto_patch=False).capture_lambda_handler
    def lambda_handler(event: Any, context: Any) -> None:
        streams.append(bedrock(service).converse_stream(**QUESTION)["stream"])
        next(iter(streams[0]))

    lambda_handler({}, None)

    daemon.expect_tree("""
        ## lambda_handler
          bedrock-runtime  in progress
    """)
    assert annotated(daemon) == {"ModelId": MODEL}

    assert len(list(streams[0])) == 5

    daemon.expect_tree("""
        ## lambda_handler
          bedrock-runtime
    """)
    assert recorded(daemon)["output_tokens"] == 34


def test_a_stream_may_be_read_by_another_thread(service: Service, daemon: Daemon) -> None:
    service.answer = streamed(CONVERSATION)
    events: list[Any] = []

    stream = bedrock(service).converse_stream(**QUESTION)["stream"]
    reading = threading.Thread(target=lambda: events.extend(stream))
    reading.start()
    reading.join()

    assert len(events) == 6
    assert recorded(daemon)["output_tokens"] == 34


def test_an_async_stream_that_is_left_early(service: Service, daemon: Daemon) -> None:
    service.answer = streamed(CONVERSATION)

    async def main() -> None:
        async with aio_bedrock(service) as made:
            stream = (await made.converse_stream(**QUESTION))["stream"]
            async with aclosing(stream.__aiter__()) as events:
                async for _ in events:
                    break
            stream.close()

    asyncio.run(main())
    gc.collect()

    daemon.expect_tree("bedrock-runtime")
    assert annotated(daemon) == {"ModelId": MODEL}


@pytest.mark.parametrize(
    ("kind", "trouble"),
    [
        ("throttlingException", "error throttle"),
        ("validationException", "error"),
        ("modelStreamErrorException", "fault"),
    ],
)
@CONVERSING
def test_a_stream_that_the_service_breaks_off(
    read: Read, kind: str, trouble: str, service: Service, daemon: Daemon
) -> None:
    from botocore.exceptions import EventStreamError

    service.answer = streamed([CONVERSATION[0], eventstream.exception(kind, SECRET)])

    with pytest.raises(EventStreamError, match=kind):
        read(service)

    daemon.expect_tree(f"bedrock-runtime  {trouble}")
    assert recorded(daemon)["stream_error"] == kind


@pytest.mark.parametrize("broken", [b"\0" * 64, CONVERSATION[0][:-4] + b"\0\0\0\0"])
def test_a_stream_that_cannot_be_read_is_a_fault(broken: bytes, service: Service, daemon: Daemon) -> None:
    service.answer = streamed([CONVERSATION[0], broken])

    with pytest.raises(Exception, match="Checksum mismatch") as raised:
        converse_stream(service)

    daemon.expect_tree(f"bedrock-runtime  fault {type(raised.value).__name__}")


@pytest.mark.parametrize(
    "payload", [b"", b"no JSON", b"[]", b"[" * 100_000, b'{"bytes": 3}', '{"bytes": "ä"}'.encode()]
)
@pytest.mark.parametrize("kind", ["chunk", "metadata", "messageStop"])
def test_an_event_of_another_shape_is_botocores_to_refuse(
    kind: str, payload: bytes, service: Service, daemon: Daemon
) -> None:
    headers = {":message-type": "event", ":event-type": kind}
    service.answer = lambda request: streamed([eventstream.message(headers, payload), CONVERSATION[-1]])

    def outcome() -> object:
        try:
            return converse_stream(service)
        except Exception as error:
            return type(error), str(error)

    traced = outcome()
    assert daemon.subsegment("bedrock-runtime")["annotations"]["ModelId"] == MODEL
    xray_recorder.unpatch_all()

    assert repr(traced) == repr(outcome())


def test_nothing_of_this_is_loaded_for_other_services(
    service: Service, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "lambda_tracer.patches.aws.bedrock"
    monkeypatch.delitem(sys.modules, module, raising=False)

    client("dynamodb", service.url).describe_table(TableName="orders")
    before = module in sys.modules
    service.answer = Answer(body={})
    bedrock(service).converse(**QUESTION)

    assert (before, module in sys.modules) == (False, True)
    daemon.expect_tree("""
        dynamodb
        bedrock-runtime
    """)


def test_an_unsampled_stream_is_not_looked_at(service: Service, daemon: Daemon, invoke: Invoke) -> None:
    invoke(sampled=0)
    service.answer = streamed(CONVERSATION)

    stream = bedrock(service).converse_stream(**QUESTION)["stream"]

    assert type(vars(stream)["_event_generator"]) is types.GeneratorType
    assert len(list(stream)) == 6
    daemon.expect_tree("")


def test_what_a_stub_answers_is_not_looked_at(daemon: Daemon) -> None:
    from botocore.stub import Stubber

    asking = client("bedrock-runtime", "http://127.0.0.1:9")
    with Stubber(asking) as stubber:
        stubber.add_response("converse_stream", {"stream": {"messageStart": {"role": "assistant"}}})
        stream = asking.converse_stream(**QUESTION)["stream"]

    assert stream == {"messageStart": {"role": "assistant"}}
    daemon.expect_tree("bedrock-runtime")

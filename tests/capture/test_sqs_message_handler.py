"""A captured handler of single messages: each sampled message is a subsegment, with a fault if it failed."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    BatchProcessor,
    EventType,
    SqsFifoPartialProcessor,
    async_process_partial_response,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.parser.models import SqsRecordModel
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_tracer import Tracer
from tests.conftest import new_trace_id
from tests.daemon import Daemon
from tests.provider import Provider
from tests.sqs_messages import Refused, annotated, batch, ids, is_recorded, message, messages_in, refuse

PROCESSORS: dict[str, Callable[[], Any]] = {
    "standard": lambda: BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False),
    "asynchronous": lambda: AsyncBatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False),
    "FIFO": SqsFifoPartialProcessor,
    "FIFO by group": lambda: SqsFifoPartialProcessor(skip_group_on_error=True),
}


def process(kind: str, tracer: Tracer, records: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Which messages one of Powertools' processors reports as failed, and which its handler was called for."""
    called = []
    processor = PROCESSORS[kind]()

    def work(found: SQSRecord) -> str:
        called.append(found.message_id)
        with tracer.provider.in_subsegment("work"):
            return refuse(found)

    @tracer.capture_sqs_record
    def handle(record: SQSRecord) -> str:
        return work(record)

    @tracer.capture_sqs_record
    async def handle_later(record: SQSRecord) -> str:
        await asyncio.sleep(0)
        result = work(record)
        await asyncio.sleep(0)
        return result

    @tracer.capture_lambda_handler(capture_response=False)
    def handler(event: dict[str, Any], context: object) -> Any:
        if kind == "asynchronous":
            return async_process_partial_response(event, handle_later, processor)
        return process_partial_response(event, handle, processor)

    loop = asyncio.new_event_loop()  # which the asynchronous processor takes
    asyncio.set_event_loop(loop)
    try:
        answer = handler({"Records": records}, None)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]], called


@pytest.mark.parametrize("kind", PROCESSORS)
@pytest.mark.parametrize(
    "size", [10, pytest.param(2_000, marks=pytest.mark.slow), pytest.param(10_000, marks=pytest.mark.soak)]
)
def test_the_messages_that_a_processor_reports_are_those_that_are_faults(
    kind: str, size: int, daemon: Daemon
) -> None:
    records = batch(size)
    if kind == "FIFO":  # it stops at the first failure; let that not be the first message
        records = sorted(records, key=lambda each: each["body"] == "fails")

    reported, called = process(kind, Tracer(auto_patch=False), records)

    worked_on = [each for each in records if each["messageId"] in set(called)]
    expected = [each for each in worked_on if is_recorded(each)]
    subsegments = messages_in(daemon)
    by_id = {each["annotations"]["MessageId"]: each for each in subsegments}
    assert sorted(by_id) == sorted(ids(expected))
    assert len(by_id) == len(subsegments)
    assert {number for number, each in by_id.items() if each.get("fault")} == set(reported) & set(by_id)
    assert set(reported) >= set(ids([each for each in worked_on if each["body"] == "fails"]))
    assert not any(each.get("in_progress") for each in daemon.subsegments())
    if kind in ("standard", "asynchronous"):
        assert sorted(called) == sorted(ids(records))
        assert sorted(reported) == sorted(ids([each for each in records if each["body"] == "fails"]))


@pytest.mark.parametrize("kind", ["standard", "asynchronous"])
def test_each_message_has_its_own_work_and_its_own_exception(kind: str, daemon: Daemon) -> None:
    records = batch(200)

    process(kind, Tracer(service="orders", auto_patch=False), records)

    handler = daemon.subsegment("## handler")
    subsegments = {each["id"]: each for each in messages_in(daemon)}
    works = [each for each in daemon.subsegments() if each["name"] == "work"]
    assert {each["parent_id"] for each in subsegments.values()} == {handler["id"]}
    assert sorted(each["parent_id"] for each in works) == sorted(subsegments)
    for work in works:
        owner = subsegments[work["parent_id"]]
        assert owner["start_time"] <= work["start_time"] <= work["end_time"] <= owner["end_time"]
        if work.get("fault"):
            (exception,) = work["cause"]["exceptions"]
            assert (exception["type"], exception["message"]) == ("Refused", owner["annotations"]["MessageId"])
            assert owner["cause"] == exception["id"]
    assert sum(bool(each.get("fault")) for each in works) == sum(
        each["body"] == "fails" and is_recorded(each) for each in records
    )


def test_a_processor_passes_lambdas_context_and_pydantics_models_on(daemon: Daemon) -> None:
    tracer = Tracer(service="orders", auto_patch=False)
    context = LambdaContext()
    got = []

    @tracer.capture_sqs_record(capture_response=False)
    def handle(record: SqsRecordModel, lambda_context: Any) -> dict[str, str]:
        got.append((type(record), lambda_context))
        return {"secret": "x"}

    processor = BatchProcessor(EventType.SQS, model=SqsRecordModel)
    broken = {**message(3), "attributes": 7}
    answer = process_partial_response(
        {"Records": [message(1), message(2, 0), broken]},
        handle,
        processor,
        context=context,
    )

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m3"}]}
    assert got == [(SqsRecordModel, context)] * 2
    (subsegment,) = messages_in(daemon)
    assert subsegment["annotations"]["MessageId"] == "m1"
    assert "metadata" not in subsegment


def test_responses_and_errors_are_captured_as_those_of_other_methods_are(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracer = Tracer(service="orders", auto_patch=False)

    @tracer.capture_sqs_record
    def both(record: dict[str, Any]) -> str:
        return refuse(record)

    @tracer.capture_sqs_record(capture_response=False, capture_error=False)
    def neither(record: dict[str, Any]) -> str:
        return refuse(record)

    monkeypatch.setenv("POWERTOOLS_TRACER_CAPTURE_RESPONSE", "false")
    quiet = tracer.capture_sqs_record(refuse)
    for handle in (both, neither, quiet):
        assert handle(message(1)) == "fine!"
        with pytest.raises(Refused):
            handle(message(2, fails=True))

    metadata = [each.get("metadata", {}).get("orders", {}) for each in messages_in(daemon)]
    key = f"{__name__}.{both.__qualname__}"
    assert metadata[0] == {f"{key} response": "fine!"}
    assert metadata[1][f"{key} error"]["message"] == "m2"
    assert metadata[2:5] == [{}, {}, {}]
    assert list(metadata[5]) == [f"{refuse.__module__}.refuse error"]


def test_the_message_is_found_among_the_arguments(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    class Shop:
        messageId = 7
        attributes = property(lambda self: pytest.fail("the attributes of self were read"))

        @tracer.capture_sqs_record
        def method(self, each: Any, *, dry: bool = False) -> None: ...

        @tracer.capture_sqs_record
        @staticmethod
        def static(each: Any) -> None: ...

        @classmethod
        @tracer.capture_sqs_record
        def of_class(cls, each: Any) -> None: ...

        @tracer.capture_sqs_record
        async def later(self, each: Any) -> None: ...

    @tracer.capture_sqs_record
    def by_name(context: object, job: Any = None) -> None: ...

    unsampled = message(0, 0)
    calls: list[Callable[[Any], object]] = [
        Shop().method,
        lambda each: Shop().method(each=each, dry=True),
        Shop.static,
        Shop.of_class,
        lambda each: asyncio.run(Shop().later(each)),
        lambda each: by_name(None, each),
        lambda each: by_name(context={}, job=each),
        lambda each: by_name(None, SQSRecord(each)),
        lambda each: by_name(None, SqsRecordModel(**each)),
    ]
    for number, call in enumerate(calls, start=1):
        call(message(number))
        call(unsampled)

    assert annotated(messages_in(daemon)) == [f"m{number}" for number in range(1, 10)]


def test_a_call_without_a_message_is_recorded_as_the_invocation_is(daemon: Daemon) -> None:
    @Tracer(auto_patch=False).capture_sqs_record
    def handle(*given: object, **named: object) -> tuple[int, int]:
        return len(given), len(named)

    assert [handle(), handle(7), handle(record=None), handle(a=1, b={}), handle(*range(9))] == [
        (0, 0),
        (1, 0),
        (0, 1),
        (0, 2),
        (9, 0),
    ]
    daemon.expect_tree("\n".join(["## sqs"] * 5))


def test_the_decorated_handler_looks_like_the_handler() -> None:
    tracer = Tracer(auto_patch=False)

    def handle(record: SQSRecord, lambda_context: object = None) -> str:
        """Handles."""
        return ""

    async def later(record: SQSRecord) -> None: ...

    captured: Any = tracer.capture_sqs_record(handle)
    assert (captured.__name__, captured.__doc__) == ("handle", "Handles.")
    assert inspect.signature(captured) == inspect.signature(handle)
    assert inspect.iscoroutinefunction(tracer.capture_sqs_record(later))
    with pytest.raises(TypeError, match="callable"):
        tracer.capture_sqs_record(7)  # type: ignore[call-overload]


def test_a_cancelled_handler_is_a_fault_and_stays_cancelled(daemon: Daemon) -> None:
    @Tracer(auto_patch=False).capture_sqs_record
    async def handle(record: dict[str, Any]) -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        tasks = [asyncio.create_task(handle(message(number))) for number in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        tasks[0].cancel()
        tasks[2].cancel()
        assert [type(each) for each in await asyncio.gather(*tasks, return_exceptions=True)] == (
            [asyncio.CancelledError] * 3
        )

    asyncio.run(main())

    daemon.expect_tree("\n".join(["## sqs orders  fault CancelledError"] * 3))


def test_a_disabled_tracer_gives_records_and_calls_handlers_as_they_are(daemon: Daemon) -> None:
    tracer = Tracer(disabled=True, auto_patch=False)
    records = [message(1), message(2, 0)]

    @tracer.capture_sqs_record
    def handle(record: dict[str, Any]) -> str:
        return refuse(record)

    assert list(tracer.sqs_records({"Records": records})) == records
    assert [handle(each) for each in records] == ["fine!", "fine!"]
    assert daemon.subsegments() == []


def test_somebody_elses_provider_records_the_messages_that_were_sampled(daemon: Daemon) -> None:
    provider = Provider()
    tracer = Tracer(service="orders", provider=provider, auto_patch=False)
    root = new_trace_id()

    @tracer.capture_sqs_record
    def handle(record: dict[str, Any]) -> str:
        return refuse(record)

    @tracer.capture_sqs_record(capture_response=False)
    async def later(record: dict[str, Any]) -> str:
        return refuse(record)

    for each in tracer.sqs_records([message(1, root=root), message(2, 0)]):
        refuse(each)
    with pytest.raises(Refused):
        handle(message(3, root=root, fails=True))
    assert (handle(message(4, 0)), asyncio.run(later(message(5, root=root)))) == ("fine!", "fine!")

    told = [call for call in provider.calls if call[0] != "metadata"]
    name = "## sqs orders"
    assert told == [
        *[
            ("begin", name),
            ("annotation", "MessageId", "m1"),
            ("annotation", "ProducerTraceId", root),
            ("end", name),
        ],
        *[("begin", name), ("annotation", "MessageId", "m3"), ("annotation", "ProducerTraceId", root)],
        *[("failed", "Refused"), ("end", name)],
        *[
            ("begin", name),
            ("annotation", "MessageId", "m5"),
            ("annotation", "ProducerTraceId", root),
            ("end", name),
        ],
    ]
    assert daemon.subsegments() == []

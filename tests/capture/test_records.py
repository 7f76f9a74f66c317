"""Records of every source: each in a subsegment of its own, by a loop or a captured handler."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    BatchProcessor,
    EventType,
    async_process_partial_response,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from lambda_tracer import Tracer
from lambda_tracer.xray import MAX_LINKS
from tests.batches import (
    ID_ANNOTATIONS,
    PAYLOAD,
    RECORDS,
    bucket_notification,
    bus_event,
    id_of,
    kinesis,
    notification,
)
from tests.conftest import Invoke, new_trace_id
from tests.daemon import Daemon
from tests.hostile.values import RECIPES
from tests.provider import Provider
from tests.sqs_messages import Refused, message, messages_in


def in_loop(tracer: Tracer, event: Any, work: Callable[[Any], None]) -> None:
    for record in tracer.records(event):
        work(record)


def in_handler(tracer: Tracer, event: Any, work: Callable[[Any], None]) -> None:
    handle = tracer.capture_record(work)
    for record in event["Records"]:
        handle(record)


def in_coroutine(tracer: Tracer, event: Any, work: Callable[[Any], None]) -> None:
    @tracer.capture_record
    async def handle(record: Any) -> None:
        await asyncio.sleep(0)
        work(record)

    async def main() -> None:
        for record in event["Records"]:
            await handle(record)

    asyncio.run(main())


WAYS = [in_loop, in_handler, in_coroutine]


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("way", WAYS)
def test_each_record_is_a_subsegment_named_by_its_source(
    way: Callable[..., None], name: str, daemon: Daemon
) -> None:
    tracer = Tracer(auto_patch=False)
    records = [RECORDS[name](number) for number in range(3)]

    def work(record: Any) -> None:
        with tracer.provider.in_subsegment("work"):
            pass

    with tracer.provider.in_subsegment("handler"):
        way(tracer, {"Records": records}, work)

    daemon.expect_tree("handler" + f"\n  {name}\n    work" * 3)
    found = [each["annotations"] for each in messages_in(daemon, name)]
    assert found == [{ID_ANNOTATIONS[name]: id_of(each)} for each in records]
    assert PAYLOAD not in json.dumps(daemon.documents())


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("way", WAYS)
def test_an_exception_makes_a_fault_of_the_record_that_it_was_raised_at(
    way: Callable[..., None], name: str, daemon: Daemon
) -> None:
    tracer = Tracer(auto_patch=False)
    records = [RECORDS[name](number) for number in range(3)]

    def work(record: Any) -> None:
        if record is records[1]:
            raise Refused(id_of(record))

    with pytest.raises(Refused):
        way(tracer, {"Records": records}, work)

    assert [bool(each.get("fault")) for each in messages_in(daemon, name)] == [False, True]


@pytest.mark.parametrize("name", RECORDS)
def test_a_loop_left_by_break_faults_nothing(name: str, daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    with tracer.provider.in_subsegment("handler"):
        for _ in tracer.records({"Records": [RECORDS[name](1), RECORDS[name](2)]}):
            break
        with tracer.provider.in_subsegment("afterwards"):
            pass

    daemon.expect_tree(f"handler\n  {name}\n  afterwards")


@pytest.mark.parametrize("sampled", [0, "?"])
def test_in_an_unsampled_invocation_nothing_is_recorded(
    sampled: int | str, daemon: Daemon, invoke: Invoke
) -> None:
    invoke(sampled=sampled)
    tracer = Tracer(auto_patch=False)
    records = [make(1) for make in RECORDS.values()]

    assert list(tracer.records({"Records": records})) == records
    assert [tracer.capture_record(id_of)(each) for each in records] == [id_of(each) for each in records]
    assert daemon.subsegments() == []


PROCESSORS: dict[str, tuple[EventType, type]] = {
    "## sqs orders": (EventType.SQS, SQSRecord),
    "## kinesis clicks": (EventType.KinesisDataStreams, KinesisStreamRecord),
    "## dynamodb orders": (EventType.DynamoDBStreams, DynamoDBRecord),
}


@pytest.mark.parametrize("name", PROCESSORS)
@pytest.mark.parametrize("is_async", [False, True])
def test_what_powertools_processors_report_are_the_faults(name: str, is_async: bool, daemon: Daemon) -> None:
    tracer = Tracer(service="orders", auto_patch=False)
    event_type, kind = PROCESSORS[name]
    records = [RECORDS[name](number) for number in range(6)]
    failing = {id_of(records[1]), id_of(records[4])}
    got = []

    def work(record: Any) -> str:
        got.append(type(record))
        if id_of(record.raw_event) in failing:
            raise Refused
        return "done"

    @tracer.capture_record
    def handle(record: Any) -> str:
        return work(record)

    @tracer.capture_record
    async def handle_later(record: Any) -> str:
        await asyncio.sleep(0)
        return work(record)

    @tracer.capture_lambda_handler
    def handler(event: dict[str, Any], context: object) -> Any:
        if is_async:
            processor: Any = AsyncBatchProcessor(event_type)
            return async_process_partial_response(event, handle_later, processor)
        return process_partial_response(event, handle, BatchProcessor(event_type))

    loop = asyncio.new_event_loop()  # which the asynchronous processor takes
    asyncio.set_event_loop(loop)
    try:
        answer = handler({"Records": records}, None)
    finally:
        asyncio.set_event_loop(None)
        loop.close()

    assert {each["itemIdentifier"] for each in answer["batchItemFailures"]} == failing
    assert got == [kind] * 6
    found = {each["annotations"][ID_ANNOTATIONS[name]]: each for each in messages_in(daemon, name)}
    assert sorted(found) == sorted(map(id_of, records))
    assert {number for number, each in found.items() if each.get("fault")} == failing


@pytest.mark.parametrize(
    ("body", "inner"),
    [
        (notification(), "sns news"),
        (bus_event(), "eventbridge com.example.shop"),
        (bucket_notification(), "s3"),
        ("{}", None),
    ],
)
def test_a_message_tells_which_service_wrapped_it(body: str, inner: str | None, daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)
    record = {**message(1, None), "body": body}

    for records in (tracer.records, tracer.sqs_records):
        for _ in records([record, SQSRecord(record)]):
            pass

    found = messages_in(daemon)
    assert [each["annotations"].get("InnerSource") for each in found] == [inner] * 4
    assert PAYLOAD not in json.dumps(daemon.documents())


def test_a_message_is_linked_to_the_subsegment_that_sent_it(daemon: Daemon, invoke: Invoke) -> None:
    ours, theirs = invoke(), new_trace_id()
    tracer = Tracer(auto_patch=False)
    without_parent = {**message(3), "attributes": {"AWSTraceHeader": f"Root={theirs};Sampled=1"}}
    forged = {"AWSTraceHeader": f"Root=1-{'x' * 33};Parent={1:016x};Sampled=1"}

    for _ in tracer.records(
        [
            message(1, root=theirs),
            message(2, root=ours.root),
            without_parent,
            message(4, None),
            {**message(5), "attributes": forged},
            kinesis(6),
        ]
    ):
        pass

    found = sorted(daemon.subsegments(), key=lambda each: each["start_time"])
    assert [each.get("links") for each in found] == [[{"trace_id": theirs, "id": f"{1:016x}"}], *[None] * 5]
    assert [each["annotations"].get("ProducerTraceId") for each in found] == [
        *(theirs, None, theirs),
        *(None, f"1-{'x' * 33}", None),
    ]


def test_an_invocation_has_at_most_as_many_links_as_xray_takes(daemon: Daemon, invoke: Invoke) -> None:
    tracer = Tracer(auto_patch=False)

    @tracer.capture_lambda_handler
    def handler(event: Any, context: object) -> None:
        for _ in tracer.records(event):
            pass

    for _ in range(2):
        invoke()
        handler([message(number, root=new_trace_id()) for number in range(1, 31)], None)

    found = messages_in(daemon)
    assert sum("links" in each for each in found) == 2 * MAX_LINKS
    assert sum("ProducerTraceId" in each["annotations"] for each in found) == 60


def test_messages_that_are_left_out_are_counted_on_the_handler(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    @tracer.capture_record
    def handle(record: Any) -> None: ...

    @tracer.capture_method
    def work(event: Any) -> None:
        for _ in tracer.records(event):
            pass
        for record in event:
            handle(record)

    @tracer.capture_lambda_handler
    def handler(event: Any, context: object) -> None:
        work(event)

    handler([message(1, 0), message(2, 1), message(3, 0), message(4, None)], None)
    handler([message(1, 1)], None)

    first, second = [each for each in daemon.subsegments() if each["name"] == "## handler"]
    assert first["metadata"]["lambda_tracer"]["records_not_sampled"] == 4
    assert "records_not_sampled" not in second["metadata"]["lambda_tracer"]
    assert len(messages_in(daemon)) == 6


def test_a_message_left_out_without_a_subsegment_above_it_is_counted_nowhere(daemon: Daemon) -> None:
    assert len(list(Tracer(auto_patch=False).records([message(1, 0)]))) == 1
    assert daemon.subsegments() == []


def test_records_of_unknown_sources_come_through_untouched(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    records = [{"eventSource": "aws:kafka", "messageId": "1"}, {"EventSource": "aws:amq"}]

    assert list(Tracer(auto_patch=False).records({"Records": records})) == records
    assert daemon.subsegments() == []
    assert [entry.getMessage() for entry in caplog.records if entry.levelno >= logging.WARNING] == [
        "records: the event is of no source that is known, its records get no subsegments"
    ]


@pytest.mark.parametrize("event", [{}, None, 7, "Records", {"version": "2.0", "routeKey": "GET /"}, object()])
def test_what_has_no_records_gives_nothing_and_says_so_once(
    event: object, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    tracer = Tracer(auto_patch=False)

    assert [list(tracer.records(event)) for _ in range(2)] == [[], []]
    assert len([entry for entry in caplog.records if entry.levelno >= logging.WARNING]) == 1


def test_records_that_do_not_say_what_they_are_are_recorded_all_the_same(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    assert list(tracer.records([7, None, {}])) == [7, None, {}]
    assert tracer.capture_record(lambda: 1)() == 1
    assert {each["name"] for each in daemon.subsegments()} == {"## record"}


@pytest.mark.parametrize("name", RECIPES)
def test_a_hostile_value_comes_through_as_a_record_and_within_one(name: str, daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)
    value = RECIPES[name]()
    records = [
        value,
        *({"eventSource": source, "kinesis": value, "dynamodb": value} for source in ("aws:kinesis", value)),
        *({"eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": value}, "eventSourceARN": value},),
        *({"EventSource": "aws:sns", "Sns": {"TopicArn": value, "MessageId": value}},),
        *({"eventSource": "aws:s3", "s3": {"bucket": {"name": value}}, "responseElements": value},),
        *({"eventSource": "aws:sqs", "body": value, "messageId": value, "attributes": value},),
    ]

    found = list(tracer.records({"Records": records}))

    assert len(found) == len(records)
    assert all(one is other for one, other in zip(found, records, strict=True))
    daemon.subsegments()


def test_the_record_is_found_among_the_arguments_of_a_handler(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    class Clicks:
        @tracer.capture_record
        def method(self, context: object, record: Any) -> None: ...

        @tracer.capture_record
        @staticmethod
        def static(each: Any) -> None: ...

    @tracer.capture_record
    def second(context: object, each: Any) -> None: ...

    Clicks().method(None, record=kinesis(1))
    Clicks.static(kinesis(2))
    second({}, KinesisStreamRecord(kinesis(3)))

    daemon.expect_tree("\n".join(["## kinesis clicks"] * 3))


def test_somebody_elses_provider_records_records_of_every_source(daemon: Daemon) -> None:
    provider = Provider()
    tracer = Tracer(service="orders", provider=provider, auto_patch=False)

    for _ in tracer.records({"Records": [make(1) for make in RECORDS.values()]}):
        pass

    assert [call[1] for call in provider.calls if call[0] == "begin"] == list(RECORDS)


def test_the_decorated_handler_looks_like_the_handler() -> None:
    tracer = Tracer(auto_patch=False)

    def handle(record: Any, lambda_context: object = None) -> str:
        """Handles."""
        return ""

    captured = tracer.capture_record(handle, capture_response=False)
    assert (captured.__name__, captured.__doc__) == ("handle", "Handles.")
    assert inspect.signature(captured) == inspect.signature(handle)

"""A batch of messages: each in a subsegment of its own if it was sampled, and a fault in it if it failed."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import random
import sys
import warnings
from collections.abc import Callable, Iterator
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
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.parser.models import SqsModel, SqsRecordModel
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke, new_trace_id
from tests.daemon import Daemon
from tests.test_sqs import record
from tests.test_tracer import Provider

SEED = 20_270_225


class Refused(Exception):
    """What a handler raises that does not want a message."""


def message(
    number: int, sampled: int | None = 1, *, root: str | None = None, fails: bool = False
) -> dict[str, Any]:
    """A message; `sampled=None` has no header."""
    header = f"Root={root or new_trace_id()};Parent={number:016x};Sampled={sampled}"
    more = {"messageId": f"m{number}", "body": "fails" if fails else "fine"}
    return {**record(None if sampled is None else header), **more}


def batch(size: int) -> list[dict[str, Any]]:
    """Messages of mixed sampling, one in four failing; the same in every run."""
    chosen = random.Random(SEED + size)
    return [
        message(number, chosen.choice((1, 1, 0, None)), fails=chosen.random() < 0.25)
        for number in range(size)
    ]


def is_recorded(each: dict[str, Any]) -> bool:
    return "Sampled=0" not in each["attributes"].get("AWSTraceHeader", "")


def ids(messages: list[dict[str, Any]]) -> list[str]:
    return [each["messageId"] for each in messages]


def messages_in(daemon: Daemon, name: str = "## sqs orders") -> list[dict[str, Any]]:
    """The subsegments of messages, in the order in which they began."""
    found = [each for each in daemon.subsegments() if each["name"] == name]
    return sorted(found, key=lambda each: each["start_time"])


def annotated(subsegments: list[dict[str, Any]], key: str = "MessageId") -> list[str | None]:
    return [each["annotations"].get(key) for each in subsegments]


# --- the loop ---------------------------------------------------------------------------------------------------------


def test_each_record_is_a_subsegment_that_the_work_on_it_is_under(daemon: Daemon) -> None:
    tracer = Tracer(service="orders", auto_patch=False)

    @tracer.capture_method
    def work(number: str) -> str:
        return number

    @tracer.capture_lambda_handler
    def handler(event: dict[str, Any], context: object) -> list[str]:
        done = [work(each["messageId"]) for each in tracer.sqs_records(event)]
        work("afterwards")
        return done

    assert handler({"Records": [message(1), message(2, 0), message(3, None)]}, None) == ["m1", "m2", "m3"]
    name = f"## {__name__}.{work.__qualname__}".replace("<", "").replace(">", "")
    daemon.expect_tree(
        "\n".join(
            ["## handler", "  ## sqs orders", f"    {name}", "  ## sqs orders", f"    {name}", f"  {name}"]
        )
    )
    assert annotated(messages_in(daemon)) == ["m1", "m3"]


def test_the_producers_trace_is_annotated_where_it_is_another_one(daemon: Daemon, invoke: Invoke) -> None:
    ours, theirs = invoke(), new_trace_id()
    tracer = Tracer(auto_patch=False)
    forged = message(4, root="x" * 35)

    for _ in tracer.sqs_records(
        [message(1, root=ours.root), message(2, root=theirs), message(3, None), forged]
    ):
        pass

    subsegments = messages_in(daemon)
    assert annotated(subsegments) == ["m1", "m2", "m3", "m4"]
    assert annotated(subsegments, "ProducerTraceId") == [None, theirs, None, None]
    assert {each["trace_id"] for each in subsegments} == {ours.root}


def test_below_an_unsampled_message_nothing_is_recorded_and_requests_say_so(
    daemon: Daemon, invoke: Invoke
) -> None:
    ours = invoke(Lineage="1:a87bd80c:1")
    tracer = Tracer(auto_patch=False)
    sent = []

    with tracer.provider.in_subsegment("handler") as handler:
        for each in tracer.sqs_records([message(1, 0), message(2, 1)]):
            tracer.put_annotation("Seen", each["messageId"])
            tracer.provider.end_subsegment()
            with tracer.provider.in_subsegment("below"):
                sent.append(tracer.provider.trace_header())
        sent.append(tracer.provider.trace_header())

    below = daemon.subsegment("below")
    daemon.expect_tree("handler\n  ## sqs orders\n    below")
    assert "annotations" not in daemon.subsegment("handler")
    assert sent == [
        f"Root={ours.root};Parent={ours.parent};Sampled=0;Lineage=1:a87bd80c:1",
        f"Root={ours.root};Parent={below['id']};Sampled=1;Lineage=1:a87bd80c:1",
        f"Root={ours.root};Parent={handler.id};Sampled=1;Lineage=1:a87bd80c:1",
    ]


@pytest.mark.parametrize("sampled", [0, "?", None])
def test_in_an_unsampled_invocation_no_message_is_recorded_not_even_a_sampled_one(
    daemon: Daemon, invoke: Invoke, sampled: int | str | None
) -> None:
    invoke(sampled=sampled, parent="" if sampled is None else None)
    tracer = Tracer(auto_patch=False)
    before = tracer.provider.trace_header()

    @tracer.capture_sqs_record
    def handle(record: dict[str, Any]) -> str | None:
        header: str | None = tracer.provider.trace_header()
        return header

    assert [handle(each) for each in tracer.sqs_records([message(1, 1), message(2, 0)])] == [before, before]
    assert daemon.subsegments() == []


def in_plain_loop(tracer: Tracer, records: list[Any], body: Callable[[Any], object]) -> None:
    for each in tracer.sqs_records(records):
        body(each)


def in_enumerated_loop(tracer: Tracer, records: list[Any], body: Callable[[Any], object]) -> None:
    for _, each in enumerate(tracer.sqs_records(records)):
        body(each)


def in_loop_over_a_variable(tracer: Tracer, records: list[Any], body: Callable[[Any], object]) -> None:
    wanted = tracer.sqs_records(records)
    for each in wanted:
        body(each)


def in_try_inside(tracer: Tracer, records: list[Any], body: Callable[[Any], object]) -> None:
    for each in tracer.sqs_records(records):
        try:
            body(each)
        finally:
            str(each)


def in_with_inside(tracer: Tracer, records: list[Any], body: Callable[[Any], object]) -> None:
    for each in tracer.sqs_records(records):
        with warnings.catch_warnings():
            body(each)


def in_reraising(tracer: Tracer, records: list[Any], body: Callable[[Any], object]) -> None:
    for each in tracer.sqs_records(records):
        try:
            body(each)
        except Refused as error:
            raise KeyError(each["messageId"]) from error


def in_inner_loop(tracer: Tracer, records: list[Any], body: Callable[[Any], object]) -> None:
    for each in tracer.sqs_records(records):
        for _ in range(2):
            body(each)


def in_inner_loop_whose_iterator_raises(
    tracer: Tracer, records: list[Any], body: Callable[[Any], object]
) -> None:
    for each in tracer.sqs_records(records):
        for _ in map(body, [each]):
            pass


def in_assignment(tracer: Tracer, records: list[Any], body: Callable[[Any], object]) -> None:
    class Results(dict[str, Any]):
        def __setitem__(self, number: str, each: Any) -> None:
            body(each)

        def __delitem__(self, number: str) -> None: ...

    results = Results()
    for each in tracer.sqs_records(records):
        results[each["messageId"]] = each
        del results[each["messageId"]]


def in_coroutine(tracer: Tracer, records: list[Any], body: Callable[[Any], object]) -> None:
    async def later(each: Any) -> None:
        await asyncio.sleep(0)
        body(each)

    async def main() -> None:
        for each in tracer.sqs_records(records):
            await later(each)

    asyncio.run(main())


def in_coroutine_that_waits_for_a_task(
    tracer: Tracer, records: list[Any], body: Callable[[Any], object]
) -> None:
    async def later(each: Any) -> None:
        await asyncio.sleep(0)
        body(each)

    async def main() -> None:
        for each in tracer.sqs_records(records):
            await asyncio.gather(later(each))

    asyncio.run(main())


LOOPS = [value for name, value in list(globals().items()) if name.startswith("in_")]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("traced", [False, True])
def test_an_exception_that_leaves_the_loop_faults_the_record_that_it_was_at(
    loop: Callable[..., None], traced: bool, daemon: Daemon
) -> None:
    tracer = Tracer(auto_patch=False)

    def body(each: dict[str, Any]) -> None:
        if each["body"] == "fails":
            raise Refused(each["messageId"])

    sys.settrace((lambda *_: None) if traced else sys.gettrace())
    try:
        with pytest.raises((Refused, KeyError)), tracer.provider.in_subsegment("handler"):
            loop(tracer, [message(1), message(2), message(3, fails=True), message(4)], body)
    finally:
        sys.settrace(None)

    assert [bool(each.get("fault")) for each in messages_in(daemon)] == [False, False, True]
    assert daemon.subsegment("handler")["fault"]
    assert xray_recorder.trace_header() is not None
    assert xray_recorder.current_subsegment() is None


def test_an_exception_caught_outside_the_loop_faults_its_record_all_the_same(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    with tracer.provider.in_subsegment("handler"):
        try:
            for each in tracer.sqs_records([message(1), message(2)]):
                raise Refused(each["messageId"])
        except Refused:
            pass
        with tracer.provider.in_subsegment("afterwards"):
            pass

    daemon.expect_tree("handler\n  ## sqs orders  fault\n  afterwards")


def leave_by_break(tracer: Tracer, records: list[Any]) -> object:
    for _ in tracer.sqs_records(records):
        break
    return None


def leave_by_break_out_of_with(tracer: Tracer, records: list[Any]) -> object:
    for _ in tracer.sqs_records(records):
        with warnings.catch_warnings():
            break
    return None


def leave_by_break_out_of_except(tracer: Tracer, records: list[Any]) -> object:
    for each in tracer.sqs_records(records):
        try:
            raise Refused(each["messageId"])
        except Refused:
            break
    return None


def leave_by_return(tracer: Tracer, records: list[Any]) -> object:
    for each in tracer.sqs_records(records):
        return each
    return None


def leave_by_return_of_nothing(tracer: Tracer, records: list[Any]) -> object:
    for _ in tracer.sqs_records(records):
        return None
    return None


def leave_by_return_through_finally(tracer: Tracer, records: list[Any]) -> object:
    try:
        for each in tracer.sqs_records(records):
            return len(each)
    finally:
        str(records)
    return None


def leave_by_next(tracer: Tracer, records: list[Any]) -> object:
    return next(iter(tracer.sqs_records(records)))


def leave_by_forgetting(tracer: Tracer, records: list[Any]) -> object:
    wanted = iter(tracer.sqs_records(records))
    for _ in wanted:
        break
    wanted = iter(())
    return wanted


def leave_by_zip(tracer: Tracer, records: list[Any]) -> object:
    nothing: list[object] = []
    return list(zip(tracer.sqs_records(records), nothing, strict=False))


def leave_by_generator(tracer: Tracer, records: list[Any]) -> object:
    def each() -> Iterator[Any]:
        for found in tracer.sqs_records(records):
            yield found["messageId"]

    return [found for found, _ in zip(each(), range(1), strict=False)]


def leave_in_coroutine(tracer: Tracer, records: list[Any]) -> object:
    async def main() -> None:
        for _ in tracer.sqs_records(records):
            await asyncio.sleep(0)
            break

    return asyncio.run(main())


LEAVES = [value for name, value in list(globals().items()) if name.startswith("leave_")]


@pytest.mark.parametrize("leave", LEAVES)
def test_a_loop_left_early_without_an_exception_faults_nothing(
    leave: Callable[..., object], daemon: Daemon
) -> None:
    tracer = Tracer(auto_patch=False)

    with tracer.provider.in_subsegment("handler"):
        leave(tracer, [message(1), message(2, 0), message(3)])
        gc.collect()
        with tracer.provider.in_subsegment("afterwards"):
            pass

    assert [each for each in daemon.subsegments() if each.get("fault") or each.get("in_progress")] == []
    assert annotated(messages_in(daemon))[0] == "m1"
    assert daemon.subsegment("afterwards")["parent_id"] == daemon.subsegment("handler")["id"]


def test_loops_nest_and_records_can_be_gone_through_again(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)
    records = tracer.sqs_records([message(1), message(2)])

    for _ in records:
        for _ in tracer.sqs_records({"Records": [{**message(3), "eventSourceARN": "arn:aws:sqs:a:1:inner"}]}):
            pass
    for _ in records:
        pass

    daemon.expect_tree(
        "## sqs orders\n  ## sqs inner\n## sqs orders\n  ## sqs inner\n## sqs orders\n## sqs orders"
    )


def test_what_the_loops_own_code_catches_can_be_reported_on_the_record(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    for each in tracer.sqs_records([message(1), message(2, fails=True), message(3, 0, fails=True)]):
        try:
            refuse(each)
        except Refused as error:
            tracer.provider.current_subsegment().add_exception(error)

    daemon.expect_tree("## sqs orders\n## sqs orders  fault Refused")


EVENTS: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "Lambda's event": lambda records: {"Records": records},
    "Powertools' SQSEvent": lambda records: SQSEvent({"Records": records}),
    "Powertools' pydantic model": lambda records: SqsModel(
        Records=[SqsRecordModel(**each) for each in records]
    ),
    "a list": list,
    "a tuple": tuple,
    "boto3's response": lambda records: {
        "Messages": [
            {"MessageId": each["messageId"], "Attributes": each["attributes"], "Body": each["body"]}
            for each in records
        ]
    },
}


@pytest.mark.parametrize("form", EVENTS)
def test_an_event_comes_in_any_form_and_its_records_stay_what_they_are(form: str, daemon: Daemon) -> None:
    event = EVENTS[form]([message(1), message(2, 0), message(3, None)])
    expected = {"Powertools' SQSEvent": SQSRecord, "Powertools' pydantic model": SqsRecordModel}.get(
        form, dict
    )

    found = list(Tracer(auto_patch=False).sqs_records(event))

    assert [type(each) for each in found] == [expected] * 3
    name = "## sqs" if form == "boto3's response" else "## sqs orders"
    assert annotated(messages_in(daemon, name)) == ["m1", "m3"]


@pytest.mark.parametrize("event", [{"Records": []}, {"Messages": []}, [], ()])
def test_an_empty_event_gives_nothing_and_says_nothing(
    event: object, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    assert list(Tracer(auto_patch=False).sqs_records(event)) == []
    assert daemon.subsegments() == []
    assert caplog.records == []


@pytest.mark.parametrize(
    "event",
    [
        {},
        None,
        7,
        "Records",
        {"Records": "Records"},
        {"Records": None},
        {"Records": {"a": 1}},
        {"Records": 7},
        {"version": "2.0", "routeKey": "GET /"},
        object(),
        range(2),
    ],
)
def test_what_is_no_event_of_records_gives_nothing_and_says_so_once(
    event: object, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    tracer = Tracer(auto_patch=False)

    assert [list(tracer.sqs_records(event)) for _ in range(3)] == [[], [], []]
    assert daemon.subsegments() == []
    assert [entry.getMessage() for entry in caplog.records if entry.levelno >= logging.WARNING] == [
        "sqs_records: the event is not one of SQS, its records get no subsegments of their own"
    ]


def test_records_of_another_source_come_through_untouched(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    records = [{"eventSource": "aws:kinesis", "eventID": "1"}, {"EventSource": "aws:sns", "Sns": {}}, 7, None]

    found = list(Tracer(auto_patch=False).sqs_records({"Records": records}))

    assert found == records
    assert [each["name"] for each in daemon.subsegments()] == ["## sqs", "## sqs"]
    assert len([entry for entry in caplog.records if entry.levelno >= logging.WARNING]) == 1


# --- the record handler -----------------------------------------------------------------------------------------------


def refuse(each: Any) -> str:
    """Fails for a message that says so."""
    body = each["body"]
    if body == "fails":
        raise Refused(each["messageId"])
    return f"{body}!"


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
    assert list(metadata[5]) == [f"{__name__}.refuse error"]


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

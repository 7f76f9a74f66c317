"""A loop over a batch: each sampled message is a subsegment, with a fault if an exception left the loop at it."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.parser.models import SqsModel, SqsRecordModel

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke, new_trace_id
from tests.daemon import Daemon
from tests.sqs_messages import Refused, annotated, message, messages_in, refuse


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

"""What a handler calls failed in its answer is a fault, whether its subsegment waits or has left."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from lambda_tracer import Tracer
from lambda_tracer.send import outbox
from lambda_tracer.xray import MAX_TRACE_BYTES
from tests.batches import FAILED_BY_ID, RECORDS, id_of, s3, sns
from tests.daemon import Daemon
from tests.documents import Document
from tests.hostile.values import RECIPES
from tests.sqs_messages import message, messages_in


def answer(*failed: str) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}


def faults(daemon: Daemon, name: str = "## sqs orders") -> list[str]:
    """The ids of the records that are faults."""
    return [
        next(iter(each["annotations"].values())) for each in messages_in(daemon, name) if each.get("fault")
    ]


@pytest.mark.parametrize("name", FAILED_BY_ID)
def test_the_records_that_the_answer_names_are_faults(name: str, daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)
    records = [RECORDS[name](number) for number in range(5)]
    expected = answer(id_of(records[1]), id_of(records[3]), "another")

    @tracer.capture_lambda_handler
    def handler(event: Any, context: object) -> Any:
        for _ in tracer.records(event):
            with tracer.provider.in_subsegment("work"):
                pass
        return expected

    assert handler({"Records": records}, None) is expected
    assert faults(daemon, name) == [id_of(records[1]), id_of(records[3])]
    fine, failed = f"\n  {name}\n    work", f"\n  {name}  fault\n    work"
    daemon.expect_tree("## handler" + fine + failed + fine + failed + fine)
    assert len(daemon.datagrams()) == 1


def test_it_need_not_be_raised_again_what_is_a_fault_already(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    @tracer.capture_record
    def handle(record: Any) -> None:
        raise ValueError(record["messageId"])

    @tracer.capture_lambda_handler
    def handler(event: Any, context: object) -> Any:
        for record in event["Records"]:
            with pytest.raises(ValueError, match="m1"):
                handle(record)
        return answer("m1")

    handler({"Records": [message(1)]}, None)

    daemon.expect_tree("## handler\n  ## sqs orders  fault ValueError")
    assert json.dumps(daemon.documents()).count('"fault"') == 1


def test_in_a_coroutine_and_below_other_subsegments(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    @tracer.capture_record(capture_response=False)
    async def handle(record: Any) -> bool:
        await asyncio.sleep(0)
        return False

    @tracer.capture_lambda_handler
    async def handler(event: Any, context: object) -> Any:
        with tracer.provider.in_subsegment("all"), tracer.provider.in_subsegment("of them"):
            await asyncio.gather(*(handle(record) for record in event["Records"]))
        return answer("m2")

    handler({"Records": [message(1), message(2), message(3)]}, None)

    assert faults(daemon) == ["m2"]
    assert len(daemon.datagrams()) == 1


def sent_twice(daemon: Daemon) -> list[Document]:
    """The documents of subsegments that had been sent before."""
    seen: set[str] = set()
    again = []
    for document in daemon.documents():
        waiting = [document]
        while waiting:
            each = waiting.pop()
            waiting += each.get("subsegments", [])
            if each["id"] in seen and each is document:
                again.append(each)
            seen.add(each["id"])
    return again


@pytest.mark.parametrize("is_below", [False, True])
def test_what_has_left_is_sent_again_with_all_that_it_had(is_below: bool, daemon: Daemon) -> None:
    tracer = Tracer(service="orders", auto_patch=False)
    failed = ["m3", "m70", "m199"]
    calls = 0

    @tracer.capture_record
    def handle(record: Any) -> dict[str, str]:
        with tracer.provider.in_subsegment("work"):
            return {"of": record["messageId"], "text": "x" * 400}

    @tracer.capture_lambda_handler
    def handler(event: Any, context: object) -> Any:
        nonlocal calls
        for record in event["Records"]:
            if is_below:
                with tracer.provider.in_subsegment("each"):
                    handle(record)
            else:
                handle(record)
            calls += 1
        return answer(*failed)

    handler({"Records": [message(number) for number in range(200)]}, None)

    assert calls == 200
    assert len(daemon.datagrams()) > 2
    assert faults(daemon) == failed
    again = sent_twice(daemon)
    assert [each["annotations"]["MessageId"] for each in again] == ["m3", "m70"]
    for each in again:
        (response,) = each["metadata"]["orders"].values()
        assert response["of"] == each["annotations"]["MessageId"]
        assert [child["name"] for child in each["subsegments"]] == ["work"]
    assert len(messages_in(daemon)) == 200


def test_what_left_by_itself_is_sent_again(daemon: Daemon) -> None:
    tracer = Tracer(service="orders", auto_patch=False)

    @tracer.capture_record
    def handle(record: Any) -> str:
        return "x" * outbox.MAX_WAITING_BYTES

    @tracer.capture_lambda_handler
    def handler(event: Any, context: object) -> Any:
        handle(event["Records"][0])
        return answer("m1")

    handler({"Records": [message(1)]}, None)

    assert faults(daemon) == ["m1"]
    assert len(sent_twice(daemon)) == 1


def test_what_is_beyond_xrays_limit_for_a_trace_is_counted(daemon: Daemon) -> None:
    tracer = Tracer(service="orders", auto_patch=False)
    size = 40_000
    count = MAX_TRACE_BYTES // size + 5

    @tracer.capture_record
    def handle(record: Any) -> str:
        return "x" * size

    @tracer.capture_lambda_handler(capture_response=False)
    def handler(event: Any, context: object) -> Any:
        for record in event["Records"]:
            handle(record)
        return answer(*(each["messageId"] for each in event["Records"]))

    handler({"Records": [message(number) for number in range(count)]}, None)

    handlers = daemon.subsegment("## handler")
    unmarked = handlers["metadata"]["lambda_tracer"]["failed_records_not_marked"]
    assert 0 < unmarked < 6
    assert len(faults(daemon)) == count - unmarked


def test_a_record_that_is_still_worked_on_becomes_a_fault_too(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)
    begun, done = threading.Event(), threading.Event()

    @tracer.capture_record
    def handle(record: Any) -> None:
        begun.set()
        done.wait(10)

    thread = threading.Thread(target=lambda: None)

    @tracer.capture_lambda_handler
    def handler(event: Any, context: object) -> Any:
        nonlocal thread
        carried = tracer.provider.carry()
        thread = threading.Thread(target=carried.run, args=(handle, event["Records"][0]))
        thread.start()
        begun.wait(10)
        return answer("m1")

    handler({"Records": [message(1)]}, None)
    done.set()
    thread.join()

    assert faults(daemon) == ["m1"]


def test_sources_whose_records_cannot_fail_by_id_are_left_alone(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)
    records = [sns(1), s3(1)]

    @tracer.capture_lambda_handler
    def handler(event: Any, context: object) -> Any:
        for _ in tracer.records(event):
            pass
        return answer(*map(id_of, records))

    handler({"Records": records}, None)

    daemon.expect_tree("## handler\n  ## sns news\n  ## s3 invoices")


def test_the_next_invocation_knows_nothing_of_the_records_of_this_one(daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    @tracer.capture_lambda_handler
    def handler(event: Any, context: object) -> Any:
        for _ in tracer.records(event["Records"]):
            pass
        return event["answer"]

    handler({"Records": [message(1)], "answer": answer()}, None)
    handler({"Records": [message(2)], "answer": answer("m1")}, None)

    assert faults(daemon) == []
    assert len(messages_in(daemon)) == 2


@pytest.mark.parametrize("name", RECIPES)
def test_a_hostile_answer_is_given_back_as_it_came(name: str, daemon: Daemon) -> None:
    tracer = Tracer(auto_patch=False)
    value = RECIPES[name]()

    @tracer.capture_lambda_handler(capture_response=False)
    def handler(event: Any, context: object) -> Any:
        for _ in tracer.records(event):
            pass
        return {"batchItemFailures": [{"itemIdentifier": value}, value, {"itemIdentifier": "m1"}]}

    given = handler([message(1)], None)

    assert given["batchItemFailures"][1] is value
    assert faults(daemon) == ["m1"]

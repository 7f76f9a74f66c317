"""Segments that are begun outside Lambda by the X-Ray SDK's names: what is sent of them, beside what the SDK sends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compat.programs import ARRIVED, run

OUTSIDE: dict[str, Any] = {"LAMBDA_TASK_ROOT": ""}

PROGRAM = (
    ARRIVED
    + """
del os.environ["_X_AMZN_TRACE_ID"]
daemon.settimeout(10)
from aws_xray_sdk.core import xray_recorder as x
from aws_xray_sdk.core.async_context import AsyncContext
from aws_xray_sdk.core.context import Context
from aws_xray_sdk.core.models.segment import Segment
from aws_xray_sdk.core.models.subsegment import Subsegment
from aws_xray_sdk.ext.util import inject_trace_header
x.configure(service="svc", context=Context("IGNORE_ERROR"))

def received():
    "What came, as a tree of what is known of each, in the form of neither."
    known = arrived()
    def tree(above):
        found = [each for each in known.values() if each["parent_id"] == above]
        if above is None:
            found = [each for each in known.values() if each["parent_id"] not in known]
        return [
            [facts(each), tree(each["id"])] for each in sorted(found, key=lambda each: each["start_time"])
        ]
    def facts(document):
        document = dict(document)
        for name in ("id", "trace_id", "start_time", "end_time", "sampled", "type"):
            document.pop(name, None)
        if document["parent_id"] in known or document["parent_id"] is None:
            del document["parent_id"]
        if document.get("in_progress") is False:
            del document["in_progress"]
        cause = document.get("cause")
        if isinstance(cause, str):
            document["cause"] = "an id"
        elif cause:
            document["cause"] = [[each["type"], each["message"]] for each in cause["exceptions"]]
        return {name: value for name, value in document.items() if value not in ({}, [], None, "local")}
    return tree(None)

def scenario(function):
    function()
    note(function.__name__, received)
    x.clear_trace_entities()
    return function

def caught(call):
    try:
        call()
    except ValueError:
        pass

@scenario
def everything():
    segment = x.begin_segment("all", sampling=1)
    segment.set_user("me")
    segment.put_http_meta("url", "http://h/p")
    segment.put_http_meta("status", 404)
    segment.put_metadata("m", {"a": [1]})
    x.put_annotation("a", 1)
    with x.in_subsegment("inner", namespace="remote") as inner:
        x.put_annotation("b", "two")
        x.put_metadata("n", 2, "space")
        with x.in_subsegment("innermost"):
            pass
    x.end_segment()

@scenario
def of_another_service():
    x.begin_segment("s", traceid="1-5759e988-" + "b" * 24, parent_id="a" * 16, sampling=1)
    x.end_segment()

@scenario
def by_the_name_of_the_service():
    x.begin_segment(sampling=1)
    x.end_segment()

@scenario
def a_rule():
    x.begin_segment("ruled", sampling="by this")
    x.end_segment()

@scenario
def fails():
    def call():
        with x.in_segment("fails", sampling=1), x.in_subsegment("below"):
            raise ValueError("no")
    caught(call)

@scenario
def flags():
    segment = x.begin_segment("flags", sampling=1)
    segment.apply_status_code(429)
    segment.add_fault_flag()
    x.end_segment()

@scenario
def ended_before_what_is_below():
    x.begin_segment("early", sampling=1)
    x.begin_subsegment("outer")
    x.begin_subsegment("inner")
    x.end_segment()
    x.end_subsegment()
    x.end_subsegment()

@scenario
def many():
    x.begin_segment("many", sampling=1)
    for number in range(70):
        with x.in_subsegment("outer %d" % number):
            x.put_annotation("n", number)
            with x.in_subsegment("inner"):
                pass
    x.end_segment()

@scenario
def not_sampled():
    segment = x.begin_segment("not", sampling=0)
    with x.in_subsegment("below"):
        pass
    x.end_segment()

@scenario
def one_after_another():
    for name in ("a", "b"):
        with x.in_segment(name, sampling=1):
            with x.in_subsegment("in " + name):
                pass

@scenario
def threads():
    segment = x.begin_segment("threads", sampling=1)
    with x.in_subsegment("main") as main:
        def work(entity, name):
            x.set_trace_entity(entity)
            with x.in_subsegment(name):
                pass
            x.clear_trace_entities()
        for entity, name in ((segment, "below the segment"), (main, "below a subsegment")):
            thread = threading.Thread(target=work, args=(entity, name))
            thread.start()
            thread.join()
    x.end_segment()

@scenario
def outlived_by_a_thread():
    segment = x.begin_segment("outlived", sampling=1)
    may_end = threading.Event()
    is_open = threading.Event()
    def work():
        x.set_trace_entity(segment)
        x.begin_subsegment("late")
        is_open.set()
        may_end.wait(10)
        x.put_annotation("late", True)
        x.end_subsegment()
    thread = threading.Thread(target=work)
    thread.start()
    is_open.wait(10)
    x.end_segment()
    may_end.set()
    thread.join()

@scenario
def made_by_hand():
    segment = Segment("by hand")
    x.context.put_segment(segment)
    subsegment = Subsegment("below", "local", segment)
    x.context.put_subsegment(subsegment)
    subsegment.put_annotation("a", 1)
    x.end_subsegment()
    x.end_segment()

@scenario
def headers():
    def sent(entity):
        headers = {}
        inject_trace_header(headers, entity)
        return headers["X-Amzn-Trace-Id"]
    segment = x.begin_segment("headers", traceid="1-5759e988-" + "c" * 24, sampling=1)
    subsegment = x.begin_subsegment("below")
    for label, entity in (("segment", segment), ("subsegment", subsegment)):
        known = "Root=1-5759e988-" + "c" * 24 + ";Parent=" + entity.id + ";Sampled=1"
        note("header of the " + label, lambda: sent(entity) == known)
    x.end_subsegment()
    x.end_segment()
    unsampled = x.begin_segment("not", sampling=0)
    note("header where nothing is sampled", lambda: sent(unsampled))
    x.end_segment()

@scenario
def tasks():
    async def work(name):
        async with x.in_segment_async(name, sampling=1):
            async with x.in_subsegment_async("in " + name):
                await asyncio.sleep(0.01)
                async with x.in_subsegment_async("deeper"):
                    await asyncio.sleep(0.01)
    async def all_of_them():
        x.configure(context=AsyncContext())
        for number in range(3):
            await asyncio.gather(work("first %d" % number), work("second %d" % number))
    asyncio.run(all_of_them())

@scenario
def all_are_sampled():
    x.configure(sampling=False, context=Context("IGNORE_ERROR"))
    for number in range(4):
        with x.in_segment("each"):
            pass
"""
)


@pytest.fixture(scope="module")
def both() -> tuple[Any, Any]:
    """What arrived by the real SDK, and by the compatible names."""
    theirs, ours = (run(PROGRAM, compatible=which, **OUTSIDE) for which in (False, True))
    return theirs.told, ours.told


def test_the_documents_are_those_of_the_sdk(both: tuple[Any, Any]) -> None:
    theirs, ours = both

    assert ours == theirs


def test_a_segment_of_which_nobody_says_whether_it_is_sampled_is_as_the_variable_says() -> None:
    program = (
        PROGRAM.partition("@scenario")[0]
        + """
@scenario
def unsaid():
    with x.in_segment("first"), x.in_subsegment("below"):
        note("below", lambda: x.current_subsegment().sampled)
    note("odd ids", lambda: [x.begin_segment("odd", traceid=5, parent_id=6, sampling=1).trace_id, x.end_segment()])
"""
    )
    ran = {said: run(program, LAMBDA_TRACER_SAMPLING=said, **OUTSIDE).told for said in ("", "1/s", "0")}

    assert {said: told["below"] for said, told in ran.items()} == {"": True, "1/s": True, "0": False}
    assert all(told["odd ids"] == ["5", None] for told in ran.values())  # X-Ray takes none such: not sent
    assert [len(told["unsaid"]) for told in ran.values()] == [1, 1, 0]

"""What the SDK's users write for Lambda, run on the SDK and on the compatible names: the same trace comes of it."""

from __future__ import annotations

from tests.compat.programs import DAEMON, run

PROGRAM = (
    DAEMON
    + """
import sqlite3
from concurrent.futures import ThreadPoolExecutor
daemon.setblocking(False)
logging.disable(logging.CRITICAL)
from aws_xray_sdk import global_sdk_config
from aws_xray_sdk.core import patch, xray_recorder

def trace():
    "Every subsegment that has arrived, with the name of what it is below."
    found = {}
    def keep(document, above):
        found[document["id"]] = {**document, "parent_id": document.get("parent_id", above)}
        for below in document.get("subsegments", []):
            keep(below, document["id"])
    while True:
        try:
            keep(json.loads(daemon.recv(70_000).partition(b"\\n")[2]), None)
        except BlockingIOError:
            break
    names = {id_: document["name"] for id_, document in found.items()}
    KEPT = ("annotations", "metadata", "http", "aws", "fault", "error", "throttle", "namespace")
    return sorted(
        [
            document["name"], names.get(document["parent_id"], "Lambda"),
            {key: document[key] for key in KEPT if key in document},
            [each["type"] for each in document["cause"]["exceptions"]] if "cause" in document else [],
        ]
        for document in found.values()
    )

def example(function):
    invoke(len(told) + 1)
    try:
        function()
    except ValueError:
        pass
    xray_recorder.clear_trace_entities()
    note(function.__name__, trace)

@xray_recorder.capture("charge")
def charge(amount):
    xray_recorder.put_annotation("amount", amount)
    xray_recorder.put_metadata("card", {"kind": "debit"}, "payment")
    if amount < 0:
        raise ValueError("negative")
    return amount

@xray_recorder.capture()
def named_by_itself():
    return charge(1)

@xray_recorder.capture_async("fetch")
async def fetch():
    await asyncio.sleep(0)
    async with xray_recorder.in_subsegment_async("inside") as subsegment:
        subsegment.put_annotation("n", 1)

@example
def decorated():
    named_by_itself()

@example
def failed():
    charge(-1)

@example
def with_a_block():
    with xray_recorder.in_subsegment("outer") as outer:
        outer.put_http_meta("url", "http://a.example/x")
        outer.put_http_meta("status", 429)
        with xray_recorder.in_subsegment("inner", namespace="remote"):
            pass

@example
def begun_and_ended():
    subsegment = xray_recorder.begin_subsegment("by hand")
    subsegment.put_annotation("key", "value")
    subsegment.set_aws({"operation": "GetItem"})
    xray_recorder.begin_subsegment("below")
    xray_recorder.end_subsegment()
    xray_recorder.end_subsegment()

@example
def begun_without_sampling():
    xray_recorder.begin_subsegment_without_sampling("not recorded")
    xray_recorder.begin_subsegment("nor this")
    xray_recorder.end_subsegment()
    xray_recorder.end_subsegment()
    with xray_recorder.in_subsegment("recorded"):
        pass

@example
def asynchronous():
    asyncio.run(fetch())

@example
def in_threads():
    def work(number, entity):
        xray_recorder.set_trace_entity(entity)
        with xray_recorder.in_subsegment(f"work {number}"):
            pass
        xray_recorder.clear_trace_entities()
    with xray_recorder.in_subsegment("all") as subsegment:
        with ThreadPoolExecutor(2) as pool:
            entity = xray_recorder.get_trace_entity()
            list(pool.map(lambda number: work(number, entity), range(3)))

@example
def in_a_segment():
    with xray_recorder.in_segment("mine"), xray_recorder.in_subsegment("below Lambda"):
        pass

@example
def described_by_a_processor():
    def describe(wrapped, instance, args, kwargs, return_value, exception, subsegment, stack):
        subsegment.put_metadata("returned", return_value)
    xray_recorder.record_subsegment(
        wrapped=lambda number: number + 1, instance=None, args=(1,), kwargs={}, name="recorded", namespace="remote",
        meta_processor=describe,
    )

@example
def switched_off():
    global_sdk_config.set_sdk_enabled(False)
    charge(1)
    global_sdk_config.set_sdk_enabled(True)

patch(["sqlite3"])

@example
def a_patched_library():
    connection = sqlite3.connect(":memory:")
    with xray_recorder.in_subsegment("query"):
        connection.cursor().execute("select 1")
"""
)


def test_examples_give_the_trace_that_they_gave() -> None:
    theirs, ours = run(PROGRAM, compatible=False).told, run(PROGRAM).told

    assert theirs == ours
    assert len(ours) == 11
    assert ours["decorated"] == [
        ["charge", "named_by_itself", {**_charged(1), "namespace": "local"}, []],
        ["named_by_itself", "Lambda", {"namespace": "local"}, []],
    ]
    assert ours["failed"] == [
        ["charge", "Lambda", {**_charged(-1), "namespace": "local", "fault": True}, ["ValueError"]]
    ]


def _charged(amount: int) -> dict[str, object]:
    return {"annotations": {"amount": amount}, "metadata": {"payment": {"card": {"kind": "debit"}}}}

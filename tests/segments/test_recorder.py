"""The recorder's segment methods, where segments are our own."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import TraceHeader, Tracer, xray_recorder
from lambda_tracer.segments import invocation
from tests.conftest import Invoke, new_trace_id
from tests.daemon import Daemon
from tests.logged import messages

PROJECT = Path(__file__).parents[2]


def test_a_block_is_a_segment_with_all_that_it_is_told(outside: Daemon) -> None:
    with xray_recorder.in_segment("import") as segment:
        segment.set_user("somebody")
        segment.put_http_meta("status", 429)
        xray_recorder.put_annotation("rows", 3)
        xray_recorder.put_metadata("file", "a.csv")
        with xray_recorder.in_subsegment("row"):
            assert xray_recorder.current_segment() is segment
        assert xray_recorder.current_subsegment() is None

    (document,) = outside.documents()
    assert [document[name] for name in ("user", "annotations", "metadata", "error", "throttle", "http")] == [
        "somebody",
        {"rows": 3},
        {"default": {"file": "a.csv"}},
        True,
        True,
        {"response": {"status": 429}},
    ]
    outside.expect_tree("""
        import  error throttle
          row
    """)


def test_with_nothing_open_annotating_says_that_nothing_is_open(
    outside: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    tracer = Tracer(auto_patch=False)
    tracer.put_annotation("a", 1)
    tracer.put_metadata("m", 1)

    assert messages(caplog) == [("WARNING", "put_annotation: ignored, no segment or subsegment is open")]


def test_where_nobody_asks_for_segments_beginning_one_says_what_would(
    outside: Daemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("LAMBDA_TRACER_SEGMENT")
    xray_recorder.begin_segment("mine")
    xray_recorder.put_annotation("a", 1)
    xray_recorder.end_segment()

    asks = "segments outside Lambda need LAMBDA_TRACER_SEGMENT"
    assert messages(caplog) == [
        ("WARNING", f"begin_segment: ignored, {asks}"),
        ("WARNING", "put_annotation: ignored, no segment or subsegment is open"),
        ("WARNING", f"end_segment: ignored, {asks}"),
    ]


def test_a_decorator_makes_each_call_a_segment(outside: Daemon) -> None:
    @xray_recorder.in_segment("plain")
    def plain() -> None:
        with xray_recorder.in_subsegment("below"):
            pass

    @xray_recorder.in_segment_async("async")
    async def asynchronous() -> None:
        await asyncio.sleep(0)
        with xray_recorder.in_subsegment("below"):
            pass

    @xray_recorder.in_segment("generator")
    def generator() -> Iterator[int]:
        for number in range(2):
            with xray_recorder.in_subsegment(f"{number}"):
                pass
            yield number

    async def both() -> None:
        await asyncio.gather(asynchronous(), asynchronous())

    plain()
    asyncio.run(both())
    for _ in generator():
        with xray_recorder.in_segment("consumer"):
            pass

    outside.expect_tree("""
        plain
          below
        async
          below
        async
          below
        generator
          0
          1
        consumer
        consumer
    """)


def test_a_block_that_raises_is_a_fault(outside: Daemon) -> None:
    with pytest.raises(ValueError, match="no"), xray_recorder.in_segment("fails"):
        raise ValueError("no")

    outside.expect_tree("fails  fault ValueError")


def test_a_segment_that_is_begun_is_current_until_it_is_ended(outside: Daemon) -> None:
    trace = new_trace_id()
    segment = xray_recorder.begin_segment("worker", traceid=trace, parent_id="a" * 16)
    assert xray_recorder.trace_header() == TraceHeader(trace, segment.id, 1).to_header_str()
    xray_recorder.begin_subsegment("message")
    xray_recorder.end_subsegment()
    xray_recorder.end_segment(segment.start_time + 2)

    assert not xray_recorder.current_segment()
    (document,) = outside.documents()
    assert (document["trace_id"], document["parent_id"]) == (trace, "a" * 16)
    assert round(document["end_time"] - document["start_time"]) == 2
    outside.expect_tree("""
        worker
          message
    """)


def test_a_block_within_a_block_is_a_trace_of_its_own_and_the_outer_one_goes_on(outside: Daemon) -> None:
    with xray_recorder.in_segment("outer"):
        with xray_recorder.in_segment("inner"):
            pass
        xray_recorder.begin_segment("begun")
        xray_recorder.begin_segment("begun in its place")
        xray_recorder.end_segment()
        with xray_recorder.in_subsegment("below outer"):
            pass

    outside.expect_tree("""
        outer
          below outer
        inner
        begun  in progress
        begun in its place
    """)


def test_what_is_open_when_the_segment_ends_arrives_whenever_it_ends(outside: Daemon) -> None:
    xray_recorder.begin_segment("early")
    xray_recorder.begin_subsegment("outer")
    xray_recorder.begin_subsegment("inner")
    xray_recorder.end_segment()
    xray_recorder.end_subsegment()
    xray_recorder.put_annotation("late", True)
    xray_recorder.end_subsegment()

    outside.expect_tree(
        """
        early
          outer  {"late": true}
            inner
        """,
        annotations=True,
    )
    assert xray_recorder.trace_header() is None


def test_a_thread_that_outlives_the_segment_is_below_it(outside: Daemon) -> None:
    is_open, may_end = threading.Event(), threading.Event()

    def work() -> None:
        with xray_recorder.in_subsegment("late"):
            is_open.set()
            may_end.wait(10)
        with xray_recorder.in_subsegment("later"):
            pass

    Tracer()  # patches threads
    with xray_recorder.in_segment("short"):
        thread = threading.Thread(target=work)
        thread.start()
        is_open.wait(10)
    outside.expect_tree("""
        short
          late  in progress
    """)
    may_end.set()
    thread.join()

    outside.expect_tree("""
        short
          late
          later
    """)


def test_another_thread_may_be_given_the_segment_or_what_is_below_it(outside: Daemon) -> None:
    def work(entity: Any, name: str) -> None:
        xray_recorder.set_trace_entity(entity)
        with xray_recorder.in_subsegment(name):
            pass
        xray_recorder.clear_trace_entities()
        assert xray_recorder.trace_header() is None

    with xray_recorder.in_segment("s") as segment, xray_recorder.in_subsegment("a") as subsegment:
        for entity, name in ((segment, "below the segment"), (subsegment, "below a")):
            xray_recorder.unpatch_all()
            with ThreadPoolExecutor(1) as pool:
                pool.submit(work, entity, name).result()

    outside.expect_tree("""
        s
          a
            below a
          below the segment
    """)


def test_another_thread_may_end_it(outside: Daemon) -> None:
    def work() -> None:
        xray_recorder.set_trace_entity(segment)
        xray_recorder.end_segment()
        assert xray_recorder.trace_header() is None

    segment = xray_recorder.begin_segment("s")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()

    assert not segment.in_progress
    xray_recorder.begin_segment("t")
    xray_recorder.end_segment()
    outside.expect_tree("""
        s
        t
    """)


def test_many_tasks_at_once_have_each_their_own(outside: Daemon) -> None:
    async def work(number: int) -> None:
        async with xray_recorder.in_segment_async(f"task {number}"):
            for step in range(3):
                async with xray_recorder.in_subsegment_async(f"step {step} of {number}"):
                    await asyncio.sleep(0)

    async def all_of_them() -> None:
        await asyncio.gather(*[work(number) for number in range(50)])

    asyncio.run(all_of_them())

    segments = outside.documents()
    assert {segment["name"]: [each["name"] for each in segment["subsegments"]] for segment in segments} == {
        f"task {number}": [f"step {step} of {number}" for step in range(3)] for number in range(50)
    }
    assert len({segment["trace_id"] for segment in segments}) == len(segments) == 50


def test_what_does_not_fit_leaves_before_the_segment(outside: Daemon) -> None:
    with xray_recorder.in_segment("large"):
        for number in range(20):
            with xray_recorder.in_subsegment(f"{number}") as subsegment:
                subsegment.put_metadata("text", "x" * 10_000)

    assert len(outside.documents()) > 3
    outside.expect_tree("\n".join(["large", *[f"  {number}" for number in range(20)]]))


def test_a_segment_that_is_not_sampled_sends_nothing_below_it_either(outside: Daemon) -> None:
    tracer = Tracer()

    @tracer.capture_lambda_handler
    def lambda_handler(event: object, context: object) -> None:
        with xray_recorder.in_subsegment("below"):
            xray_recorder.put_annotation("a", 1)

    segment = xray_recorder.begin_segment("not", sampling=0)
    segment.set_user("u")
    segment.set_service({})
    segment.set_rule_name("r")
    segment.put_annotation("a", 1)
    lambda_handler({}, None)
    told = xray_recorder.trace_header(), xray_recorder.is_sampled(), segment.in_progress
    xray_recorder.end_segment()

    assert told == (f"Root={segment.trace_id};Parent={segment.id};Sampled=0", False, False)
    assert outside.documents() == []
    assert not xray_recorder.current_segment()


def test_a_service_that_was_configured_names_it_and_sampling_may_be_turned_off(
    outside: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_SAMPLING", "0")
    xray_recorder.configure(service="configured")
    with xray_recorder.in_segment():
        pass
    xray_recorder.configure(sampling=False)
    with xray_recorder.in_segment():
        pass

    outside.expect_tree("configured")


def test_ids_that_are_no_text_raise_nothing(outside: Daemon) -> None:
    odd: Any = 5
    xray_recorder.begin_segment("a", traceid=odd)
    xray_recorder.end_segment()
    xray_recorder.begin_segment("b", parent_id=odd)
    xray_recorder.end_segment()

    outside.expect_tree("a\nb")
    assert not any("parent_id" in each for each in outside.documents())


def test_an_interruption_while_one_begins_or_ends_leaves_nothing_current(outside: Daemon) -> None:
    class Stop(BaseException):
        """As a signal handler raises it."""

    @xray_recorder.in_segment("decorated")
    def decorated() -> None:
        """A segment."""

    @Tracer(service="payment", auto_patch=False).capture_lambda_handler
    def handler(event: object, context: object) -> None:
        """A segment, too."""

    def block() -> None:
        with xray_recorder.in_segment("block"):
            pass

    def interrupted(call: Callable[[], object], at: int) -> bool:
        lines = itertools.count()

        def trace(frame: Any, event: str, argument: object) -> Any:
            if event == "line" and frame.f_globals["__name__"] == invocation.__name__ and next(lines) == at:
                sys.settrace(None)
                raise Stop
            return trace

        sys.settrace(trace)
        try:
            call()
        except Stop:
            return True
        finally:
            sys.settrace(None)
        return False

    for call in (decorated, lambda: handler({}, None), block):
        at = 0
        while interrupted(call, at):
            assert invocation.current() is None
            assert xray_recorder.current_subsegment() is None
            at += 1
        assert at > 20
    assert {each["name"] for each in outside.documents()} == {"decorated", "payment", "block"}


def test_an_end_without_a_beginning_is_said_once(outside: Daemon, caplog: pytest.LogCaptureFixture) -> None:
    xray_recorder.end_segment()

    assert [record.message for record in caplog.records] == [
        "end_segment: ignored, no segment was begun here"
    ]


def test_without_the_variable_nothing_is_begun(outside: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAMBDA_TRACER_SEGMENT")
    xray_recorder.begin_segment("s")
    with xray_recorder.in_segment("t"), xray_recorder.in_subsegment("u"):
        pass
    xray_recorder.end_segment()

    assert outside.documents() == []


def test_in_lambda_nothing_changes_neither_while_the_module_is_imported_nor_later(
    outside: Daemon, monkeypatch: pytest.MonkeyPatch, invoke: Invoke
) -> None:
    monkeypatch.setenv("LAMBDA_TASK_ROOT", "/var/task")

    @xray_recorder.in_segment("decorated")
    def work() -> None:
        xray_recorder.begin_segment("begun")
        with xray_recorder.in_segment("block"), xray_recorder.in_subsegment("below"):
            pass
        xray_recorder.end_segment()

    work()
    assert outside.documents() == []
    for word in ("on", "off"):
        monkeypatch.setenv("LAMBDA_TRACER_SEGMENT", word)
        invocation = invoke()
        work()
        xray_recorder.in_segment("decorated")(work)()
        assert [each["parent_id"] for each in outside.subsegments()] == [invocation.parent] * 2
        outside.clear()


PROCESSES = """
import os
from lambda_tracer import xray_recorder
with xray_recorder.in_segment("parent"):
    with xray_recorder.in_subsegment("before"):
        pass
    child = os.fork()
    if child != 0:
        os.waitpid(child, 0)
    with xray_recorder.in_subsegment("in the child" if child == 0 else "in the parent"):
        pass
    if child == 0:
        os._exit(0)
xray_recorder.begin_segment("left open")
with xray_recorder.in_subsegment("has ended"):
    pass
"""


def test_a_forked_process_sends_what_is_its_own_and_one_that_ends_what_is_open(outside: Daemon) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    subprocess.run([sys.executable, "-c", PROCESSES], env=environment, check=True, timeout=60)

    outside.expect_tree("""
        parent
          before
          in the child
          in the parent
        left open  in progress
          has ended
    """)
    assert len([document for document in outside.documents() if document["name"] == "parent"]) == 1


TERMINATED = """
import os, signal, sys, time
from lambda_tracer import Tracer, xray_recorder
tracer = Tracer(auto_patch=False)
{own}

@tracer.capture_method
def work():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)

{run}
"""
OWN = "signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))"
IN_A_SEGMENT = """
with xray_recorder.in_segment("import"):
    work()
"""


@pytest.mark.parametrize(
    ("own", "run", "code", "expected"),
    [
        (
            OWN,
            IN_A_SEGMENT,
            128 + signal.SIGTERM,
            """
            import  fault SystemExit
              ## __main__.work  fault SystemExit
            """,
        ),
        ("", IN_A_SEGMENT, -signal.SIGTERM, ""),
        (
            "",
            "tracer.capture_lambda_handler(lambda event, context: work())({}, None)",
            -signal.SIGTERM,
            """
            lambda  in progress
              ## lambda  in progress
                ## __main__.work  fault Terminated in progress
            """,
        ),
    ],
    ids=["by its owner's exit", "by the signal", "by the signal in a handler"],
)
def test_a_process_that_is_stopped_ends_as_it_would_without_us(
    own: str, run: str, code: int, expected: str, outside: Daemon
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    program = TERMINATED.format(own=own, run=run)
    ran = subprocess.run([sys.executable, "-c", program], env=environment, check=False, timeout=60)

    assert ran.returncode == code
    outside.expect_tree(expected)

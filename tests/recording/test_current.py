"""The current subsegment: of a context, a task, a thread, and of work that is carried to another thread."""

from __future__ import annotations

import asyncio
import threading
from contextvars import copy_context
from typing import Any

import pytest

from lambda_tracer import xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.logged import messages

# --- In one context -----------------------------------------------------------------------------------------


def test_the_current_subsegment_is_the_innermost_open_one(daemon: Daemon) -> None:
    assert xray_recorder.current_subsegment() is None
    with xray_recorder.in_subsegment("outer") as outer:
        with xray_recorder.in_subsegment("inner") as inner:
            assert xray_recorder.current_subsegment() is inner
        assert xray_recorder.current_subsegment() is outer
    assert xray_recorder.current_subsegment() is None
    assert len(daemon.documents()) == 1


def test_annotations_and_metadata_go_to_the_innermost_open_subsegment(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outer"):
        with xray_recorder.in_subsegment("inner"):
            xray_recorder.put_annotation("a", 1)
            xray_recorder.put_metadata("m", [1])
        xray_recorder.put_annotation("b", 2)
        xray_recorder.put_metadata("m", [2], namespace="orders")

    daemon.expect_tree(
        """
        outer  {"b": 2}  metadata={"orders": {"m": [2]}}
          inner  {"a": 1}  metadata={"default": {"m": [1]}}
    """,
        annotations=True,
        metadata=True,
    )


def test_annotating_with_nothing_open_is_ignored_and_said_once(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    xray_recorder.put_annotation("a", 1)
    xray_recorder.put_metadata("m", [1])

    assert daemon.documents() == []
    assert messages(caplog) == [
        (
            "WARNING",
            "put_annotation: ignored, no subsegment is open and the segment itself belongs to Lambda",
        )
    ]


def test_annotating_where_nothing_is_recorded_says_nothing(
    daemon: Daemon, invoke: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    invoke(sampled=0)
    xray_recorder.put_annotation("a", 1)
    xray_recorder.put_metadata("m", [1])

    assert messages(caplog) == []


def test_a_thread_given_the_trace_entity_records_below_it(daemon: Daemon) -> None:
    def work(entity: Any) -> None:
        xray_recorder.set_trace_entity(entity)
        with xray_recorder.in_subsegment("in thread"):
            pass
        xray_recorder.clear_trace_entities()
        with xray_recorder.in_subsegment("cleared"):
            pass

    with xray_recorder.in_subsegment("outer"):
        thread = threading.Thread(target=work, args=(xray_recorder.get_trace_entity(),))
        thread.start()
        thread.join()

    daemon.expect_tree("""
        outer
          in thread
        cleared
    """)


def test_the_trace_entity_is_the_segment_when_nothing_is_open(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke()
    entity = xray_recorder.get_trace_entity()
    assert entity.id == invocation.parent

    with xray_recorder.in_subsegment("outer"):
        xray_recorder.set_trace_entity(entity)
        with xray_recorder.in_subsegment("beside"):
            pass

    daemon.expect_tree("""
        outer
        beside
    """)


def test_clearing_the_trace_entities_leaves_what_is_open_open(daemon: Daemon) -> None:
    outer = xray_recorder.begin_subsegment("outer")
    xray_recorder.clear_trace_entities()
    assert xray_recorder.current_subsegment() is None
    outer.close()

    daemon.expect_tree("outer")


@pytest.mark.parametrize("entity", [None, "subsegment", 5])
def test_an_entity_that_is_none_counts_as_the_segment(entity: object, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outer"):
        xray_recorder.set_trace_entity(entity)
        with xray_recorder.in_subsegment("beside"):
            pass

    daemon.expect_tree("""
        outer
        beside
    """)


def test_an_entity_of_an_earlier_invocation_is_no_parent(daemon: Daemon, invoke: Invoke) -> None:
    with xray_recorder.in_subsegment("earlier") as earlier:
        pass
    still_open = xray_recorder.begin_subsegment("still open")
    invoke()
    for entity in (earlier, still_open):
        xray_recorder.set_trace_entity(entity)
        with xray_recorder.in_subsegment("work"):
            pass

    daemon.expect_tree("""
        earlier
        still open  in progress
        work
        work
    """)


def test_a_copied_context_has_the_current_subsegment_of_when_it_was_copied(daemon: Daemon) -> None:
    def work() -> None:
        with xray_recorder.in_subsegment("in context"):
            pass

    with xray_recorder.in_subsegment("outer"):
        context = copy_context()
        with xray_recorder.in_subsegment("inner"):
            context.run(work)

    daemon.expect_tree("""
        outer
          inner
          in context
    """)


# --- Concurrency --------------------------------------------------------------------------------------------


@xray_recorder.capture("step")
async def step(turns: int) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)
    async with xray_recorder.in_subsegment(f"after {turns}"):
        await asyncio.sleep(0)


GATHERED = """
all
  step
    after 3
  step
    after 1
  step
    after 2
"""


def test_tasks_that_are_gathered_each_have_their_own_current_subsegment(daemon: Daemon) -> None:
    @xray_recorder.capture("all")
    async def main() -> None:
        await asyncio.gather(step(3), step(1), step(2))

    asyncio.run(main())

    daemon.expect_tree(GATHERED)


def test_so_have_the_tasks_of_a_group(daemon: Daemon) -> None:
    task_group = getattr(asyncio, "TaskGroup", None)
    if task_group is None:
        pytest.skip("needs Python 3.11")

    @xray_recorder.capture("all")
    async def main() -> None:
        async with task_group() as group:
            for turns in (3, 1, 2):
                group.create_task(step(turns))

    asyncio.run(main())

    daemon.expect_tree(GATHERED)


def test_a_function_run_by_to_thread_is_below_the_task_that_runs_it(daemon: Daemon) -> None:
    @xray_recorder.capture("blocking")
    def blocking() -> None: ...

    @xray_recorder.capture("all")
    async def main() -> None:
        await asyncio.to_thread(blocking)

    asyncio.run(main())

    daemon.expect_tree("""
        all
          blocking
    """)


def test_a_task_that_outlives_its_parent_is_still_below_it(daemon: Daemon) -> None:
    async def main() -> None:
        async with xray_recorder.in_subsegment("starter"):
            task = asyncio.create_task(step(2))
            await asyncio.sleep(0)
        async with xray_recorder.in_subsegment("next"):
            await task

    asyncio.run(main())

    daemon.expect_tree("""
        starter
          step
            after 2
        next
    """)


def test_a_subsegment_may_be_closed_by_another_thread(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outer"):
        begun = xray_recorder.begin_subsegment("begun here")
        thread = threading.Thread(target=begun.close)
        thread.start()
        thread.join()
        with xray_recorder.in_subsegment("next"):
            pass

    daemon.expect_tree("""
        outer
          begun here
          next
    """)


# --- Other threads ------------------------------------------------------------------------------------------


def in_thread(function: Any, *args: Any) -> None:
    thread = threading.Thread(target=function, args=args)
    thread.start()
    thread.join()


def test_work_carried_to_another_thread_is_below_what_was_current(daemon: Daemon) -> None:
    def work() -> None:
        with xray_recorder.in_subsegment("carried"):
            pass

    with xray_recorder.in_subsegment("outer"):
        carried = xray_recorder.carry()
        assert carried is not None
        in_thread(carried.run, work)

    daemon.expect_tree("""
        outer
          carried
    """)


def test_carried_work_stays_in_its_invocation_when_the_next_one_has_begun(
    daemon: Daemon, invoke: Invoke
) -> None:
    def work() -> None:
        with xray_recorder.in_subsegment("carried"):
            pass

    first = invoke()
    with xray_recorder.in_subsegment("first"):
        carried = xray_recorder.carry()
    assert carried is not None
    invoke()
    with xray_recorder.in_subsegment("second"):
        in_thread(carried.run, work)

    document = daemon.subsegment("carried")
    assert document["trace_id"] == first.root
    assert document["parent_id"] == first.parent


def test_carrying_gives_back_the_result_and_leaves_the_thread_where_it_was(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outer"):
        carried = xray_recorder.carry()
    assert carried is not None
    with xray_recorder.in_subsegment("here") as here:
        assert carried.run(lambda *args, **kwargs: (args, kwargs), 1, function=2) == ((1,), {"function": 2})
        with pytest.raises(ZeroDivisionError):
            carried.run(lambda: 1 // 0)
        assert xray_recorder.current_subsegment() is here

    assert len(daemon.documents()) == 2


def test_outside_invocations_there_is_nothing_to_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)

    assert xray_recorder.carry() is None

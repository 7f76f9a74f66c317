"""Recorder: how subsegments are opened and closed, which one is current, and the X-Ray SDK's other methods."""

from __future__ import annotations

import asyncio
import threading
import time
from contextvars import copy_context
from typing import Any

import pytest

from lambda_tracer import InvalidDaemonAddressException, Recorder, global_sdk_config, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon


def messages(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records]


# --- Opening and closing ------------------------------------------------------------------------------------


def test_subsegments_nest_as_their_blocks_do(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("order"):
        with xray_recorder.in_subsegment("validate"):
            pass
        with xray_recorder.in_subsegment("store"), xray_recorder.in_subsegment("write"):
            pass

    daemon.expect_tree("""
        order
          validate
          store
            write
    """)


def test_what_is_opened_by_hand_is_closed_by_hand(daemon: Daemon) -> None:
    xray_recorder.begin_subsegment("order")
    xray_recorder.begin_subsegment("validate")
    xray_recorder.end_subsegment()
    xray_recorder.begin_subsegment("store")
    xray_recorder.end_subsegment()
    xray_recorder.end_subsegment()

    daemon.expect_tree("""
        order
          validate
          store
    """)


def test_nothing_arrives_before_the_outermost_subsegment_closes(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outer"):
        with xray_recorder.in_subsegment("inner"):
            pass
        assert daemon.documents() == []

    assert len(daemon.documents()) == 1


@pytest.mark.parametrize("namespace", ["local", "remote", "aws"])
def test_a_subsegment_has_the_namespace_it_was_opened_with(namespace: str, daemon: Daemon) -> None:
    xray_recorder.begin_subsegment("by hand", namespace)
    xray_recorder.end_subsegment()
    with xray_recorder.in_subsegment("block", namespace=namespace):
        pass

    assert [part["namespace"] for part in daemon.subsegments()] == [namespace, namespace]


def test_a_subsegment_may_end_at_a_given_time(daemon: Daemon) -> None:
    end_time = round(time.time()) + 5.5
    xray_recorder.begin_subsegment("work")
    xray_recorder.end_subsegment(end_time)

    assert daemon.subsegment("work")["end_time"] == end_time


def test_a_block_gives_its_subsegment(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_annotation("items", 3)

    daemon.expect_tree('work  {"items": 3}', annotations=True)


def test_a_block_may_be_asynchronous(daemon: Daemon) -> None:
    async def work() -> None:
        async with xray_recorder.in_subsegment("outer"), xray_recorder.in_subsegment_async("inner") as inner:
            inner.put_annotation("items", 3)

    asyncio.run(work())

    daemon.expect_tree(
        """
        outer
          inner  {"items": 3}
    """,
        annotations=True,
    )


def test_a_block_without_a_name_is_unnamed(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment():
        pass

    daemon.expect_tree("unnamed")


def test_further_arguments_are_accepted_and_ignored(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work", namespace="remote", sampling=1, anything="else"):
        pass

    daemon.expect_tree("work  [remote]", namespace=True)


def test_an_exception_makes_every_subsegment_it_leaves_a_fault(daemon: Daemon) -> None:
    @xray_recorder.capture("outer")
    def work() -> None:
        with xray_recorder.in_subsegment("fine"):
            pass
        with xray_recorder.in_subsegment("inner"):
            raise KeyError("id")

    with pytest.raises(KeyError):
        work()

    daemon.expect_tree("""
        outer  fault KeyError
          fine
          inner  fault KeyError
    """)


def test_an_exception_leaves_a_block_as_the_object_that_came() -> None:
    error = ValueError("no")

    with pytest.raises(ValueError, match="no") as caught, xray_recorder.in_subsegment("work"):
        raise error

    assert caught.value is error


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError, BaseException])
def test_what_is_no_exception_but_ends_the_block_is_a_fault_too(
    kind: type[BaseException], daemon: Daemon
) -> None:
    with pytest.raises(kind), xray_recorder.in_subsegment("work"):
        raise kind

    daemon.expect_tree(f"work  fault {kind.__name__}")


def test_a_generator_that_is_closed_within_a_block_is_no_fault(daemon: Daemon) -> None:
    def numbers() -> Any:
        with xray_recorder.in_subsegment("work"):
            yield 1

    generator = numbers()
    next(generator)
    generator.close()

    daemon.expect_tree("work")


def test_a_block_whose_subsegment_was_closed_early_goes_on_under_the_one_above(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outer"), xray_recorder.in_subsegment("closed early") as subsegment:
        subsegment.close()
        with xray_recorder.in_subsegment("afterwards"):
            pass

    daemon.expect_tree("""
        outer
          closed early
          afterwards
    """)


def test_end_subsegment_closes_what_was_begun_within_a_block(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("block"):
        xray_recorder.begin_subsegment("by hand")
        xray_recorder.end_subsegment()
        with xray_recorder.in_subsegment("next"):
            pass

    daemon.expect_tree("""
        block
          by hand
          next
    """)


def test_end_subsegment_does_not_close_a_block_and_says_so_once(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    with xray_recorder.in_subsegment("block"):
        xray_recorder.end_subsegment()
        xray_recorder.end_subsegment()
        with xray_recorder.in_subsegment("still below"):
            pass

    daemon.expect_tree("""
        block
          still below
    """)
    assert messages(caplog) == [
        ("WARNING", "end_subsegment: ignored, no subsegment opened by begin_subsegment is current")
    ]


def test_end_subsegment_with_nothing_open_is_said_once_and_never_raises(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    xray_recorder.end_subsegment()
    xray_recorder.end_subsegment()

    assert [level for level, _ in messages(caplog)] == ["WARNING"]
    assert daemon.documents() == []


def test_end_subsegment_where_nothing_is_recorded_says_nothing(
    daemon: Daemon, invoke: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    invoke(sampled=0)
    xray_recorder.begin_subsegment("work")
    xray_recorder.end_subsegment()
    xray_recorder.end_subsegment()

    assert messages(caplog) == []


def test_what_was_begun_by_hand_and_forgotten_arrives_in_progress(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("block"):
        xray_recorder.begin_subsegment("forgotten")
        with xray_recorder.in_subsegment("below"):
            pass
    with xray_recorder.in_subsegment("next"):
        pass

    daemon.expect_tree("""
        block
          forgotten  in progress
            below
        next
    """)


def test_subsegments_may_close_out_of_order(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("all"):
        first = xray_recorder.begin_subsegment("first")
        second = xray_recorder.begin_subsegment("second")
        first.close()
        with xray_recorder.in_subsegment("below second"):
            pass
        second.close()
        with xray_recorder.in_subsegment("below all"):
            pass

    daemon.expect_tree("""
        all
          first
            second
              below second
          below all
    """)


# --- As a decorator -----------------------------------------------------------------------------------------


def test_a_decorated_function_is_a_subsegment_of_its_name_at_each_call(daemon: Daemon) -> None:
    @xray_recorder.capture()
    def pay(amount: int) -> int:
        return amount * 2

    assert [pay(1), pay(amount=2)] == [2, 4]
    daemon.expect_tree("""
        pay
        pay
    """)


@pytest.mark.parametrize("form", ["capture", "capture_async", "in_subsegment", "in_subsegment_async"])
def test_each_form_decorates_functions_and_coroutine_functions(form: str, daemon: Daemon) -> None:
    decorate = getattr(xray_recorder, form)

    @decorate("outer")
    async def outer() -> int:
        await asyncio.sleep(0)
        return inner()

    @decorate("inner")
    def inner() -> int:
        return 7

    assert asyncio.run(outer()) == 7
    daemon.expect_tree("""
        outer
          inner
    """)


def test_the_sdk_form_without_metadata_records_no_response(daemon: Daemon) -> None:
    @xray_recorder.capture("work")
    def work() -> dict[str, int]:
        return {"secret": 1}

    work()

    assert "metadata" not in daemon.subsegment("work")


def test_a_decorator_keeps_its_namespace(daemon: Daemon) -> None:
    @xray_recorder.in_subsegment("ledger", namespace="remote")
    def call() -> None: ...

    call()

    daemon.expect_tree("ledger  [remote]", namespace=True)


def test_a_decorated_function_that_raises_is_a_fault(daemon: Daemon) -> None:
    @xray_recorder.capture("work")
    def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        work()

    daemon.expect_tree("work  fault ValueError")


def test_two_stacked_decorators_are_two_subsegments(daemon: Daemon) -> None:
    @xray_recorder.capture("outer")
    @xray_recorder.capture("inner")
    def work() -> None: ...

    work()

    daemon.expect_tree("""
        outer
          inner
    """)


def test_a_recursive_function_nests(daemon: Daemon) -> None:
    @xray_recorder.capture("down")
    def down(levels: int) -> None:
        if levels:
            down(levels - 1)

    down(2)

    daemon.expect_tree("""
        down
          down
            down
    """)


# --- Not recording ------------------------------------------------------------------------------------------


def test_below_a_subsegment_without_sampling_nothing_is_recorded(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("all"):
        unrecorded = xray_recorder.begin_subsegment_without_sampling("noise")
        assert not unrecorded.sampled
        assert not xray_recorder.is_sampled()
        with xray_recorder.in_subsegment("below") as below:
            assert not below.sampled
        xray_recorder.begin_subsegment("by hand")
        xray_recorder.end_subsegment()
        xray_recorder.end_subsegment()
        with xray_recorder.in_subsegment("sibling"):
            pass

    daemon.expect_tree("""
        all
          sibling
    """)


def test_a_subsegment_without_sampling_may_be_the_outermost(daemon: Daemon) -> None:
    xray_recorder.begin_subsegment_without_sampling("noise")
    with xray_recorder.in_subsegment("below"):
        pass
    xray_recorder.end_subsegment()
    with xray_recorder.in_subsegment("sibling"):
        pass

    daemon.expect_tree("sibling")


def test_where_nothing_is_recorded_everything_is_the_shared_subsegment(
    daemon: Daemon, invoke: Invoke
) -> None:
    invoke(sampled=0)

    with xray_recorder.in_subsegment("block") as block:
        begun = xray_recorder.begin_subsegment("by hand")
        assert begun is block
        assert xray_recorder.begin_subsegment_without_sampling("noise") is block
        assert xray_recorder.current_subsegment() is block
    assert daemon.documents() == []


def test_what_was_open_when_recording_was_turned_off_still_arrives(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("open"):
        global_sdk_config.set_sdk_enabled(False)
        with xray_recorder.in_subsegment("not recorded"):
            pass
        global_sdk_config.set_sdk_enabled(True)
        with xray_recorder.in_subsegment("recorded"):
            pass

    daemon.expect_tree("""
        open
          recorded
    """)


def test_is_sampled_tells_whether_a_subsegment_would_be_recorded(
    daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert xray_recorder.is_sampled() is True
    with xray_recorder.in_subsegment("work"):
        assert xray_recorder.is_sampled() is True
        global_sdk_config.set_sdk_enabled(False)
        assert xray_recorder.is_sampled() is False
    assert xray_recorder.is_sampled() is False
    global_sdk_config.set_sdk_enabled(True)
    invoke(sampled=0)
    assert xray_recorder.is_sampled() is False
    invoke(sampled="?")
    assert xray_recorder.is_sampled() is False
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    assert xray_recorder.is_sampled() is False
    assert len(daemon.documents()) == 1


# --- The current subsegment ---------------------------------------------------------------------------------


def test_the_current_subsegment_is_the_innermost_open_one(daemon: Daemon) -> None:
    assert xray_recorder.current_subsegment() is None
    with xray_recorder.in_subsegment("outer") as outer:
        with xray_recorder.in_subsegment("inner") as inner:
            assert xray_recorder.current_subsegment() is inner
        assert xray_recorder.current_subsegment() is outer
    assert xray_recorder.current_subsegment() is None
    assert len(daemon.documents()) == 1


def test_the_segment_says_what_the_header_says(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke()
    segment = xray_recorder.current_segment()

    assert (segment.id, segment.trace_id, segment.sampled) == (invocation.parent, invocation.root, True)
    assert segment.type == "segment"
    assert segment.in_progress


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


# --- Other threads and services -----------------------------------------------------------------------------


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


def test_the_header_for_a_request_has_the_current_subsegment_as_parent(
    daemon: Daemon, invoke: Invoke
) -> None:
    invocation = invoke(Lineage="25:3d7b4a1:0", Self="x", k="v")
    with xray_recorder.in_subsegment("outer"), xray_recorder.in_subsegment("inner") as inner:
        header = xray_recorder.trace_header()

    assert header == f"Root={invocation.root};Parent={inner.id};Sampled=1;Lineage=25:3d7b4a1:0;k=v"
    assert len(daemon.documents()) == 1


def test_with_nothing_open_it_has_lambdas_segment_as_parent(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke()

    assert xray_recorder.trace_header() == invocation.header


def test_an_unsampled_invocation_says_so_to_those_it_calls(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke(sampled=0, Lineage="1:a:0")
    with xray_recorder.in_subsegment("work"):
        assert xray_recorder.trace_header() == invocation.header


def test_so_does_a_subsegment_without_sampling(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke()
    xray_recorder.begin_subsegment_without_sampling("noise")

    assert xray_recorder.trace_header() == invocation.header.replace("Sampled=1", "Sampled=0")


def test_so_does_a_process_in_which_recording_is_off(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke()
    global_sdk_config.set_sdk_enabled(False)

    assert xray_recorder.trace_header() == invocation.header.replace("Sampled=1", "Sampled=0")


@pytest.mark.parametrize("sampled", [None, "?"])
def test_a_header_without_a_decision_is_handed_on_as_it_came(
    sampled: str | None, daemon: Daemon, invoke: Invoke
) -> None:
    invocation = invoke(parent="", sampled=sampled, Lineage="1:a:0")

    assert xray_recorder.trace_header() == invocation.header


@pytest.mark.parametrize("header", ["", "garbage", f"Parent={'a' * 16};Sampled=1"])
def test_where_no_trace_is_known_there_is_no_header_to_send(
    header: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)

    assert xray_recorder.trace_header() is None


# --- What Lambda does itself --------------------------------------------------------------------------------


def test_segments_are_lambdas_and_asking_for_one_is_said_once(
    daemon: Daemon, invoke: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    invocation = invoke()
    with xray_recorder.in_segment("mine") as segment, xray_recorder.in_subsegment("work"):
        pass
    begun = xray_recorder.begin_segment("mine", traceid="1-2-3", parent_id="4", sampling=0)
    xray_recorder.end_segment()
    xray_recorder.end_segment(end_time=time.time())

    assert segment.id == begun.id == invocation.parent
    daemon.expect_tree("work")
    assert messages(caplog) == [
        ("WARNING", "begin_segment: ignored, in Lambda the segment belongs to Lambda"),
        ("WARNING", "end_segment: ignored, in Lambda the segment belongs to Lambda"),
    ]


def test_a_segment_block_may_be_asynchronous_and_lets_exceptions_pass(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke()

    async def work() -> None:
        async with xray_recorder.in_segment_async("mine") as segment:
            assert segment.id == invocation.parent
            async with xray_recorder.in_subsegment("work"):
                raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(work())

    daemon.expect_tree("work  fault ValueError")


# --- Settings -----------------------------------------------------------------------------------------------


def test_a_recorder_starts_with_the_sdks_settings() -> None:
    recorder = Recorder()

    assert recorder.max_trace_back == 10
    assert recorder.stream_sql is True
    assert recorder.streaming_threshold == 0
    assert recorder.sampling is True
    assert recorder.service is None
    assert recorder.dynamic_naming is None
    assert recorder.enabled is True


def test_configure_changes_what_it_is_told_and_nothing_else() -> None:
    recorder = Recorder()
    recorder.configure(stream_sql=False, max_trace_back=3)
    recorder.configure(streaming_threshold=20, service="payment", dynamic_naming="*.example.com")

    assert recorder.stream_sql is False
    assert recorder.max_trace_back == 3
    assert recorder.streaming_threshold == 20
    assert recorder.service == "payment"
    assert recorder.dynamic_naming == "*.example.com"


def test_what_has_no_meaning_in_lambda_is_accepted(daemon: Daemon) -> None:
    xray_recorder.configure(
        sampling=False,
        sampling_rules={"version": 2},
        plugins=("EC2Plugin", "ElasticBeanstalkPlugin"),
        context_missing="LOG_ERROR",
        context=object(),
        sampler=object(),
        streaming=object(),
        streaming_threshold=1,
    )
    with xray_recorder.in_subsegment("work"):
        pass

    daemon.expect_tree("work")


def test_a_setting_that_does_not_exist_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        xray_recorder.configure(max_trace_forward=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("value", [-1, True, "5", 2.0])
def test_a_number_of_frames_that_is_none_is_ignored(value: Any) -> None:
    xray_recorder.configure(max_trace_back=value)

    assert xray_recorder.max_trace_back == 10


def test_the_environment_names_the_service_whatever_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_XRAY_TRACING_NAME", "from environment")
    recorder = Recorder()
    recorder.configure(service="from code")

    assert recorder.service == "from environment"


def test_a_daemon_address_that_cannot_be_read_is_a_mistake() -> None:
    with pytest.raises(InvalidDaemonAddressException, match="host:port"):
        xray_recorder.configure(daemon_address="nowhere")


def test_the_daemon_address_may_be_configured(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_XRAY_DAEMON_ADDRESS")
    xray_recorder.configure(daemon_address=daemon.address)
    with xray_recorder.in_subsegment("work"):
        pass

    daemon.expect_tree("work")


def test_each_recorder_sends_by_its_own_emitter(daemon: Daemon) -> None:
    class Kept:
        def __init__(self) -> None:
            self.documents: list[str] = []

        def send(self, document: str) -> None:
            self.documents.append(document)

    emitter = Kept()
    mine = Recorder()
    mine.configure(emitter=emitter)
    with mine.in_subsegment("mine"):
        pass
    with xray_recorder.in_subsegment("shared"):
        pass

    daemon.expect_tree("shared")
    assert len(emitter.documents) == 1


def test_streaming_sends_at_once_what_has_finished(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("open"):
        with xray_recorder.in_subsegment("finished"):
            pass
        xray_recorder.stream_subsegments()
        daemon.expect_tree("finished")

    daemon.expect_tree("""
        open
          finished
    """)


# --- Code written for the SDK's patches ---------------------------------------------------------------------


class Described:
    """A meta processor as the X-Ray SDK's patches have them: keeps what it is told, and describes the call."""

    def __init__(self) -> None:
        self.call: dict[str, Any] = {}

    def __call__(self, **call: Any) -> None:
        self.call = call
        call["subsegment"].put_annotation("described", True)
        if call["exception"] is not None:
            call["subsegment"].add_exception(call["exception"], call["stack"])


def double(value: int) -> int:
    return value * 2


async def double_later(value: int) -> int:
    await asyncio.sleep(0)
    return value * 2


def fail(value: int) -> int:
    raise ValueError("no")


def test_a_call_recorded_for_a_patch_is_described_by_its_processor(daemon: Daemon) -> None:
    processor = Described()
    result = xray_recorder.record_subsegment(double, "instance", (21,), {}, "call", "remote", processor)

    assert result == 42
    daemon.expect_tree('call  [remote]  {"described": true}', annotations=True, namespace=True)
    subsegment = processor.call.pop("subsegment")
    assert subsegment.name == "call"
    assert processor.call == {
        "wrapped": double,
        "instance": "instance",
        "args": (21,),
        "kwargs": {},
        "return_value": 42,
        "exception": None,
        "stack": None,
    }


def test_a_processor_is_told_of_the_exception_and_its_stack(daemon: Daemon) -> None:
    processor = Described()
    with pytest.raises(ValueError, match="no") as caught:
        xray_recorder.record_subsegment(fail, None, (1,), {}, "call", "remote", processor)

    daemon.expect_tree('call  fault ValueError  {"described": true}', annotations=True)
    assert processor.call["exception"] is caught.value
    assert processor.call["return_value"] is None
    assert processor.call["stack"][-1].name == "fail"


def test_what_an_exception_means_is_for_the_processor_to_say(daemon: Daemon) -> None:
    with pytest.raises(ValueError, match="no"):
        xray_recorder.record_subsegment(fail, None, (1,), {}, "call", "remote", lambda **call: None)

    daemon.expect_tree("call")


def test_without_a_processor_a_call_is_recorded_all_the_same(daemon: Daemon) -> None:
    assert xray_recorder.record_subsegment(double, None, (), {"value": 4}, "call", "local", None) == 8
    with pytest.raises(ValueError, match="no"):
        xray_recorder.record_subsegment(fail, None, (1,), {}, "call", "local", None)

    daemon.expect_tree("""
        call
        call  fault ValueError
    """)


def test_a_processor_that_fails_does_not_reach_the_caller_and_is_reported_once(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    def processor(**call: Any) -> None:
        raise RuntimeError("secret")

    for _ in range(2):
        assert xray_recorder.record_subsegment(double, None, (21,), {}, "call", "remote", processor) == 42

    assert len(daemon.documents()) == 2
    assert messages(caplog) == [
        ("WARNING", "a meta_processor raised: what it would have described is not in the trace")
    ]


def test_a_coroutine_is_recorded_for_a_patch_in_the_same_way(daemon: Daemon) -> None:
    processor = Described()

    async def call() -> Any:
        return await xray_recorder.record_subsegment_async(
            double_later, None, (21,), {}, "call", "remote", processor
        )

    assert asyncio.run(call()) == 42
    daemon.expect_tree('call  {"described": true}', annotations=True)
    assert processor.call["return_value"] == 42


def test_a_cancelled_call_is_a_fault(daemon: Daemon) -> None:
    async def forever() -> None:
        await asyncio.sleep(3600)

    async def call() -> None:
        task = asyncio.create_task(
            xray_recorder.record_subsegment_async(forever, None, (), {}, "call", "remote", None)
        )
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(call())

    daemon.expect_tree("call  fault CancelledError")

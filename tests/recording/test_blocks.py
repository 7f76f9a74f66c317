"""Subsegments are opened and closed by blocks, by hand and by decorators, in any order."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from lambda_tracer import guard, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.logged import messages

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


@pytest.mark.parametrize("start_time", [float("nan"), float("inf"), 10**400, "soon", None])
def test_a_start_that_is_no_time_loses_nothing(
    daemon: Daemon, start_time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user has set it."""
    monkeypatch.setattr(guard, "reraise", False)

    with xray_recorder.in_subsegment("outer"), xray_recorder.in_subsegment("work") as subsegment:
        subsegment.start_time = start_time

    daemon.expect_tree("""
        outer
          work
    """)


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

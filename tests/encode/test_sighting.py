"""An exception is described once, known again where it comes by, and never written on or held."""

from __future__ import annotations

import contextlib
import gc
import sys
import weakref
from typing import Any

import pytest

from lambda_tracer import xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.encode.causes import down, exceptions, labels, record, summary


def test_an_exception_is_described_where_it_was_raised_and_referred_to_above(daemon: Daemon) -> None:
    with (
        pytest.raises(ValueError, match="no"),
        xray_recorder.in_subsegment("outer"),
        xray_recorder.in_subsegment("middle"),
        xray_recorder.in_subsegment("inner"),
    ):
        raise ValueError("no")

    id_ = exceptions(daemon, "inner")[0]["id"]
    assert daemon.subsegment("middle")["cause"] == id_
    assert daemon.subsegment("outer")["cause"] == id_


def test_an_exception_raised_again_in_the_next_invocation_is_described_again(
    daemon: Daemon, invoke: Invoke
) -> None:
    error = ValueError("kept at module level")
    record(error, "first")
    invoke()
    record(error, "second")

    assert summary(exceptions(daemon, "first")) == summary(exceptions(daemon, "second"))


def test_the_same_exception_added_twice_is_described_once(daemon: Daemon) -> None:
    @xray_recorder.capture("work")
    def work() -> None:
        try:
            raise ValueError("no")
        except ValueError as error:
            subsegment = xray_recorder.current_subsegment()
            assert subsegment is not None
            subsegment.add_exception(error)
            raise

    with pytest.raises(ValueError, match="no"):
        work()

    assert summary(exceptions(daemon)) == [("ValueError", "no")]


def test_several_exceptions_of_one_subsegment_are_all_described(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        for number in range(3):
            try:
                raise ValueError(f"attempt {number}")
            except ValueError as error:
                subsegment.add_exception(error)

    assert summary(exceptions(daemon)) == [("ValueError", f"attempt {number}") for number in range(3)]


def test_the_failures_of_a_call_that_is_tried_again_are_each_described(daemon: Daemon) -> None:
    """Each has the type, the frames and, once the last one is gone, even the address of the last one."""

    @xray_recorder.capture("try")
    def attempt(number: int) -> None:
        raise ValueError(f"attempt {number}")

    with xray_recorder.in_subsegment("work"):
        for number in range(3):
            with pytest.raises(ValueError, match="attempt"):
                attempt(number)

    [work] = daemon.documents()
    causes = [child["cause"] for child in work["subsegments"]]
    assert [cause["exceptions"][0]["message"] if isinstance(cause, dict) else cause for cause in causes] == [
        f"attempt {number}" for number in range(3)
    ]


def test_exceptions_of_one_place_that_came_another_way_are_each_described(daemon: Daemon) -> None:
    def raise_it() -> None:
        raise KeyError("id")

    def get() -> None:
        raise_it()

    def first() -> None:
        get()

    def second() -> None:
        get()

    with xray_recorder.in_subsegment("all"):
        for function in (first, second):
            with contextlib.suppress(KeyError), xray_recorder.in_subsegment(function.__name__):
                function()

    assert labels(daemon, "first")[-3:] == ["first", "get", "raise_it"]
    assert labels(daemon, "second")[-3:] == ["second", "get", "raise_it"]


def test_an_exception_is_described_even_where_another_is_referred_to(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        try:
            with xray_recorder.in_subsegment("inner"):
                raise ValueError("first")
        except ValueError as error:
            subsegment.add_exception(error)
        subsegment.add_exception(KeyError("second"))

    assert summary(exceptions(daemon)) == [("KeyError", "'second'")]


def test_nothing_is_written_on_an_exception_and_nothing_holds_it(daemon: Daemon) -> None:
    class Error(Exception): ...

    error = Error("no")
    record(error)
    attributes = vars(error).copy()
    reference = weakref.ref(error)
    del error
    gc.collect()  # its frames refer to it, and it to them

    assert attributes == {}
    assert reference() is None
    assert len(daemon.documents()) == 1


def test_two_exceptions_that_are_equal_are_told_apart(daemon: Daemon) -> None:
    class Equal(Exception):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    with xray_recorder.in_subsegment("all"):
        for name in ("first", "second"):
            with pytest.raises(Equal), xray_recorder.in_subsegment(name):
                raise Equal(name)

    assert summary(exceptions(daemon, "first")) == [("Equal", "first")]
    assert summary(exceptions(daemon, "second")) == [("Equal", "second")]


@pytest.mark.parametrize("is_builtin", [True, False])
def test_an_exception_is_known_again_without_looking_at_all_of_it(is_builtin: bool, daemon: Daemon) -> None:
    asked = []

    class Error(Exception):
        def __str__(self) -> str:
            asked.append(self)
            return "no"

    kind = ValueError if is_builtin else Error

    def levels(count: int) -> None:
        with xray_recorder.in_subsegment(f"level {count}"):
            levels(count - 1) if count else down(0) if is_builtin else _raise(kind("no"))

    def steps(count: int) -> int:
        taken = 0

        def trace(frame: Any, event: str, argument: object) -> Any:
            nonlocal taken
            taken += event == "line" and frame.f_code.co_filename.endswith(("cause.py", "sighting.py"))
            return trace

        sys.settrace(trace)
        try:
            with contextlib.suppress(kind):
                levels(count)
        finally:
            sys.settrace(None)
        return taken

    steps(1)
    few, many = steps(20), steps(120)
    daemon.clear()

    assert many < 9 * few  # with each level looking at all, some 30 times as many
    assert len(asked) == (0 if is_builtin else 3)


def _raise(error: BaseException) -> None:
    raise error


def test_no_message_is_kept_until_the_invocation_ends(daemon: Daemon) -> None:
    class Text(str):
        __slots__ = ("__weakref__",)

    text = Text("x" * 100_000)
    reference = weakref.ref(text)
    with xray_recorder.in_subsegment("outer"):
        record(ValueError(text))
        del text
        gc.collect()

        assert reference() is None

    assert exceptions(daemon)[0]["message"].endswith("... 95904 more characters")

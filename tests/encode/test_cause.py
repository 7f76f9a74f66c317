"""Exceptions in a trace: type, message and frames, what led to them, and the members of groups."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

import pytest

from lambda_tracer import xray_recorder
from tests.daemon import Daemon
from tests.encode.causes import chain, down, exceptions, record, summary

# --- One exception ------------------------------------------------------------------------------------------


def test_an_exception_is_described_by_type_message_and_where_it_came_from(daemon: Daemon) -> None:
    with pytest.raises(ValueError, match="bottom"), xray_recorder.in_subsegment("work"):
        down(1)

    cause = daemon.subsegment("work")["cause"]
    [exception] = cause["exceptions"]
    assert cause["working_directory"] == os.getcwd()
    assert (exception["type"], exception["message"], exception["remote"]) == (
        "ValueError",
        "at the bottom",
        False,
    )
    assert [(frame["path"], frame["label"]) for frame in exception["stack"]] == [
        ("test_cause.py", "test_an_exception_is_described_by_type_message_and_where_it_came_from"),
        ("causes.py", "down"),
        ("causes.py", "down"),
    ]
    assert exception["stack"][2]["line"] == down.__code__.co_firstlineno + 4
    assert "truncated" not in exception


@pytest.mark.parametrize(
    "error",
    [ValueError(), ValueError(""), type("Silent", (Exception,), {"__str__": lambda self: ""})("secret")],
    ids=["no argument", "empty", "silent"],
)
def test_an_exception_without_a_message_has_none(error: Exception, daemon: Daemon) -> None:
    record(error)

    assert "message" not in exceptions(daemon)[0]


def test_an_exception_whose_message_cannot_be_made_is_named(daemon: Daemon) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    with pytest.raises(Mute), xray_recorder.in_subsegment("work"):
        raise Mute

    assert exceptions(daemon)[0]["message"].endswith("Mute>")


def test_a_long_message_is_cut_and_says_how_much_is_missing(daemon: Daemon) -> None:
    record(ValueError("x" * 5_000))

    assert exceptions(daemon)[0]["message"] == "x" * 4_096 + "... 904 more characters"


def test_of_a_deep_stack_the_frames_nearest_to_the_raise_are_kept(daemon: Daemon) -> None:
    with pytest.raises(ValueError, match="bottom"), xray_recorder.in_subsegment("work"):
        down(30)

    [exception] = exceptions(daemon)
    assert len(exception["stack"]) == 10
    assert {frame["label"] for frame in exception["stack"]} == {"down"}
    assert exception["stack"][-1]["line"] == down.__code__.co_firstlineno + 4
    assert exception["truncated"] == 32 - 10


def test_the_number_of_frames_can_be_configured(daemon: Daemon) -> None:
    xray_recorder.configure(max_trace_back=2)
    with pytest.raises(ValueError, match="bottom"), xray_recorder.in_subsegment("work"):
        down(3)

    [exception] = exceptions(daemon)
    assert [frame["label"] for frame in exception["stack"]] == ["down", "down"]
    assert exception["truncated"] == 3


def test_with_no_frames_wanted_there_is_no_stack(daemon: Daemon) -> None:
    xray_recorder.configure(max_trace_back=0)
    record(ValueError("no"))

    [exception] = exceptions(daemon)
    assert "stack" not in exception


def test_an_exception_that_was_never_raised_has_no_stack(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.add_exception(ValueError("no"))

    [exception] = exceptions(daemon)
    assert summary([exception]) == [("ValueError", "no")]
    assert "stack" not in exception
    daemon.expect_tree("work  fault ValueError")


def test_a_stack_can_be_given_as_traceback_extracts_it(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.add_exception(ValueError("no"), traceback.extract_stack(limit=1), remote=True)
    with xray_recorder.in_subsegment("tuples") as subsegment:
        subsegment.add_exception(ValueError("no"), [("/var/task/app.py", 3, "handler", "source")])

    [exception] = exceptions(daemon)
    assert exception["remote"] is True
    assert exception["stack"][0]["path"] == "test_cause.py"
    assert exceptions(daemon, "tuples")[0]["stack"] == [{"path": "app.py", "line": 3, "label": "handler"}]


def test_exceptions_that_were_never_raised_are_each_described_with_their_stack(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work"):
        for line in range(5):
            subsegment: Any = xray_recorder.begin_subsegment("call")
            subsegment.add_exception(ValueError("no"), [("app.py", line, "handler")])
            subsegment.close()

    causes = [child["cause"] for child in daemon.documents()[0]["subsegments"]]
    assert [cause["exceptions"][0]["stack"][0]["line"] for cause in causes if isinstance(cause, dict)] == [
        *range(5)
    ]


@pytest.mark.parametrize("stack", [[5], [("app.py",)], 5, [None], [("app.py", "three", None)]])
def test_a_stack_that_is_none_does_not_harm_the_exception(stack: Any, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.add_exception(ValueError("no"), stack)

    assert summary(exceptions(daemon)) == [("ValueError", "no")]


def test_a_working_directory_that_is_gone_is_left_empty(
    daemon: Daemon, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    record(ValueError("no"))

    assert daemon.subsegment("work")["cause"]["working_directory"] == ""


# --- What led to it -----------------------------------------------------------------------------------------


def test_raise_from_is_a_chain(daemon: Daemon) -> None:
    @xray_recorder.capture("work")
    def work() -> None:
        try:
            down(0)
        except ValueError as error:
            raise RuntimeError("failed") from error

    with pytest.raises(RuntimeError):
        work()

    assert chain(daemon) == ["RuntimeError", "ValueError"]
    assert [frame["label"] for frame in exceptions(daemon)[1]["stack"]][-1] == "down"


def test_an_exception_raised_while_handling_another_is_a_chain(daemon: Daemon) -> None:
    @xray_recorder.capture("work")
    def work() -> None:
        try:
            try:
                raise KeyError("id")
            except KeyError:
                raise ValueError("no") from KeyError("explicit")
        except ValueError:
            raise RuntimeError("failed")  # noqa: B904  # the context is what this is about

    with pytest.raises(RuntimeError):
        work()

    assert chain(daemon) == ["RuntimeError", "ValueError", "KeyError"]
    assert exceptions(daemon)[2]["message"] == "'explicit'"


def test_raise_from_none_has_no_chain(daemon: Daemon) -> None:
    @xray_recorder.capture("work")
    def work() -> None:
        try:
            raise KeyError("id")
        except KeyError:
            raise RuntimeError("failed") from None

    with pytest.raises(RuntimeError):
        work()

    assert chain(daemon) == ["RuntimeError"]


def test_what_led_to_an_exception_is_referred_to_when_a_subsegment_below_described_it(daemon: Daemon) -> None:
    @xray_recorder.capture("outer")
    def work() -> None:
        try:
            with xray_recorder.in_subsegment("inner"):
                raise ValueError("no")
        except ValueError as error:
            raise RuntimeError("failed") from error

    with pytest.raises(RuntimeError):
        work()

    [outer] = exceptions(daemon, "outer")
    [inner] = exceptions(daemon, "inner")
    assert (outer["type"], outer["cause"]) == ("RuntimeError", inner["id"])


def test_a_chain_that_is_a_circle_ends(daemon: Daemon) -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    record(first)

    assert summary(exceptions(daemon)) == [("ValueError", "first"), ("ValueError", "second")]


def test_of_a_long_chain_ten_exceptions_are_described(daemon: Daemon) -> None:
    error = ValueError("0")
    for number in range(1, 20):
        led_by, error = error, ValueError(str(number))
        error.__cause__ = led_by
    record(error)

    assert [message for _, message in summary(exceptions(daemon))] == [str(n) for n in range(19, 9, -1)]
    assert "cause" not in exceptions(daemon)[-1]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs Python 3.11")
def test_the_members_of_a_group_are_described(daemon: Daemon) -> None:
    group = eval("ExceptionGroup")("both", [ValueError("first"), KeyError("second")])
    record(group)

    found = exceptions(daemon)
    assert [exception["type"] for exception in found] == ["ExceptionGroup", "ValueError", "KeyError"]
    assert found[0]["cause"] == found[1]["id"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs Python 3.11")
def test_groups_may_hold_groups(daemon: Daemon) -> None:
    kind = eval("ExceptionGroup")
    record(kind("outer", [kind("inner", [ValueError("first")]), KeyError("second")]))

    assert [exception["type"] for exception in exceptions(daemon)] == [
        "ExceptionGroup",
        "ExceptionGroup",
        "ValueError",
        "KeyError",
    ]


def test_of_a_thousand_exceptions_the_first_are_described_and_the_rest_counted(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("batch") as subsegment:
        for number in range(1_000):
            try:
                raise ValueError(f"record {number}")
            except ValueError as error:
                subsegment.add_exception(error)

    assert summary(exceptions(daemon, "batch")) == [("ValueError", f"record {n}") for n in range(10)]
    assert daemon.subsegment("batch")["metadata"] == {"lambda_tracer": {"exceptions_left_out": 990}}

"""Exceptions in a trace: described once, with what led to them, without touching them or holding on to them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import json
import os
import sys
import threading
import traceback
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.documents import Document

tracer = Tracer(service="payment", disabled=False, auto_patch=False)


def record(error: BaseException, name: str = "work") -> None:
    """Let an exception leave a subsegment."""
    with pytest.raises(type(error)), xray_recorder.in_subsegment(name):
        raise error


def exceptions(daemon: Daemon, name: str = "work") -> list[Document]:
    found: list[Document] = daemon.subsegment(name)["cause"]["exceptions"]
    return found


def summary(found: list[Document]) -> list[tuple[str, str]]:
    return [(exception["type"], exception.get("message", "")) for exception in found]


def labels(daemon: Daemon, name: str, exception: int = 0) -> list[str]:
    return [frame["label"] for frame in exceptions(daemon, name)[exception]["stack"]]


def down(levels: int) -> None:
    if levels:
        down(levels - 1)
    else:
        raise ValueError("at the bottom")


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
        ("test_cause.py", "down"),
        ("test_cause.py", "down"),
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


def test_the_tracers_own_frames_are_hidden(daemon: Daemon) -> None:
    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        method()

    @tracer.capture_method
    def method() -> None:
        down(0)

    with pytest.raises(ValueError, match="bottom"), xray_recorder.in_subsegment("around"):
        method()
    with pytest.raises(ValueError, match="bottom"):
        handler({}, None)

    around, handled = daemon.documents()
    [inner] = around["subsegments"]
    [method_of_handler] = handled["subsegments"]
    for described, outermost in (
        (inner, "test_the_tracers_own_frames_are_hidden"),
        (method_of_handler, "handler"),
    ):
        stack = described["cause"]["exceptions"][0]["stack"]
        assert [frame["label"] for frame in stack] == [outermost, "method", "down"]


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


# --- The same exception again -------------------------------------------------------------------------------


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


# --- What led to it -----------------------------------------------------------------------------------------


def chain(daemon: Daemon, name: str = "work") -> list[str]:
    """The types from the exception itself to what led to it, by their references."""
    by_id = {exception["id"]: exception for exception in exceptions(daemon, name)}
    types = []
    id_ = exceptions(daemon, name)[0]["id"]
    while id_ is not None:
        types.append(by_id[id_]["type"])
        id_ = by_id[id_].get("cause")
    return types


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


# --- The stack, out to the handler --------------------------------------------------------------------------


def handle(function: Any) -> None:
    """Call `function` in a captured handler, which catches what it raises."""

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        with contextlib.suppress(Exception):
            function()

    handler({}, None)


def test_the_stack_runs_out_to_the_handler_wherever_it_was_caught(daemon: Daemon) -> None:
    def half_way() -> None:
        with xray_recorder.in_subsegment("work") as subsegment:
            try:
                down(1)
            except ValueError as error:
                subsegment.add_exception(error)

    def first() -> None:
        half_way()

    handle(first)

    assert labels(daemon, "work") == ["handler", "first", "half_way", "down", "down"]


def test_what_c_code_raises_has_the_stack_of_those_who_called_it(daemon: Daemon) -> None:
    number = xray_recorder.capture("called")(functools.partial(int, "none"))

    def caller() -> None:
        number()

    handle(caller)

    assert labels(daemon, "called") == ["handler", "caller"]


def test_what_led_to_an_exception_has_a_stack_out_to_the_handler_too(daemon: Daemon) -> None:
    def translate() -> None:
        try:
            down(0)
        except ValueError as error:
            raise RuntimeError("translated") from error

    @xray_recorder.capture("work")
    def work() -> None:
        translate()

    handle(work)

    assert labels(daemon, "work", 0) == ["handler", "work", "translate"]
    assert labels(daemon, "work", 1) == ["handler", "work", "translate", "down"]


def test_a_coroutine_has_those_that_await_it(daemon: Daemon) -> None:
    async def repository() -> None:
        with xray_recorder.in_subsegment("work"):
            await asyncio.sleep(0)
            down(0)

    @tracer.capture_lambda_handler
    async def handler(event: object, context: object) -> None:
        with contextlib.suppress(ValueError):
            await repository()

    handler({}, None)

    assert labels(daemon, "work") == ["handler", "repository", "down"]


def test_no_frame_stands_twice_in_the_stack(daemon: Daemon) -> None:
    """A context manager made of a generator gets the exception from the very frame that it went through."""

    @tracer.capture_method
    @contextlib.contextmanager
    def managed() -> Iterator[None]:
        yield

    @xray_recorder.capture("work")
    def work() -> None:
        with managed():
            raise ValueError("no")

    handle(work)

    [described] = [
        each["cause"]["exceptions"][0] for each in daemon.subsegments() if isinstance(each.get("cause"), dict)
    ]
    assert [frame["label"] for frame in described["stack"]] == ["handler", "managed", "work"]


@pytest.mark.parametrize("way", ["task", "thread"])
def test_where_no_handler_is_above_the_stack_ends_where_the_users_code_begins(
    way: str, daemon: Daemon
) -> None:
    def work() -> None:
        with contextlib.suppress(ValueError), xray_recorder.in_subsegment("work"):
            down(0)

    async def task() -> None:
        await asyncio.sleep(0)
        work()

    async def main() -> None:
        await asyncio.create_task(task())

    if way == "task":
        asyncio.run(main())
    else:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert labels(daemon, "work") == [*(["task"] if way == "task" else []), "work", "down"]


def test_frames_of_libraries_give_way_first_and_the_handler_stays(daemon: Daemon) -> None:
    @contextlib.contextmanager
    def nothing() -> Iterator[None]:
        yield

    @nothing()
    def through_libraries(levels: int) -> None:
        if levels:
            through_libraries(levels - 1)
        else:
            json.loads("{")

    def work() -> None:
        with xray_recorder.in_subsegment("work"):
            through_libraries(4)

    handle(work)

    [exception] = exceptions(daemon, "work")
    found = [frame["label"] for frame in exception["stack"]]
    assert (found[0], found[1], found[-1], len(found)) == ("handler", "work", "raw_decode", 10)
    assert found.count("through_libraries") == 5
    assert exception["truncated"] == 5


def test_of_a_stack_that_is_too_deep_the_handler_and_the_raise_are_kept(daemon: Daemon) -> None:
    def work() -> None:
        with xray_recorder.in_subsegment("work"):
            down(30)

    handle(work)

    [exception] = exceptions(daemon, "work")
    assert [frame["label"] for frame in exception["stack"]] == ["handler", *["down"] * 9]
    assert exception["truncated"] == 33 - 10


# --- Bounds -------------------------------------------------------------------------------------------------


def test_a_traceback_may_stand_for_the_stack(daemon: Daemon) -> None:
    error = ValueError("no")
    with xray_recorder.in_subsegment("own") as subsegment:
        try:
            down(0)
        except ValueError as caught:
            subsegment.add_exception(caught, caught.__traceback__)
            frames = traceback.extract_tb(caught.__traceback__)
            with xray_recorder.in_subsegment("another") as other:
                other.add_exception(error, caught.__traceback__)
            with xray_recorder.in_subsegment("summary") as other:
                other.add_exception(KeyError("no"), iter(frames))

    expected = ["test_a_traceback_may_stand_for_the_stack", "down"]
    assert labels(daemon, "own") == expected
    assert labels(daemon, "another") == expected
    assert labels(daemon, "summary") == expected


def test_of_a_thousand_exceptions_the_first_are_described_and_the_rest_counted(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("batch") as subsegment:
        for number in range(1_000):
            try:
                raise ValueError(f"record {number}")
            except ValueError as error:
                subsegment.add_exception(error)

    assert summary(exceptions(daemon, "batch")) == [("ValueError", f"record {n}") for n in range(10)]
    assert daemon.subsegment("batch")["metadata"] == {"lambda_tracer": {"exceptions_left_out": 990}}


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

"""Exceptions: cause, fault, stack, references, and exceptions that are no Exception."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import traceback
from typing import Any

from tests.parity.lab import Lab, scenario


def _fail(error: BaseException) -> None:
    raise error


@scenario("stack-to-the-handler")
def in_a_with_block(lab: Lab) -> None:
    def work() -> None:
        with lab.recorder.in_subsegment("work"):
            raise ValueError("in the block")

    lab.attempt("call", work)


@scenario("stack-to-the-handler")
def through_several_subsegments(lab: Lab) -> None:
    def work() -> None:
        recorder = lab.recorder
        with (
            recorder.in_subsegment("outer"),
            recorder.in_subsegment("middle"),
            recorder.in_subsegment("inner"),
        ):
            raise KeyError("one cause")

    lab.attempt("call", work)


@scenario("error-metadata", "stack-of-a-decorator")
def through_handler_and_methods(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    def innermost() -> None:
        raise RuntimeError("deep down")

    @tracer.capture_method
    def middle() -> None:
        innermost()

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> None:
        middle()

    lab.attempt("call", handler, {}, None)


@scenario("error-metadata", "stack-of-a-decorator")
def caught_between(lab: Lab) -> None:
    tracer = lab.tracer()

    @tracer.capture_method
    def fails() -> None:
        raise ValueError("caught by the caller")

    @tracer.capture_method
    def catches() -> str:
        try:
            fails()
        except ValueError:
            return "recovered"
        return "unreachable"

    lab.attempt("call", catches)


def _kind(label: str, error: BaseException) -> None:
    @scenario("stack-to-the-handler", name=f"{label} in a with block")
    def run(lab: Lab) -> None:
        def work() -> None:
            with lab.recorder.in_subsegment("outer"), lab.recorder.in_subsegment("inner"):
                raise error

        lab.attempt("call", work)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


class OwnText(Exception):
    def __str__(self) -> str:
        return "its own text"


_kind("SystemExit", SystemExit(2))
_kind("KeyboardInterrupt", KeyboardInterrupt())
_kind("CancelledError", asyncio.CancelledError())
_kind("exception without a message", ValueError())
_kind("exception with its own text", OwnText("ignored"))
_kind("exception with several arguments", OSError(2, "No such file"))
_kind("StopIteration", StopIteration(1))
_kind("ünïcödé message", ValueError("ünïcödé \U0001f600 \n"))


@scenario("closing-a-generator-is-no-fault")
def generator_exit_in_a_with_block(lab: Lab) -> None:
    def numbers() -> Any:
        with lab.recorder.in_subsegment("in a generator"):
            yield 1
            yield 2

    running = numbers()
    next(running)
    running.close()


@scenario("message-of-last-resort")
def exception_that_cannot_be_printed(lab: Lab) -> None:
    with lab.recorder.in_subsegment("unprintable") as subsegment:
        subsegment.add_exception(Unprintable(), [])


@scenario("stack-of-a-decorator")
def exits_in_a_method(lab: Lab) -> None:
    tracer = lab.tracer()
    lab.attempt("exit", tracer.capture_method(_fail), SystemExit(1))


@scenario("error-metadata", "stack-of-a-decorator")
def exception_with_attributes(lab: Lab) -> None:
    tracer = lab.tracer()

    class Declined(Exception):
        def __init__(self) -> None:
            super().__init__("card declined")
            self.code = 51
            self.details = {"retry": False}
            self._internal = "hidden"

    lab.attempt("call", tracer.capture_method(_fail), Declined())


@scenario("error-metadata", "stack-of-a-decorator")
def exception_with_a_message_of_its_own(lab: Lab) -> None:
    """Attributes called `type` and `message` are shown as the exception has them."""
    tracer = lab.tracer()

    class Rejected(Exception):
        def __init__(self) -> None:
            super().__init__("[E17] rejected by the partner")
            self.message = "rejected by the partner"

    lab.attempt("call", tracer.capture_method(_fail), Rejected())


@scenario("stack-of-a-decorator")
def tried_again_and_again(lab: Lab) -> None:
    """Each attempt fails with an exception of its own, though perhaps in the same place in memory."""
    tracer = lab.tracer()

    @tracer.capture_method(capture_error=False)
    def attempt(number: int) -> None:
        raise ConnectionError(f"attempt {number} failed")

    @tracer.capture_method
    def retried() -> str:
        for number in range(5):
            with contextlib.suppress(ConnectionError):
                attempt(number)
        return "gave up"

    lab.attempt("call", retried)


@scenario("stack-of-a-decorator")
def exception_not_kept_as_metadata(lab: Lab) -> None:
    tracer = lab.tracer()
    lab.attempt("call", tracer.capture_method(_fail, capture_error=False), ValueError("no metadata"))


@scenario("stack-of-a-capture")
def in_a_captured_function(lab: Lab) -> None:
    captured = lab.recorder.capture("captured")(_fail)
    lab.attempt("call", captured, ValueError("captured"))


@scenario("every-exception-is-a-fault")
def exit_in_a_captured_function(lab: Lab) -> None:
    captured = lab.recorder.capture("captured")(_fail)
    lab.attempt("call", captured, SystemExit(1))


@scenario("every-exception-is-a-fault")
def cancelled_in_a_captured_coroutine(lab: Lab) -> None:
    @lab.recorder.capture_async("captured")
    async def cancelled() -> None:
        raise asyncio.CancelledError

    lab.run("call", cancelled)


class Falsy(Exception):
    def __bool__(self) -> bool:
        return False


@scenario("every-exception-is-a-fault")
def falsy_exception_in_a_captured_function(lab: Lab) -> None:
    captured = lab.recorder.capture("captured")(_fail)
    lab.attempt("call", captured, Falsy("it counts as false"))


@scenario("stack-keeps-the-raise")
def deeper_than_the_stack_that_is_kept(lab: Lab) -> None:
    def deep(level: int) -> None:
        if level == 0:
            raise ValueError("at the bottom")
        deep(level - 1)

    def work() -> None:
        with lab.recorder.in_subsegment("deep"):
            deep(20)

    lab.attempt("call", work)


@scenario("stack-keeps-the-raise")
def three_frames_kept(lab: Lab) -> None:
    lab.recorder.configure(max_trace_back=3)

    def deep(level: int) -> None:
        if level == 0:
            raise ValueError("at the bottom")
        deep(level - 1)

    def work() -> None:
        with lab.recorder.in_subsegment("deep"):
            deep(5)

    lab.attempt("call", work)


@scenario("stack-keeps-the-raise")
def no_frames_kept(lab: Lab) -> None:
    lab.recorder.configure(max_trace_back=0)

    def work() -> None:
        with lab.recorder.in_subsegment("no stack"):
            raise ValueError("without frames")

    lab.attempt("call", work)


@scenario("exceptions-are-chained")
def raised_from_another(lab: Lab) -> None:
    def work() -> None:
        with lab.recorder.in_subsegment("translates"):
            try:
                raise KeyError("the reason")
            except KeyError as reason:
                raise ValueError("the consequence") from reason

    lab.attempt("call", work)


@scenario("exceptions-are-chained")
def raised_while_handling_another(lab: Lab) -> None:
    def work() -> None:
        with lab.recorder.in_subsegment("stumbles"):
            try:
                raise KeyError("first")
            except KeyError:
                raise ValueError("second")  # noqa: B904

    lab.attempt("call", work)


@scenario("stack-to-the-handler")
def raised_from_none(lab: Lab) -> None:
    def work() -> None:
        with lab.recorder.in_subsegment("hides"):
            try:
                raise KeyError("hidden")
            except KeyError:
                raise ValueError("shown") from None

    lab.attempt("call", work)


@scenario("exceptions-are-chained", "stack-to-the-handler")
def raised_from_one_recorded_below(lab: Lab) -> None:
    def work() -> None:
        with lab.recorder.in_subsegment("outer"):
            try:
                with lab.recorder.in_subsegment("inner"):
                    raise KeyError("the reason")
            except KeyError as reason:
                raise ValueError("the consequence") from reason

    lab.attempt("call", work)


if sys.version_info >= (3, 11):

    @scenario("exceptions-are-chained")
    def exception_group(lab: Lab) -> None:
        def work() -> None:
            with lab.recorder.in_subsegment("group"):
                raise ExceptionGroup("both", [ValueError("one"), KeyError("two")])  # noqa: F821

        lab.attempt("call", work)


@scenario("causes-end-with-the-invocation", "stack-to-the-handler")
def same_exception_in_two_invocations(lab: Lab) -> None:
    error = ValueError("kept at module level")
    for number in range(2):
        lab.invoke()

        def work(number: int = number) -> None:
            with lab.recorder.in_subsegment(f"invocation {number}"):
                raise error

        lab.attempt(f"call {number}", work)


class Frozen(Exception):
    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("frozen")


@scenario("exceptions-are-not-written-on")
def exception_that_takes_no_attributes(lab: Lab) -> None:
    def work() -> None:
        with lab.recorder.in_subsegment("frozen"):
            raise Frozen("the application's own")

    lab.attempt("call", work)
    lab.recorder.clear_trace_entities()


@scenario()
def added_by_hand(lab: Lab) -> None:
    with lab.recorder.in_subsegment("by hand") as subsegment:
        try:
            _fail(ValueError("handled"))
        except ValueError as error:
            subsegment.add_exception(error, traceback.extract_tb(error.__traceback__), remote=True)


@scenario()
def added_by_hand_with_tuples_as_stack(lab: Lab) -> None:
    with lab.recorder.in_subsegment("by hand") as subsegment:
        subsegment.add_exception(
            ValueError("made up"), [("/a/b.py", 3, "function", "code"), ("c.py", 4, "g", None)]
        )


@scenario()
def added_by_hand_without_a_stack(lab: Lab) -> None:
    with lab.recorder.in_subsegment("by hand") as subsegment:
        subsegment.add_exception(ValueError("no stack"), [])
        lab.note("fault", subsegment.fault)


@scenario()
def two_exceptions_added(lab: Lab) -> None:
    with lab.recorder.in_subsegment("two") as subsegment:
        subsegment.add_exception(ValueError("one"), [])
        subsegment.add_exception(KeyError("two"), [])


@scenario()
def same_exception_added_twice(lab: Lab) -> None:
    error = ValueError("twice")
    with lab.recorder.in_subsegment("outer") as outer:
        with lab.recorder.in_subsegment("inner") as inner:
            inner.add_exception(error, [])
        outer.add_exception(error, [])


@scenario()
def another_exception_after_a_reference(lab: Lab) -> None:
    error = ValueError("twice")
    with lab.recorder.in_subsegment("outer") as outer:
        with lab.recorder.in_subsegment("inner") as inner:
            inner.add_exception(error, [])
        outer.add_exception(error, [])
        outer.add_exception(KeyError("another"), [])


@scenario("no-value-costs-the-document")
def message_longer_than_a_document(lab: Lab) -> None:
    def work() -> None:
        with lab.recorder.in_subsegment("talkative"):
            raise ValueError("x" * 70_000)

    try:
        work()
    except ValueError as error:
        lab.note("length of the message", len(str(error)))

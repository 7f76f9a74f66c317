"""The stack of an exception: from the line that raised it out to the handler, wherever it was caught."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.daemon import Daemon
from tests.encode.causes import down, exceptions, labels

tracer = Tracer(service="payment", disabled=False, auto_patch=False)


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

"""Exceptions with which Powertools' Tracer or the X-Ray SDK goes wrong, done right."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import functools
import sys

import pytest

from lambda_tracer import xray_recorder
from tests.daemon import Daemon


def deep(level: int) -> None:
    if level == 0:
        raise ValueError("at the bottom")
    deep(level - 1)


@pytest.mark.parametrize("form", ["with block", "decorator"])
def test_a_stack_that_is_too_deep_keeps_the_line_that_raised(form: str, daemon: Daemon) -> None:
    def in_a_block() -> None:
        with xray_recorder.in_subsegment("deep"):
            deep(20)

    run = in_a_block if form == "with block" else functools.partial(xray_recorder.capture("deep")(deep), 20)
    with pytest.raises(ValueError):
        run()

    [exception] = daemon.subsegment("deep")["cause"]["exceptions"]
    assert len(exception["stack"]) == 10
    assert exception["stack"][-1]["line"] == deep.__code__.co_firstlineno + 2
    assert exception["truncated"] >= 11


class Frozen(Exception):
    """An exception that takes no attributes."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("frozen")


def test_an_exception_that_takes_no_attributes_passes_as_it_is(daemon: Daemon) -> None:
    error = Frozen("the application's own")

    with pytest.raises(Frozen) as raised, xray_recorder.in_subsegment("fails"):
        raise error

    assert raised.value is error
    assert xray_recorder.current_subsegment() is None
    daemon.expect_tree("fails  fault Frozen")


def test_nothing_is_written_on_an_exception(daemon: Daemon) -> None:
    error = ValueError("clean")

    with pytest.raises(ValueError), xray_recorder.in_subsegment("fails"):
        raise error

    assert vars(error) == {}
    daemon.expect_tree("fails  fault ValueError")


def test_an_exception_raised_from_another_refers_to_it(daemon: Daemon) -> None:
    def translate() -> None:
        try:
            with xray_recorder.in_subsegment("inner"):
                raise KeyError("the reason")
        except KeyError as reason:
            raise ValueError("the consequence") from reason

    with pytest.raises(ValueError), xray_recorder.in_subsegment("outer"):
        translate()

    [inner] = daemon.subsegment("inner")["cause"]["exceptions"]
    consequence = daemon.subsegment("outer")["cause"]["exceptions"][0]
    assert consequence["type"] == "ValueError"
    assert consequence["cause"] == inner["id"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs Python 3.11")
def test_the_members_of_a_group_are_recorded(daemon: Daemon) -> None:
    with pytest.raises(BaseException), xray_recorder.in_subsegment("group"):
        raise builtins.ExceptionGroup("both", [ValueError("one"), KeyError("two")])  # type: ignore[attr-defined]

    described = daemon.subsegment("group")["cause"]["exceptions"]
    assert [exception["type"] for exception in described] == ["ExceptionGroup", "ValueError", "KeyError"]


class Falsy(Exception):
    def __bool__(self) -> bool:
        return False


@pytest.mark.parametrize("error", [Falsy("counts as false"), SystemExit(1), KeyboardInterrupt()], ids=repr)
def test_every_exception_makes_a_captured_function_a_fault(error: BaseException, daemon: Daemon) -> None:
    @xray_recorder.capture("captured")
    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        fail()

    daemon.expect_tree(f"captured  fault {type(error).__name__}")


def test_a_cancelled_task_is_a_fault(daemon: Daemon) -> None:
    @xray_recorder.capture_async("captured")
    async def wait() -> None:
        await asyncio.sleep(60)

    async def main() -> None:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())

    daemon.expect_tree("captured  fault CancelledError")


def test_a_message_longer_than_a_datagram_is_cut(daemon: Daemon) -> None:
    @xray_recorder.capture("talkative")
    def fail() -> None:
        xray_recorder.put_annotation("key", "value")
        raise ValueError("x" * 100_000)

    with pytest.raises(ValueError):
        fail()

    sent = daemon.subsegment("talkative")
    assert sent["annotations"] == {"key": "value"}
    assert sent["cause"]["exceptions"][0]["message"].startswith("xxx")


def test_exceptions_at_the_same_line_are_told_apart(daemon: Daemon) -> None:
    """A loop of attempts: each exception dies before the next, which may be made in the same place in memory."""

    def attempt(number: int) -> None:
        raise ConnectionError(f"attempt {number}")

    for number in range(20):
        with contextlib.suppress(ConnectionError), xray_recorder.in_subsegment("attempt"):
            attempt(number)

    causes = [part["cause"] for part in daemon.subsegments()]
    assert [cause if isinstance(cause, str) else cause["exceptions"][0]["message"] for cause in causes] == [
        f"attempt {number}" for number in range(20)
    ]

"""The guard: an error of ours ends there, is said once, and the user's call goes on; a healthy trace says nothing."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import Tracer, guard, xray_recorder
from lambda_tracer.encode import document
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.logged import messages

tracer = Tracer(service="payment", disabled=False, auto_patch=False)

LOST = "lambda_tracer lost a part of the trace; the function is not affected: "


@pytest.fixture
def as_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard as users have it: it catches what it lets pass in this suite."""
    monkeypatch.setattr(guard, "reraise", False)


def break_current_subsegment() -> None:
    """Stands for any error of ours: describing the subsegment will fail."""
    subsegment: Any = xray_recorder.current_subsegment()
    subsegment.metadata = "no dict"


def assert_lost_once(caplog: pytest.LogCaptureFixture) -> None:
    [(level, message)] = messages(caplog)
    assert level == "WARNING"
    assert message.startswith(f"{LOST}AttributeError at encode/{Path(document.__file__).name}:")


def test_the_first_message_of_a_kind_is_a_warning_and_later_ones_are_debug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    guard.warn_once("a", "first of %s", "a")
    guard.warn_once("a", "second of %s", "a")
    guard.warn_once("b", "first of b")

    assert messages(caplog) == [
        ("WARNING", "first of a"),
        ("DEBUG", "second of a"),
        ("WARNING", "first of b"),
    ]
    assert {record.name for record in caplog.records} == {"lambda_tracer"}


def test_messages_are_formatted_only_when_somebody_reads_them() -> None:
    class Costly:
        def __str__(self) -> str:
            raise AssertionError("formatted")

    guard.warn_once("a", "first")
    logging.getLogger("lambda_tracer").setLevel(logging.WARNING)
    try:
        guard.warn_once("a", "later: %s", Costly())
    finally:
        logging.getLogger("lambda_tracer").setLevel(logging.NOTSET)

    assert "a" in guard._said


@pytest.mark.usefixtures("as_installed")
def test_an_error_of_ours_is_counted_and_said_once_with_its_type_and_not_its_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    guard.failed(RuntimeError("may be the user's"))
    guard.failed(KeyError("may be the user's"))

    assert guard.failures == 2
    assert messages(caplog) == [
        ("WARNING", f"{LOST}RuntimeError at unknown"),
        ("DEBUG", f"{LOST}KeyError at unknown"),
    ]
    assert [record.exc_info for record in caplog.records] == [None, None]


def test_in_this_suite_an_error_of_ours_fails_the_test() -> None:
    with pytest.raises(RuntimeError, match="ours"):
        guard.failed(RuntimeError("ours"))


@pytest.mark.usefixtures("as_installed")
def test_a_function_is_not_affected_by_an_error_of_ours(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    @tracer.capture_lambda_handler
    def handler(event: dict[str, Any], context: object) -> int:
        break_current_subsegment()
        if "error" in event:
            raise event["error"]
        return 7

    error = ValueError("the user's")
    assert handler({}, None) == 7
    with pytest.raises(ValueError, match="the user's") as caught:
        handler({"error": error}, None)

    assert caught.value is error
    daemon.expect_tree("## handler\n## handler  fault")
    assert guard.failures == 2
    assert_lost_once(caplog)


@pytest.mark.usefixtures("as_installed")
def test_after_an_error_of_ours_the_next_subsegment_is_recorded_in_full(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("broken"):
        break_current_subsegment()
    with xray_recorder.in_subsegment("whole"):
        xray_recorder.put_annotation("key", "value")

    daemon.expect_tree('broken\nwhole  {"key": "value"}', annotations=True)


@pytest.mark.usefixtures("as_installed")
def test_a_subsegment_that_cannot_be_described_arrives_with_its_identity(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    with xray_recorder.in_subsegment("outer"), xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_annotation("key", "lost")
        subsegment.add_fault_flag()
        break_current_subsegment()
        with xray_recorder.in_subsegment("child"):
            pass

    daemon.expect_tree(
        """
        outer
          work  fault
            child
    """,
        annotations=True,
    )
    assert_lost_once(caplog)


def test_a_healthy_trace_logs_nothing_at_any_level(
    daemon: Daemon, invoke: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="lambda_tracer")

    @tracer.capture_method
    def fails() -> None:
        raise ValueError("no")

    @tracer.capture_method
    async def work() -> list[int]:
        await asyncio.sleep(0)
        xray_recorder.begin_subsegment("by hand")
        xray_recorder.put_annotation("key", "value")
        tracer.put_metadata("key", object())
        xray_recorder.end_subsegment()
        return [1]

    @tracer.capture_lambda_handler
    async def handler(event: object, context: object) -> object:
        try:
            fails()
        except ValueError:
            pass
        return await asyncio.gather(work(), work())

    handler({}, None)
    invoke()
    handler({}, None)
    invoke(sampled=0)
    handler({}, None)

    assert len(daemon.documents()) == 2
    assert [record for record in caplog.records if record.name.startswith("lambda_tracer")] == []


def test_what_is_logged_never_shows_the_users_values(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret: Any = "hunter2"
    caplog.set_level("DEBUG")
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_annotation(f"{secret}!", 1)
        subsegment.put_annotation("key", [secret])
        subsegment.put_metadata("key", secret, f"AWS.{secret}")
        subsegment.put_http_meta("status", secret)
        subsegment.put_http_meta(secret, secret)
        xray_recorder.end_subsegment()
    subsegment.put_annotation("key", secret)
    xray_recorder.put_annotation("key", secret)
    xray_recorder.begin_segment(secret)
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", secret)
    xray_recorder.emitter.reset()
    with xray_recorder.in_subsegment("unsent"):
        pass
    monkeypatch.setenv("_X_AMZN_TRACE_ID", secret)
    with xray_recorder.in_subsegment("unrecorded"):
        pass

    assert len(messages(caplog)) >= 9
    assert secret not in caplog.text
    assert len(daemon.documents()) == 1

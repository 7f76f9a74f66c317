"""When a part of the trace was cut, or did not leave, the outermost subsegment says what and how much."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.send.emitter import UDPEmitter
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.functions.running import running

NOWHERE = "no-such-host.invalid:2000"


def report(daemon: Daemon, name: str) -> dict[str, Any]:
    """What the subsegment of that name says of the tracer."""
    found: dict[str, Any] = daemon.subsegment(name).get("metadata", {}).get("lambda_tracer", {})
    return found


def test_a_whole_trace_has_no_report(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outermost"), xray_recorder.in_subsegment("inner") as inner:
        inner.put_metadata("text", "x" * 20_000)

    assert "metadata" not in daemon.subsegment("outermost")


def test_what_was_cut_below_is_counted_in_the_outermost(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outermost"):
        for number in range(3):
            with xray_recorder.in_subsegment("middle"), xray_recorder.in_subsegment("inner") as inner:
                inner.put_metadata("text", "x" * (70_000 + number))

    cut = report(daemon, "outermost")["cut"]
    assert cut["count"] == 3
    assert 3 * 69_000 < cut["bytes"] < 3 * 70_003 + 100
    assert all(
        "lambda_tracer" not in part["metadata"] for part in daemon.subsegments() if part["name"] == "inner"
    )


def test_the_outermost_counts_what_was_cut_of_itself(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outermost") as outermost:
        outermost.put_metadata("text", "x" * 100_000)
        with xray_recorder.in_subsegment("inner") as inner:
            inner.put_metadata("text", "x" * 100_000)

    cut = report(daemon, "outermost")["cut"]
    assert cut["count"] == 2
    assert 2 * 99_000 < cut["bytes"] < 2 * 100_100


def test_a_small_cut_is_reported_as_small(daemon: Daemon) -> None:
    """The bytes are those that are missing, not those of what was looked at."""
    with xray_recorder.in_subsegment("outermost"), xray_recorder.in_subsegment("inner") as inner:
        inner.put_metadata("large", "x" * 60_000)
        inner.put_metadata("small", "x" * 5_000)

    assert 59_000 < report(daemon, "outermost")["cut"]["bytes"] < 60_100
    assert len(daemon.subsegment("inner")["metadata"]["default"]["small"]) == 5_000


def test_what_could_not_be_sent_is_counted(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon's address leads nowhere for a while: a host name that does not exist."""
    emitter = xray_recorder.emitter
    assert isinstance(emitter, UDPEmitter)
    address = daemon.address
    with xray_recorder.in_subsegment("outermost"):
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", NOWHERE)
        for number in range(3):
            with xray_recorder.in_subsegment(f"lost {number}"):
                pass
        xray_recorder.stream_subsegments()
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address)
        emitter.reset()
        with xray_recorder.in_subsegment("kept"):
            pass

    lost = report(daemon, "outermost")["not_sent"]
    daemon.expect_tree("outermost\n  kept")
    assert lost["count"] == 3
    assert 3 * 150 < lost["bytes"] < 3 * 400


def test_what_an_emitter_raised_is_counted(daemon: Daemon) -> None:
    class Failing(UDPEmitter):
        def send(self, document: str) -> bool:
            if '"lost"' in document:
                raise RuntimeError("no")
            return super().send(document)

    xray_recorder.configure(emitter=Failing())
    with xray_recorder.in_subsegment("outermost"):
        with xray_recorder.in_subsegment("lost"):
            pass
        xray_recorder.stream_subsegments()

    assert report(daemon, "outermost")["not_sent"]["count"] == 1
    daemon.expect_tree("outermost")


def test_each_invocation_reports_its_own_losses(daemon: Daemon, invoke: Invoke) -> None:
    tracer = Tracer()

    @tracer.capture_lambda_handler
    def handler(event: int, context: object) -> None:
        with xray_recorder.in_subsegment("inner") as inner:
            inner.put_metadata("text", "x" * event)

    handler(70_000, None)
    invoke()
    handler(10, None)

    first, second = (part for part in daemon.subsegments() if part["name"] == "## handler")
    assert first["metadata"]["lambda_tracer"]["cut"]["count"] == 1
    assert "metadata" not in second


def test_the_report_stands_beside_the_users_own_metadata(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outermost") as outermost:
        outermost.put_metadata("mine", 1, "lambda_tracer")
        outermost.put_metadata("text", "y" * 70_000)

    said = report(daemon, "outermost")
    assert (said["mine"], said["cut"]["count"]) == (1, 1)


def test_a_report_survives_when_the_outermost_has_no_room_left(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outermost") as outermost:
        for number in range(5_000):
            outermost.put_metadata(f"key {number:04}", "z" * 20)

    assert report(daemon, "outermost")["cut"]["count"] == 1


def test_left_out_annotations_are_counted_where_they_were(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outermost"), xray_recorder.in_subsegment("inner") as inner:
        for number in range(60):
            inner.put_annotation(f"Key{number}", "x" * 1_000)

    left_out = report(daemon, "inner")["annotations_left_out"]
    assert left_out + len(daemon.subsegment("inner")["annotations"]) == 60


def test_it_is_seen_in_a_function_of_lambdas_own_runtime(daemon: Daemon, tmp_path: Path) -> None:
    code = """
    from lambda_tracer import Tracer
    tracer = Tracer(service="shop")

    @tracer.capture_method
    def catalogue():
        return ["page " * 20] * 1_000

    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        return len(catalogue())
    """
    with running(daemon, tmp_path, code) as function:
        assert function() == 1_000

    cut = report(daemon, "## lambda_handler")["cut"]
    assert cut["count"] == 1
    assert cut["bytes"] > 90_000
    assert (
        daemon.subsegment("## app.catalogue")["metadata"]["shop"]["app.catalogue response"]["lambda_tracer"]
        == "cut"
    )

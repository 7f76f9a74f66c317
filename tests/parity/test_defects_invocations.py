"""Invocations, headers and settings with which Powertools' Tracer or the X-Ray SDK goes wrong, done right."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.parity.reading import capture, parents

# --- Invocations --------------------------------------------------------------------------------------------

ROOT = "1-67891233-" + "a" * 24


def test_what_an_invocation_left_open_is_no_parent_in_its_retry(daemon: Daemon, invoke: Invoke) -> None:
    invoke(root=ROOT, parent="a" * 16)
    left = xray_recorder.begin_subsegment("left open")
    invoke(root=ROOT, parent="b" * 16)

    with xray_recorder.in_subsegment("next") as subsegment:
        assert xray_recorder.current_subsegment() is subsegment

    assert daemon.subsegment("next")["parent_id"] == "b" * 16
    assert daemon.subsegment("left open")["parent_id"] == "a" * 16
    assert daemon.subsegment("left open")["in_progress"] is True
    assert left.id == daemon.subsegment("left open")["id"]


def test_same_root_again_with_another_decision(
    daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke(root=ROOT, parent="a" * 16)
    with xray_recorder.in_subsegment("first"):
        pass
    invoke(root=ROOT, parent="b" * 16, sampled=0)
    with xray_recorder.in_subsegment("unsampled"):
        pass
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    with xray_recorder.in_subsegment("without a header"):
        pass
    invoke(root=ROOT, parent="c" * 16)
    with xray_recorder.in_subsegment("last"):
        pass

    assert [(part["name"], part["parent_id"][0]) for part in daemon.subsegments()] == [
        ("first", "a"),
        ("last", "c"),
    ]


def test_the_same_exception_is_described_in_each_invocation(daemon: Daemon, invoke: Invoke) -> None:
    error = ValueError("kept at module level")
    for _ in range(2):
        invoke()
        with pytest.raises(ValueError), xray_recorder.in_subsegment("fails"):
            raise error

    causes = [part["cause"] for part in daemon.subsegments()]
    assert [cause["exceptions"][0]["message"] for cause in causes] == ["kept at module level"] * 2


def test_a_begin_without_an_end_costs_nobody_a_document(daemon: Daemon, tracer: Tracer) -> None:
    @functools.partial(capture, tracer)
    def handler(event: Any, context: Any) -> str:
        xray_recorder.begin_subsegment("forgotten")
        return "answered"

    result = handler({}, None)

    assert result == "answered"
    assert parents(daemon) == {"handler": "segment", "forgotten": "handler"}


def test_what_a_block_left_open_is_no_parent_after_the_block(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outer"):
        with xray_recorder.in_subsegment("inner"):
            xray_recorder.begin_subsegment("forgotten")
        with xray_recorder.in_subsegment("next"):
            pass

    assert parents(daemon) == {"outer": "segment", "inner": "outer", "forgotten": "inner", "next": "outer"}


def test_an_end_without_a_begin_ends_nobody_elses(daemon: Daemon, tracer: Tracer) -> None:
    @functools.partial(capture, tracer)
    def handler(event: Any, context: Any) -> str:
        xray_recorder.end_subsegment()
        tracer.put_annotation("still", "open")
        return "answered"

    result = handler({}, None)

    assert result == "answered"
    assert daemon.subsegment("## handler")["annotations"]["still"] == "open"


def test_a_threshold_keeps_nothing_back(daemon: Daemon, invoke: Invoke) -> None:
    xray_recorder.configure(streaming_threshold=3)

    for number in range(3):
        with xray_recorder.in_subsegment(f"subsegment {number}"):
            pass

    assert len(daemon.subsegments()) == 3


def test_a_tracer_made_after_a_reset_sends_again(daemon: Daemon) -> None:
    Tracer(disabled=True)
    Tracer._reset_config()
    tracer = Tracer(auto_patch=False)

    tracer.capture_method(lambda: 1)()

    assert len(daemon.subsegments()) == 1


def test_a_tracer_that_is_told_to_is_enabled_after_a_disabled_one(daemon: Daemon) -> None:
    Tracer(disabled=True)
    tracer = Tracer(disabled=False, auto_patch=False)

    tracer.capture_method(lambda: 1)()

    assert not tracer.disabled
    assert len(daemon.subsegments()) == 1


# --- Documents and logs -------------------------------------------------------------------------------------


def test_an_end_before_the_start_counts_as_the_start(daemon: Daemon) -> None:
    xray_recorder.begin_subsegment("back in time")
    xray_recorder.end_subsegment(1_700_000_000.0)

    sent = daemon.subsegment("back in time")
    assert sent["end_time"] == sent["start_time"]


def test_attributes_of_the_applications_own_are_not_sent(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("before") as subsegment:
        subsegment.own = "private"  # type: ignore[union-attr]  # of the application's own
        subsegment.name = "after?"

    [sent] = daemon.subsegments()
    assert "own" not in sent
    assert sent["name"] == "after"


def test_nothing_is_logged_for_what_is_ordinary(
    daemon: Daemon, tracer: Tracer, invoke: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    for sampled in (1, 0, "?"):
        invoke(sampled=sampled)
        with contextlib.suppress(ValueError):
            tracer.capture_lambda_handler(lambda event, context: tracer.put_annotation("key", 1))({}, None)
            with xray_recorder.in_subsegment("fails"):
                raise ValueError("an ordinary failure")

    assert not [record for record in caplog.records if record.name.startswith("lambda_tracer")]
    assert len(daemon.subsegments()) == 2


def test_sql_text_stays_off_when_a_tracer_is_made(daemon: Daemon) -> None:
    xray_recorder.configure(stream_sql=False)

    xray_recorder.configure(max_trace_back=5)
    Tracer(auto_patch=False)

    assert xray_recorder.stream_sql is False


@pytest.mark.parametrize(
    "header", [None, "", "garbage", f"Root={ROOT};Lineage=1:2:3", f"Root={ROOT};Parent={'a' * 16};Sampled=?"]
)
def test_whatever_the_header_says_nothing_breaks(
    header: str | None, daemon: Daemon, tracer: Tracer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    if header is not None:
        monkeypatch.setitem(os.environ, "_X_AMZN_TRACE_ID", header)

    @functools.partial(capture, tracer)
    def handler(event: Any, context: Any) -> str:
        with xray_recorder.in_subsegment("inside") as subsegment:
            subsegment.put_annotation("key", 1)
            current = xray_recorder.current_subsegment()
            if current is not None:  # so it is where the header names no trace
                current.put_http_meta("status", 500)
        return "answered"

    result = handler({}, None)

    assert result == "answered"
    assert daemon.datagrams() == []

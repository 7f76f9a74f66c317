"""The trace header for a request: what says to another service which subsegment calls it."""

from __future__ import annotations

import pytest

from lambda_tracer import global_sdk_config, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon


def test_the_header_for_a_request_has_the_current_subsegment_as_parent(
    daemon: Daemon, invoke: Invoke
) -> None:
    invocation = invoke(Lineage="25:3d7b4a1:0", Self="x", k="v")
    with xray_recorder.in_subsegment("outer"), xray_recorder.in_subsegment("inner") as inner:
        header = xray_recorder.trace_header()

    assert header == f"Root={invocation.root};Parent={inner.id};Sampled=1;Lineage=25:3d7b4a1:0;k=v"
    assert len(daemon.documents()) == 1


def test_with_nothing_open_it_has_lambdas_segment_as_parent(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke()

    assert xray_recorder.trace_header() == invocation.header


def test_an_unsampled_invocation_says_so_to_those_it_calls(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke(sampled=0, Lineage="1:a:0")
    with xray_recorder.in_subsegment("work"):
        assert xray_recorder.trace_header() == invocation.header


def test_so_does_a_subsegment_without_sampling(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke()
    xray_recorder.begin_subsegment_without_sampling("noise")

    assert xray_recorder.trace_header() == invocation.header.replace("Sampled=1", "Sampled=0")


def test_so_does_a_process_in_which_recording_is_off(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke()
    global_sdk_config.set_sdk_enabled(False)

    assert xray_recorder.trace_header() == invocation.header.replace("Sampled=1", "Sampled=0")


@pytest.mark.parametrize("sampled", [None, "?"])
def test_a_header_without_a_decision_is_handed_on_as_it_came(
    sampled: str | None, daemon: Daemon, invoke: Invoke
) -> None:
    invocation = invoke(parent="", sampled=sampled, Lineage="1:a:0")

    assert xray_recorder.trace_header() == invocation.header


@pytest.mark.parametrize("header", ["", "garbage", f"Parent={'a' * 16};Sampled=1"])
def test_where_no_trace_is_known_there_is_no_header_to_send(
    header: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)

    assert xray_recorder.trace_header() is None

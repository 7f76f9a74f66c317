"""Where nothing is recorded: below a subsegment without sampling, while recording is off, unsampled."""

from __future__ import annotations

import pytest

from lambda_tracer import global_sdk_config, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon


def test_below_a_subsegment_without_sampling_nothing_is_recorded(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("all"):
        unrecorded = xray_recorder.begin_subsegment_without_sampling("noise")
        assert not unrecorded.sampled
        assert not xray_recorder.is_sampled()
        with xray_recorder.in_subsegment("below") as below:
            assert not below.sampled
        xray_recorder.begin_subsegment("by hand")
        xray_recorder.end_subsegment()
        xray_recorder.end_subsegment()
        with xray_recorder.in_subsegment("sibling"):
            pass

    daemon.expect_tree("""
        all
          sibling
    """)


def test_a_subsegment_without_sampling_may_be_the_outermost(daemon: Daemon) -> None:
    xray_recorder.begin_subsegment_without_sampling("noise")
    with xray_recorder.in_subsegment("below"):
        pass
    xray_recorder.end_subsegment()
    with xray_recorder.in_subsegment("sibling"):
        pass

    daemon.expect_tree("sibling")


def test_where_nothing_is_recorded_everything_is_the_shared_subsegment(
    daemon: Daemon, invoke: Invoke
) -> None:
    invoke(sampled=0)

    with xray_recorder.in_subsegment("block") as block:
        begun = xray_recorder.begin_subsegment("by hand")
        assert begun is block
        assert xray_recorder.begin_subsegment_without_sampling("noise") is block
        assert xray_recorder.current_subsegment() is block
    assert daemon.documents() == []


def test_what_was_open_when_recording_was_turned_off_still_arrives(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("open"):
        global_sdk_config.set_sdk_enabled(False)
        with xray_recorder.in_subsegment("not recorded"):
            pass
        global_sdk_config.set_sdk_enabled(True)
        with xray_recorder.in_subsegment("recorded"):
            pass

    daemon.expect_tree("""
        open
          recorded
    """)


def test_is_sampled_tells_whether_a_subsegment_would_be_recorded(
    daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert xray_recorder.is_sampled() is True
    with xray_recorder.in_subsegment("work"):
        assert xray_recorder.is_sampled() is True
        global_sdk_config.set_sdk_enabled(False)
        assert xray_recorder.is_sampled() is False
    assert xray_recorder.is_sampled() is False
    global_sdk_config.set_sdk_enabled(True)
    invoke(sampled=0)
    assert xray_recorder.is_sampled() is False
    invoke(sampled="?")
    assert xray_recorder.is_sampled() is False
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    assert xray_recorder.is_sampled() is False
    assert len(daemon.documents()) == 1

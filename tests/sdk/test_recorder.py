"""Recorder: its settings, as the X-Ray SDK has them, and its emitter."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_tracer import InvalidDaemonAddressException, Recorder, xray_recorder
from tests.daemon import Daemon


def test_a_recorder_starts_with_the_sdks_settings() -> None:
    recorder = Recorder()

    assert recorder.max_trace_back == 10
    assert recorder.stream_sql is True
    assert recorder.streaming_threshold == 0
    assert recorder.sampling is True
    assert recorder.service is None
    assert recorder.dynamic_naming is None
    assert recorder.enabled is True


def test_sql_is_left_out_where_text_says_false() -> None:
    recorder = Recorder()
    no: Any = "false"
    recorder.configure(stream_sql=no)

    assert recorder.stream_sql is False


def test_configure_changes_what_it_is_told_and_nothing_else() -> None:
    recorder = Recorder()
    recorder.configure(stream_sql=False, max_trace_back=3)
    recorder.configure(streaming_threshold=20, service="payment", dynamic_naming="*.example.com")

    assert recorder.stream_sql is False
    assert recorder.max_trace_back == 3
    assert recorder.streaming_threshold == 20
    assert recorder.service == "payment"
    assert recorder.dynamic_naming == "*.example.com"


def test_what_has_no_meaning_in_lambda_is_accepted(daemon: Daemon) -> None:
    xray_recorder.configure(
        sampling=False,
        sampling_rules={"version": 2},
        plugins=("EC2Plugin", "ElasticBeanstalkPlugin"),
        context_missing="LOG_ERROR",
        context=object(),
        sampler=object(),
        streaming=object(),
        streaming_threshold=1,
    )
    with xray_recorder.in_subsegment("work"):
        pass

    daemon.expect_tree("work")


def test_a_setting_that_does_not_exist_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        xray_recorder.configure(max_trace_forward=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("value", [-1, True, "5", 2.0])
def test_a_number_of_frames_that_is_none_is_ignored(value: Any) -> None:
    xray_recorder.configure(max_trace_back=value)

    assert xray_recorder.max_trace_back == 10


def test_the_environment_names_the_service_whatever_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_XRAY_TRACING_NAME", "from environment")
    recorder = Recorder()
    recorder.configure(service="from code")

    assert recorder.service == "from environment"


def test_a_daemon_address_that_cannot_be_read_is_a_mistake() -> None:
    with pytest.raises(InvalidDaemonAddressException, match="host:port"):
        xray_recorder.configure(daemon_address="nowhere")


def test_the_daemon_address_may_be_configured(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_XRAY_DAEMON_ADDRESS")
    xray_recorder.configure(daemon_address=daemon.address)
    with xray_recorder.in_subsegment("work"):
        pass

    daemon.expect_tree("work")


def test_each_recorder_sends_by_its_own_emitter(daemon: Daemon) -> None:
    class Kept:
        def __init__(self) -> None:
            self.documents: list[str] = []

        def send(self, document: str) -> None:
            self.documents.append(document)

    emitter = Kept()
    mine = Recorder()
    mine.configure(emitter=emitter)
    with mine.in_subsegment("mine"):
        pass
    with xray_recorder.in_subsegment("shared"):
        pass

    daemon.expect_tree("shared")
    assert len(emitter.documents) == 1


def test_streaming_sends_at_once_what_has_finished(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("open"):
        with xray_recorder.in_subsegment("finished"):
            pass
        xray_recorder.stream_subsegments()
        daemon.expect_tree("finished")

    daemon.expect_tree("""
        open
          finished
    """)

"""Who decides: the header, then LAMBDA_TRACER_SAMPLING, then what was configured, then the default."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import lambda_tracer
from lambda_tracer import xray_recorder
from lambda_tracer.segments import configured
from lambda_tracer.segments.sampling import decision
from lambda_tracer.segments.sampling.local_rules import InvalidRules
from lambda_tracer.segments.sampling.request import Request
from lambda_tracer.trace.header import TraceHeader
from tests.logged import messages

NONE = {"version": 2, "default": {"fixed_target": 0, "rate": 0}}
ALL = {"version": 2, "default": {"fixed_target": 0, "rate": 1}}


class Sampler:
    """A user's."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    def should_trace(self, sampling_req: Any = None) -> Any:
        self.asked.append(sampling_req)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def decided(header: str = "", **known: str) -> tuple[bool, str | None]:
    return decision.decide(TraceHeader.from_header_str(header), Request("shop", **known), "0")


def test_each_decides_where_those_before_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [decided()]
    configured.configure(sampling_rules=ALL)
    said.append(decided())
    monkeypatch.setenv("LAMBDA_TRACER_SAMPLING", "0")
    said.append(decided())
    said.append(decided("Root=1-5759e988-000000000000000000000001;Sampled=1"))

    assert [is_sampled for is_sampled, _ in said] == [False, True, False, True]


def test_rules_in_a_file_decide_by_host_method_and_path(tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    rule = {"host": "*", "http_method": "GET", "url_path": "/health*", "fixed_target": 0, "rate": 0}
    file.write_text(json.dumps({**ALL, "rules": [rule]}))
    configured.configure(sampling_rules=file)

    assert decided(host="a", method="GET", path="/healthy") == (False, None)
    assert decided(host="a", method="GET", path="/") == (True, None)


@pytest.mark.parametrize(
    ("answer", "expected"), [("mine", (True, "mine")), (True, (True, None)), (0, (False, None))]
)
def test_a_sampler_of_ones_own_is_asked_what_the_sdk_asks(answer: Any, expected: Any) -> None:
    sampler = Sampler(answer)
    configured.configure(own_sampler=sampler)

    assert decided(method="GET", path="/") == expected
    assert sampler.asked == [{"service": "shop", "method": "GET", "path": "/"}]


def test_a_sampler_that_raises_harms_nothing(caplog: pytest.LogCaptureFixture) -> None:
    configured.configure(own_sampler=Sampler(RuntimeError("secret")))

    assert decided() == (True, None)
    assert messages(caplog) == [
        (
            "WARNING",
            "a sampler raised (RuntimeError): one segment a second is recorded, and a twentieth of the rest",
        )
    ]


def test_local_rules_stand_in_for_those_of_x_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_SAMPLING", "xray")
    monkeypatch.delenv("AWS_XRAY_DAEMON_ADDRESS")
    configured.configure(sampling_rules=NONE, daemon_address="127.0.0.1:9")

    assert decided() == (False, None)
    assert decision.central().address() == "127.0.0.1:9"


def test_configure_reads_rules_where_segments_are_ours_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorder = lambda_tracer.Recorder()
    recorder.configure(sampling_rules={"version": 9})  # nobody reads them
    monkeypatch.setenv("LAMBDA_TRACER_SEGMENT", "on")
    monkeypatch.setenv("LAMBDA_TASK_ROOT", "/var/task")
    recorder.configure(sampling_rules={"version": 9})

    monkeypatch.delenv("LAMBDA_TASK_ROOT")
    with pytest.raises(InvalidRules, match="version must be 1 or 2"):
        recorder.configure(sampling_rules={"version": 9})
    recorder.configure(sampling_rules=NONE)
    with xray_recorder.in_segment("work") as segment:
        pass

    assert not segment.sampled

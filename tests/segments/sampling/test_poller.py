"""X-Ray's rules come from the daemon's TCP side in the background, and what was counted goes there.

The daemon is the view, which has one rule. What that never answers comes from a server of the tests' own: several
rules, pages, errors, rubbish, silence.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from lambda_tracer import patch, xray_recorder
from lambda_tracer.clock import clock
from lambda_tracer.segments.sampling import decision, poller
from lambda_tracer.segments.sampling.request import Request
from lambda_tracer.segments.sampling.sampler import CentralSampler
from lambda_tracer.trace.header import TraceHeader
from tests.local.view.senders import Here
from tests.logged import messages
from tests.segments.neighbour import Asked, Neighbour, as_json, neighbour
from tests.segments.sampling.test_central_rules import record

PATIENCE_S = 60


@pytest.fixture(scope="module")
def view() -> Iterator[Here]:
    here = Here()
    yield here
    here.close()


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Neighbour]:
    with neighbour() as running:
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"tcp:{running.address} udp:127.0.0.1:9")
        yield running


def await_that(holds: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < give_up_at
        time.sleep(0.002)


def decided() -> tuple[bool, str | None]:
    return decision.decide(TraceHeader(), Request("shop"))


def test_the_rule_of_the_view_decides_once_it_has_come(view: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first decision does not wait for it."""
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{view.port}")
    monkeypatch.setenv("LAMBDA_TRACER_SAMPLING", "XRay")

    first = decided()
    await_that(lambda: bool(decision.central().rules.rules))

    assert first == (True, None)  # by the local rules: one a second
    assert [decided() for _ in range(3)] == [(True, "Default")] * 3


def test_the_view_is_told_the_counts_and_says_what_may_be_taken(
    view: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{view.port}")
    sampler = CentralSampler()

    sampler.poller.ask(0.0)
    [rule] = sampler.rules.rules
    for _ in range(3):
        sampler.rules.decide(Request("shop"), clock.now())
    sampler.poller.ask(11.0)

    assert rule.counts() == (0, 0, 0)
    assert rule.quota.per_second == 1_000
    assert rule.quota.is_in_force(int(clock.now()))


def test_asking_is_not_recorded(view: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{view.port}")
    monkeypatch.setenv("LAMBDA_TRACER_SEGMENT", "on")
    patch(("httplib",))
    sampler = CentralSampler()

    with xray_recorder.in_segment("work") as segment:
        sampler.poller.ask(0.0)
    view.await_documents(segment.trace_id, 1)

    assert sampler.rules.rules
    _, answer = view.ask("POST", "/Traces", json.dumps({"TraceIds": [segment.trace_id]}).encode())
    [[sent]] = [trace["Segments"] for trace in json.loads(answer)["Traces"]]
    assert "subsegments" not in json.loads(sent["Document"])


def test_where_nobody_answers_local_rules_hold_and_it_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is tried again is tried less and less often."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{nobody.getsockname()[1]}")
        sampler = CentralSampler()
        waits = [sampler.poller.ask(at) for at in (0.0, 1e4, 2e4, 3e4, 4e4, 5e4)]

    assert waits == [10, 20, 40, 80, 160, 300]
    assert sampler.decide(Request("x"), 5.0, lambda: 0.9) == (True, None)
    assert sampler.decide(Request("x"), 5.0, lambda: 0.9) == (False, None)
    assert messages(caplog) == [
        (
            "WARNING",
            "the X-Ray daemon gives no sampling rules (ConnectionRefusedError): local ones hold",
        )
    ]


RUBBISH = {
    "status 500": (500, b""),
    "the answer is not JSON": (200, b"<html>"),
    "the answer is no JSON object": (200, b"[]"),
    "the answer has no rules": (200, b'{"SamplingRuleRecords": 7}'),
    "the answer is too long": (200, b" " * 2_100_000),
}


def test_answers_that_are_none_change_nothing(
    daemon: Neighbour, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    sampler = CentralSampler()

    for at, answer in enumerate(RUBBISH.values()):
        daemon.answer = lambda asked, answer=answer: answer  # type: ignore[misc]
        sampler.poller.ask(at * 1e4)

    assert sampler.rules.rules == ()
    assert [text.partition("(")[2].partition(")")[0] for _, text in messages(caplog)] == list(RUBBISH)
    capsys.readouterr()  # the server of the tests minds that nobody reads it to the end


def test_a_daemon_that_says_nothing_is_left_after_a_second(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{silent.getsockname()[1]}")
        CentralSampler().poller.ask()

    [(_, said)] = messages(caplog)
    assert said == "the X-Ray daemon gives no sampling rules (TimeoutError): local ones hold"


class Rules:
    """What the daemon would answer for an account that has these rules."""

    def __init__(self) -> None:
        self.pages = [[record("moves", 1, URLPath="/moves/*"), record("x", 2)], [record("Default", 10_000)]]
        self.changed_at = 0.0

    def __call__(self, asked: Asked) -> Any:
        if asked.path == "/GetSamplingRules":
            at = int(asked.body.get("NextToken", 0))
            more = {"NextToken": str(at + 1)} if at + 1 < len(self.pages) else {}
            return as_json({"SamplingRuleRecords": self.pages[at], **more})
        targets = [
            {"RuleName": each["RuleName"], "FixedRate": 0.0, "ReservoirQuota": 1, "Interval": 30}
            for each in asked.body["SamplingStatisticsDocuments"]
        ]
        return as_json(
            {
                "SamplingTargetDocuments": targets,
                "LastRuleModification": self.changed_at,
                "UnprocessedStatistics": [],
            }
        )


def test_counts_are_told_of_rules_that_decided_as_often_as_x_ray_wants(daemon: Neighbour) -> None:
    daemon.answer = Rules()
    sampler = CentralSampler()
    now = clock.now()

    sampler.poller.ask(0.0)
    for path in ("/moves/1", "/moves/2", "/"):
        sampler.rules.decide(Request("shop", path=path), now, lambda: 0.9)
    sampler.poller.ask(5.0)
    sampler.poller.ask(11.0)
    sampler.rules.decide(Request("shop"), now)
    sampler.poller.ask(22.0)  # too early: an interval of 30 s was told
    early = [asked.path for asked in daemon.asked]
    sampler.poller.ask(44.0)

    assert early == ["/GetSamplingRules"] * 2 + ["/SamplingTargets"]
    assert [asked.path for asked in daemon.asked[3:]] == ["/SamplingTargets"]
    [told, other] = sorted(
        daemon.asked[2].body["SamplingStatisticsDocuments"], key=lambda told: str(told["RuleName"])
    )
    assert len(told.pop("ClientID")) == 24
    assert abs(told.pop("Timestamp") - now) < PATIENCE_S
    assert told == {"RuleName": "moves", "RequestCount": 2, "BorrowCount": 1, "SampledCount": 0}
    assert (other["RuleName"], other["RequestCount"]) == ("x", 1)


def test_counts_that_did_not_arrive_are_told_again(daemon: Neighbour) -> None:
    daemon.answer = rules = Rules()
    sampler = CentralSampler()
    sampler.poller.ask(0.0)
    sampler.rules.decide(Request("shop"), clock.now())

    daemon.answer = lambda asked: (503, b"")
    sampler.poller.ask(11.0)
    daemon.answer = rules
    sampler.poller.ask(22.0)

    told = [each.body["SamplingStatisticsDocuments"][0]["RequestCount"] for each in daemon.asked[2:]]
    assert told == [1, 1]


def test_rules_that_have_changed_are_asked_for_at_once(daemon: Neighbour) -> None:
    daemon.answer = rules = Rules()
    sampler = CentralSampler()
    sampler.poller.ask(0.0)
    sampler.rules.decide(Request("shop"), clock.now())
    rules.changed_at = clock.now() + 60
    rules.pages = [[record("fresh", 1)]]

    wait_s = sampler.poller.ask(11.0)
    sampler.poller.ask(11.0)

    assert wait_s == 0
    assert [rule.name for rule in sampler.rules.rules] == ["fresh"]


def test_more_rules_than_x_ray_takes_in_one_call_are_told_in_several(daemon: Neighbour) -> None:
    daemon.answer = rules = Rules()
    rules.pages = [[record(f"r{number}", number, Host=f"h{number}") for number in range(30)]]
    sampler = CentralSampler()
    sampler.poller.ask(0.0)
    for number in range(30):
        sampler.rules.decide(Request("shop", host=f"h{number}"), clock.now())

    sampler.poller.ask(11.0)

    assert [len(each.body["SamplingStatisticsDocuments"]) for each in daemon.asked[1:]] == [25, 5]


def test_the_thread_ends_with_the_sampler(daemon: Neighbour) -> None:
    daemon.answer = Rules()
    of_others = asking_threads()
    kept = [CentralSampler()]

    kept[0].decide(Request("shop"))
    await_that(lambda: bool(kept[0].rules.rules))
    threads = asking_threads() - of_others
    kept.clear()
    gc.collect()

    assert len(threads) == 1
    await_that(lambda: not threads & asking_threads())


def asking_threads() -> set[int]:
    def functions_in(frame: FrameType | None) -> Iterator[CodeType]:
        while frame is not None:
            yield frame.f_code
            frame = frame.f_back

    return {
        thread
        for thread, frame in sys._current_frames().items()
        if any(code.co_filename == poller.__file__ and code.co_name == "_run" for code in functions_in(frame))
    }


def test_in_lambda_nobody_is_asked(daemon: Neighbour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_TASK_ROOT", "/var/task")
    monkeypatch.setenv("LAMBDA_TRACER_SAMPLING", "xray")

    assert decided() == (True, None)

    assert asking_threads() == set()
    assert daemon.asked == []


PROGRAM = """
import os, time
from lambda_tracer.segments.sampling.request import Request
from lambda_tracer.segments.sampling.sampler import CentralSampler

sampler = CentralSampler()

sampler.decide(Request("shop"), 1.0)
while not sampler.rules.rules:
    time.sleep(0.002)
[rule] = sampler.rules.rules
sampler.rules.load_targets([{"RuleName": "Default", "ReservoirQuota": 5, "ReservoirQuotaTTL": 9e9}], 1.0)
for _ in range(3):
    sampler.decide(Request("shop"))
pid = os.fork()
if pid == 0:
    before = sampler.rules.loaded_at
    sampler.decide(Request("shop"))
    while sampler.rules.loaded_at == before:
        time.sleep(0.002)
    [rule] = sampler.rules.rules
    print("child", rule.counts()[0], rule.quota.per_second, flush=True)
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
print("parent", rule.counts()[0], rule.quota.per_second)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_process_asks_itself_and_counts_its_own(view: Here) -> None:
    variables = {**os.environ, "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{view.port}"}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", PROGRAM],
        env=variables,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == ["child 1 None", "parent 3 5"]

"""Local rules are read, and decide, as by the X-Ray SDK."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aws_xray_sdk.core.exceptions.exceptions import InvalidSamplingManifestError
from aws_xray_sdk.core.sampling.local import reservoir as their_reservoir
from aws_xray_sdk.core.sampling.local.sampler import LocalSampler

from lambda_tracer.segments.sampling.local_rules import InvalidRules, LocalRules, read_file
from lambda_tracer.segments.sampling.request import Request
from lambda_tracer.segments.sampling.reservoir import Reservoir

RULE = {"host": "*", "http_method": "*", "url_path": "*", "fixed_target": 1, "rate": 0.5}
DEFAULT = {"fixed_target": 1, "rate": 0.1}
FIRST = {**{key: value for key, value in RULE.items() if key != "host"}, "service_name": "*"}


def document(**other: Any) -> dict[str, Any]:
    return {"version": 2, "default": DEFAULT, **other}


TAKEN = {
    "a rule": document(rules=[RULE]),
    "no rules": document(),
    "version 1": document(version=1, rules=[FIRST]),
    "a version that equals one": document(version=2.0),
    "more than all": document(default={"fixed_target": 1.5, "rate": 7}),
    "further keys": document(rules=[{**RULE, "description": "x", "more": 1}], more=2),
}

REFUSED = {
    "version must be 1 or 2": document(version=3),
    "default is missing": {"version": 2},
    "default.host: the default rule is for all requests": document(default={**DEFAULT, "host": "*"}),
    "default.fixed_target must be a number from 0 on": document(default={"fixed_target": -1, "rate": 0}),
    "rules[1].host is missing, or no text": document(rules=[RULE, FIRST]),
    "rules[0].service_name is missing, or no text": document(version=1, rules=[RULE]),
    "rules[0].url_path is missing, or no text": document(rules=[{**RULE, "url_path": ""}]),
}

REFUSED_OTHERWISE_BY_THE_SDK = {
    "sampling rules must be a dict, not list": [],
    "default must be a dict, not NoneType": document(default=None),
    "default.rate must be a number from 0 on": document(default={"fixed_target": 1, "rate": "0.1"}),
    "rules must be a list, not int": document(rules=7),
    "rules[0] must be a dict, not str": document(rules=["x"]),
    "rules[0].fixed_target must be a number from 0 on": document(rules=[{**RULE, "fixed_target": None}]),
}
"""It raises what reading them happens to: TypeError or AttributeError."""


@pytest.mark.parametrize("case", TAKEN)
def test_rules_that_the_sdk_takes_are_taken(case: str) -> None:
    LocalSampler(TAKEN[case])

    assert LocalRules(TAKEN[case]).default.rate.reservoir.per_second >= 1


@pytest.mark.parametrize("message", [*REFUSED, *REFUSED_OTHERWISE_BY_THE_SDK])
def test_rules_that_the_sdk_refuses_are_refused_with_the_place(message: str) -> None:
    is_its_own = message in REFUSED
    rules: Any = REFUSED[message] if is_its_own else REFUSED_OTHERWISE_BY_THE_SDK[message]
    with pytest.raises(InvalidSamplingManifestError if is_its_own else (TypeError, AttributeError)):
        LocalSampler(rules)

    with pytest.raises(InvalidRules) as refused:
        LocalRules(rules)

    assert str(refused.value) == message


def test_rules_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(document(rules=[RULE])))
    broken = tmp_path / "broken.json"
    broken.write_text("{")

    assert len(read_file(file).rules) == 1
    with pytest.raises(InvalidRules, match=r"^the file with sampling rules is not JSON: JSONDecodeError$"):
        read_file(str(broken))


RULES = document(
    rules=[
        {**RULE, "host": "*.example.com", "url_path": "/moves/*", "fixed_target": 0, "rate": 0.3},
        {**RULE, "http_method": "POST", "fixed_target": 2, "rate": 0},
        {**RULE, "url_path": "/h?alth", "fixed_target": 0, "rate": 0},
        {**RULE, "url_path": "*.js", "fixed_target": 0.5, "rate": 1},
    ],
    default={"fixed_target": 3, "rate": 0.25},
)


def test_a_sequence_of_requests_is_decided_as_by_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = random.Random(7)
    clock = SimpleNamespace(now=1_700_000_000.0)
    drawn = SimpleNamespace(number=0.0)
    monkeypatch.setattr(their_reservoir, "time", SimpleNamespace(time=lambda: clock.now))
    theirs: Any = LocalSampler(RULES)
    theirs._random = SimpleNamespace(random=lambda: drawn.number)
    ours = LocalRules(RULES)
    decided = []

    for _ in range(4_000):
        clock.now += chosen.choice((0, 0, 0.1, 0.4))
        drawn.number = chosen.random()
        request = {
            "host": chosen.choice(("", "a.example.com", "EXAMPLE.com", "b")),
            "method": chosen.choice(("", "GET", "post")),
            "path": chosen.choice(("", "/", "/moves/1", "/health", "/Moves/", "/app.js")),
        }
        is_sampled, rule = ours.decide(Request("svc", **request), clock.now, lambda: drawn.number)
        assert is_sampled == theirs.should_trace(request)
        assert rule is None
        decided.append(is_sampled)

    assert 500 < sum(decided) < 3_500


def test_threads_take_no_more_of_a_second_than_there_is() -> None:
    reservoir = Reservoir(500)
    taken: list[bool] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        taken.extend([reservoir.take(5) for _ in range(200)])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(taken), sum(taken), reservoir.used(5)) == (1_600, 500, 500)
    assert reservoir.take(6)

"""X-Ray's own rules decide as by the X-Ray SDK, by quota, borrowing and rate, and are counted the same."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

from aws_xray_sdk.core.sampling import sampler as their_sampler
from aws_xray_sdk.core.sampling.connector import ServiceConnector

from lambda_tracer.segments.sampling.central_rules import CentralRules, read_rule
from lambda_tracer.segments.sampling.request import Request


def record(name: str, priority: int, **other: Any) -> dict[str, Any]:
    rule = {
        "RuleName": name,
        "Priority": priority,
        "FixedRate": 0.25,
        "ReservoirSize": 1,
        "ResourceARN": "*",
        "ServiceName": "*",
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
        "Version": 1,
        "Attributes": {},
        **other,
    }
    return {"SamplingRule": rule, "CreatedAt": 0.0, "ModifiedAt": 0.0}


RECORDS = [
    record("Default", 10_000),
    record("by attributes", 1, Attributes={"tier": "gold"}),
    record("of one resource", 1, ResourceARN="arn:aws:x"),
    record("of another version", 1, Version=2),
    record("moves", 20, URLPath="/moves/*", ReservoirSize=0),
    record("b, as the next", 10, HTTPMethod="POST", FixedRate=0.0),
    record("a, before the next", 10, HTTPMethod="P*", Host="*.example.com"),
    record("of a service", 30, ServiceName="shop-?", FixedRate=1.0),
    record("of a type", 40, ServiceType="AWS::EC2::*", FixedRate=0.5, ReservoirSize=0),
]


ANY = Request("x", host="b", method="GET", path="/", service_type="y")
"""Of none of these rules but the default."""


def loaded() -> CentralRules:
    rules = CentralRules()
    rules.load([rule for rule in map(read_rule, RECORDS) if rule is not None], 0.0)
    return rules


def test_a_sequence_of_requests_is_decided_and_counted_as_by_the_sdk() -> None:
    chosen = random.Random(3)
    drawn = SimpleNamespace(number=0.0)
    ours = loaded()
    theirs = their_rules()
    now = 1_700_000_000.0
    ours.loaded_at = theirs.last_updated = now
    ours_said, theirs_said = [], []

    for number in range(4_000):
        now += chosen.choice((0, 0, 0.1, 0.4))
        drawn.number = chosen.random()
        if number % 400 == 399:
            report = {rule.name: rule.counts() for rule in ours.rules}
            for rule in ours.rules:
                rule.have_been_reported(report[rule.name])
            assert report == {rule.name: tuple(counts(rule)) for rule in theirs.rules}
            targets = [
                {
                    "RuleName": name,
                    "FixedRate": chosen.random(),
                    "ReservoirQuota": chosen.choice((0, 1, 3)),
                    "ReservoirQuotaTTL": int(now) + 20,
                    "Interval": 10,
                }
                for name in ("Default", "moves", "of a service", "unknown")
            ]
            ours.load_targets(targets, now)
            theirs.load_targets(
                {
                    str(each["RuleName"]): {
                        "rate": each["FixedRate"],
                        "quota": each["ReservoirQuota"],
                        "TTL": each["ReservoirQuotaTTL"],
                        "interval": each["Interval"],
                    }
                    for each in targets
                }
            )
        asked = {
            "service": chosen.choice(("shop-1", "shop-12")),
            "host": chosen.choice(("", "a.example.com", "b")),
            "method": chosen.choice(("", "GET", "post", "PUT")),
            "path": chosen.choice(("", "/moves/1", "/")),
            "service_type": chosen.choice(("", "AWS::EC2::Instance", "AWS::ECS::Container")),
        }
        ours_said.append(ours.decide(Request(**asked), now, lambda: drawn.number))
        theirs_said.append(their_decision(theirs, asked, int(now), drawn))

    assert [rule or False for _, rule in filter(None, ours_said)] == theirs_said
    assert len({rule for _, rule in filter(None, ours_said)}) == 7


def their_rules() -> Any:
    connector: Any = ServiceConnector()
    connector._xray_client = SimpleNamespace(get_sampling_rules=lambda: {"SamplingRuleRecords": RECORDS})
    cache: Any = their_sampler.RuleCache()
    cache.load_rules(connector.fetch_sampling_rules())
    return cache


def their_decision(cache: Any, asked: dict[str, str], now: int, drawn: Any) -> Any:
    sampler: Any = their_sampler.DefaultSampler.__new__(their_sampler.DefaultSampler)
    sampler._random = SimpleNamespace(random=lambda: drawn.number)
    return sampler._process_matched_rule(cache.get_matched_rule(asked, now), now)


def counts(rule: Any) -> list[int]:
    snapshot = rule.snapshot_statistics()
    return [snapshot["request_count"], snapshot["borrow_count"], snapshot["sampled_count"]]


def test_rules_that_were_not_confirmed_for_an_hour_hold_no_more() -> None:
    rules = loaded()

    assert rules.rule_for(Request("x"), 3_600.0) is not None
    assert rules.rule_for(Request("x"), 3_601.0) is None
    assert CentralRules().decide(Request("x"), 0.0) is None


def test_a_rule_that_comes_again_goes_on_with_its_counts_and_quota() -> None:
    rules = loaded()
    rules.load_targets(
        [{"RuleName": "Default", "FixedRate": 0, "ReservoirQuota": 2, "ReservoirQuotaTTL": 9e9}], 5.0
    )
    assert [rules.decide(ANY, 5.0) for _ in range(3)] == [
        *[(True, "Default")] * 2,
        (False, None),
    ]

    again = read_rule(record("Default", 10_000, FixedRate=0.0))
    assert again is not None
    rules.load([again], 6.0)

    assert rules.rules == (again,)
    assert again.counts() == (3, 0, 2)
    assert rules.decide(ANY, 5.5) == (False, None)


def test_what_is_no_rule_or_target_is_left_out() -> None:
    odd: list[Any] = [None, 7, {}, {"SamplingRule": []}, record("x", 1, FixedRate="1"), record("", 1)]
    rules = loaded()
    [default] = [rule for rule in rules.rules if rule.is_default]

    assert list(map(read_rule, odd)) == [None] * 6
    rules.load_targets([None, {}, {"RuleName": []}, {"RuleName": "Default", "FixedRate": "x"}], 1.0)
    rules.load_targets([{"RuleName": "Default", "ReservoirQuota": -1, "Interval": float("nan")}], 1.0)
    assert (default.rate, default.quota.per_second, default.report_s) == (0.25, None, 10.0)

"""GetSamplingRules and GetSamplingTargets: one rule, by which everything is sampled.

X-Ray SDKs ask the daemon for rules and targets over TCP on its port, without a signature
(https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sampling.html).
"""

from __future__ import annotations

from typing import Any

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.documents import mapping
from lambda_tracer.local.view.xray_api.arguments import Arguments, InvalidRequest

RULE = "Default"

RESERVOIR_QUOTA = 1_000
"""Requests a second that one client may take beyond its rate; with a rate of 1 it never has to."""

INTERVAL_S = 10
"""Between two questions of a client."""


def get_sampling_rules(arguments: Arguments) -> dict[str, Any]:
    """The rule."""
    rule = {
        "RuleName": RULE,
        "RuleARN": f"arn:aws:xray:us-east-1:000000000000:sampling-rule/{RULE}",
        "ResourceARN": "*",
        "Priority": 10_000,
        "FixedRate": 1.0,
        "ReservoirSize": 1,
        "ServiceName": "*",
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
        "Version": 1,
        "Attributes": {},
    }
    return {"SamplingRuleRecords": [{"SamplingRule": rule, "CreatedAt": 0.0, "ModifiedAt": 0.0}]}


def get_sampling_targets(arguments: Arguments) -> dict[str, Any]:
    """How much a client may sample by each rule that it has counts of."""
    given = arguments.get("SamplingStatisticsDocuments")
    if not isinstance(given, list):
        raise InvalidRequest("SamplingStatisticsDocuments is required, a list")
    names = [str(mapping(document).get("RuleName")) for document in given]
    target = {
        "RuleName": RULE,
        "FixedRate": 1.0,
        "ReservoirQuota": RESERVOIR_QUOTA,
        "ReservoirQuotaTTL": clock.now() + 60,
        "Interval": INTERVAL_S,
    }
    unknown = {"ErrorCode": "400", "Message": "There is no such rule"}
    return {
        "SamplingTargetDocuments": [target for name in names if name == RULE],
        "LastRuleModification": 0.0,
        "UnprocessedStatistics": [{"RuleName": name, **unknown} for name in names if name != RULE],
    }

"""X-Ray's API as boto3's client uses it, and as X-Ray's own daemon and SDKs do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lambda_tracer.local.view.xray_api import summaries
from tests.local.view.senders import PATIENCE_S, Here, embedded, new_trace_id, payment, segment, subsegment


@pytest.fixture
def xray(here: Here) -> Any:
    return boto3.client(
        "xray",
        endpoint_url=f"http://127.0.0.1:{here.port}",
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=Config(retries={"max_attempts": 0}),
    )


def last_minute() -> dict[str, float]:
    return {"StartTime": time.time() - 60, "EndTime": time.time()}


def test_traces_are_found_by_time_and_expression(here: Here, xray: Any) -> None:
    declined = {"exceptions": [{"type": "Declined", "message": "no money"}]}
    wanted = payment("A-1001", fault=True, cause=declined, user="alice")
    here.send(*payment("A-1001"), *wanted, *payment("A-1002", fault=True))

    expression = 'annotation.Order = "A-1001" AND fault'
    answer = xray.get_trace_summaries(**last_minute(), FilterExpression=expression)
    [summary] = answer["TraceSummaries"]

    assert answer["TracesProcessedCount"] == 3
    assert summary["Id"] == wanted[0]["trace_id"]
    assert (summary["Duration"], summary["ResponseTime"]) == (1.0, 1.0)
    assert (summary["HasFault"], summary["HasError"], summary["IsPartial"]) == (True, False, False)
    [order] = summary["Annotations"]["Order"]
    assert order["AnnotationValue"] == {"StringValue": "A-1001"}
    assert summary["Users"][0]["UserName"] == "alice"
    assert summary["EntryPoint"] == {"Name": "payment", "Names": ["payment"], "Type": "AWS::Lambda"}
    assert {each["Name"] for each in summary["ServiceIds"]} == {"payment", "DynamoDB", "shop.example"}
    [cause] = summary["FaultRootCauses"]
    assert cause["ClientImpacting"]
    assert cause["Services"][-1]["EntityPath"][-1]["Exceptions"] == [
        {"Name": "Declined", "Message": "no money"}
    ]
    assert (
        xray.get_trace_summaries(StartTime=time.time() - 9000, EndTime=time.time() - 60)["TraceSummaries"]
        == []
    )
    by_event = xray.get_trace_summaries(**last_minute(), TimeRangeType="Event", Sampling=False)
    assert len(by_event["TraceSummaries"]) == 3


def test_paginators_find_everything_once(here: Here, xray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "PAGE", 3)
    sent = [segment("app", new_trace_id()) for _ in range(10)]
    here.send(*sent)

    pages = list(xray.get_paginator("get_trace_summaries").paginate(**last_minute()))

    assert [len(page["TraceSummaries"]) for page in pages] == [3, 3, 3, 1]
    found = [each["Id"] for page in pages for each in page["TraceSummaries"]]
    assert sorted(found) == sorted(document["trace_id"] for document in sent)


def test_whole_traces_come_back_as_they_were_sent(here: Here, xray: Any) -> None:
    documents = payment()
    service, function, handler = documents
    here.send(*reversed(documents))

    paginator = xray.get_paginator("batch_get_traces")
    [page] = list(paginator.paginate(TraceIds=[service["trace_id"], "1-00000000-000000000000000000000000"]))

    assert page["UnprocessedTraceIds"] == ["1-00000000-000000000000000000000000"]
    [trace] = page["Traces"]
    found = [json.loads(each["Document"]) for each in trace["Segments"]]
    assert found[0] == service
    assert found[1] == {**function, "subsegments": [embedded(handler)]}
    assert [(each["name"], each["origin"], each["inferred"]) for each in found[2:]] == [
        ("DynamoDB", "AWS::DynamoDB", True),
        ("shop.example", "remote", True),
    ]
    assert found[2]["parent_id"] == handler["subsegments"][0]["id"]


def test_the_service_map(here: Here, xray: Any) -> None:
    here.send(*payment(), *payment(fault=True))
    ids = [trace.id for trace in here.view.store.traces()]

    [page] = list(xray.get_paginator("get_service_graph").paginate(**last_minute()))
    services = {each["ReferenceId"]: each for each in page["Services"]}
    of_traces = xray.get_trace_graph(TraceIds=ids)["Services"]

    named = {key: (each["Name"], each.get("Type")) for key, each in services.items()}
    edges = [
        (named[key], named[edge["ReferenceId"]]) for key, each in services.items() for edge in each["Edges"]
    ]
    function = ("payment", "AWS::Lambda::Function")
    assert sorted(edges) == [
        (("payment", "AWS::Lambda"), function),
        (function, ("DynamoDB", "AWS::DynamoDB")),
        (function, ("shop.example", "remote")),
        (("payment", "client"), ("payment", "AWS::Lambda")),
    ]
    statistics = next(each for each in services.values() if named[each["ReferenceId"]] == function)
    assert statistics["SummaryStatistics"]["TotalCount"] == 2
    assert statistics["SummaryStatistics"]["FaultStatistics"]["TotalCount"] == 1
    assert statistics["SummaryStatistics"]["TotalResponseTime"] == 1.8
    assert len(of_traces) == len(services)


def test_documents_are_put_and_those_that_x_ray_refuses_are_told(here: Here, xray: Any) -> None:
    app = segment("app", new_trace_id())
    without_name = {**app, "id": "00000000000000aa", "name": ""}
    documents = [app, without_name, {**app, "trace_id": "1-2"}, {}, []]
    texts = [*map(json.dumps, documents), "no JSON"]

    unprocessed = xray.put_trace_segments(TraceSegmentDocuments=texts)["UnprocessedTraceSegments"]
    xray.put_telemetry_records(TelemetryRecords=[{"Timestamp": time.time(), "SegmentsSentCount": 1}])

    assert [(each.get("Id"), each["ErrorCode"]) for each in unprocessed] == [
        ("00000000000000aa", "MissingName"),
        (app["id"], "InvalidTraceId"),
        (None, "MissingTraceId"),
        (None, "MissingId"),
        (None, "ParseError"),
    ]
    details = here.get(f"/api/traces/{app['trace_id']}")
    assert [node["name"] for node in details["nodes"]] == ["app", "(no name)"], "shown all the same"
    assert details["summary"]["problems"] == 1


def test_errors_are_those_of_the_service(here: Here, xray: Any) -> None:
    ids = [f"1-00000000-{number:024x}" for number in range(6)]
    refused: dict[str, Any] = {
        "TraceIds must have between 1 and 5 items, not 6": lambda: xray.batch_get_traces(TraceIds=ids),
        "TraceSegmentDocuments must have between 1 and 50 items, not 51": lambda: xray.put_trace_segments(
            TraceSegmentDocuments=["{}"] * 51
        ),
        "Invalid time range: EndTime is before StartTime": lambda: xray.get_trace_summaries(
            StartTime=9, EndTime=1
        ),
        "Invalid filter expression: unknown keyword nope at character 1": lambda: xray.get_trace_summaries(
            **last_minute(), FilterExpression="nope"
        ),
        "Invalid NextToken": lambda: xray.get_trace_summaries(**last_minute(), NextToken="?"),
        "There are no groups here, but Default": lambda: xray.get_service_graph(
            **last_minute(), GroupName="mine"
        ),
    }

    for message, call in refused.items():
        with pytest.raises(xray.exceptions.InvalidRequestException) as raised:
            call()
        assert raised.value.response["Error"]["Message"] == message
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError, match=r"UnknownOperationException.* does not serve .* POST /Groups"):
        xray.get_groups()


def test_everything_is_sampled(here: Here, xray: Any) -> None:
    [record] = xray.get_sampling_rules()["SamplingRuleRecords"]
    assert record["SamplingRule"]["FixedRate"] == 1.0
    document = {"ClientID": "0" * 24, "Timestamp": time.time(), "RequestCount": 5, "SampledCount": 5}
    targets = xray.get_sampling_targets(
        SamplingStatisticsDocuments=[{"RuleName": name, **document} for name in ("Default", "other")]
    )
    assert [each["FixedRate"] for each in targets["SamplingTargetDocuments"]] == [1.0]
    assert [each["RuleName"] for each in targets["UnprocessedStatistics"]] == ["other"]


SDK = """
import os, sys, time
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.sampling.connector import ServiceConnector

host, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].split(":")
connector = ServiceConnector()
connector.setup_xray_client(ip=host, port=port, client=None)
[rule] = connector.fetch_sampling_rules()
xray_recorder.configure(service="sdk")
with xray_recorder.in_segment("sdk") as segment:
    segment.put_annotation("Order", "A-7")
    with xray_recorder.in_subsegment("work"):
        pass
print(segment.trace_id, rule.name, rule.rate)
"""


def test_the_x_ray_sdk_asks_for_rules_and_sends(here: Here) -> None:
    """By the address of the daemon alone: it asks over TCP and sends over UDP."""
    variables = {**os.environ, "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{here.port}", "AWS_REGION": "eu-west-1"}
    told = subprocess.run(
        [sys.executable, "-c", SDK],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )

    trace_id, name, rate = told.stdout.split()
    here.await_documents(trace_id, 1)
    assert here.matching('annotation.Order = "A-7"') == ["sdk"]
    assert (name, float(rate)) == ("Default", 1.0)


def test_a_subsegment_that_never_got_its_parent_is_a_document_of_its_own(here: Here, xray: Any) -> None:
    parent = segment("app", new_trace_id())
    child = subsegment("work", parent)
    here.send(child)

    [trace] = xray.batch_get_traces(TraceIds=[parent["trace_id"]])["Traces"]

    assert [json.loads(each["Document"]) for each in trace["Segments"]] == [child]
    assert xray.get_trace_summaries(**last_minute())["TraceSummaries"][0]["IsPartial"]

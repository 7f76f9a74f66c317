"""OpenTelemetry's spans: as ADOT sends them over UDP, and as OpenTelemetry's own exporter does over HTTP."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from lambda_tracer.local.receive.otlp.exceptions import frames
from lambda_tracer.local.receive.otlp.span import read_protobuf
from lambda_tracer.local.receive.otlp.wire import WireError
from tests.local.view.senders import Here

pytestmark = pytest.mark.otel

ADOT_LINES = (Path(__file__).parent / "adot_datagrams.txt").read_text().splitlines()
"""Two datagrams of the UDP exporter in aws-opentelemetry-distro 0.21.0, sampled and unsampled. (It asks for versions of
OpenTelemetry's packages of its own, so it can't be installed beside those that other tests use; test_real_senders.py
runs the exporter itself.)"""

RESOURCE = Resource.create(
    {"service.name": "shop", "cloud.platform": "aws_ec2", "cloud.account.id": "123456789012"}
)


def exported(exporter: SpanExporter) -> str:
    """Export a request's spans; the trace's id as X-Ray writes it."""
    provider = TracerProvider(resource=RESOURCE)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("scope")
    other = Link(SpanContext(1, 2, True, TraceFlags(1)), {"why": "batch"})
    request: dict[str, Any] = {
        "http.request.method": "GET",
        "url.full": "https://user:secret@shop.example/x?token=secret#part",
        "http.response.status_code": 503,
        "aws.xray.annotations": ["Order", "nothing"],
        "aws.xray.metadata.mine": '{"a": [1, {"b": true}]}',
        "Order": "A-7",
        "weight": 2.5,
        "counts": [-1, 1 << 40],
    }
    with tracer.start_as_current_span(
        "GET /x", kind=SpanKind.SERVER, attributes=request, links=[other]
    ) as server:
        server.add_event("note", {"n": -3})
        calls: list[tuple[str, dict[str, Any]]] = [
            (
                "DynamoDB.GetItem",
                {
                    "rpc.system": "aws-api",
                    "rpc.service": "DynamoDB",
                    "rpc.method": "GetItem",
                    "aws.table_name": "t",
                },
            ),
            (
                "SELECT",
                {
                    "db.system": "postgresql",
                    "db.name": "shop",
                    "server.address": "db",
                    "db.statement": "SELECT 1",
                },
            ),
            ("GET", {"http.method": "GET", "http.url": "http://api:80/y", "http.status_code": 429}),
        ]
        for name, attributes in calls:
            with tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=attributes):
                pass
        with pytest.raises(ValueError), tracer.start_as_current_span("check"):
            raise ValueError("amount must be positive")
        with tracer.start_as_current_span("told") as told:
            told.set_status(Status(StatusCode.ERROR, "no money"))
    provider.shutdown()
    trace_id = f"{server.get_span_context().trace_id:032x}"
    return f"1-{trace_id[:8]}-{trace_id[8:]}"


class AsADOT(SpanExporter):
    """What ADOT's UDP exporter does with spans, in a line."""

    def __init__(self, here: Here) -> None:
        self._here = here

    def export(self, spans: Any) -> Any:
        body = base64.b64encode(encode_spans(spans).SerializeToString())
        self._here.send_raw(b'{"format": "json", "version": 1}\nT1S' + body)


def over_http(here: Here) -> SpanExporter:
    return OTLPSpanExporter(f"http://127.0.0.1:{here.port}/v1/traces", compression=Compression.Gzip)


@pytest.mark.parametrize("exporter", [AsADOT, over_http])
def test_spans_become_segments_and_subsegments(here: Here, exporter: Any) -> None:
    trace_id = exported(exporter(here))
    here.await_documents(trace_id, 6)

    details = here.get(f"/api/traces/{trace_id}")
    server, *below = details["nodes"]
    document = server["document"]
    nodes = {node["name"]: node for node in below}

    assert details["problems"] == []
    assert (server["kind"], server["name"], server["origin"], server["fault"]) == (
        "segment",
        "shop",
        "AWS::EC2::Instance",
        True,
    )
    assert document["http"] == {
        "request": {"method": "GET", "url": "https://shop.example/x"},
        "response": {"status": 503},
    }
    assert document["annotations"] == {"Order": "A-7"}
    assert document["metadata"]["mine"] == {"a": [1, {"b": True}]}
    assert document["metadata"]["default"]["weight"] == 2.5
    assert document["metadata"]["default"]["counts"] == [-1, 1 << 40]
    assert document["metadata"]["default"]["events"][0]["attributes"] == {"n": -3}
    assert document["metadata"]["default"]["otel.span.name"] == "GET /x"
    assert document["aws"]["account_id"] == "123456789012"
    assert document["links"] == [
        {
            "trace_id": "1-00000000-000000000000000000000001",
            "id": "0000000000000002",
            "attributes": {"why": "batch"},
        }
    ]
    assert {(node["name"], node["namespace"], node["parent"]) for node in below} == {
        ("DynamoDB", "aws", server["id"]),
        ("shop@db", "remote", server["id"]),
        ("GET", "remote", server["id"]),
        ("check", None, server["id"]),
        ("told", None, server["id"]),
    }
    assert nodes["DynamoDB"]["document"]["aws"] == {"operation": "GetItem", "table_name": "t"}
    assert nodes["shop@db"]["document"]["sql"] == {
        "database_type": "postgresql",
        "sanitized_query": "SELECT 1",
    }
    assert (nodes["GET"]["throttle"], nodes["GET"]["error"], nodes["GET"]["fault"]) == (True, True, False)
    [raised] = nodes["check"]["document"]["cause"]["exceptions"]
    assert (raised["type"], raised["message"], raised["remote"]) == (
        "ValueError",
        "amount must be positive",
        False,
    )
    assert raised["stack"][-1]["label"] == "exported"
    assert nodes["told"]["document"]["cause"]["exceptions"][0]["message"] == "no money"
    assert "secret" not in json.dumps(details)
    assert here.matching('service("shop") { fault } AND edge("shop", "DynamoDB")') == ["shop"]


def test_datagrams_of_adot(here: Here) -> None:
    sampled, unsampled = ("\n".join(lines).encode() for lines in (ADOT_LINES[:2], ADOT_LINES[2:]))
    here.send_raw(sampled)
    here.send_raw(unsampled)
    ids = [span.trace_id for line in ADOT_LINES[1::2] for span in read_protobuf(base64.b64decode(line[3:]))]
    for trace_id in dict.fromkeys(f"1-{trace_id[:8]}-{trace_id[8:]}" for trace_id in ids):
        here.await_documents(trace_id, 3)

    first, second = sorted(here.get("/api/traces")["traces"], key=lambda summary: summary["start"])
    nodes = here.get(f"/api/traces/{first['id']}")["nodes"]

    assert [(node["name"], node["kind"], node["namespace"]) for node in nodes] == [
        ("shop", "segment", None),
        ("DynamoDB", "subsegment", "aws"),
        ("check", "subsegment", None),
    ]
    assert nodes[2]["document"]["cause"]["exceptions"][0]["stack"] == [
        {"path": "/var/task/app.py", "line": 12, "label": "handler"},
        {"path": "/var/task/app.py", "line": 7, "label": "check"},
    ]
    assert (first["problems"], second["problems"]) == (0, 3)
    told = here.get(f"/api/traces/{second['id']}")["problems"][0]["message"]
    assert told == "X-Ray would reject this document because it is not sampled"


def test_put_trace_segments_takes_spans_in_the_place_of_a_document(here: Here) -> None:
    body = json.dumps({"TraceSegmentDocuments": [ADOT_LINES[1]]}).encode()

    response, answer = here.ask("POST", "/TraceSegments", body)

    assert (response.status, json.loads(answer)) == (200, {"UnprocessedTraceSegments": []})
    assert here.get("/api/traces")["traces"][0]["documents"] == 3


def test_json_and_what_is_neither(here: Here) -> None:
    span = {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "name": "job",
        "kind": 1,
        "startTimeUnixNano": "1544712660000000000",
        "endTimeUnixNano": "1544712661000000000",
        "attributes": [
            {"key": "n", "value": {"intValue": "-9007199254740993"}},
            {"key": "all", "value": {"arrayValue": {"values": [{"boolValue": True}, {"doubleValue": 0.5}]}}},
            {"key": "aws.xray.metadata.mine", "value": {"stringValue": '{"a": 1}'}},
            {
                "key": "map",
                "value": {"kvlistValue": {"values": [{"key": "a", "value": {"stringValue": "b"}}]}},
            },
        ],
        "status": {"code": 2, "message": "failed"},
    }
    request = {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": [span]}]}]}
    body = json.dumps(request).encode()

    response, answer = here.ask("POST", "/v1/traces", body, Content_Type="application/json")
    assert (response.status, answer) == (200, b"{}")
    [node] = here.get("/api/traces/1-5b8efff7-98038103d269b633813fc60c")["nodes"]
    assert (node["name"], node["start"], node["end"], node["fault"]) == (
        "job",
        1544712660.0,
        1544712661.0,
        True,
    )
    assert node["document"]["metadata"]["mine"] == {"a": 1}
    assert node["document"]["metadata"]["default"] == {
        "n": -9007199254740993,
        "all": [True, 0.5],
        "map": {"a": "b"},
    }

    bomb = gzip.compress(b"\0" * 51_000_000, compresslevel=1)
    for data, headers, message in [
        (b"\x0a\xff", {}, "it ends within a number"),
        (b"\x0a\x05abc", {}, "it ends 2 bytes too early"),
        (b"no JSON", {"Content_Type": "application/json"}, "it is not JSON: "),
        (b"no gzip", {"Content_Encoding": "gzip"}, "it can't be decompressed: "),
        (bomb, {"Content_Encoding": "gzip"}, "it has more than 50,000,000 bytes"),
        (gzip.compress(body)[:-9], {"Content_Encoding": "gzip"}, "it is cut off"),
        (b"", {"Content_Encoding": "br"}, "the Content-Encoding br is none of gzip, deflate, identity"),
    ]:
        response, answer = here.ask("POST", "/v1/traces", data, **headers)
        assert response.status == 400
        assert json.loads(answer)["message"].startswith(message)


def test_every_cut_of_a_request_is_read_or_refused() -> None:
    exporter = InMemorySpanExporter()
    exported(exporter)
    spans: list[ReadableSpan] = list(exporter.get_finished_spans())
    whole = encode_spans(spans).SerializeToString()

    assert [span.name for span in read_protobuf(whole)] == [span.name for span in spans]
    refused = 0
    for end in range(len(whole)):
        try:
            list(read_protobuf(whole[:end]))
        except WireError:
            refused += 1
    assert refused == len(whole) - 1, "all but the empty one"


def test_stacks_of_other_languages_begin_with_the_outermost_frame() -> None:
    java = (
        "java.lang.IllegalStateException: no\n\tat shop.Pay.check(Pay.java:7)\n\tat shop.Pay.main(Pay.java:3)"
    )
    node = "Error: no\n    at check (/var/task/app.js:7:11)\n    at /var/task/app.js:3:5"

    assert [(frame["label"], frame["line"]) for frame in frames(java)] == [
        ("shop.Pay.main", 3),
        ("shop.Pay.check", 7),
    ]
    assert [(frame["label"], frame["line"]) for frame in frames(node)] == [("(anonymous)", 3), ("check", 7)]
    assert frames("nothing of the kind") == []

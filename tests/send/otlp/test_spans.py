"""What spans say: what their documents say, and what Application Signals asks for."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest

from lambda_tracer import patch, unpatch_all, xray_recorder
from lambda_tracer.local.receive.documents import problems_of
from lambda_tracer.trace.subsegment import Subsegment
from tests.local.view.senders import PATIENCE_S, Here
from tests.send.otlp.shop import tracer
from tests.send.otlp.wire import ADOT, Wire, alike, flat, parsed, values
from tests.tree import tree


def test_the_view_reads_the_documents_that_the_spans_were_made_of(paid: Wire) -> None:
    documents = paid.documents()

    assert alike(documents) == alike(paid.sent)
    assert tree(flat(documents)).text == tree(flat(paid.sent)).text
    assert [problem for document in documents for problem in problems_of(document)] == []


def test_the_view_shows_the_same_tree(paid: Wire) -> None:
    here = Here()
    try:
        for datagram in paid.datagrams():
            here.send_raw(datagram)
        trace_id = paid.sent[0]["trace_id"]
        above = paid.sent[0]["parent_id"]  # Lambda's segment, in whose place the view puts one
        expected = {(each["name"], each["id"], each["parent_id"]) for each in flat(paid.sent)}
        here.await_documents(trace_id, len(expected))
        give_up_at = time.monotonic() + PATIENCE_S
        shown: set[tuple[str, str, str]] = set()
        while shown != expected and time.monotonic() < give_up_at:  # what was sent last may come last
            nodes = here.get(f"/api/traces/{trace_id}")["nodes"]
            shown = {(node["name"], node["id"], node["parent"]) for node in nodes if node["id"] != above}
    finally:
        here.close()

    assert shown == expected


def test_the_spans_say_what_application_signals_asks_for(paid: Wire, shop: str) -> None:
    spans = paid.spans()
    by_name = {span.name: values(span.attributes) for span in spans}
    host = shop.removeprefix("http://")
    handler = next(span for span in spans if span.name == "## lambda_handler")
    local = {
        "aws.local.service": "shop",
        "aws.local.operation": "shop/FunctionHandler",
        "aws.local.environment": "lambda:default",
    }

    assert all(local.items() <= values(span.attributes).items() for span in spans)
    assert (handler.kind, values(handler.attributes)["aws.span.kind"], handler.flags) == (
        2,
        "LOCAL_ROOT",
        0x301,
    )
    assert {span.kind for span in spans if span is not handler} == {1, 3}
    assert {
        (span.name, calls["aws.remote.service"], calls["aws.remote.operation"])
        for span in spans
        if span.kind == 3
        for calls in [values(span.attributes)]
    } == {
        ("127.0.0.1", host, "GET /items"),
        (":memory:", "sqlite", "SELECT"),
        ("dynamodb", "AWS::DynamoDB", "GetItem"),
        ("redis@cache", "redis", "GET"),
        ("shop@mongo", "mongodb", "find"),
    }
    assert by_name["dynamodb"]["aws.remote.resource.type"] == "AWS::DynamoDB::Table"
    assert by_name["dynamodb"]["aws.remote.resource.identifier"] == "orders"
    assert by_name["## lambda_handler"]["Order"] == "A-1 \U0001f600"
    assert {"Order", "Weight", "Count", "ColdStart", "Service"} <= set(
        by_name["## lambda_handler"]["aws.xray.annotations"]
    )
    assert json.loads(by_name["## lambda_handler"]["aws.xray.metadata.other"]) == {"x": []}
    assert by_name["## lambda_handler"]["http.status_code"] == 502
    assert "secret" not in str(spans)


def test_an_annotation_never_stands_twice(wire: Wire) -> None:
    with xray_recorder.in_subsegment("work", "remote") as work:
        work.put_annotation("aws.local.service", "mine")
        work.put_annotation("aws.remote.service", "theirs")
    [span] = wire.spans()

    found = values(span.attributes)  # which looks for names that come twice
    assert (found["aws.local.service"], found["aws.remote.service"]) == ("shop", "theirs")
    assert found["aws.xray.annotations"] == ["aws.remote.service"]


def test_exceptions_are_events_with_the_stack_as_python_writes_it(paid: Wire) -> None:
    spans = {span.name.rpartition(".")[2]: span for span in paid.spans()}
    first, second = spans["check"].events
    described, cause = values(first.attributes), values(second.attributes)

    assert (first.name, first.time_unix_nano) == ("exception", spans["check"].end_time_unix_nano)
    assert described["exception.type"] == "Declined"
    lines = described["exception.stacktrace"].splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-2].startswith('  File "shop.py", line ')
    assert lines[-2].endswith(", in check")
    assert lines[-1] == "Declined: amount must be positive"
    assert described["aws.xray.exception.cause"] == cause["aws.xray.exception.id"]
    assert cause["exception.message"] == "no account \u00fc"
    assert (spans["check"].status.code, spans["check"].status.message) == (
        2,
        "Declined: amount must be positive",
    )
    # What it passed through refers to it, and says the same.
    assert list(spans["outer"].events) == []
    assert spans["outer"].status.message == "Declined: amount must be positive"
    assert values(spans["outer"].attributes)["aws.xray.exception.id"] == described["aws.xray.exception.id"]


def test_links_are_links(paid: Wire) -> None:
    [linked] = [span for span in paid.spans() if span.name == "linked"]

    assert [(link.trace_id.hex(), link.span_id.hex()) for link in linked.links] == [
        ("5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8")
    ]


def test_a_span_has_what_adots_has(wire: Wire, shop: str) -> None:
    """Field by field, and attribute by attribute, where the recorded one is of the same call."""
    head, body = ADOT.read_bytes().splitlines()[:2]
    theirs = parsed(head + b"\n" + body).resource_spans[0]
    patch(["boto3"])

    @tracer.capture_lambda_handler
    def lambda_handler(event: object, context: object) -> None:
        table = boto3.client(
            "dynamodb", "eu-west-1", endpoint_url=shop, aws_access_key_id="a", aws_secret_access_key="b"
        )
        table.get_item(TableName="orders", Key={"id": {"S": "1"}})
        with pytest.raises(ValueError), xray_recorder.in_subsegment("check"):
            raise ValueError("amount must be positive")

    lambda_handler({}, None)
    unpatch_all()
    [datagram] = wire.datagrams()
    ours = parsed(datagram).resource_spans[0]

    def of(spans: Any) -> dict[int, Any]:
        return {span.kind: span for scope in spans.scope_spans for span in scope.spans}

    for kind, span in of(theirs).items():
        mine = of(ours)[kind]
        fields = {field.name for field, _ in span.ListFields()} - {"status"}
        assert fields <= {field.name for field, _ in mine.ListFields()}
        assert (len(mine.trace_id), len(mine.span_id)) == (len(span.trace_id), len(span.span_id))
        wanted = values(span.attributes)
        wanted.pop("faas.invocation_id", None)  # no document says it
        assert wanted.items() <= values(mine.attributes).items()
        assert mine.status.code == span.status.code
        assert mine.status.message == span.status.message
        for event, own in zip(span.events, mine.events, strict=True):
            assert event.name == own.name
            assert {attribute.key for attribute in event.attributes} - {"exception.escaped"} <= {
                attribute.key for attribute in own.attributes
            }
    wanted = values(theirs.resource.attributes)
    found = values(ours.resource.attributes)
    assert found.items() >= {key: wanted[key] for key in ("service.name", "cloud.platform")}.items()
    assert (found["faas.name"], found["faas.version"], found["cloud.region"]) == ("shop", "7", "eu-west-1")


def begun(name: str) -> Subsegment:
    subsegment = xray_recorder.begin_subsegment(name)
    assert isinstance(subsegment, Subsegment)
    return subsegment


def test_what_is_in_progress_is_sent_with_an_end_and_says_so(wire: Wire) -> None:
    open_one = begun("open")
    with xray_recorder.in_subsegment("work"):
        pass
    xray_recorder.outbox.send_in_progress(
        open_one, {"exceptions": [{"id": "0123456789abcdef", "type": "TimedOut", "message": "soon"}]}
    )
    [sent] = wire.spans()
    xray_recorder.end_subsegment()
    ended = {span.name: span for span in wire.spans()}

    assert (sent.name, sent.status.code, sent.status.message) == ("open", 2, "TimedOut: soon")
    assert sent.end_time_unix_nano >= sent.start_time_unix_nano
    assert values(sent.attributes)["aws.xray.inprogress"] is True
    # Its whole span follows, by the same id.
    assert ended["open"].span_id == sent.span_id
    assert "aws.xray.inprogress" not in values(ended["open"].attributes)
    xray_recorder.outbox.send_in_progress(begun("again"))
    [again] = wire.documents()
    assert again["in_progress"] is True
    assert "end_time" not in again

"""X-Ray's filter expressions, each of the developer guide's kinds; and what is refused, and where."""

from __future__ import annotations

import pytest

from lambda_tracer.local.view.filter.match import matches
from lambda_tracer.local.view.filter.parser import parse
from lambda_tracer.local.view.filter.tokens import FilterError
from lambda_tracer.local.view.joined_trace import JoinedTrace
from lambda_tracer.local.view.size import Size
from tests.local.view.senders import new_trace_id, payment, segment, subsegment


def traces() -> dict[str, JoinedTrace]:
    raised = {
        "exceptions": [{"type": "Declined", "message": "no money"}, {"type": "Outer", "message": "failed"}]
    }
    web = segment(
        "web",
        new_trace_id(),
        0,
        6,
        user="alice",
        http={
            "request": {
                "url": "https://shop.example/v2/a",
                "method": "POST",
                "user_agent": "x",
                "client_ip": "::1",
            },
            "response": {"status": 201},
        },
        annotations={"age": 30, "beta": False, "name": 'O"Neill', "a.b": "dotted"},
        resource_arn="arn:aws:ec2:eu-west-1:1:instance/i-1",
        aws={"account_id": "123", "ec2": {"instance_id": "i-1", "availability_zone": "eu-west-1a"}},
    )
    found = {
        "paid": payment("A-1001"),
        "declined": payment("A-1002", fault=True, cause=raised),
        "web": [web, subsegment("queue", web, 1, 2, namespace="aws")],
        "running": [segment("running", new_trace_id(), 0, None)],
        "orphan": payment("A-1003")[2:],
    }
    joined = {}
    for name, documents in found.items():
        joined[name] = JoinedTrace(documents[0]["trace_id"])
        for document in documents:
            joined[name].add(document, Size(1, 1), [])
    return joined


TRACES = traces()

EXPRESSIONS = {
    "ok": "paid web running orphan",
    "!ok": "declined",
    "ok = false": "declined",
    "fault": "declined",
    "fault != true": "paid web running orphan",
    "error OR fault": "declined",
    "partial": "running orphan",
    "responsetime > 5": "web",
    "duration >= 1 AND duration <= 8": "paid declined web",
    "responseTime < 3 !partial": "paid declined",
    "http.status = 201": "web",
    "http.status != 200": "web",
    'http.url BEGINSWITH "https://shop" AND http.url CONTAINS "/v2/" AND !service("payment")': "web",
    'http.url endswith "/a"': "web",
    'http.method = "POST" http.useragent = "x" http.clientip = "::1"': "web",
    "http.url AND responseTime > 2": "web",
    'user CONTAINS ""': "web",
    'user = "alice"': "web",
    'user != "bob"': "web",
    'annotation.Order = "A-1001"': "paid",
    'annotation.Order = "A-1001" OR annotation.Order = "A-1003" AND fault': "paid",
    '(annotation.Order = "A-1001" OR annotation.Order = "A-1002") fault': "declined",
    "annotation.Order": "paid declined orphan",
    "!annotation.Order": "web running",
    "fault\u00a0AND\u2003annotation.Order": "declined",
    "annotation.age > 29 annotation.age <= 30": "web",
    "annotation.beta = false": "web",
    "annotation.beta": "",
    "annotation.age = true": "",
    'annotation.age = "30"': "",
    r'annotation.name = "O\"Neill"': "web",
    'annotation["a.b"] = "dotted"': "web",
    'annotation[a.b] BEGINSWITH "dot"': "web",
    'service("payment")': "paid declined",
    'service("payment") { fault }': "declined",
    "service() { responsetime > 2 root }": "web",
    'service("shop.example") { error inferred }': "paid declined orphan",
    'service(id(name: "payment", type: "AWS::Lambda::Function"))': "paid declined",
    'service(id(type: "AWS::DynamoDB")) { ok }': "paid declined orphan",
    'service(id(name: "web", account.id: "123"))': "web",
    'service(id(name: "web", account.id: "1"))': "",
    'edge("payment", "DynamoDB")': "paid declined",
    'edge("payment", "shop.example") { error }': "paid declined",
    'edge("payment", "shop.example") { fault }': "",
    'edge(id(name: "payment", type: "AWS::Lambda"), id(type: "AWS::Lambda::Function"))': "paid declined",
    '!edge("payment", "DynamoDB")': "web running orphan",
    'availabilityzone = "eu-west-1a" instance.id = "i-1" resource.arn CONTAINS "instance"': "web",
    'rootcause.fault.entity { last and name = "## handler" }': "declined",
    'rootcause.fault.service { first and name = "payment" and type = "AWS::Lambda" }': "declined",
    "rootcause.fault.service { index > 5 }": "",
    'rootcause.fault.exception { message = "no money" }': "declined",
    'rootcause.fault.exception { last and name = "Outer" }': "declined",
    "rootcause.error.service { inferred }": "paid declined orphan",
    'rootcause.responsetime.entity { name = "queue" coverage > 0.1 coverage < 0.2 }': "web",
    "rootcause.fault.service": "declined",
    'rootcause.json = #[{"Services": [{}, {"EntityPath": [{}, {"Name": "## handler"}]}]}]': "declined",
    'rootcause.json = #[{"Services": [{"Name": "web"}]}]': "",
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_matches(expression: str) -> None:
    parsed = parse(expression)

    assert (
        " ".join(name for name, trace in TRACES.items() if matches(parsed, trace)) == EXPRESSIONS[expression]
    )


REFUSED = {
    "": "expected a keyword, not the end, at character 1",
    "nope = 1": "unknown keyword nope at character 1",
    "fault AND": "expected a keyword, not the end, at character 10",
    "fault )": "unexpected ) at character 7",
    "(fault": "expected ')', not the end, at character 7",
    "duration > ": "expected a number, not the end, at character 11",
    'duration > "5"': 'expected a number, not "5", at character 12',
    'duration CONTAINS "5"': "duration is a number, which CONTAINS does not compare: at character 10",
    "fault > true": "fault is true or false, which > does not compare: at character 7",
    "http.url = shop": 'expected a text, as "text", not shop, at character 12',
    "http.url = 'shop'": 'a text is written in double quotation marks, as "text", at character 12',
    'user = "alice': "a text without its closing quotation mark at character 8",
    "annotation.age > true": "> does not compare with true at character 16",
    "annotation": "expected annotation.KEY or annotation[KEY] at character 1",
    'service("a") { annotation.x }': "annotations are those of a trace, not of a service: at character 16",
    "coverage > 1": "coverage cannot be asked of a trace at character 1",
    'service("a") { last }': "last cannot be asked of a service at character 16",
    'edge("a")': "expected ',', not ), at character 9",
    "service(a)": 'expected the name of a service, as "name", not a, at character 9',
    'service(id(nam: "a"))': "id() takes name, type and account.id at character 12",
    'group.name = "a"': "there are no groups here: write their expression instead: group.name at character 1",
    "rootcause.fault": (
        "expected rootcause.fault, .error or .responsetime with .service, .entity or .exception at character 1"
    ),
    "rootcause.json = #[": "expected JSON after # at character 19",
    "fault & ok": "'&' means nothing in a filter expression at character 7",
    "(" * 51 + "ok": "more than 50 brackets in each other at character 51",
    "ok " * 700: "an expression has at most 2,000 characters: too long at character 2001",
}


@pytest.mark.parametrize("expression", REFUSED)
def test_what_is_no_expression_is_refused_with_its_place(expression: str) -> None:
    with pytest.raises(FilterError) as raised:
        parse(expression)

    assert str(raised.value) == REFUSED[expression]

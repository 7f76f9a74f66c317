"""What the handler makes of other tracers' headers that its invocation came with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_tracer import Tracer
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.events.samples import sample

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
IN_XRAYS_FORM = "1-4bf92f35-77b34da6a3ce929d0e0e4736"
CAME = {
    "traceparent": f"00-{TRACE}-{PARENT}-01",
    "tracestate": "vendor=position",
    "baggage": "tenant=canary-7",
}


class Context:
    """As the runtime client's from 4.2 on."""

    def __init__(self, **fields: str) -> None:
        self._fields = fields

    def w3c(self) -> dict[str, str]:
        return dict(self._fields)


def contexts(event: Any, context: Any = None, **options: Any) -> dict[str, str]:
    """The trace context in a handler that is called with these."""
    tracer = Tracer(auto_patch=False, **options)

    @tracer.capture_lambda_handler(capture_response=False)
    def handler(event: Any, context: Any) -> dict[str, str]:
        return tracer.trace_context()

    found: dict[str, str] = handler(event, context)
    return found


def request(name: str, headers: dict[str, str]) -> dict[str, Any]:
    """A sample of an event to which a client has added headers."""
    event: dict[str, Any] = sample(name)
    if name == "alb_multi_value":
        event["multiValueHeaders"].update({key: [value] for key, value in headers.items()})
    else:
        event["headers"] = {**(event.get("headers") or {}), **headers}
    return event


@pytest.mark.parametrize(
    "name", ["alb", "alb_multi_value", "api_http_2", "api_rest", "function_url", "lattice_2"]
)
def test_a_request_of_another_trace_is_linked_and_annotated_and_the_trace_stays(
    daemon: Daemon, invoke: Invoke, name: str
) -> None:
    invocation = invoke()

    context = contexts(request(name, CAME))

    handler = daemon.subsegment("## handler")
    assert handler["trace_id"] == invocation.root
    assert handler["parent_id"] == invocation.parent
    assert handler["links"] == [{"trace_id": IN_XRAYS_FORM, "id": PARENT}]
    assert handler["annotations"]["CallerTraceId"] == IN_XRAYS_FORM
    # A tracestate says where its vendors are in the trace that it came with.
    assert list(context) == ["X-Amzn-Trace-Id", "traceparent", "baggage"]
    assert context["traceparent"].split("-")[1:3] == [invocation.root[2:].replace("-", ""), handler["id"]]
    assert context["baggage"] == CAME["baggage"]
    assert b"canary" not in b"".join(daemon.datagrams())


def test_a_request_of_our_own_trace_is_nothing_new_and_its_tracestate_goes_on(
    daemon: Daemon, invoke: Invoke
) -> None:
    root = invoke().root
    traceparent = f"00-{root[2:].replace('-', '')}-{PARENT}-01"

    context = contexts(request("api_rest", {**CAME, "traceparent": traceparent}))

    handler = daemon.subsegment("## handler")
    assert "links" not in handler
    assert "CallerTraceId" not in handler["annotations"]
    assert (context["tracestate"], context["baggage"]) == (CAME["tracestate"], CAME["baggage"])


def test_headers_as_go_writes_them_are_found(daemon: Daemon) -> None:
    context = contexts(request("api_rest", {key.capitalize(): value for key, value in CAME.items()}))

    assert daemon.subsegment("## handler")["annotations"]["CallerTraceId"] == IN_XRAYS_FORM
    assert context["baggage"] == CAME["baggage"]


@pytest.mark.parametrize(
    "traceparent", [f"ff-{TRACE}-{PARENT}-01", f"00-{'0' * 32}-{PARENT}-01", "nonsense", ["a"], 7]
)
def test_a_traceparent_that_is_not_valid_is_not_mentioned(daemon: Daemon, traceparent: Any) -> None:
    contexts(request("api_http_2", {"traceparent": traceparent}))

    handler = daemon.subsegment("## handler")
    assert "links" not in handler
    assert "CallerTraceId" not in handler["annotations"]


@pytest.mark.parametrize("event", [{}, {"order": 7}, sample("api_http_2")])
def test_what_the_runtime_client_says_comes_before_the_events_headers(
    daemon: Daemon, event: dict[str, Any]
) -> None:
    headers = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "baggage": "other=1"}

    context = contexts({**event, "headers": headers}, Context(**CAME))

    assert daemon.subsegment("## handler")["links"] == [{"trace_id": IN_XRAYS_FORM, "id": PARENT}]
    assert context["baggage"] == CAME["baggage"]


def test_the_runtime_clients_own_context_is_understood(daemon: Daemon) -> None:
    """It is filled from Lambda-Runtime-Client-Context, as the runtime client takes it apart."""
    pytest.importorskip("awslambdaric", reason="awslambdaric is not installed")
    from awslambdaric.lambda_context import LambdaContext

    if not hasattr(LambdaContext, "w3c"):
        pytest.skip("awslambdaric is older than 4.2")
    client_context = json.loads(json.dumps({"w3c": CAME, "custom": {}}))

    context = contexts({}, LambdaContext("id", client_context, None, 2_000_000_000_000, "arn"))

    assert daemon.subsegment("## handler")["links"] == [{"trace_id": IN_XRAYS_FORM, "id": PARENT}]
    assert context["baggage"] == CAME["baggage"]


@pytest.mark.parametrize("event", [request("api_http_2", CAME), {}])
def test_baggage_is_handed_on_where_nothing_is_recorded(
    daemon: Daemon, invoke: Invoke, event: dict[str, Any]
) -> None:
    invoke(sampled=0)

    context = contexts(event, Context() if event else Context(**CAME))

    assert context["baggage"] == CAME["baggage"]
    assert context["traceparent"].endswith("-00")
    assert daemon.subsegments() == []


@pytest.mark.parametrize("option", ["event facts", "propagators"])
def test_it_can_be_switched_off(daemon: Daemon, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    if option == "propagators":
        monkeypatch.setenv("LAMBDA_TRACER_PROPAGATORS", "xray")

    context = contexts(request("api_http_2", CAME), event_facts=option == "propagators")

    handler = daemon.subsegment("## handler")
    assert "links" not in handler
    assert "CallerTraceId" not in handler["annotations"]
    assert ("baggage" in context) == (option == "event facts")


def test_what_came_with_one_invocation_is_not_handed_on_by_the_next(daemon: Daemon, invoke: Invoke) -> None:
    first = contexts(request("api_http_2", CAME))
    invoke()
    second = contexts({})

    assert ("baggage" in first, "baggage" in second) == (True, False)
    daemon.clear()


def test_a_context_that_breaks_is_none_of_the_handlers_business(daemon: Daemon) -> None:
    class Broken:
        def w3c(self) -> dict[str, str]:
            raise RuntimeError("no")

    context = contexts(request("api_http_2", CAME), Broken())

    assert context["baggage"] == CAME["baggage"]
    daemon.clear()

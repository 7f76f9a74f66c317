"""Libraries that OpenTelemetry instruments: what their calls are in the trace, and that programs see nothing of us."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from lambda_tracer import Tracer, patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch_all
from tests.conftest import Invocation, Invoke
from tests.daemon import Daemon
from tests.otel.libraries import CANARY, LIBRARIES, Library, Servers, calls

pytestmark = pytest.mark.otel

pytest.importorskip("opentelemetry.instrumentation", reason="opentelemetry-instrumentation is not installed")

WAYS = ("its spans alone", "our patch first", "our patch last")


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> Iterator[Library]:
    yield LIBRARIES[request.param]
    unpatch_all()


def headers(servers: Servers) -> list[dict[str, list[str]]]:
    """The trace headers of each request, as it arrived, by name."""
    every = [each.headers for each in servers.http.received]
    every += [list(each.headers.items()) for each in servers.aws.received]
    names = ("x-amzn-trace-id", "traceparent")
    return [{name: [value for key, value in each if key == name] for name in names} for each in every]


def expect_parents(servers: Servers, invocation: Invocation, parents: set[str], *, sampled: int) -> None:
    """Fail where a request has a trace header twice, one that says something else, or two that differ."""
    for each in headers(servers):
        told = set()
        for value in each["x-amzn-trace-id"]:
            parts = dict(part.split("=", 1) for part in value.split(";"))
            assert (parts["Root"], parts["Sampled"]) == (invocation.root, str(sampled))
            told.add(parts["Parent"])
        for value in each["traceparent"]:
            _, root, parent, flags = value.split("-")
            assert (root, int(flags, 16)) == (invocation.root[2:].replace("-", ""), sampled)
            told.add(parent)
        assert max(map(len, each.values())) == 1
        assert len(told) == 1
        assert told <= parents


def without_us(library: Library, servers: Servers) -> list[object]:
    """What the program sees where the library is instrumented, and no provider there."""
    with library.instrumented():
        seen = library.program(servers)
    assert all(each == {"x-amzn-trace-id": [], "traceparent": []} for each in headers(servers))
    servers.http.received.clear()
    servers.aws.received.clear()
    return seen


@pytest.mark.parametrize("way", WAYS)
def test_a_call_is_one_subsegment_and_the_program_sees_what_it_saw(
    library: Library, servers: Servers, invoke: Invoke, daemon: Daemon, way: str
) -> None:
    expected = without_us(library, servers)
    invocation = invoke(Lineage="1:abc")
    patch(["opentelemetry"])

    with ExitStack() as instrumented:
        if way == "our patch first":
            patch(library.patches)
        instrumented.enter_context(library.instrumented())
        if way == "our patch last":
            patch(library.patches)
        with xray_recorder.in_subsegment("handler"):
            seen = library.program(servers)

    documents = daemon.subsegments()
    assert seen == expected
    assert CANARY not in str(documents)
    assert calls(documents) == (("", *library.patched_calls)[WAYS.index(way)] or library.calls)
    remote = {each["id"] for each in documents if each["namespace"] != "local"}
    expect_parents(servers, invocation, remote, sampled=1)
    if way != WAYS[0]:
        assert all("Lineage=1:abc" in each["x-amzn-trace-id"][0] for each in headers(servers))


@pytest.mark.parametrize("way", WAYS[:2])
def test_an_unsampled_call_is_no_subsegment_and_says_so(
    library: Library, servers: Servers, invoke: Invoke, daemon: Daemon, way: str
) -> None:
    expected = without_us(library, servers)
    invocation = invoke(sampled=0)
    patch(["opentelemetry", *(library.patches if way != WAYS[0] else ())])

    with library.instrumented(), xray_recorder.in_subsegment("handler"):
        seen = library.program(servers)

    assert seen == expected
    assert daemon.subsegments() == []
    expect_parents(servers, invocation, {invocation.parent}, sampled=0)


@pytest.mark.parametrize("name", ["requests", "httpx, async", "sqlalchemy", "redis"])
def test_new_names_of_the_conventions_say_the_same(
    name: str, servers: Servers, invoke: Invoke, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = pytest.importorskip("opentelemetry.instrumentation._semconv")
    monkeypatch.setattr(module._OpenTelemetrySemanticConventionStability, "_initialized", False)
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")
    patch(["opentelemetry"])
    library = LIBRARIES[name]
    try:
        with library.instrumented(), xray_recorder.in_subsegment("handler"):
            library.program(servers)
    finally:
        unpatch_all()
        module._OpenTelemetrySemanticConventionStability._initialized = False

    documents = daemon.subsegments()
    assert CANARY not in str(documents)
    assert calls(documents) == library.calls


FOUR = ("requests", "boto3", "sqlalchemy", "redis")


def store(servers: Servers) -> None:
    for name in ("sqlalchemy", "redis"):
        LIBRARIES[name].program(servers)


def test_a_handler_that_uses_four_instrumented_libraries_has_one_tree(
    servers: Servers, invoke: Invoke, daemon: Daemon
) -> None:
    from opentelemetry import trace

    invocation = invoke()
    tracer = Tracer(service="shop")
    captured = tracer.capture_method(store)

    @tracer.capture_lambda_handler(capture_response=False)
    def lambda_handler(event: object, context: object) -> str:
        with trace.get_tracer("shop").start_as_current_span("checkout"):
            for name in ("requests", "boto3"):
                LIBRARIES[name].program(servers)
            captured(servers)
        return "done"

    try:
        with ExitStack() as instrumented:
            for name in FOUR:
                instrumented.enter_context(LIBRARIES[name].instrumented())
            assert lambda_handler({}, None) == "done"
    finally:
        unpatch_all()

    documents = daemon.subsegments()
    assert (
        calls(documents)
        == """
        ## lambda_handler
          checkout
            127.0.0.1: GET /one 200  [remote]
            127.0.0.1: GET /redirect/302/status/404 404  error  [remote]
            127.0.0.1: GET /two 200  [remote]
            127.0.0.1: GET /hangup  fault ConnectionError  [remote]
            DynamoDB: DescribeTable orders 200  [aws]
            DynamoDB: DescribeTable nowhere 400  error ResourceNotFoundException  [aws]
            SQS: SendMessage /123456789012/orders 200  [aws]
            ## tests.otel.test_libraries.store
              :memory:  [remote]
              :memory:: SELECT ?, ?  [remote]
              :memory:: SELECT * FROM nowhere WHERE a = ?  fault   [remote]
              redis@localhost  [remote]
              redis@localhost  [remote]
              redis@localhost  fault ResponseError  [remote]
    """
    )
    assert CANARY not in str(documents)
    remote = {each["id"] for each in documents if each.get("namespace") in ("remote", "aws")}
    expect_parents(servers, invocation, remote, sampled=1)

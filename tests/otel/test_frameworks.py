"""Frameworks and SDKs whose spans are not of one call alone: web applications, threads, agents, Azure's clients."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lambda_tracer import Tracer, patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch_all
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.otel.libraries import CANARY, Library, calls
from tests.patches.http.server import HttpServer
from tests.patches.web import events
from tests.patches.web.event_loop import event_loop

pytestmark = pytest.mark.otel

trace: Any = pytest.importorskip("opentelemetry.trace", reason="opentelemetry-api is not installed")


@pytest.fixture(autouse=True)
def _unpatched() -> Iterator[None]:
    yield
    unpatch_all()


def instrumentation(name: str) -> Library:
    module = name.partition(".")[0]
    pytest.importorskip(
        f"opentelemetry.instrumentation.{module}",
        reason=f"opentelemetry-instrumentation-{module} is not installed",
    )
    return Library(name, (), lambda _: [], "")


# FastAPI


def fastapi_handler() -> Callable[..., Any]:
    fastapi: Any = pytest.importorskip("fastapi", reason="fastapi is not installed")
    mangum: Any = pytest.importorskip("mangum", reason="mangum is not installed")
    application = fastapi.FastAPI()

    @application.get("/items/{name}")
    def item(name: str) -> dict[str, str]:
        with trace.get_tracer("shop").start_as_current_span("look it up"):
            return {"name": name}

    @application.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    adapter = mangum.Mangum(application, lifespan="off")

    def lambda_handler(event: dict[str, Any], context: object) -> Any:
        return adapter(event, context)

    return lambda_handler


WAYS = ("its spans alone", "our patch first", "our patch last")


def answers(way: str, event: dict[str, Any]) -> Any:
    """What an instrumented application answers, behind a captured handler."""
    if way == "our patch first":
        patch(["starlette"])
    with event_loop(), instrumentation("fastapi.FastAPIInstrumentor").instrumented():
        if way == "our patch last":
            patch(["starlette"])
        handler = fastapi_handler()
        if way != "without us":
            tracer = Tracer(service="shop", auto_patch=False)
            handler = tracer.capture_lambda_handler(handler, capture_response=False)
        return handler(event, None)


@pytest.mark.parametrize("way", WAYS)
def test_what_serves_a_request_is_below_the_handler(daemon: Daemon, invoke: Invoke, way: str) -> None:
    event = events.http("GET", "/items/tea")
    expected = answers("without us", event)
    invocation = invoke()
    # What the API's caller says of the trace: it is not our handler's parent, and makes no second tree.
    event["headers"]["traceparent"] = f"00-{invocation.root[2:].replace('-', '')}-{'ab' * 8}-01"
    patch(["opentelemetry"])

    assert answers(way, event) == expected

    assert "203.0.113.7" not in str(daemon.documents())
    daemon.expect_tree("""
        ## lambda_handler
          GET /items/name
            look it up
            GET /items/name http send
            GET /items/name http send
    """)


@pytest.mark.parametrize("way", WAYS)
def test_an_exception_in_an_instrumented_application_is_one_fault(
    daemon: Daemon, invoke: Invoke, way: str
) -> None:
    event = events.http("GET", "/broken")
    expected = answers("without us", event)
    patch(["opentelemetry"])

    assert answers(way, event) == expected

    handler, served, *_ = daemon.subsegments()
    of_patch = served["cause"]["exceptions"][0]["id"] if way != WAYS[0] else None
    assert handler.get("cause") == of_patch
    assert (handler["fault"], served["fault"]) == (True, True)
    assert served["http"]["response"]["status"] == 500


def test_an_unsampled_request_is_served_as_without_us(daemon: Daemon, invoke: Invoke) -> None:
    event = events.http("GET", "/items/tea")
    expected = answers("without us", event)
    invoke(sampled=0)
    patch(["opentelemetry"])

    assert answers("its spans alone", event) == expected
    assert daemon.subsegments() == []


def test_an_application_that_is_called_in_process_is_below_the_call(daemon: Daemon) -> None:
    """As tests do, and functions that are clients of an application of their own."""
    fastapi: Any = pytest.importorskip("fastapi", reason="fastapi is not installed")
    httpx: Any = pytest.importorskip("httpx", reason="httpx is not installed")
    application = fastapi.FastAPI()

    @application.get("/items/{name}")
    async def item(name: str) -> dict[str, str]:
        trace.get_tracer("shop").start_span("look it up").end()
        return {"name": name}

    async def ask() -> Any:
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://items.example") as client:
            return (await client.get("/items/tea")).json()

    patch(["opentelemetry", "httpx", "starlette"])
    with instrumentation("httpx.HTTPXClientInstrumentor").instrumented():
        instrumentation("fastapi.FastAPIInstrumentor")
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

        FastAPIInstrumentor.instrument_app(application, exclude_spans=["send", "receive"])
        with xray_recorder.in_subsegment("handler"):
            assert asyncio.run(ask()) == {"name": "tea"}

    daemon.expect_tree(
        """
        handler
          items.example  [remote]
            GET /items/name
              look it up
    """,
        namespace=True,
    )


# Threads


@pytest.mark.parametrize("way", WAYS)
def test_threads_are_given_the_span_and_the_baggage_once(daemon: Daemon, way: str) -> None:
    from opentelemetry import baggage, context

    seen = []
    tracer = trace.get_tracer("shop")
    patch(["opentelemetry"])

    def work(name: str) -> str:
        seen.append((baggage.get_baggage("cart"), trace.get_current_span() is span))
        tracer.start_span(name).end()
        return name

    if way == "our patch first":
        patch(["threads"])
    with instrumentation("threading.ThreadingInstrumentor").instrumented():
        if way == "our patch last":
            patch(["threads"])
        token = context.attach(baggage.set_baggage("cart", "c-1"))
        with xray_recorder.in_subsegment("handler"), tracer.start_as_current_span("span") as span:
            for thread in (
                threading.Thread(target=work, args=["thread"]),
                threading.Timer(0.001, work, ["timer"]),
            ):
                thread.start()
                thread.join()
            with ThreadPoolExecutor(1) as pool:
                assert list(pool.map(work, ["one", "two"])) == ["one", "two"]
        context.detach(token)

    # The instrumentation leaves a start of its own there, which never was one.
    with contextlib.suppress(AttributeError):
        del threading.Timer.start
    after = threading.Thread(target=len, args=[()])
    after.start()
    after.join()

    assert "_otel_context" not in vars(after)  # what it instrumented is as before
    assert seen == [("c-1", True)] * 4
    daemon.expect_tree("""
        handler
          span
            thread
            timer
            one
            two
    """)


# azure-core


def use_azure(server: HttpServer) -> list[Any]:
    """A client as Azure's are made: a method of its own, and a pipeline that traces each request."""
    core: Any = pytest.importorskip("azure.core", reason="azure-core is not installed")
    from azure.core.exceptions import HttpResponseError
    from azure.core.pipeline.policies import DistributedTracingPolicy, RetryPolicy, UserAgentPolicy
    from azure.core.rest import HttpRequest
    from azure.core.settings import settings
    from azure.core.tracing.decorator import distributed_trace

    class Items:
        _instrumentation_config: Any = {"library_name": "azure-items", "library_version": "1"}  # noqa: RUF012

        def __init__(self) -> None:
            tracing = DistributedTracingPolicy(instrumentation_config=self._instrumentation_config)
            retry = RetryPolicy(retry_total=1, retry_backoff_factor=0)
            self._client = core.PipelineClient(server.url(), policies=[UserAgentPolicy(), retry, tracing])

        @distributed_trace(name_of_span="Items.get")
        def get(self, path: str) -> Any:
            with self._client:
                response = self._client.send_request(HttpRequest("GET", server.url(path)))
                response.raise_for_status()
                return response.json()

    server.failures.clear()
    settings.tracing_enabled = True
    try:
        found = [Items().get(path) for path in (f"/one?sig={CANARY}", "/flaky/1/azure")]
        with pytest.raises(HttpResponseError) as raised:
            Items().get(f"/status/404?{CANARY}")
    finally:
        settings.tracing_enabled = None
    assert CANARY in str(raised.value)  # the answer's body
    return [*found, str(raised.value)]


@pytest.mark.parametrize("libraries", [[], ["requests", "urllib3", "httplib"]], ids=["alone", "patched"])
def test_requests_of_azures_clients_are_recorded_once(
    server: HttpServer, daemon: Daemon, libraries: list[str]
) -> None:
    expected = use_azure(server)
    server.received.clear()
    patch(["opentelemetry", *libraries])

    with xray_recorder.in_subsegment("handler"):
        assert use_azure(server) == expected

    documents = daemon.subsegments()
    assert (
        calls(documents)
        == """
        handler
          Items.get
            127.0.0.1: GET /one 200  [remote]
          Items.get
            127.0.0.1: GET /flaky/1/azure 503  fault  [remote]
            127.0.0.1: GET /flaky/1/azure 200  [remote]
          Items.get  fault HttpResponseError
            127.0.0.1: GET /status/404 404  error  [remote]
    """
    )
    assert CANARY not in str(documents)
    ids = [each["id"] for each in documents if each["namespace"] == "remote"]
    sent = [dict(each.headers) for each in server.received]
    assert [each["traceparent"].split("-")[2] for each in sent] == ids
    if libraries:
        assert [each["x-amzn-trace-id"].partition("Parent=")[2][:16] for each in sent] == ids


# pydantic-ai


def ask_agent() -> list[Any]:
    pydantic_ai: Any = pytest.importorskip("pydantic_ai", reason="pydantic-ai-slim is not installed")
    from pydantic_ai.models.test import TestModel

    agent = pydantic_ai.Agent(TestModel(custom_output_text=CANARY), name="shop", system_prompt=CANARY)
    pydantic_ai.Agent.instrument_all()
    tries = []

    @agent.tool_plain
    def price(item: str) -> str:
        with trace.get_tracer("shop").start_as_current_span("look it up"):
            return CANARY

    @agent.tool_plain(retries=1)
    def stock(item: str) -> str:
        tries.append(item)
        if len(tries) == 1:
            raise pydantic_ai.ModelRetry("again")
        return CANARY

    try:
        return [asyncio.run(agent.run(CANARY)).output, tries]
    finally:
        pydantic_ai.Agent.instrument_all(False)


def test_an_agents_run_is_a_tree_without_what_was_said(daemon: Daemon) -> None:
    expected = ask_agent()
    patch(["opentelemetry"])

    with xray_recorder.in_subsegment("handler"):
        assert ask_agent() == expected

    documents = daemon.subsegments()
    assert CANARY not in str(documents)
    models = [each for each in documents if each["name"] == "chat test"]
    assert all(each["annotations"]["gen_ai.request.model"] == "test" for each in models)
    assert all(each["annotations"]["gen_ai.usage.input_tokens"] > 0 for each in models)
    daemon.expect_tree("""
        handler
          invoke_agent shop
            chat test
            execute_tool price
              look it up
            execute_tool stock  fault ToolRetryError
            chat test
            execute_tool stock
            chat test
    """)


def test_an_unsampled_agent_runs_as_without_us(daemon: Daemon, invoke: Invoke) -> None:
    expected = ask_agent()
    invoke(sampled=0)
    patch(["opentelemetry"])

    assert ask_agent() == expected
    assert daemon.subsegments() == []

"""The bridge stands in for a provider, and gives way to one that the application sets."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_tracer import patch, unpatch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch_all
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.patches.web.event_loop import event_loop
from tests.programs import run

pytestmark = pytest.mark.otel


def test_tracers_from_before_the_patch_record_as_well(application: Any, daemon: Daemon) -> None:
    tracer = application.get_tracer(__name__)

    @tracer.start_as_current_span("decorated")
    def work() -> None:
        tracer.start_span("inner").end()

    tracer.start_span("before").end()
    try:
        patch(["opentelemetry"])
        work()
    finally:
        unpatch_all()
    work()

    daemon.expect_tree("""
        decorated
          inner
    """)


def test_unpatching_puts_everything_back(application: Any, daemon: Daemon) -> None:
    from opentelemetry import context

    names = ("start_span", "start_as_current_span", "_tracer")
    before = [vars(application.ProxyTracer)[name] for name in names]
    provider, runtime = application.get_tracer_provider(), context._RUNTIME_CONTEXT

    patch(["opentelemetry"])
    patch(["opentelemetry"])
    assert context._RUNTIME_CONTEXT is not runtime
    unpatch(["opentelemetry"])

    assert [vars(application.ProxyTracer)[name] for name in names] == before
    assert application.get_tracer_provider() is provider
    assert context._RUNTIME_CONTEXT is runtime


def test_what_is_attached_when_it_is_unpatched_is_detached(application: Any, daemon: Daemon) -> None:
    tracer = application.get_tracer(__name__)
    try:
        patch(["opentelemetry"])
        with tracer.start_as_current_span("span"):
            unpatch(["opentelemetry"])
        assert application.get_current_span() is application.INVALID_SPAN
    finally:
        unpatch_all()

    daemon.expect_tree("span")


def test_who_asks_is_told_that_no_provider_is_set(otel: Any) -> None:
    provider = otel.get_tracer_provider()

    assert isinstance(provider, otel.ProxyTracerProvider)
    assert provider.force_flush()
    provider.shutdown()


def test_the_application_sets_a_provider_of_its_own(
    application: Any, provider: Any, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    tracer = application.get_tracer(__name__)
    patch(["opentelemetry"])

    @tracer.start_as_current_span("decorated")
    def work() -> None:
        tracer.start_span("inner").end()

    work()
    with xray_recorder.in_subsegment("handler"), tracer.start_as_current_span("ours"):
        application.set_tracer_provider(provider)
        work()
        with tracer.start_as_current_span("theirs") as span:
            assert application.get_current_span() is span
        application.get_tracer("new").start_span("theirs, too").end()

    assert application.get_tracer_provider() is provider
    assert provider.exported() == ["inner", "decorated", "theirs", "theirs, too"]
    assert not caplog.records
    daemon.expect_tree("""
        decorated
          inner
        handler
          ours
    """)


def test_the_spans_of_another_provider_are_as_without_us(
    application: Any, provider: Any, daemon: Daemon
) -> None:
    patch(["opentelemetry"])
    application.set_tracer_provider(provider)

    with xray_recorder.in_subsegment("handler"):
        assert application.get_current_span() is application.INVALID_SPAN
        with application.get_tracer(__name__).start_as_current_span("root") as span:
            assert span.parent is None

    daemon.expect_tree("handler")


def test_a_generator_function_decorated_for_another_provider_is_as_without_us(
    application: Any, provider: Any, daemon: Daemon
) -> None:
    patch(["opentelemetry"])

    @application.get_tracer(__name__).start_as_current_span("made")
    def rows() -> Iterator[int]:
        yield 1

    assert list(rows()) == [1]
    application.set_tracer_provider(provider)
    generator = rows()

    assert provider.exported() == ["made"]
    assert list(generator) == [1]
    daemon.expect_tree("made")


def test_a_tracer_of_a_provider_that_is_not_set_goes_on_with_our_trace(
    otel: Any, provider: Any, daemon: Daemon
) -> None:
    theirs, ours = provider.get_tracer("theirs"), otel.get_tracer("ours")

    with xray_recorder.in_subsegment("handler") as handler, theirs.start_as_current_span("theirs") as span:
        assert f"{span.parent.span_id:016x}" == handler.id
        ours.start_span("ours").end()

    assert provider.exported() == ["theirs"]
    daemon.expect_tree("""
        handler
          ours
    """)


NO_OP = ("unsampled", "outside of invocations", "disabled")


@pytest.mark.parametrize("why", NO_OP)
def test_where_nothing_is_recorded_spans_do_nothing(
    otel: Any, daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    if why == "unsampled":
        invocation = invoke(sampled=0)
    elif why == "disabled":
        monkeypatch.setenv("AWS_XRAY_SDK_ENABLED", "false")
        invoke()
    else:
        monkeypatch.delenv("_X_AMZN_TRACE_ID")
        monkeypatch.delenv("LAMBDA_TASK_ROOT")
    tracer = otel.get_tracer(__name__)

    @tracer.start_as_current_span("decorated")
    def work() -> int:
        return 1

    with tracer.start_as_current_span("block", attributes={"a": 1}) as span:
        span.set_attribute("b", 2)
        span.add_event("c")
        span.record_exception(ValueError())
        with xray_recorder.in_subsegment("ours"):
            current = otel.get_current_span()
    tracer.start_span("alone").end()

    assert work() == 1
    assert isinstance(span, otel.NonRecordingSpan)
    assert not span.is_recording()
    assert current.get_span_context() == span.get_span_context()
    if why == "unsampled":
        context = span.get_span_context()
        assert f"{context.trace_id:032x}" == invocation.root[2:].replace("-", "")
        assert (f"{context.span_id:016x}", context.trace_flags.sampled) == (invocation.parent, False)
    else:
        assert span is otel.INVALID_SPAN
    assert daemon.subsegments(at_least=0) == []


def test_a_provider_of_ours_may_be_chosen_by_the_environment(
    application: Any, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`OTEL_PYTHON_TRACER_PROVIDER=lambda_tracer` has this made and set."""
    from lambda_tracer.otel.provider import TracerProvider

    tracer = application.get_tracer("before")
    try:
        provider = TracerProvider()
        application.set_tracer_provider(provider)
        with (
            application.get_tracer("after").start_as_current_span("after"),
            xray_recorder.in_subsegment("ours"),
        ):
            tracer.start_span("before").end()
        assert provider.force_flush()
        provider.shutdown()
    finally:
        unpatch_all()

    daemon.expect_tree("""
        after
          ours
            before
    """)


def test_below_a_provider_of_ours_a_call_is_one_subsegment(application: Any, daemon: Daemon) -> None:
    from lambda_tracer.otel.provider import TracerProvider

    facts = {"db.system": "sqlite", "db.name": "orders"}
    try:
        application.set_tracer_provider(TracerProvider())
        patch(["sqlite3"])
        tracer = application.get_tracer("shop")
        span = tracer.start_as_current_span("read", kind=application.SpanKind.CLIENT, attributes=facts)
        with contextlib.closing(sqlite3.connect(":memory:")) as database, span:
            database.execute("SELECT 1")
    finally:
        unpatch_all()

    daemon.expect_tree("orders")


@pytest.mark.slow
def test_nothing_is_imported_but_the_api_and_only_where_it_is_used() -> None:
    """And what is started while the module loads belongs to the first invocation, of which it does not know yet."""
    program = """
from lambda_tracer import global_sdk_config, patch_all
os.environ["LAMBDA_TASK_ROOT"] = "/var/task"
global_sdk_config.set_sdk_enabled(True)
patch_all()
print(*[name for name in sys.modules if name.startswith(("opentelemetry", "lambda_tracer.otel"))])
import opentelemetry.trace
app = opentelemetry.trace.get_tracer("app")
with app.start_as_current_span("load") as span:
    print(type(span).__name__, span.is_recording(), span.get_span_context().is_valid)
invoke(1)
with app.start_as_current_span("first") as first:
    print(span.subsegment.trace_id == first.subsegment.trace_id, first.get_span_context().is_valid)
print(*sorted({".".join(name.split(".")[:2]) for name in sys.modules if name.startswith("opentelemetry")}))
"""

    before, loading, first, modules = run(program).splitlines()

    assert (before, loading, first) == ("", "SubsegmentSpan True False", "True True")
    assert set(modules.split()) == {
        "opentelemetry",
        *("opentelemetry.attributes", "opentelemetry.context", "opentelemetry.environment_variables"),
        *("opentelemetry.trace", "opentelemetry.util"),
    }


def test_who_has_configured_an_exporter_is_told_that_no_provider_is_set_by_its_very_type(
    application: Any, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FastAPI asks for the type in order to know whether it may set one."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")
    try:
        patch(["opentelemetry"])
        assert type(application.get_tracer_provider()) is application.ProxyTracerProvider
        application.get_tracer("app").start_span("span").end()
    finally:
        unpatch_all()

    daemon.expect_tree("span")


def test_fastapi_which_traces_itself_by_the_api_does_so_in_our_trace(otel: Any, daemon: Daemon) -> None:
    fastapi: Any = pytest.importorskip("fastapi", reason="fastapi is not installed")
    pytest.importorskip("fastapi.telemetry", reason="needs a FastAPI that traces itself")
    mangum: Any = pytest.importorskip("mangum", reason="mangum is not installed")
    app = fastapi.FastAPI()
    app.get("/items")(lambda: [])
    request = {"http": {"method": "GET", "path": "/items", "sourceIp": "10.0.0.1"}, "stage": "$default"}
    event = {"version": "2.0", "rawPath": "/items", "rawQueryString": "", "headers": {}}

    with event_loop(), xray_recorder.in_subsegment("handler"):
        answer = mangum.Mangum(app, lifespan="off")({**event, "requestContext": request}, None)

    assert answer["statusCode"] == 200
    daemon.expect_tree("""
        handler
          GET /items
            fastapi.dependencies
            fastapi.endpoint
            fastapi.serialization
    """)


def test_mysqls_connector_sends_no_span_of_ours(otel: Any) -> None:
    """A server that takes no attributes of queries has it warn at each of them."""
    module = pytest.importorskip(
        "mysql.connector.opentelemetry.context_propagation",
        reason="needs a connector that knows OpenTelemetry",
    )

    assert not module.OTEL_ENABLED
    unpatch(["opentelemetry"])
    assert module.OTEL_ENABLED is True

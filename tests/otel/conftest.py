"""OpenTelemetry's API, bridged, and what stands beside it: each test leaves nothing patched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lambda_tracer import patch
from lambda_tracer.patches.unpatch import unpatch_all
from tests.otel.libraries import Servers
from tests.patches.aws.servers import Service, running_service
from tests.patches.http.server import HttpServer, serving


@pytest.fixture
def otel() -> Iterator[Any]:
    """`opentelemetry.trace`, patched."""
    trace = pytest.importorskip("opentelemetry.trace", reason="opentelemetry-api is not installed")
    patch(["opentelemetry"])
    yield trace
    unpatch_all()


@pytest.fixture
def application(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`opentelemetry.trace`, in which the application may set a provider once, as in a process of its own."""
    trace = pytest.importorskip("opentelemetry.trace", reason="opentelemetry-api is not installed")
    once = type(trace._TRACER_PROVIDER_SET_ONCE)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", once())
    return trace


@pytest.fixture
def provider(application: Any) -> Iterator[Any]:
    """A provider of the SDK's, and in `exported` what its spans are."""
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk is not installed")
    export = pytest.importorskip("opentelemetry.sdk.trace.export")
    memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    provider = sdk.TracerProvider()
    exporter = memory.InMemorySpanExporter()
    provider.add_span_processor(export.SimpleSpanProcessor(exporter))
    provider.exported = lambda: [span.name for span in exporter.get_finished_spans()]
    yield provider
    provider.shutdown()
    unpatch_all()


@pytest.fixture(scope="module")
def _server() -> Iterator[HttpServer]:
    with serving() as server:
        yield server


@pytest.fixture
def server(_server: HttpServer) -> HttpServer:
    _server.received.clear()
    return _server


@pytest.fixture(scope="module")
def _service() -> Iterator[Service]:
    with running_service() as service:
        yield service


@pytest.fixture
def servers(server: HttpServer, _service: Service) -> Servers:
    _service.received.clear()
    return Servers(server, _service)


@pytest.fixture
def instrumentor(otel: Any) -> Iterator[Any]:
    """OpenTelemetry's for requests, which the test applies."""
    module = pytest.importorskip(
        "opentelemetry.instrumentation.requests",
        reason="opentelemetry-instrumentation-requests is not installed",
    )
    instrumentor = module.RequestsInstrumentor()
    yield instrumentor
    unpatch_all()
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()

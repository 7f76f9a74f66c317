"""Where the application runs OpenTelemetry's SDK beside us, our patches step back for what it records."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from lambda_tracer import patch, patch_all, xray_recorder
from lambda_tracer.patches.registry import registered
from tests.daemon import Daemon
from tests.logged import messages
from tests.patches.http.server import HttpServer

pytestmark = pytest.mark.otel

requests: Any = pytest.importorskip("requests", reason="requests is not installed")

SAYS = (
    "WARNING",
    "the application's own OpenTelemetry provider records the calls of requests: lambda_tracer leaves them to it",
)


@pytest.mark.parametrize("first", ["provider", "instrumentation", "patches"])
def test_a_library_that_the_application_has_instrumented_is_left_to_its_provider(
    application: Any,
    provider: Any,
    instrumentor: Any,
    server: HttpServer,
    daemon: Daemon,
    caplog: pytest.LogCaptureFixture,
    first: str,
) -> None:
    steps: dict[str, Callable[[], Any]] = {
        "provider": lambda: application.set_tracer_provider(provider),
        "instrumentation": lambda: instrumentor.instrument(tracer_provider=provider),
        "patches": patch_all,
    }
    for step in (steps.pop(first), *steps.values()):
        step()

    with xray_recorder.in_subsegment("handler") as handler:
        requests.get(server.url("/"))
        with contextlib.closing(sqlite3.connect(":memory:")) as database:
            database.execute("SELECT 1")

    assert provider.exported() == ["GET"]
    assert messages(caplog) == [SAYS]
    assert server.last.trace_headers[0].partition("Parent=")[2][:16] == handler.id
    daemon.expect_tree("""
        handler
          :memory:
    """)


def test_what_is_no_longer_instrumented_is_patched_again(
    application: Any, provider: Any, instrumentor: Any, server: HttpServer, daemon: Daemon
) -> None:
    patch(["opentelemetry", "requests"])
    application.set_tracer_provider(provider)
    instrumentor.instrument(tracer_provider=provider)
    assert "requests" not in registered.values()

    instrumentor.uninstrument()
    requests.get(server.url("/"))

    daemon.expect_tree("127.0.0.1")


def test_a_provider_that_does_nothing_records_nothing_that_could_be_left_to_it(
    application: Any, instrumentor: Any, server: HttpServer, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    patch(["opentelemetry", "requests"])
    application.set_tracer_provider(application.NoOpTracerProvider())
    instrumentor.instrument()

    requests.get(server.url("/"))

    assert messages(caplog) == []
    daemon.expect_tree("127.0.0.1")

"""One call is one subsegment, be it recorded by our patch or by OpenTelemetry's instrumentation of the library."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any

import pytest

from lambda_tracer import patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch_all
from tests.daemon import Daemon
from tests.patches.http.server import HttpServer

pytestmark = pytest.mark.otel

requests: Any = pytest.importorskip("requests", reason="requests is not installed")


def parents_sent(server: HttpServer) -> set[str]:
    """The parents that requests told the server of, in either header."""
    headers = [dict(each.headers) for each in server.received]
    xray = {each["x-amzn-trace-id"].partition("Parent=")[2][:16] for each in headers}
    return xray | {each["traceparent"].split("-")[2] for each in headers if "traceparent" in each}


@pytest.mark.parametrize("outside", ["instrumentation", "our patch"])
def test_a_call_of_an_instrumented_library_is_one_subsegment(
    otel: Any, instrumentor: Any, server: HttpServer, daemon: Daemon, outside: str
) -> None:
    if outside == "instrumentation":
        patch(["requests", "urllib3", "httplib"])
        instrumentor.instrument()
    else:
        instrumentor.instrument()
        patch(["requests", "urllib3", "httplib"])

    with xray_recorder.in_subsegment("handler"):
        requests.get(server.url("/redirect/302/status/404?secret=1"))

    (call,) = (each for each in daemon.subsegments() if each["name"] != "handler")
    assert (call["namespace"], call["http"]["response"]["status"]) == ("remote", 404)
    assert parents_sent(server) == {call["id"]}
    daemon.expect_tree("""
        handler
          127.0.0.1  error
    """)


@pytest.mark.parametrize("outside", ["instrumentation", "our patch"])
def test_what_a_hook_of_the_users_calls_is_below_the_call(
    otel: Any, instrumentor: Any, server: HttpServer, daemon: Daemon, outside: str
) -> None:
    def hook(response: Any, *args: Any, **kwargs: Any) -> None:
        if response.request.path_url == "/outer":
            with contextlib.closing(sqlite3.connect(":memory:")) as database:
                database.execute("SELECT 1")
            requests.get(server.url("/inner"))

    libraries = ["requests", "urllib3", "httplib", "sqlite3"]
    if outside == "instrumentation":
        patch(libraries)
        instrumentor.instrument()
    else:
        instrumentor.instrument()
        patch(libraries)

    with xray_recorder.in_subsegment("handler"):
        requests.get(server.url("/outer"), hooks={"response": hook})

    daemon.expect_tree("""
        handler
          127.0.0.1
            :memory:
            127.0.0.1
    """)


def test_what_hooks_tell_of_a_call_that_we_record_is_kept(
    otel: Any, instrumentor: Any, server: HttpServer, daemon: Daemon
) -> None:
    instrumentor.instrument(request_hook=lambda span, request: span.set_attribute("shop.id", 5))
    patch(["requests"])

    requests.get(server.url("/"))

    (call,) = daemon.subsegments()
    assert call["metadata"]["default"] == {"shop.id": 5}


def test_a_call_that_fails_is_one_fault(
    otel: Any, instrumentor: Any, server: HttpServer, daemon: Daemon
) -> None:
    patch(["requests", "urllib3", "httplib"])
    instrumentor.instrument()

    with pytest.raises(requests.ConnectionError), xray_recorder.in_subsegment("handler"):
        requests.get(server.url("/hangup"))

    daemon.expect_tree(
        """
        handler  fault  ConnectionError
          127.0.0.1  fault  ConnectionError
    """.replace("fault  ", "fault ")
    )


def test_calls_in_a_clients_span_of_the_users_are_recorded(
    otel: Any, server: HttpServer, daemon: Daemon
) -> None:
    """It says nothing of which call it is: nothing may be lost."""
    patch(["requests", "sqlite3"])

    with otel.get_tracer("shop").start_as_current_span("charge", kind=otel.SpanKind.CLIENT):
        requests.get(server.url("/one"))
        requests.get(server.url("/two"))
        with contextlib.closing(sqlite3.connect(":memory:")) as database:
            database.execute("SELECT 1")

    daemon.expect_tree("""
        charge
          127.0.0.1
          127.0.0.1
          :memory:
    """)


def test_a_clients_span_of_the_users_that_says_its_call_is_that_call(
    otel: Any, server: HttpServer, daemon: Daemon
) -> None:
    patch(["requests", "urllib3", "httplib"])
    facts = {"http.request.method": "GET", "url.full": server.url("/one?q=1")}

    with otel.get_tracer("shop").start_as_current_span("one", kind=otel.SpanKind.CLIENT, attributes=facts):
        requests.get(server.url("/two"))
        requests.get(server.url("/one?q=1"))
        requests.get(server.url("/one?q=1"))

    daemon.expect_tree("""
        127.0.0.1
          127.0.0.1
          127.0.0.1
    """)


def test_a_clients_span_about_a_database_is_its_first_statement(otel: Any, daemon: Daemon) -> None:
    patch(["sqlite3"])
    connection = sqlite3.connect(":memory:")
    facts = {"db.system": "sqlite", "db.name": "orders"}

    with otel.get_tracer("shop").start_as_current_span("read", kind=otel.SpanKind.CLIENT, attributes=facts):
        connection.execute("SELECT 1")
        connection.execute("SELECT 2")
    connection.close()

    daemon.expect_tree("""
        orders
          :memory:
    """)


def test_sqlalchemy_is_recorded_once_though_its_spans_are_never_current(otel: Any, daemon: Daemon) -> None:
    sqlalchemy: Any = pytest.importorskip("sqlalchemy", reason="sqlalchemy is not installed")
    module = pytest.importorskip(
        "opentelemetry.instrumentation.sqlalchemy",
        reason="opentelemetry-instrumentation-sqlalchemy is not installed",
    )
    patch(["sqlalchemy_core", "sqlite3"])
    engine = sqlalchemy.create_engine("sqlite://")
    instrumentor = module.SQLAlchemyInstrumentor()
    instrumentor.instrument(engine=engine, skip_dep_check=True)
    try:
        with engine.connect() as connection, xray_recorder.in_subsegment("handler"):
            connection.execute(sqlalchemy.text("SELECT 1"))
            connection.execute(sqlalchemy.text("SELECT 2"))
    finally:
        instrumentor.uninstrument()
        unpatch_all()
        engine.dispose()

    statements = [each.get("sql", {}).get("sanitized_query") for each in daemon.subsegments()]
    assert statements.count("SELECT ?") == 2

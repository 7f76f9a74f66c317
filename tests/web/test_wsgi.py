"""WSGI servers: each request is a segment. Flask, Bottle and Django, some on wsgiref's server with many threads."""

from __future__ import annotations

import http.client
import io
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.util import FileWrapper, setup_testing_defaults

import bottle
import django
import flask
import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from lambda_tracer import xray_recorder
from lambda_tracer.compat.middlewares import FlaskMiddleware
from lambda_tracer.web import DynamicNaming, WSGIMiddleware
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.patches.web import events
from tests.patches.web.apps import django_on_both

TRACE = "1-5759e988-" + "a" * 24


class Threads(ThreadingMixIn, WSGIServer):
    """A thread for each connection."""

    daemon_threads = False
    request_queue_size = 50


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *arguments: Any) -> None:
        """Nothing."""


@contextmanager
def served(app: Any) -> Iterator[int]:
    """The port of a server, which runs for as long as the block takes."""
    server = make_server("127.0.0.1", 0, app, Threads, Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def get(port: int, path: str, **headers: str) -> tuple[int, str | None, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"User-Agent": "ua", **headers})
    answer = connection.getresponse()
    try:
        return answer.status, answer.headers["X-Amzn-Trace-Id"], answer.read()
    finally:
        connection.close()


def shop() -> flask.Flask:
    app = flask.Flask("shop")

    @app.route("/items/<name>")
    def item(name: str) -> str:
        with xray_recorder.in_subsegment("load"), xray_recorder.in_subsegment(f"row {name}"):
            return name

    @app.route("/stream")
    def stream() -> flask.Response:
        def parts() -> Iterator[str]:
            for part in "ab":
                with xray_recorder.in_subsegment(f"part {part}"):
                    yield part

        return flask.Response(parts())

    @app.route("/broken")
    def broken() -> str:
        raise ValueError("no")

    @app.route("/status/<int:code>")
    def status(code: int) -> str:
        flask.abort(code)

    return app


def test_a_request_is_a_segment(server: Daemon) -> None:
    app = shop()
    app.wsgi_app = WSGIMiddleware(app.wsgi_app)  # type: ignore[method-assign]  # as Flask's documentation has it

    with served(app) as port:
        status, header, body = get(
            port, "/items/l%C3%A4mp?secret=1", **{"X-Amzn-Trace-Id": f"Root={TRACE};Sampled=?"}
        )

    server.expect_tree(
        """
        shop  {"Route": "GET /items/{name}"}
          load
            row lämp
        """,
        annotations=True,
    )
    segment = server.subsegment("shop")
    assert (status, header, body.decode()) == (200, f"Root={TRACE};Sampled=1", "lämp")
    assert segment["trace_id"] == TRACE
    assert segment["http"] == {
        "request": {
            "url": f"http://127.0.0.1:{port}/items/l%C3%A4mp",
            "method": "GET",
            "user_agent": "ua",
        },
        "response": {"status": 200, "content_length": 5},
    }


def test_what_goes_wrong_is_said_by_flags_and_causes(server: Daemon) -> None:
    with served(WSGIMiddleware(shop(), "api")) as port:
        for path in ("/status/404", "/status/429", "/broken", "/none"):
            get(port, path)

    server.expect_tree(
        """
        api  error NotFound
        api  error throttle TooManyRequests
        api  fault ValueError
        api  error NotFound
        """
    )
    in_order = sorted(server.documents(), key=lambda each: each["start_time"])
    assert [each["http"]["response"]["status"] for each in in_order] == [404, 429, 500, 404]


def test_parts_that_are_made_while_they_are_sent_are_below_the_segment(server: Daemon) -> None:
    with served(WSGIMiddleware(shop())) as port:
        _, _, body = get(port, "/stream")

    assert body == b"ab"
    server.expect_tree("shop\n  part a\n  part b")


def test_what_the_server_does_between_parts_is_not(server: Daemon) -> None:
    def application(environ: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", [])
        for part in (b"a", b"b"):
            with xray_recorder.in_subsegment("part"):
                yield part

    with xray_recorder.in_segment("server"):
        body = call(WSGIMiddleware(application))[1]
        for _ in range(2):
            next(body)
            with xray_recorder.in_subsegment("writes"):
                pass
        assert server.documents() == []
        assert list(body) == []
        assert [each["name"] for each in server.documents()] == ["shop"]
        body.close()

    server.expect_tree(
        """
        server
          writes
          writes
        shop
          part
          part
        """
    )


def test_what_an_application_gives_is_what_the_server_gets(server: Daemon) -> None:
    closed: list[str] = []

    class Parts:
        """Counted, and closed."""

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"a"])

        def __len__(self) -> int:
            return 1

        def close(self) -> None:
            closed.append("parts")

    answers: list[Any] = [[b"a"], (b"a",), FileWrapper(io.BytesIO(b"a")), Parts(), iter([b"a"])]
    given = []
    for answer in answers:

        def application(environ: Any, start: Any, answer: Any = answer) -> Any:
            start("200 OK", [("A", "b")])
            return answer

        headers, body = call(WSGIMiddleware(application))
        assert [name for name, _ in headers] == ["A", "X-Amzn-Trace-Id"]
        given.append((body is answer, hasattr(body, "__len__") == hasattr(answer, "__len__"), b"".join(body)))
        if hasattr(body, "close"):
            body.close()

    assert given == [(True, True, b"a")] * 3 + [(False, True, b"a")] * 2
    assert closed == ["parts"]
    server.expect_tree("\n".join(["shop"] * 5))


def test_what_an_application_tells_is_what_the_server_is_told(server: Daemon) -> None:
    headers = [("A", "b")]
    told: list[Any] = []

    def start(status: str, headers: Any, exc_info: Any = None) -> None:
        told.append((status, [name for name, _ in headers], exc_info))

    def application(environ: Any, start: Any) -> list[bytes]:
        start("200 OK", (each for each in headers))
        start("500 No", headers, exc_info="by name")
        start("502 No", headers, "by place")
        start("503 No", headers=headers)
        return []

    WSGIMiddleware(application)({"SERVER_NAME": "host"}, start)

    assert told == [
        ("200 OK", ["A"], None),  # read once, by the server
        ("500 No", ["A", "X-Amzn-Trace-Id"], "by name"),
        ("502 No", ["A", "X-Amzn-Trace-Id"], "by place"),
        ("503 No", ["A"], None),
    ]
    assert headers == [("A", "b")]
    server.expect_tree("shop  fault")


def test_the_sdks_middleware_within_is_a_subsegment(server: Daemon) -> None:
    app = shop()
    FlaskMiddleware(app, xray_recorder)

    assert b"".join(call(WSGIMiddleware(app, "outer"), PATH_INFO="/items/a")[1]) == b"a"

    server.expect_tree("outer\n  127.0.0.1\n    load\n      row a")


def test_an_answer_that_nobody_closes_is_sent_all_the_same(server: Daemon) -> None:
    def application(environ: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", [])
        yield b"a"
        yield b"b"

    app = WSGIMiddleware(application)
    call(app)  # nor asks for it
    next(call(app)[1])

    server.expect_tree("shop\nshop")


def test_a_request_that_is_made_again_is_a_segment_again(server: Daemon) -> None:
    app = WSGIMiddleware(WSGIMiddleware(lambda environ, start: [start("200 OK", []) or b""]))
    environ: dict[str, Any] = {"SERVER_NAME": "host"}

    app(environ, lambda *told: None)
    app(environ, lambda *told: None)

    server.expect_tree("shop\nshop")
    assert environ == {"SERVER_NAME": "host"}


def test_hosts_and_paths_that_are_none_keep_nothing_from_being_recorded(
    server: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_SEGMENT", "on")
    app = WSGIMiddleware(lambda environ, start: [start("200 OK", []) or b""])

    call(app, HTTP_HOST="user:secret@host", PATH_INFO="/\u2713")
    call(app, HTTP_HOST="host?secret=1", PATH_INFO="/a")
    call(app, HTTP_HOST="[::1]:80", PATH_INFO="/b")

    assert [(each["name"], each["http"]["request"]["url"]) for each in server.documents()] == [
        ("host", "http://host/%3F"),
        ("unnamed", "/a"),
        ("::1", "http://[::1]:80/b"),
    ]


def test_an_exception_leaves_as_it_came(server: Daemon) -> None:
    error = ValueError("no")

    def fails(environ: Any, start: Any) -> Any:
        raise error

    def fails_later(environ: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", [])
        yield b"a"
        raise error

    with pytest.raises(ValueError) as raised:
        call(WSGIMiddleware(fails))
    body = call(WSGIMiddleware(fails_later))[1]
    assert next(body) == b"a"
    with pytest.raises(ValueError) as raised_later:
        next(body)
    body.close()

    assert raised.value is raised_later.value is error
    server.expect_tree("shop  fault ValueError\nshop  fault ValueError")
    assert [each["http"]["response"]["status"] for each in server.documents()] == [500, 200]
    assert xray_recorder.current_subsegment() is None


def test_a_client_that_leaves_ends_the_segment(server: Daemon) -> None:
    def application(environ: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", [])
        while True:
            yield b"a"

    body = call(WSGIMiddleware(application))[1]
    next(body)
    body.close()

    server.expect_tree("shop")


@pytest.mark.parametrize("why", ["not asked for", "in Lambda"])
def test_where_a_request_is_no_segment_it_is_handed_on_as_it_is(
    server: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    if why == "not asked for":
        monkeypatch.delenv("LAMBDA_TRACER_SEGMENT")
    else:
        invoke()
    environ, start = {"REQUEST_METHOD": "GET"}, object()

    returned = WSGIMiddleware(lambda *arguments: arguments)(environ, start)  # type: ignore[arg-type]

    assert returned == (environ, start)
    assert environ == {"REQUEST_METHOD": "GET"}
    assert server.documents() == []


def test_segments_are_named_by_hosts_and_say_who_asked(
    server: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    naming = DynamicNaming("*.example.com", "other")
    app = WSGIMiddleware(lambda environ, start: [start("200 OK", []) or b""], naming)
    monkeypatch.setenv("LAMBDA_TRACER_CLIENT_IP", "true")

    call(app, HTTP_HOST="a.example.com:80", HTTP_X_FORWARDED_FOR="192.0.2.1, 192.0.2.2")
    call(app, HTTP_HOST="example.org", REMOTE_ADDR="192.0.2.3")

    first, second = server.documents()
    assert (first["name"], second["name"]) == ("a.example.com", "other")
    assert first["http"]["request"]["client_ip"] == "192.0.2.2"
    assert first["http"]["request"]["x_forwarded_for"] is True
    assert second["http"]["request"]["client_ip"] == "192.0.2.3"


def test_bottle_and_django_tell_their_routes_and_exceptions(server: Daemon) -> None:
    small = bottle.Bottle()
    small.route("/items/<name>", callback=lambda name: name)
    small.route("/broken", callback=lambda: 1 / 0)
    app = WSGIMiddleware(small, "bottle")
    for path in ("/items/lamp", "/broken"):
        b"".join(call(app, PATH_INFO=path)[1])
    if not settings.configured:
        settings.configure(SECRET_KEY="none")
    with override_settings(**django_on_both.SETTINGS):
        django.setup()
        app = WSGIMiddleware(WSGIHandler(), "django")
        for path in ("/items/lamp", "/broken"):
            call(app, PATH_INFO=path, HTTP_HOST=events.HOST)[1].close()

    server.expect_tree(
        """
        bottle  {"Route": "GET /items/{name}"}
        bottle  fault ZeroDivisionError  {"Route": "GET /broken"}
        django  {"Route": "GET /items/{name}"}
        django  fault ZeroDivisionError  {"Route": "GET /broken"}
        """,
        annotations=True,
    )


def test_of_many_requests_at_once_each_has_what_is_its_own(server: Daemon) -> None:
    count = 200
    names = iter(range(count))

    def ask(port: int) -> None:
        for number in names:
            assert get(port, f"/items/{number}")[2] == str(number).encode()

    with served(WSGIMiddleware(shop())) as port:
        threads = [threading.Thread(target=ask, args=(port,)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    found: Counter[str] = Counter()
    for document in server.documents(at_least=count):
        (load,) = document["subsegments"]
        (row,) = load["subsegments"]
        assert row["name"] == "row " + document["http"]["request"]["url"].rpartition("/")[2]
        found[row["name"]] += 1
    assert found == Counter(f"row {number}" for number in range(count))


def call(app: Any, **environ: Any) -> tuple[Any, Any]:
    """Call an application as a server does; returns the headers, and the body unread."""
    whole = {"wsgi.file_wrapper": FileWrapper, "wsgi.errors": io.StringIO(), **environ}
    setup_testing_defaults(whole)
    started: list[Any] = []
    body = app(whole, lambda status, headers, *error: started.append(headers))
    return (started or [[]])[-1], body

"""Starlette's and FastAPI's own ways: background tasks, streams, applications in applications, what is let go."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.patches.registry import patch
from lambda_tracer.patches.unpatch import unpatch, unpatch_all
from tests.daemon import Daemon
from tests.documents import Document
from tests.patches.web import events
from tests.patches.web.event_loop import event_loop

pytest.importorskip("starlette", reason="starlette is not installed")
pytest.importorskip("mangum", reason="mangum is not installed")

from mangum import Mangum
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route


@pytest.fixture(autouse=True)
def _patched(daemon: Daemon) -> Iterator[None]:
    patch(["starlette", "threads"])
    with event_loop():
        yield
    unpatch_all()


def answered(app: Any, path: str, method: str = "GET") -> dict[str, Any]:
    """What a captured handler returns that gives the request to an application."""
    adapter = Mangum(app, lifespan="auto")

    def lambda_handler(event: Any, context: Any) -> Any:
        return adapter(event, context)

    handler = Tracer(service="", auto_patch=False).capture_lambda_handler(
        lambda_handler, capture_response=False
    )
    answer: dict[str, Any] = handler(events.http(method, path), None)
    return answer


def types(document: Document) -> list[str]:
    cause = document.get("cause")
    return [each["type"] for each in cause["exceptions"]] if isinstance(cause, dict) else []


def test_the_stack_runs_from_the_handler_to_the_endpoint(daemon: Daemon) -> None:
    async def endpoint(request: Request) -> Response:
        return JSONResponse(1 / 0)

    answered(Starlette(routes=[Route("/", endpoint)]), "/")

    (exception,) = daemon.subsegment("## lambda_handler")["cause"]["exceptions"]
    assert [exception["stack"][0]["label"], exception["stack"][-1]["label"]] == ["lambda_handler", "endpoint"]


def test_an_exception_that_a_subsegment_has_described_is_referred_to(daemon: Daemon) -> None:
    @Tracer(auto_patch=False).capture_method
    def charge() -> None:
        raise HTTPException(404, "no such card")

    def endpoint(request: Request) -> Response:
        charge()
        return Response()

    answered(Starlette(routes=[Route("/", endpoint)]), "/")

    charged = next(each for each in daemon.subsegments() if "charge" in each["name"])
    handler = daemon.subsegment("## lambda_handler")
    assert handler["cause"] == charged["cause"]["exceptions"][0]["id"]
    assert (handler.get("error"), handler.get("fault")) == (True, None)


def test_a_background_task_that_fails_is_a_fault_though_the_answer_was_fine(daemon: Daemon) -> None:
    async def task() -> None:
        raise LookupError("later")

    async def endpoint(request: Request) -> Response:
        return PlainTextResponse("fine", background=BackgroundTask(task))

    answer = answered(Starlette(routes=[Route("/", endpoint)]), "/")

    assert (answer["statusCode"], answer["body"]) == (200, "fine")
    handler = daemon.subsegment("## lambda_handler")
    assert (types(handler), handler.get("fault")) == (["LookupError"], True)


def test_a_stream_that_breaks_off_is_a_fault(daemon: Daemon) -> None:
    async def body() -> AsyncIterator[str]:
        yield "a"
        raise LookupError("half-way")

    async def endpoint(request: Request) -> Response:
        return StreamingResponse(body())

    answered(Starlette(routes=[Route("/", endpoint)]), "/")

    handler = daemon.subsegment("## lambda_handler")
    assert (types(handler), handler.get("fault")) == (["LookupError"], True)


def test_a_stream_is_read_as_untraced(daemon: Daemon) -> None:
    steps = []

    async def body() -> AsyncIterator[str]:
        for part in "abc":
            steps.append(part)
            yield part

    async def endpoint(request: Request) -> Response:
        return StreamingResponse(body())

    assert answered(Starlette(routes=[Route("/", endpoint)]), "/")["body"] == "abc"
    assert steps == ["a", "b", "c"]
    assert daemon.subsegment("## lambda_handler")["annotations"]["Route"] == "GET /"


def test_an_application_that_an_endpoint_calls_answers_nobody(daemon: Daemon) -> None:
    httpx = pytest.importorskip("httpx", reason="httpx is not installed")

    async def missing(request: Request) -> Response:
        raise HTTPException(404)

    inner = Starlette(routes=[Route("/inner", missing)])

    async def endpoint(request: Request) -> Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(inner), base_url="http://inner") as client:
            return JSONResponse((await client.get("/inner")).status_code)

    assert answered(Starlette(routes=[Route("/outer", endpoint)]), "/outer")["body"] == "404"
    handler = daemon.subsegment("## lambda_handler")
    assert handler["annotations"]["Route"] == "GET /outer"
    assert not handler.keys() & {"cause", "error", "fault"}


def test_an_application_in_an_application_answers_with_it_and_says_so_once(daemon: Daemon) -> None:
    def endpoint(request: Request) -> Response:
        raise LookupError("inside")

    inner = Starlette(routes=[Mount("/{shelf}", routes=[Route("/books/{book:int}", endpoint)])])
    middle = Starlette(routes=[Mount("/halls", app=inner)])

    answer = answered(Starlette(routes=[Mount("/library", app=middle)]), "/library/halls/a/books/7")

    assert answer["statusCode"] == 500
    handler = daemon.subsegment("## lambda_handler")
    assert handler["annotations"]["Route"] == "GET /library/halls/{shelf}/books/{book}"
    assert types(handler) == ["LookupError"]


def test_a_wsgi_application_in_an_asgi_application_answers_with_it(daemon: Daemon) -> None:
    flask = pytest.importorskip("flask", reason="flask is not installed")
    wsgi = pytest.importorskip("a2wsgi", reason="a2wsgi is not installed")
    patch(["flask"])
    inner = flask.Flask("inner")

    @inner.get("/books/<int:book>")
    def missing(book: int) -> None:
        flask.abort(404)

    app = Starlette(routes=[Mount("/{shelf}", app=wsgi.WSGIMiddleware(inner))])

    assert answered(app, "/a/books/7")["statusCode"] == 404
    handler = daemon.subsegment("## lambda_handler")
    assert handler["annotations"]["Route"] == "GET /{shelf}/books/{book}"
    assert types(handler) == ["NotFound"]


def test_an_exception_is_let_go_when_the_request_is_over(daemon: Daemon) -> None:
    class Held(Exception):
        pass

    held = []

    async def endpoint(request: Request) -> Response:
        error = Held()
        held.append(weakref.ref(error))
        raise error

    async def handle(request: Request, error: Exception) -> Response:
        return Response(status_code=500)

    answered(Starlette(routes=[Route("/", endpoint)], exception_handlers={Held: handle}), "/")

    gc.collect()
    assert held[0]() is None
    assert types(daemon.subsegment("## lambda_handler")) == ["Held"]


def test_an_exception_that_is_raised_over_and_over_is_described_in_every_invocation(
    daemon: Daemon, invoke: Any
) -> None:
    again = HTTPException(429, "later")

    async def endpoint(request: Request) -> Response:
        raise again

    app = Starlette(routes=[Route("/", endpoint)])
    for _ in range(3):
        invoke()
        daemon.clear()
        answered(app, "/")
        handler = daemon.subsegment("## lambda_handler")
        assert (types(handler), handler["throttle"]) == (["HTTPException"], True)


def test_nothing_is_recorded_without_a_captured_handler(daemon: Daemon) -> None:
    async def endpoint(request: Request) -> Response:
        raise HTTPException(500)

    app = Starlette(routes=[Route("/", endpoint)])
    with xray_recorder.in_subsegment("not a handler"):
        assert Mangum(app, lifespan="off")(events.http("GET", "/"), None)["statusCode"] == 500

    subsegment = daemon.subsegment("not a handler")
    assert not subsegment.keys() & {"cause", "annotations", "fault"}


def test_nothing_is_recorded_below_a_subsegment_that_is_not_sampled(daemon: Daemon) -> None:
    async def endpoint(request: Request) -> Response:
        raise HTTPException(500)

    adapter = Mangum(Starlette(routes=[Route("/", endpoint)]), lifespan="off")

    def lambda_handler(event: Any, context: Any) -> Any:
        xray_recorder.begin_subsegment_without_sampling("quiet")
        try:
            return adapter(event, context)
        finally:
            xray_recorder.end_subsegment()

    Tracer(service="", auto_patch=False).capture_lambda_handler(lambda_handler)(events.http("GET", "/"), None)

    handler = daemon.subsegment("## lambda_handler")
    assert "Route" not in handler["annotations"]
    assert "cause" not in handler


def test_a_websocket_and_a_lifespan_are_none_of_ours(daemon: Daemon) -> None:
    from starlette.routing import WebSocketRoute

    async def endpoint(socket: Any) -> None:
        await socket.accept()
        await socket.close()

    app = Starlette(routes=[WebSocketRoute("/{room}", endpoint)])
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    def lambda_handler(event: Any, context: Any) -> None:
        scope = {"type": "websocket", "path": "/a", "headers": [], "subprotocols": []}
        asyncio.run(app(scope, receive, send))

    Tracer(service="", auto_patch=False).capture_lambda_handler(lambda_handler)({}, None)

    assert sent == ["websocket.accept", "websocket.close"]
    assert "Route" not in daemon.subsegment("## lambda_handler")["annotations"]


def test_unpatched_it_records_nothing(daemon: Daemon) -> None:
    async def endpoint(request: Request) -> Response:
        raise HTTPException(404)

    unpatch(["starlette"])

    assert answered(Starlette(routes=[Route("/", endpoint)]), "/")["statusCode"] == 404
    handler = daemon.subsegment("## lambda_handler")
    assert "Route" not in handler["annotations"]
    assert "cause" not in handler

"""aiohttp's server: each request is a segment."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from lambda_tracer import xray_recorder
from lambda_tracer.web import aiohttp_middleware
from tests.daemon import Daemon
from tests.web.asgi_server import in_a_loop

TRACE = "1-5759e988-" + "a" * 24


async def item(request: web.Request) -> web.Response:
    async with xray_recorder.in_subsegment_async("load"):
        return web.Response(text=request.match_info["name"])


async def broken(request: web.Request) -> web.Response:
    raise ValueError("no")


async def missing(request: web.Request) -> web.Response:
    raise web.HTTPNotFound


async def moved(request: web.Request) -> web.Response:
    raise web.HTTPFound("/items/lamp")


async def nothing(request: web.Request) -> None:
    """A handler whose author forgot to return: aiohttp answers 500."""


async def talk(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    with xray_recorder.in_subsegment(await socket.receive_str()):
        await socket.send_str("heard")
    return socket


@in_a_loop
async def test_a_request_is_a_segment(server: Daemon) -> None:
    # Two of them, for an application and one that is mounted, are one segment.
    app = web.Application(middlewares=[aiohttp_middleware("api"), aiohttp_middleware("inner")])
    app.add_routes([web.get("/items/{name}", item), web.get("/broken", broken), web.get("/missing", missing)])
    app.add_routes([web.get("/moved", moved), web.get("/talk", talk)])
    app.add_routes([web.get("/nothing", nothing)])  # type: ignore[arg-type]  # as somebody wrote it
    answers: list[Any] = []

    async with TestClient(TestServer(app)) as client:
        for path in ("/items/lamp?secret=1", "/broken", "/missing", "/moved", "/none", "/nothing"):
            headers = {"X-Amzn-Trace-Id": f"Root={TRACE};Sampled=?"}
            async with client.get(path, headers=headers, allow_redirects=False) as answer:
                answers.append((answer.status, answer.headers.get("X-Amzn-Trace-Id"), await answer.text()))
        async with client.ws_connect("/talk") as socket:
            await socket.send_str("hello")
            assert await socket.receive_str() == "heard"

    server.expect_tree(
        """
        api  {"Route": "GET /items/{name}"}
          load
        api  fault ValueError  {"Route": "GET /broken"}
        api  error HTTPNotFound  {"Route": "GET /missing"}
        api  {"Route": "GET /moved"}
        api  error HTTPNotFound
        api  fault  {"Route": "GET /nothing"}
        api  {"Route": "GET /talk"}
          hello
        """,
        annotations=True,
    )
    said = f"Root={TRACE};Sampled=1"
    assert [header for _, header, _ in answers] == [said, None, said, said, said, None]
    assert answers[0][2] == "lamp"
    statuses = [each["http"]["response"]["status"] for each in server.documents()]
    assert statuses == [200, 500, 404, 302, 404, 500, 101]
    assert "secret" not in str(server.documents())

"""ASGI servers: each request, and each websocket's connection, is a segment. FastAPI on real servers and sockets."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

import lambda_tracer
from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.web import ASGIMiddleware, DynamicNaming
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.functions.running import python
from tests.web.asgi_server import in_a_loop, served, served_by_uvicorn

pytest.importorskip("fastapi", reason="fastapi is not installed")

from fastapi import BackgroundTasks, FastAPI, HTTPException, WebSocket
from fastapi.responses import StreamingResponse

ROOT, PARENT = "1-5759e988-" + "a" * 24, "b" * 16
W3C = "00-5759e988" + "a" * 24 + "-" + "c" * 16


def shop() -> FastAPI:
    """An application whose traced work is in functions, in a stream, and behind the answer."""
    app = FastAPI()
    app.state.may_go_on = asyncio.Event()

    @xray_recorder.capture_async("load")
    async def load(name: str) -> str:
        await asyncio.sleep(0)
        with xray_recorder.in_subsegment(f"row {name}"):
            await asyncio.sleep(0)
        return name

    @app.get("/items/{name}")
    async def item(name: str) -> dict[str, str]:
        return {"name": await load(name)}

    @app.get("/plain/{name}")
    def plain(name: str) -> str:
        with xray_recorder.in_subsegment("in a thread"):
            return name

    @app.get("/status/{code}")
    async def status(code: int) -> None:
        raise HTTPException(code)

    @app.get("/broken")
    async def broken() -> float:
        return 1 / 0

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            with xray_recorder.in_subsegment("first part"):
                yield "a"
            await app.state.may_go_on.wait()
            with xray_recorder.in_subsegment("last part"):
                yield "b"

        return StreamingResponse(parts())

    @app.get("/cut")
    async def cut() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            yield "a"
            raise ValueError("no more")

        return StreamingResponse(parts(), headers={"Content-Length": "2"})

    @app.get("/later")
    async def later(tasks: BackgroundTasks, fails: bool = False) -> str:
        async def work() -> None:
            await app.state.may_go_on.wait()
            await load("later")
            if fails:
                raise ValueError("too late")

        tasks.add_task(work)
        return "soon"

    @app.websocket("/talk")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        for _ in range(2):
            await load(await socket.receive_text())
        await socket.close()

    return app


@in_a_loop
async def test_a_request_is_a_segment(server: Daemon) -> None:
    async with served(ASGIMiddleware(shop())) as client:
        answer = await client.get("/items/lamp?secret=1")
        host = client.base_url.netloc.decode()

    server.expect_tree(
        """
        shop  {"Route": "GET /items/{name}"}
          load
            row lamp
        """,
        annotations=True,
    )
    segment = server.subsegment("shop")
    assert answer.json() == {"name": "lamp"}
    assert answer.headers["X-Amzn-Trace-Id"] == f"Root={segment['trace_id']}"
    assert segment["http"] == {
        "request": {"url": f"http://{host}/items/lamp", "method": "GET", "user_agent": "ua"},
        "response": {"status": 200, "content_length": 15},
    }


@pytest.mark.parametrize(
    ("headers", "parent", "said"),
    [
        ({"X-Amzn-Trace-Id": f"Root={ROOT};Parent={PARENT};Sampled=1"}, PARENT, f"Root={ROOT}"),
        ({"X-Amzn-Trace-Id": f"Root={ROOT};Sampled=?"}, None, f"Root={ROOT};Sampled=1"),
        ({"traceparent": W3C + "-01"}, "c" * 16, f"Root={ROOT}"),
        (
            {"traceparent": W3C + "-01", "X-Amzn-Trace-Id": f"Root={ROOT};Parent={PARENT}"},
            PARENT,
            f"Root={ROOT}",
        ),
        ({"traceparent": W3C + "-00"}, "unsampled", f"Root={ROOT}"),
        ({"X-Amzn-Trace-Id": f"Root={ROOT};Parent={PARENT};Sampled=0"}, "unsampled", f"Root={ROOT}"),
        ({"traceparent": "00-zz-01"}, None, None),
    ],
)
@in_a_loop
async def test_the_trace_that_a_request_names_goes_on(
    server: Daemon, headers: dict[str, str], parent: str | None, said: str | None
) -> None:
    sent = await call(ASGIMiddleware(hello), headers=headers)

    found = dict(sent[0]["headers"])[b"x-amzn-trace-id"].decode()
    documents = server.documents()
    assert said is None or found == said
    if parent == "unsampled":
        assert documents == []
    else:
        (segment,) = documents
        assert (segment.get("parent_id"), f"Root={segment['trace_id']}") == (parent, found[:40])


@in_a_loop
async def test_what_goes_wrong_is_said_by_flags_and_causes(server: Daemon) -> None:
    async with served(ASGIMiddleware(shop(), "api")) as client:
        for path in ("/status/404", "/status/429", "/status/503", "/broken", "/none"):
            await client.get(path)

    server.expect_tree(
        """
        api  error HTTPException  {"Route": "GET /status/{code}"}
        api  error throttle HTTPException  {"Route": "GET /status/{code}"}
        api  fault HTTPException  {"Route": "GET /status/{code}"}
        api  fault ZeroDivisionError  {"Route": "GET /broken"}
        api  error HTTPException
        """,
        annotations=True,
    )
    assert [each["http"]["response"]["status"] for each in server.documents()] == [404, 429, 503, 500, 404]


@in_a_loop
async def test_installed_by_the_framework_it_does_the_same(server: Daemon) -> None:
    app = shop()
    app.add_middleware(ASGIMiddleware, name=DynamicNaming("127.*.0.?", "other"))

    async with served(app) as client:
        await client.get("/plain/lamp")
        await client.get("/plain/lamp", headers={"Host": "elsewhere"})
        await client.get("/broken")

    server.expect_tree(
        """
        127.0.0.1  {"Route": "GET /plain/{name}"}
          in a thread
        other  {"Route": "GET /plain/{name}"}
          in a thread
        127.0.0.1  fault ZeroDivisionError  {"Route": "GET /broken"}
        """,
        annotations=True,
    )


@in_a_loop
async def test_of_two_middlewares_around_one_application_the_outer_one_counts(server: Daemon) -> None:
    sent = await call(ASGIMiddleware(ASGIMiddleware(hello, "inner"), "outer"))

    server.expect_tree("outer")
    assert len(sent[0]["headers"]) == 1


@in_a_loop
async def test_a_segment_goes_on_until_the_last_part_is_sent(server: Daemon) -> None:
    app = shop()
    async with served(ASGIMiddleware(app)) as client, client.stream("GET", "/stream") as answer:
        parts = answer.aiter_text()
        first = await anext(parts)
        before = server.documents()
        app.state.may_go_on.set()
        rest = [part async for part in parts]

    assert (first, rest, before) == ("a", ["b"], [])
    server.expect_tree("shop\n  first part\n  last part")


@in_a_loop
async def test_what_breaks_a_stream_is_its_fault_with_the_status_that_was_sent(server: Daemon) -> None:
    import httpx

    async with served(ASGIMiddleware(shop())) as client:
        with pytest.raises(httpx.HTTPError):
            await client.get("/cut")

    server.expect_tree("shop  fault ValueError")
    assert server.subsegment("shop")["http"]["response"] == {"status": 200, "content_length": 2}


@in_a_loop
async def test_work_behind_the_answer_is_below_a_segment_that_has_ended(server: Daemon) -> None:
    app = shop()
    async with served(ASGIMiddleware(app)) as client:
        await client.get("/later")
        (answered,) = await asyncio.to_thread(server.documents, 1)
        app.state.may_go_on.set()
        await client.get("/later", params={"fails": True})

    assert "subsegments" not in answered
    server.expect_tree(
        """
        shop
          load
            row later
        shop
          load
            row later
          background  fault ValueError
        """
    )


@in_a_loop
async def test_a_websocket_is_one_segment_for_as_long_as_it_is_connected(server: Daemon) -> None:
    received: Any = iter(
        [
            {"type": "websocket.connect"},
            {"type": "websocket.receive", "text": "a"},
            {"type": "websocket.receive", "text": "b"},
            {"type": "websocket.disconnect", "code": 1000},
        ]
    )

    sent = await call(ASGIMiddleware(shop()), kind="websocket", path="/talk", received=received)
    await call(ASGIMiddleware(refuses), kind="websocket", path="/talk", received=iter([]))

    server.expect_tree(
        """
        shop
          load
            row a
          load
            row b
        shop  error
        """
    )
    assert [each["type"] for each in sent] == ["websocket.accept", "websocket.close"]
    assert [each["http"]["response"]["status"] for each in server.documents()] == [101, 403]


@in_a_loop
async def test_what_is_sent_is_what_the_application_sent_and_one_header(server: Daemon) -> None:
    own = (b"X-Amzn-Trace-Id", b"my own")
    start = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}
    body = {"type": "http.response.body", "body": b"hi", "more_body": False}

    async def application(scope: Any, receive: Any, send: Any) -> str:
        for message in start, body:
            await send(message)
        return "returned"

    sent = await call(ASGIMiddleware(application))
    start["headers"] = [own]
    again = await call(ASGIMiddleware(application))

    assert sent[0]["headers"][:-1] == [(b"a", b"b")]
    assert sent[0] | {"headers": []} == start | {"headers": []}
    assert sent[1] is body
    assert again == [start, body]
    server.expect_tree("shop\nshop")


@pytest.mark.parametrize("why", ["not asked for", "switched off", "in Lambda", "lifespan", "marked"])
@in_a_loop
async def test_where_a_request_is_no_segment_it_is_handed_on_as_it_is(
    server: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    if why == "not asked for":
        monkeypatch.delenv("LAMBDA_TRACER_SEGMENT")
    if why == "switched off":
        monkeypatch.setenv("AWS_XRAY_SDK_ENABLED", "false")
    if why == "in Lambda":
        invoke()
    got: list[Any] = []

    async def application(*arguments: Any) -> str:
        got.extend(arguments)
        return "returned"

    scope: dict[str, Any] = {
        "type": "lifespan" if why == "lifespan" else "http",
        "path": "/",
        "method": "GET",
        "headers": [],
    }
    if why == "marked":
        scope["lambda_tracer.request"] = "by another middleware"
    before, receive, send = dict(scope), object(), object()

    returned = await ASGIMiddleware(application)(scope, receive, send)  # type: ignore[arg-type]

    assert returned == "returned"
    assert (got[0] is scope, got[1] is receive, got[2] is send, scope) == (True, True, True, before)
    assert server.documents() == []


@in_a_loop
async def test_headers_that_may_be_read_once_are_read_by_those_they_are_for(server: Daemon) -> None:
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(scope["headers"])
        headers = ((name, b"1") for name in (b"a", b"content-length", b"b"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x"})

    async def send(message: Any) -> None:
        seen.extend(message.get("headers", ()))

    asked = (each for each in [(b"host", b"h"), (b"x-amzn-trace-id", f"Root={ROOT}".encode())])
    scope = {"type": "http", "path": "/\ud800", "method": "GET", "headers": asked}
    await ASGIMiddleware(application)(scope, receive_nothing, send)

    assert [name for name, _ in seen] == [b"host", b"x-amzn-trace-id", b"a", b"content-length", b"b"]
    server.expect_tree("shop")
    assert server.subsegment("shop")["trace_id"] == ROOT


@in_a_loop
async def test_what_other_tracers_sent_along_is_handed_on(server: Daemon) -> None:
    sent: list[dict[str, str]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        sent.append(xray_recorder.trace_context())
        await hello(scope, receive, send)

    others = {"traceparent": W3C + "-01", "tracestate": "vendor=1", "baggage": "cart=c-1"}
    await call(ASGIMiddleware(application), headers=others)

    segment = server.subsegment("shop")
    trace_id = ROOT.removeprefix("1-").replace("-", "")
    assert sent == [
        {
            "X-Amzn-Trace-Id": f"Root={ROOT};Parent={segment['id']};Sampled=1",
            "traceparent": f"00-{trace_id}-{segment['id']}-01",
            "tracestate": "vendor=1",
            "baggage": "cart=c-1",
        }
    ]


async def receive_nothing() -> Any:
    return {"type": "http.request", "body": b""}


@in_a_loop
async def test_a_handlers_call_is_no_request_of_its_own(server: Daemon) -> None:
    tracer = Tracer(auto_patch=False)

    @tracer.capture_lambda_handler
    async def handler(event: object, context: object) -> str:
        await call(ASGIMiddleware(hello))
        return "done"

    await asyncio.to_thread(handler, {}, None)

    server.expect_tree("shop\n  ## handler")


@in_a_loop
async def test_an_application_that_is_called_inside_another_has_a_segment_below_it(server: Daemon) -> None:
    import httpx

    lambda_tracer.patch(["httpx"])
    inner, outer = shop(), shop()

    @outer.get("/through/{name}")
    async def through(name: str) -> int:
        transport = httpx.ASGITransport(ASGIMiddleware(inner, "inner"))
        async with httpx.AsyncClient(transport=transport, base_url="http://inner") as client:
            return (await client.get(f"/items/{name}")).status_code

    async with served(ASGIMiddleware(outer, "outer")) as client:
        await client.get("/through/lamp")
    lambda_tracer.unpatch(["httpx"])

    server.expect_tree(
        """
        outer  {"Route": "GET /through/{name}"}
          inner
            inner  {"Route": "GET /items/{name}"}
              load
                row lamp
        """,
        annotations=True,
    )


@in_a_loop
async def test_a_request_that_is_cancelled_ends(server: Daemon) -> None:
    began = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        began.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(call(ASGIMiddleware(application)))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    server.expect_tree("shop  fault CancelledError")


@pytest.mark.parametrize("count", [400, pytest.param(10_000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("on", [served, served_by_uvicorn])
@in_a_loop
async def test_of_many_requests_at_once_each_has_what_is_its_own(
    server: Daemon, on: Callable[[Any], AbstractAsyncContextManager[Any]], count: int
) -> None:
    names = iter(range(count))
    found: Counter[str] = Counter()

    async def ask(host: str, port: int | None) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        for number in names:
            writer.write(f"GET /items/{number} HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            assert json.loads(await reader.readuntil(b"}")) == {"name": str(number)}
        writer.close()

    def read() -> None:
        for document in server.documents():
            (load,) = document["subsegments"]
            (row,) = load["subsegments"]
            url = document["http"]["request"]["url"]
            assert row["name"] == "row " + url.rpartition("/")[2]
            found[row["name"]] += 1
        server.clear()

    async def read_along() -> None:
        while True:
            await asyncio.sleep(0.1)
            read()

    async with on(ASGIMiddleware(shop())) as client:
        reading = asyncio.create_task(read_along())
        await asyncio.gather(*[ask(client.base_url.host, client.base_url.port) for _ in range(50)])
        reading.cancel()
    read()

    assert found == Counter(f"row {number}" for number in range(count))


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps("hello").encode()})


async def refuses(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.close", "code": 1008})


async def call(
    app: Any,
    *,
    kind: str = "http",
    path: str = "/",
    headers: dict[str, str] | None = None,
    received: Any = None,
) -> list[dict[str, Any]]:
    """Call an application as a server does; returns what it sent."""
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        return next(received) if received is not None else {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": kind,
        "path": path,
        "method": "GET",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
    }
    await app(scope, receive, send)
    return sent


STOPPED = """
import asyncio, os, signal, socket, threading, urllib.request
import uvicorn
from lambda_tracer import xray_recorder
from lambda_tracer.web import ASGIMiddleware

async def application(scope, receive, send):
    with xray_recorder.in_subsegment("load"):
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.2)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})

listening = socket.create_server(("127.0.0.1", 0))
url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
threading.Thread(target=lambda: print(urllib.request.urlopen(url).read().decode(), flush=True)).start()
config = uvicorn.Config(ASGIMiddleware(application), log_config=None, lifespan="off")
uvicorn.Server(config).run([listening])
"""


@pytest.mark.slow
def test_what_a_server_finishes_after_sigterm_is_recorded_and_it_ends_as_it_does(server: Daemon) -> None:
    ran = python(STOPPED)

    assert (ran.stdout, ran.stderr, ran.returncode) == ("done\n", "", -signal.SIGTERM)
    server.expect_tree("""
        shop
          load
    """)

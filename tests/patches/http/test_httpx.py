"""httpx, synchronous and asynchronous: the contract, and what is its own."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import TraceHeader, patch, xray_recorder
from lambda_tracer.patches.http import ignored
from tests.daemon import Daemon
from tests.patches.http.async_contract import AsyncHttpContract
from tests.patches.http.calls import NAME, Patched, parent_of, the_call, trace_header, w3c
from tests.patches.http.client import Answer, AsyncClient, Client
from tests.patches.http.contract import HttpContract
from tests.patches.http.server import HttpServer

pytest.importorskip("httpx", reason="httpx is not installed: pip install httpx")

import httpx  # only where it is installed


def trust(url: str, authority: Path | None) -> Any:
    if not url.startswith("https:"):
        return False  # the default reads a file of authorities, for nothing
    if authority is None:
        return True
    import ssl

    return ssl.create_default_context(cafile=str(authority))


class Httpx(Client):
    library = "httpx"
    imports = "from httpx import Client"
    program = "Client().get(url)"

    def get(
        self,
        url: str,
        method: str = "GET",
        headers: Any = None,
        timeout_s: float = 10.0,
        authority: Path | None = None,
    ) -> Answer:
        with httpx.Client(follow_redirects=True, verify=trust(url, authority), timeout=timeout_s) as client:
            response = client.request(method, url, headers=headers)
            return Answer(response.status_code, response.content, type(response))

    def begin_streaming(self, url: str) -> Any:
        client = httpx.Client(verify=False)
        return client, client.send(client.build_request("GET", url), stream=True)

    def read_stream(self, response: Any) -> bytes:
        client, streamed = response
        body: bytes = streamed.read()
        client.close()
        return body

    def replaced(self) -> list[tuple[Any, str]]:
        return [(httpx.Client, "send"), (httpx.Client, "_send_single_request")]


class AsyncHttpx(AsyncClient):
    library = "httpx"
    imports = "import asyncio; from httpx import AsyncClient"
    program = "asyncio.run(AsyncClient().get(url))"

    async def get_async(
        self,
        url: str,
        method: str = "GET",
        headers: Any = None,
        timeout_s: float = 10.0,
        authority: Path | None = None,
    ) -> Answer:
        async with httpx.AsyncClient(
            follow_redirects=True, verify=trust(url, authority), timeout=timeout_s
        ) as client:
            response = await client.request(method, url, headers=headers)
            return Answer(response.status_code, response.content, type(response))

    def begin_streaming(self, url: str) -> Any:
        loop = asyncio.new_event_loop()

        async def begin() -> Any:
            client = httpx.AsyncClient(verify=False)
            return loop, client, await client.send(client.build_request("GET", url), stream=True)

        return loop.run_until_complete(begin())

    def read_stream(self, response: Any) -> bytes:
        loop, client, streamed = response

        async def read() -> bytes:
            body: bytes = await streamed.aread()
            await client.aclose()
            return body

        try:
            body: bytes = loop.run_until_complete(read())
        finally:
            loop.close()
        return body

    @asynccontextmanager
    async def beginning(self, url: str) -> AsyncIterator[Any]:
        async with httpx.AsyncClient(verify=False) as client:
            yield client.get(url)

    def replaced(self) -> list[tuple[Any, str]]:
        return [(httpx.AsyncClient, "send"), (httpx.AsyncClient, "_send_single_request")]


class TestHttpx(HttpContract):
    client = Httpx()

    def test_a_client_made_before_patching_is_traced_with_its_mounts_and_transport(
        self, daemon: Daemon, server: HttpServer
    ) -> None:
        mounted = httpx.MockTransport(lambda request: httpx.Response(201, text=request.headers[NAME]))
        with httpx.Client(mounts={"http://mounted": mounted}) as client:
            patch(["httpx"])
            answer = client.get("http://mounted/path?query")
            client.get(server.url())

        first, second = daemon.subsegments()
        assert (first["name"], second["name"]) == ("mounted", "127.0.0.1")
        assert first["http"]["response"] == {"status": 201, "content_length": len(answer.content)}
        assert TraceHeader.from_header_str(answer.text).parent == first["id"]
        assert parent_of(server) == second["id"]

    def test_headers_given_as_bytes_are_the_callers_too(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        mine = f"00-{'a' * 32}-{'b' * 16}-01"
        headers = [(b"TraceParent", mine.encode()), (NAME.lower().encode(), b"mine")]

        with httpx.Client(verify=False) as client:
            request = client.build_request("GET", server.url(), headers=headers)
            client.send(request)

        assert w3c(server.last) == [("traceparent", mine)]
        assert parent_of(server) == the_call(daemon)["id"]
        assert request.headers[NAME] == "mine"

    def test_a_subclass_and_a_class_imported_before_patching_are_traced(
        self, daemon: Daemon, server: HttpServer
    ) -> None:
        class Sdk(httpx.Client):
            """As the clients of web APIs are made, with their own base URL and retries."""

        with Sdk(base_url=server.url()) as client:
            patch(["httpx"])
            client.get("/relative")

        assert the_call(daemon)["http"]["request"]["url"] == server.url("/relative")
        assert parent_of(server) == the_call(daemon)["id"]

    def test_a_custom_transport_is_traced_and_what_it_uses_is_not(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        patch(["urllib3"])
        urllib3 = __import__("urllib3")

        class Transport(httpx.BaseTransport):
            def handle_request(self, request: Any) -> Any:
                with urllib3.PoolManager() as manager:
                    answer = manager.request(
                        request.method, str(request.url), headers=dict(request.headers.items())
                    )
                    return httpx.Response(answer.status, content=answer.data)

        with httpx.Client(transport=Transport()) as client:
            client.get(server.url())

        assert parent_of(server) == the_call(daemon)["id"]

    def test_the_stream_context_manager_leaves_the_body_to_the_caller(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with httpx.Client() as client, client.stream("GET", server.url("/stream")) as response:
            recorded = the_call(daemon)
            server.release()
            parts = list(response.iter_bytes())

        assert recorded["http"]["response"] == {"status": 200, "content_length": 10}
        assert b"".join(parts) == b"first-last"

    def test_a_request_built_by_hand_stays_as_it_was(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with httpx.Client() as client:
            request = client.build_request("GET", server.url(), headers={"X-Mine": "1"})
            before = request.headers.raw
            response = client.send(request)

        assert parent_of(server) == the_call(daemon)["id"]
        assert response.request is request
        assert request.headers.raw == before

    def test_event_hooks_run_and_may_raise_for_the_status(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        seen: list[Any] = []
        hooks: dict[str, list[Any]] = {
            "request": [lambda request: seen.append(request.method)],
            "response": [lambda response: seen.append(response.status_code), httpx.Response.raise_for_status],
        }

        with httpx.Client(event_hooks=hooks) as client, pytest.raises(httpx.HTTPStatusError):
            client.get(server.url("/status/503"))

        call = the_call(daemon)
        assert seen == ["GET", 503]
        assert call["http"]["response"]["status"] == 503
        assert call["fault"]
        assert "cause" not in call

    def test_what_an_auth_flow_requests_by_itself_is_below_the_call(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        class Auth(httpx.Auth):
            def auth_flow(self, request: Any) -> Generator[Any, Any, None]:
                httpx.get(server.url("/token"))
                request.headers["Authorization"] = "token"
                yield request

        with httpx.Client(auth=Auth()) as client:
            client.get(server.url("/data"))

        outer, inner = sorted(daemon.subsegments(), key=lambda each: each["start_time"])
        assert inner["parent_id"] == outer["id"]
        token, data = server.received
        assert (token.target, trace_header(token).parent) == ("/token", inner["id"])
        assert (data.target, trace_header(data).parent) == ("/data", outer["id"])

    def test_a_redirect_to_an_ignored_host_carries_no_header_there(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        ignored.ignore_endpoint(hostname="localhost")
        target = f"/redirect/302?to=http://localhost:{server.port}/there"

        with httpx.Client(follow_redirects=True) as client:
            client.get(server.url(target))

        first, second = server.received
        assert trace_header(first).parent == the_call(daemon)["id"]
        assert (second.target, second.trace_headers) == ("/there", [])

    def test_a_redirect_that_is_not_followed_is_the_answer(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        response = httpx.get(server.url("/redirect/302/status/200"))

        assert response.next_request is not None
        assert the_call(daemon)["http"]["response"]["status"] == 302

    def test_raising_for_the_status_afterwards_is_the_callers(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with pytest.raises(httpx.HTTPStatusError), xray_recorder.in_subsegment("handler"):
            httpx.get(server.url("/status/404")).raise_for_status()

        daemon.expect_tree("""
            handler  fault HTTPStatusError
              127.0.0.1  error
        """)


class TestAsyncHttpx(AsyncHttpContract):
    client = AsyncHttpx()

    def test_one_client_serves_concurrent_calls(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        async def main() -> list[int]:
            async with httpx.AsyncClient() as client:
                answers = await asyncio.gather(
                    *[client.get(server.url(f"/status/{status}")) for status in (500, 200, 404, 201)]
                )
            return [answer.status_code for answer in answers]

        assert asyncio.run(main()) == [500, 200, 404, 201]

        recorded = {
            call["http"]["request"]["url"]: call["http"]["response"]["status"]
            for call in daemon.subsegments()
        }
        assert recorded == {server.url(f"/status/{status}"): status for status in (500, 200, 404, 201)}

    def test_mounts_and_custom_transports_are_traced(self, daemon: Daemon) -> None:
        async def answer(request: Any) -> Any:
            await asyncio.sleep(0)
            return httpx.Response(200, text=request.headers[NAME])

        async def main() -> str:
            mounts = {"http://mounted": httpx.MockTransport(answer)}
            async with httpx.AsyncClient(mounts=mounts) as client:
                patch(["httpx"])
                text: str = (await client.get("http://mounted/")).text
            return text

        header = asyncio.run(main())

        assert TraceHeader.from_header_str(header).parent == the_call(daemon)["id"]

    def test_a_stream_is_left_to_the_caller(self, patched: None, daemon: Daemon, server: HttpServer) -> None:
        async def main() -> tuple[Any, bytes]:
            async with httpx.AsyncClient() as client, client.stream("GET", server.url("/stream")) as response:
                recorded = the_call(daemon)
                server.release()
                return recorded, b"".join([part async for part in response.aiter_bytes()])

        recorded, body = asyncio.run(main())

        assert recorded["http"]["response"]["status"] == 200
        assert body == b"first-last"

    def test_event_hooks_may_raise_for_the_status(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        async def hook(response: Any) -> None:
            response.raise_for_status()

        async def main() -> None:
            async with httpx.AsyncClient(event_hooks={"response": [hook]}) as client:
                await client.get(server.url("/status/404"))

        with pytest.raises(httpx.HTTPStatusError):
            asyncio.run(main())

        call = the_call(daemon)
        assert call["http"]["response"]["status"] == 404
        assert call["error"]
        assert "fault" not in call

    def test_a_request_body_that_is_an_async_generator_is_sent(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield b"abc"

        async def main() -> int:
            async with httpx.AsyncClient() as client:
                status: int = (
                    await client.post(server.url(), content=body(), headers={"Content-Length": "3"})
                ).status_code
            return status

        assert asyncio.run(main()) == 200
        assert the_call(daemon)["http"]["request"]["method"] == "POST"


class TestKinds(Patched):
    def test_patched_methods_stay_what_they_were(self, daemon: Daemon) -> None:
        before = inspect.signature(httpx.Client.send), inspect.signature(httpx.AsyncClient.send)

        patch(["httpx"])

        assert (inspect.signature(httpx.Client.send), inspect.signature(httpx.AsyncClient.send)) == before
        assert inspect.iscoroutinefunction(httpx.AsyncClient.send)
        assert not inspect.iscoroutinefunction(httpx.Client.send)

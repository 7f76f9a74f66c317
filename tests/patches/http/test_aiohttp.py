"""aiohttp's client, by the patch and by its own trace config: the contract, and what is its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import patch, xray_recorder
from lambda_tracer.patches.http.aiohttp import aiohttp_trace_config
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.patches.http.async_contract import AsyncHttpContract
from tests.patches.http.calls import NAME, parent_of, the_call, trace_header, w3c
from tests.patches.http.client import Answer, AsyncClient
from tests.patches.http.server import HttpServer

pytest.importorskip("aiohttp", reason="aiohttp is not installed: pip install aiohttp")

import aiohttp  # only where it is installed


class Aiohttp(AsyncClient):
    library = "aiohttp"
    imports = "import asyncio, aiohttp"
    program = """
async def main():
    async with aiohttp.ClientSession() as session, session.get(url):
        pass
asyncio.run(main())
"""

    def session(self, **arguments: Any) -> Any:
        return aiohttp.ClientSession(**arguments)

    async def get_async(
        self,
        url: str,
        method: str = "GET",
        headers: Any = None,
        timeout_s: float = 10.0,
        authority: Path | None = None,
    ) -> Answer:
        trust: Any = True
        if authority is not None:
            import ssl

            trust = ssl.create_default_context(cafile=str(authority))
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        async with (
            self.session(timeout=timeout) as session,
            session.request(method, url, headers=headers, ssl=trust) as response,
        ):
            return Answer(response.status, await response.read(), type(response))

    def begin_streaming(self, url: str) -> Any:
        loop = asyncio.new_event_loop()

        async def begin() -> Any:
            session = self.session()
            return loop, session, await session.get(url)

        return loop.run_until_complete(begin())

    def read_stream(self, response: Any) -> bytes:
        loop, session, streamed = response

        async def read() -> bytes:
            body: bytes = await streamed.read()
            await session.close()
            return body

        try:
            body: bytes = loop.run_until_complete(read())
        finally:
            loop.close()
        return body

    @asynccontextmanager
    async def beginning(self, url: str) -> AsyncIterator[Any]:
        async with self.session() as session:
            yield session.get(url)

    def replaced(self) -> list[tuple[Any, str]]:
        return [(aiohttp.ClientSession, "_request")]


class ByTraceConfig(Aiohttp):
    """Traced by the trace config alone."""

    def session(self, **arguments: Any) -> Any:
        return aiohttp.ClientSession(trace_configs=[aiohttp_trace_config()], **arguments)


async def read(call: Any) -> None:
    """Await a call to the end of its body, so that the connection is free."""
    async with call as response:
        await response.read()


class SessionBehaviour(AsyncHttpContract):
    """What both ways of tracing a session have in common."""

    def call(self, url: str, headers: Any = None, **arguments: Any) -> int:
        """One GET in a session made with these arguments; returns the status."""

        async def main() -> int:
            async with (
                self.client.session(**arguments) as session,
                session.get(url, headers=headers) as response,
            ):
                await response.read()
                status: int = response.status
            return status

        return asyncio.run(main())

    def test_raising_for_the_status_in_the_session_is_an_answer_and_no_failure(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        with pytest.raises(aiohttp.ClientResponseError) as raised:
            self.call(server.url("/status/404"), raise_for_status=True)

        call = the_call(daemon)
        assert raised.value.status == 404
        assert call["http"]["response"]["status"] == 404
        assert call["error"]
        assert "fault" not in call
        assert "cause" not in call

    def test_too_many_redirects_are_a_fault(self, patched: None, daemon: Daemon, server: HttpServer) -> None:
        async def main() -> None:
            async with self.client.session() as session:
                await session.get(
                    server.url("/redirect/302/redirect/302/redirect/302/status/200"), max_redirects=2
                )

        with pytest.raises(aiohttp.TooManyRedirects):
            asyncio.run(main())

        call = the_call(daemon)
        assert call["fault"]
        assert call["cause"]["exceptions"][0]["type"] == "TooManyRedirects"

    def test_a_session_with_a_base_url_and_headers_of_its_own_is_traced(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        of_session = {NAME.lower(): "mine", "TraceParent": f"00-{'a' * 32}-{'b' * 16}-01"}

        async def main() -> None:
            async with self.client.session(base_url=server.url(), headers=of_session) as session:
                await read(session.get("/relative"))

        asyncio.run(main())

        assert the_call(daemon)["http"]["request"]["url"] == server.url("/relative")
        assert parent_of(server) == the_call(daemon)["id"]
        assert w3c(server.last) == [("traceparent", of_session["TraceParent"])]

    def test_one_session_serves_concurrent_calls(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        async def main() -> list[int]:
            async with self.client.session() as session:

                async def status_of(url: str) -> int:
                    async with session.get(url) as response:
                        await response.read()
                        status: int = response.status
                    return status

                statuses = (500, 200, 404, 201)
                return await asyncio.gather(
                    *[status_of(server.url(f"/status/{status}")) for status in statuses]
                )

        assert asyncio.run(main()) == [500, 200, 404, 201]

        recorded = {
            call["http"]["request"]["url"]: call["http"]["response"]["status"]
            for call in daemon.subsegments()
        }
        assert recorded == {server.url(f"/status/{status}"): status for status in (500, 200, 404, 201)}

    def test_the_users_own_trace_config_is_called(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        seen: list[Any] = []

        async def started(session: Any, context: Any, params: Any) -> None:
            seen.append(context.trace_request_ctx)

        async def main() -> None:
            config = aiohttp.TraceConfig()
            config.on_request_start.append(started)
            async with self.client.session() as session:
                session.trace_configs.append(config)
                config.freeze()
                await read(session.get(server.url(), trace_request_ctx={"mine": 1}))

        asyncio.run(main())

        assert seen == [{"mine": 1}]
        assert the_call(daemon)["http"]["response"]["status"] == 200


class TestAiohttp(SessionBehaviour):
    client = Aiohttp()

    def test_a_session_made_before_patching_is_traced(self, daemon: Daemon, server: HttpServer) -> None:
        async def main() -> None:
            async with aiohttp.ClientSession() as session:
                patch(["aiohttp"])
                await read(session.get(server.url()))

        asyncio.run(main())

        assert parent_of(server) == the_call(daemon)["id"]

    @pytest.mark.parametrize("name", [None, "my service"])
    def test_a_session_that_also_has_a_trace_config_records_once_and_by_its_name(
        self, patched: None, daemon: Daemon, server: HttpServer, name: str | None
    ) -> None:
        self.call(server.url(), trace_configs=[aiohttp_trace_config(name)])

        assert the_call(daemon)["name"] == (name or "127.0.0.1")
        assert parent_of(server) == the_call(daemon)["id"]

    def test_a_query_given_apart_counts_for_the_rules(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        from lambda_tracer.patches.http.ignored import ignore_endpoint

        async def main() -> None:
            async with aiohttp.ClientSession() as session:
                await read(session.get(server.url("/health"), params={"deep": "1"}))

        ignore_endpoint(urls=["/health?deep=1"])
        asyncio.run(main())

        assert server.last.target == "/health?deep=1"
        assert server.last.trace_headers == []

    @pytest.mark.parametrize("headers", [[("X-Two", "1"), ("X-Two", "2")], {"X-Two": "1"}, None])
    def test_headers_of_every_kind_are_sent(
        self, patched: None, daemon: Daemon, server: HttpServer, headers: Any
    ) -> None:
        multiple = headers if headers is None or isinstance(headers, dict) else tuple(headers)

        self.call(server.url(), headers=multiple)

        sent = [(name.title(), value) for name, value in server.last.headers if name == "x-two"]
        assert sent == list(dict(headers).items() if isinstance(headers, dict) else headers or [])
        assert parent_of(server) == the_call(daemon)["id"]

    def test_a_websocket_is_recorded_by_its_handshake(self, patched: None, daemon: Daemon) -> None:
        from aiohttp import web

        async def talk(request: Any) -> Any:
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            async for message in socket:
                await socket.send_str(message.data)
            return socket

        async def main() -> str:
            app = web.Application()
            app.router.add_get("/talk", talk)
            runner = web.AppRunner(app)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0]
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(f"http://{host}:{port}/talk") as socket,
            ):
                await socket.send_str("hello")
                text: Any = await socket.receive_str()
            await runner.cleanup()
            return text

        assert asyncio.run(main()) == "hello"
        assert the_call(daemon)["http"]["response"]["status"] == 101


class TestByTraceConfig(SessionBehaviour):
    client = ByTraceConfig()

    @pytest.fixture
    def patched(self, daemon: Daemon) -> None:
        """Nothing is patched: the sessions have the config."""

    test_unpatching_puts_the_very_same_functions_back = None  # type: ignore[assignment]  # nothing is patched
    test_the_order_of_patching_and_importing_does_not_matter = None  # type: ignore[assignment]

    def test_a_call_returns_what_it_returns_unpatched(self, daemon: Daemon, server: HttpServer) -> None:
        bare = [Aiohttp().get(server.url(path)) for path in ("/", "/status/404")]

        assert [self.client.get(server.url(path)) for path in ("/", "/status/404")] == bare
        assert len(daemon.subsegments()) == 2

    def test_the_name_is_for_the_subsegment(self, daemon: Daemon, server: HttpServer) -> None:
        async def main() -> None:
            configs = [aiohttp_trace_config(name="my service")]
            async with aiohttp.ClientSession(trace_configs=configs) as session:
                await read(session.get(server.url()))

        asyncio.run(main())

        assert the_call(daemon)["name"] == "my service"
        assert the_call(daemon)["http"]["request"]["url"] == server.url("/")

    def test_two_configs_in_one_session_record_once(self, daemon: Daemon, server: HttpServer) -> None:
        async def main() -> None:
            configs = [aiohttp_trace_config(), aiohttp_trace_config()]
            async with aiohttp.ClientSession(trace_configs=configs) as session:
                await read(session.get(server.url()))

        asyncio.run(main())

        assert trace_header(server.last).parent == the_call(daemon)["id"]

    def test_outside_an_invocation_a_call_works(
        self, daemon: Daemon, server: HttpServer, invoke: Invoke
    ) -> None:
        """Where the X-Ray SDK raises into the function."""
        invoke(root="", parent="", sampled=None, Self="1-2-3")

        assert self.client.get(server.url()).status == 200
        with pytest.raises(aiohttp.ClientConnectorError):
            self.client.get("http://127.0.0.1:1/")

        assert daemon.subsegments() == []

    def test_it_is_below_what_was_current(self, daemon: Daemon, server: HttpServer) -> None:
        with xray_recorder.in_subsegment("handler"):
            self.client.get(server.url())

        daemon.expect_tree(
            """
            handler
              127.0.0.1  [remote]
        """,
            namespace=True,
        )

"""What every patched asynchronous HTTP client does besides."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import pytest

from lambda_tracer import xray_recorder
from tests.daemon import Daemon
from tests.patches.http.calls import (
    the_call,
    trace_header,
)
from tests.patches.http.contract import HttpContract
from tests.patches.http.server import HttpServer


class AsyncHttpContract(HttpContract):
    """What an asynchronous client does besides."""

    def test_concurrent_calls_are_told_apart(self, patched: None, daemon: Daemon, server: HttpServer) -> None:
        async def one(number: int) -> None:
            async with xray_recorder.in_subsegment(f"task {number}"):
                await self.client.get_async(server.url(f"/status/{200 + number}"))

        async def main() -> None:
            await asyncio.gather(*map(one, range(8)))

        asyncio.run(main())

        assert len(server.received) == 8
        for number in range(8):
            task = daemon.subsegment(f"task {number}")
            (call,) = [each for each in daemon.subsegments() if each["parent_id"] == task["id"]]
            assert call["http"]["response"]["status"] == 200 + number
            assert call["http"]["request"]["url"] == server.url(f"/status/{200 + number}")
            received = next(each for each in server.received if each.target == f"/status/{200 + number}")
            assert trace_header(received).parent == call["id"]

    def test_concurrent_calls_under_one_subsegment_are_siblings(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        async def main() -> None:
            with xray_recorder.in_subsegment("handler"):
                await asyncio.gather(*[self.client.get_async(server.url()) for _ in range(3)])

        asyncio.run(main())

        daemon.expect_tree("""
            handler
              127.0.0.1
              127.0.0.1
              127.0.0.1
        """)

    def test_a_cancelled_call_is_a_fault_and_stays_cancelled(
        self, patched: None, daemon: Daemon, server: HttpServer
    ) -> None:
        async def main() -> Any:
            task = asyncio.create_task(self.client.get_async(server.url("/slow")))
            while not server.received:
                await asyncio.sleep(0.005)
            task.cancel("enough")
            with pytest.raises(asyncio.CancelledError) as raised:
                await task
            return raised

        asyncio.run(main())

        call = the_call(daemon)
        assert call["fault"]
        assert call["cause"]["exceptions"][0]["type"] == "CancelledError"

    def test_an_abandoned_call_is_closed_quietly_in_whatever_context(
        self, patched: None, daemon: Daemon, server: HttpServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def main() -> None:
            async with self.client.beginning(server.url("/slow")) as call:
                contextvars.copy_context().run(call.send, None)  # begun, and never awaited to its end
                call.close()

        asyncio.run(main())

        assert "fault" not in the_call(daemon)
        assert not [record for record in caplog.records if record.name == "lambda_tracer"]

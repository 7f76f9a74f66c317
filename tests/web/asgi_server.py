"""An ASGI application on a real server, hypercorn or uvicorn, in the event loop of the test."""

from __future__ import annotations

import asyncio
import functools
import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from hypercorn.asyncio import serve
from hypercorn.config import Config


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application, which is served for as long as the block takes."""
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.errorlog = logging.getLogger("tests.hypercorn")
    sockets = config.create_sockets()
    (listening,) = sockets.insecure_sockets
    listening.listen(100)
    config.create_sockets = lambda: sockets  # type: ignore[method-assign]  # bound here, to know the port
    host, port = listening.getsockname()
    ended = asyncio.Event()
    task = asyncio.create_task(serve(app, config, shutdown_trigger=ended.wait))
    try:
        limits = httpx.Limits(max_connections=50)
        async with httpx.AsyncClient(
            base_url=f"http://{host}:{port}", limits=limits, timeout=60, headers={"User-Agent": "ua"}
        ) as client:
            yield client
    finally:
        ended.set()
        await task


@asynccontextmanager
async def served_by_uvicorn(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """`served`, by uvicorn."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listening:
        host, port = listening.getsockname()
        task = asyncio.create_task(server.serve([listening]))
        try:
            async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            await task


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is a coroutine function, run in an event loop of its own."""

    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        asyncio.run(test(**fixtures))

    return run

"""aiohttp's server in the handler's process: a sub-application, a middleware."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Any

from aiohttp import web

from tests.patches.web import events
from tests.patches.web.case import Application, Case, Harmless, OutOfStock, cases


async def item(request: web.Request) -> web.Response:
    return web.json_response(dict(request.match_info))


async def denied(request: web.Request) -> web.Response:
    raise web.HTTPUnauthorized(text="who are you", headers={"WWW-Authenticate": "Basic"})


async def missing(request: web.Request) -> web.Response:
    raise web.HTTPNotFound(text="no parts")


async def invalid(request: web.Request) -> web.Response:
    raise web.HTTPUnprocessableEntity(text="not so")


async def busy(request: web.Request) -> web.Response:
    raise web.HTTPTooManyRequests(text="later")


async def broken(request: web.Request) -> web.Response:
    return web.Response(text=str(1 / 0))


async def refused(request: web.Request) -> web.Response:
    return web.json_response({"sorry": True}, status=500)


async def handled(request: web.Request) -> web.Response:
    raise OutOfStock("none left")


async def harmless(request: web.Request) -> web.Response:
    raise Harmless


async def moved(request: web.Request) -> web.Response:
    raise web.HTTPFound("/denied")


async def slow(request: web.Request) -> web.Response:
    raise asyncio.TimeoutError("too slow")


@web.middleware
async def handling(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        return await handler(request)
    except Harmless:
        return web.json_response({"fine": True})
    except OutOfStock as error:
        raise web.HTTPServiceUnavailable(text=str(error)) from error


def application() -> web.Application:
    app = web.Application(middlewares=[handling])
    shop = web.Application()
    app.add_routes(
        [
            web.get("/items/{name}", item),
            web.get(r"/items/{name:[a-z0-9-]+}/parts", missing),
            web.get("/denied", denied),
            web.get("/invalid", invalid),
            web.get("/busy", busy),
            web.get("/broken", broken),
            web.get("/refused", refused),
            web.get("/handled", handled),
            web.get("/harmless", harmless),
            web.get("/moved", moved),
            web.get("/slow", slow),
        ]
    )
    shop.add_routes([web.get("/carts/{cart}", item), web.get("/carts/{cart}/lines", missing)])
    app.add_subapp("/shop", shop)
    return app


def handler() -> Any:
    logging.getLogger("aiohttp.server").disabled = True
    return lambda event, context: asyncio.run(request(event))


async def request(event: events.Event) -> dict[str, Any]:
    """Ask a server of the application over a socket, as an adapter that knows no framework does."""
    runner = web.AppRunner(application())
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        reader, writer = await asyncio.open_connection(host, port)
        wanted = event["requestContext"]["http"]
        writer.write(
            f"{wanted['method']} {wanted['path']} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
        )
        answered = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
    finally:
        await runner.cleanup()
    head, _, body = answered.partition("\r\n\r\n")
    status, *headers = head.split("\r\n")
    return {
        "statusCode": int(status.split()[1]),
        "headers": [line for line in headers if not line.startswith("Date:")],
        "body": body,
    }


CASES = cases(
    {
        "denied": "HTTPUnauthorized",
        "missing": "HTTPNotFound",
        "invalid": "HTTPUnprocessableEntity",
        "busy": "HTTPTooManyRequests",
        "nowhere": "HTTPNotFound",
    },
    handled=Case("/handled", 503, "GET /handled", "HTTPServiceUnavailable", "Service Unavailable"),
    slow=Case("/slow", 504, "GET /slow", "TimeoutError", "too slow"),
)
CASES = tuple(
    Case(case.path, case.status, case.route, case.error, HTTPStatus(case.status).phrase)
    if 400 <= case.status < 500 and case.error
    else case
    for case in CASES
)

APPLICATIONS = [Application("aiohttp's server", handler, events.http, CASES)]

"""Starlette on Mangum: routes, a nested mount, classes as endpoints."""

from __future__ import annotations

import dataclasses
from typing import Any

from mangum import Mangum
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from tests.patches.web import events
from tests.patches.web.case import Application, Case, Harmless, OutOfStock, cases


class Denied(HTTPEndpoint):  # type: ignore[misc]  # it is not looked at, see pyproject.toml
    async def get(self, request: Request) -> Response:
        raise HTTPException(401, "who are you", headers={"WWW-Authenticate": "Basic"})


async def item(request: Request) -> Response:
    return JSONResponse(request.path_params)


def parts(request: Request) -> Response:
    raise HTTPException(404, "no parts")


def invalid(request: Request) -> Response:
    raise HTTPException(422, "not so")


async def busy(request: Request) -> Response:
    raise HTTPException(429, "later")


async def broken(request: Request) -> Response:
    return JSONResponse(1 / 0)


async def refused(request: Request) -> Response:
    return JSONResponse({"sorry": True}, 500)


def handled(request: Request) -> Response:
    raise OutOfStock("none left")


def harmless(request: Request) -> Response:
    raise Harmless


async def moved(request: Request) -> Response:
    return RedirectResponse("/denied", 302)


async def see_other(request: Request) -> Response:
    raise HTTPException(303, headers={"Location": "/denied"})


async def lines(request: Request) -> Response:
    raise HTTPException(404, "no lines")


async def out_of_stock(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 503)


async def no_harm(request: Request, error: Exception) -> Response:
    return JSONResponse({"fine": True})


async def anything(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": type(error).__name__}, 500)


def handler() -> Any:
    app = Starlette(
        routes=[
            Route("/items/{name}", item),
            Route("/items/{name:str}/parts", parts),
            Route("/denied", Denied),
            Route("/invalid", invalid),
            Route("/busy", busy),
            Route("/broken", broken),
            Route("/refused", refused),
            Route("/handled", handled),
            Route("/harmless", harmless),
            Route("/moved", moved),
            Route("/see-other", see_other),
            Mount(
                "/shop",
                routes=[
                    Mount("/carts/{cart}", routes=[Route("/", item), Route("/lines", lines)]),
                ],
            ),
            Mount("/tenants/{tenant}", routes=[Route("/things/{thing:int}", item)]),
        ],
        exception_handlers={OutOfStock: out_of_stock, Harmless: no_harm, Exception: anything},
    )
    return Mangum(app, lifespan="off")


CASES = cases(
    dict.fromkeys(("denied", "missing", "invalid", "busy", "nowhere"), "HTTPException"),
    mounted=Case("/shop/carts/a/", 200, "GET /shop/carts/{cart}/"),
    below_a_variable=Case("/tenants/acme/things/7", 200, "GET /tenants/{tenant}/things/{thing}"),
    see_other=Case("/see-other", 303, "GET /see-other"),
    nowhere=Case("/nowhere", 404, None, "HTTPException", "Not Found"),
    nowhere_mounted=Case("/shop/nowhere", 404, "GET /shop/{path}", "HTTPException", "Not Found"),
)
CASES = tuple(
    dataclasses.replace(case, says=f"{case.status}: {case.says}")
    if case.error == "HTTPException" and case.says
    else case
    for case in CASES
)
APPLICATIONS = [Application("Starlette on Mangum", handler, events.http, CASES)]

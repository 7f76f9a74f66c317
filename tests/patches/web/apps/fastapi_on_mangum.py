"""FastAPI on Mangum: endpoints of both kinds, a router, a mounted application, a middleware that swallows."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from mangum import Mangum
from pydantic import BaseModel

from tests.patches.web import events
from tests.patches.web.case import CANARY, IN_PATH, Application, Case, Harmless, OutOfStock, cases


class Order(BaseModel):
    """What is posted."""

    count: int


def application() -> FastAPI:
    app = FastAPI()
    orders = APIRouter(prefix="/orders")
    shop = FastAPI()

    @app.get("/items/{name}")
    async def item(name: str) -> dict[str, str]:
        return {"name": name}

    @app.get("/denied")
    def denied() -> None:
        raise HTTPException(401, "who are you", headers={"WWW-Authenticate": "Basic"})

    @app.get("/items/{name:path}/parts")
    def parts(name: str) -> None:
        raise HTTPException(404, "no parts")

    @app.get("/invalid")
    async def invalid() -> None:
        raise HTTPException(422, "not so")

    @app.get("/busy")
    async def busy() -> None:
        raise HTTPException(429, "later")

    @app.get("/broken")
    def broken() -> float:
        return 1 / 0

    @app.get("/broken-async")
    async def broken_async() -> float:
        return 1 / 0

    @app.get("/refused")
    def refused() -> Response:
        return JSONResponse({"sorry": True}, 500)

    @app.get("/handled")
    def handled() -> None:
        raise OutOfStock("none left")

    @app.get("/harmless")
    async def harmless() -> None:
        raise Harmless

    @app.get("/swallowed")
    async def swallowed() -> None:
        raise LookupError("in the middleware")

    @app.get("/moved")
    def moved() -> Response:
        return RedirectResponse("/denied", 302)

    @orders.post("/{name}")
    def order(name: str, order: Order) -> dict[str, Any]:
        return {"name": name, "count": order.count}

    @shop.get("/carts/{cart}")
    async def cart(cart: str) -> dict[str, str]:
        return {"cart": cart}

    @shop.get("/carts/{cart}/lines")
    async def lines(cart: str) -> None:
        raise HTTPException(404, "no lines")

    @shop.get("/broken")
    def shop_broken() -> float:
        return 1 / 0

    @app.exception_handler(OutOfStock)
    async def out_of_stock(request: Request, error: OutOfStock) -> Response:
        return JSONResponse({"error": str(error)}, 503)

    @app.exception_handler(Harmless)
    def no_harm(request: Request, error: Harmless) -> Response:
        return JSONResponse({"fine": True})

    @app.middleware("http")
    async def swallow(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        try:
            return await call_next(request)
        except LookupError:
            return JSONResponse({"swallowed": True}, 500)

    app.include_router(orders, prefix="/v1")
    app.mount("/shop", shop)
    return app


def handler() -> Any:
    return Mangum(application(), lifespan="off")


CASES = cases(
    {
        "denied": "HTTPException",
        "missing": "HTTPException",
        "invalid": "HTTPException",
        "busy": "HTTPException",
        "nowhere": "HTTPException",
    },
    broken_async=Case("/broken-async", 500, "GET /broken-async", "ZeroDivisionError", "division by zero"),
    swallowed=Case("/swallowed", 500, "GET /swallowed", "LookupError", "in the middleware"),
    ordered=Case(f"/v1/orders/{IN_PATH}", 200, "POST /v1/orders/{name}", method="POST", body='{"count": 2}'),
    not_ordered=Case(
        f"/v1/orders/{IN_PATH}",
        422,
        "POST /v1/orders/{name}",
        "RequestValidationError",
        "1 validation error\nbody.count\n  Input should be a valid integer, unable to parse string as an integer"
        " [type=int_parsing]",
        method="POST",
        body=json.dumps({"count": CANARY}),
    ),
    no_json=Case(
        "/v1/orders/a",
        422,
        "POST /v1/orders/{name}",
        "RequestValidationError",
        "1 validation error\nbody.0\n  JSON decode error [type=json_invalid]",
        method="POST",
        body=CANARY,
    ),
    mounted_broken=Case("/shop/broken", 500, "GET /shop/broken", "ZeroDivisionError", "division by zero"),
    wrong_method=Case("/denied", 405, "PUT /denied", "HTTPException", "Method Not Allowed", method="PUT"),
)
# What Starlette's exceptions say begins with the status.
CASES = tuple(
    dataclasses.replace(case, says=f"{case.status}: {case.says}")
    if case.error == "HTTPException" and case.says
    else case
    for case in CASES
)

APPLICATIONS = [
    Application("FastAPI on Mangum, HTTP API", handler, events.http, CASES),
    Application("FastAPI on Mangum, REST API", handler, events.rest, CASES),
]

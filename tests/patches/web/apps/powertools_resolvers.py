"""Powertools' resolvers: middlewares, a router, functions of both kinds, validation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import (
    ALBResolver,
    APIGatewayHttpResolver,
    APIGatewayRestResolver,
    BedrockAgentResolver,
    LambdaFunctionUrlResolver,
    Response,
    VPCLatticeResolver,
)
from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver, Router
from aws_lambda_powertools.event_handler.exceptions import NotFoundError, ServiceError, UnauthorizedError
from pydantic import BaseModel

from tests.patches.web import events
from tests.patches.web.case import CANARY, IN_PATH, Application, Case, Harmless, OutOfStock, cases


class Order(BaseModel):
    """What is posted."""

    count: int


def with_routes(app: ApiGatewayResolver, *, is_async: bool = False) -> ApiGatewayResolver:
    shop: Any = Router()  # type: ignore[no-untyped-call]

    @app.get("/items/<name>")
    def item(name: str) -> Any:
        return {"name": name}

    @app.get("/denied")
    def denied() -> Any:
        raise UnauthorizedError("who are you")

    @app.get("/items/<name>/parts")
    def parts(name: str) -> Any:
        raise NotFoundError("no parts")

    @app.get("/invalid")
    def invalid() -> Any:
        raise ServiceError(422, "not so")

    @app.get("/busy")
    def busy() -> Any:
        raise ServiceError(429, "later")

    @app.get("/broken")
    def broken() -> Any:
        return 1 / 0

    @app.get("/refused")
    def refused() -> Any:
        return Response(500, "application/json", json.dumps({"sorry": True}))

    @app.get("/handled")
    def handled() -> Any:
        raise OutOfStock("none left")

    @app.get("/harmless")
    def harmless() -> Any:
        raise Harmless

    @app.get("/moved")
    def moved() -> Any:
        return Response(302, "text/plain", "", headers={"Location": "/denied"})

    @app.get("/swallowed")
    def swallowed() -> Any:
        raise LookupError("in the middleware")

    @shop.get("/carts/<cart>")
    def cart(cart: str) -> Any:
        return {"cart": cart}

    @shop.get("/carts/<cart>/lines")
    def lines(cart: str) -> Any:
        raise NotFoundError("no lines")

    @app.exception_handler(OutOfStock)
    def out_of_stock(error: OutOfStock) -> Any:
        return Response(503, "application/json", json.dumps({"error": str(error)}))

    @app.exception_handler(Harmless)
    def no_harm(error: Harmless) -> Any:
        return Response(200, "application/json", json.dumps({"fine": True}))

    def swallow(app: Any, next_middleware: Callable[[Any], Any]) -> Any:
        try:
            return next_middleware(app)
        except LookupError:
            return Response(500, "application/json", json.dumps({"swallowed": True}))

    if not is_async:
        app.use([swallow])
    if is_async:

        @app.get("/awaited")
        async def awaited() -> Any:
            await asyncio.sleep(0)
            raise NotFoundError("after a while")

    app.include_router(shop, prefix="/shop")
    return app


def validating() -> ApiGatewayResolver:
    app = APIGatewayHttpResolver(enable_validation=True)

    @app.post("/orders/<name>")
    def order(name: str, order: Order) -> dict[str, Any]:
        return {"name": name, "count": order.count}

    return app


def handler(make: Callable[[], Any]) -> Callable[[], Any]:
    def handler() -> Any:
        app = with_routes(make())
        return app.resolve

    return handler


def async_handler() -> Any:
    app = with_routes(APIGatewayHttpResolver(), is_async=True)
    return lambda event, context: asyncio.run(app.resolve_async(event, context))


def validating_handler() -> Any:
    app = validating()
    return app.resolve


CASES = cases(
    {
        "denied": "UnauthorizedError",
        "missing": "NotFoundError",
        "invalid": "ServiceError",
        "busy": "ServiceError",
        "nowhere": "",
    },
    invalid=Case("/invalid", 422, "GET /invalid", "ServiceError", "(422, 'not so')"),
    busy=Case("/busy", 429, "GET /busy", "ServiceError", "(429, 'later')"),
    broken=Case("/broken", 0, "GET /broken", "ZeroDivisionError", "division by zero"),
    nowhere=Case(f"/nowhere/{IN_PATH}", 404, None),
)
WITH_MIDDLEWARE = (*CASES, Case("/swallowed", 500, "GET /swallowed", "LookupError", "in the middleware"))

VALIDATED = (
    Case(f"/orders/{IN_PATH}", 200, "POST /orders/{name}", method="POST", body='{"count": 2}'),
    Case(
        f"/orders/{IN_PATH}",
        422,
        "POST /orders/{name}",
        "RequestValidationError",
        "1 validation error\nbody.count\n  Input should be a valid integer, unable to parse string as an integer"
        " [type=int_parsing]",
        method="POST",
        body=json.dumps({"count": CANARY}),
    ),
)


def agents_status(response: Any) -> int:
    return int(response["response"]["httpStatusCode"])


APPLICATIONS = [
    Application("APIGatewayRestResolver", handler(APIGatewayRestResolver), events.rest, WITH_MIDDLEWARE),
    Application("APIGatewayHttpResolver", handler(APIGatewayHttpResolver), events.http, WITH_MIDDLEWARE),
    Application(
        "LambdaFunctionUrlResolver", handler(LambdaFunctionUrlResolver), events.http, WITH_MIDDLEWARE
    ),
    Application("ALBResolver", handler(ALBResolver), events.load_balancer, WITH_MIDDLEWARE),
    Application("VPCLatticeResolver", handler(VPCLatticeResolver), events.lattice, WITH_MIDDLEWARE),
    Application("with validation", validating_handler, events.http, VALIDATED),
]
if hasattr(APIGatewayHttpResolver, "resolve_async"):
    APPLICATIONS.append(
        Application(
            "resolve_async",
            async_handler,
            events.http,
            (*CASES, Case("/awaited", 404, "GET /awaited", "NotFoundError", "after a while")),
        )
    )


def agent_handler() -> Any:
    app = BedrockAgentResolver()

    @app.get("/items", description="items")
    def items() -> Any:
        return {"items": []}

    @app.get("/denied", description="nothing")
    def denied() -> Any:
        raise UnauthorizedError("who are you")

    return app.resolve


APPLICATIONS.append(
    Application(
        "BedrockAgentResolver",
        agent_handler,
        events.agent,
        (
            Case("/items", 200, "GET /items"),
            Case("/denied", 401, "GET /denied", "UnauthorizedError", "who are you"),
        ),
        agents_status,
    )
)

"""Quart on Mangum."""

from __future__ import annotations

from typing import Any

from mangum import Mangum
from quart import Blueprint, Quart, abort, redirect

from tests.patches.web import events
from tests.patches.web.case import Application, Case, Harmless, OutOfStock, cases


def application() -> Quart:
    app = Quart("app")
    app.logger.disabled = True
    shop = Blueprint("shop", "app", url_prefix="/shop")

    @app.get("/items/<name>")
    async def item(name: str) -> Any:
        return {"name": name}

    @app.get("/denied")
    async def denied() -> Any:
        abort(401, "who are you")

    @app.get("/items/<name>/parts")
    def parts(name: str) -> Any:
        abort(404, "no parts")

    @app.get("/invalid")
    async def invalid() -> Any:
        abort(422, "not so")

    @app.get("/busy")
    async def busy() -> Any:
        abort(429, "later")

    @app.get("/broken")
    async def broken() -> Any:
        return str(1 / 0)

    @app.get("/refused")
    def refused() -> Any:
        return {"sorry": True}, 500

    @app.get("/handled")
    async def handled() -> Any:
        raise OutOfStock("none left")

    @app.get("/harmless")
    async def harmless() -> Any:
        raise Harmless

    @app.get("/moved")
    async def moved() -> Any:
        return redirect("/denied")

    @shop.get("/carts/<cart>")
    async def cart(cart: str) -> Any:
        return {"cart": cart}

    @shop.get("/carts/<cart>/lines")
    async def lines(cart: str) -> Any:
        abort(404, "no lines")

    @app.errorhandler(OutOfStock)
    async def out_of_stock(error: OutOfStock) -> Any:
        return {"error": str(error)}, 503

    @app.errorhandler(Harmless)
    async def no_harm(error: Harmless) -> Any:
        return {"fine": True}

    app.register_blueprint(shop)
    return app


def handler() -> Any:
    return Mangum(application(), lifespan="off")


_ERRORS = {
    "denied": "Unauthorized",
    "missing": "NotFound",
    "invalid": "UnprocessableEntity",
    "busy": "TooManyRequests",
    "nowhere": "NotFound",
}
_PHRASES = {401: "Unauthorized", 404: "Not Found", 422: "Unprocessable Entity", 429: "Too Many Requests"}
CASES = tuple(
    Case(
        case.path, case.status, case.route, case.error, f"{case.status} {_PHRASES[case.status]}: {case.says}"
    )
    if case.status in _PHRASES and case.says
    else case
    for case in cases(_ERRORS)
)

APPLICATIONS = [Application("Quart on Mangum", handler, events.http, CASES)]

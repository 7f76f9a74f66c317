"""Chalice, which is its own adapter: as the captured handler, and with one among its middlewares."""

from __future__ import annotations

from typing import Any

from chalice.app import (
    Blueprint,
    Chalice,
    NotFoundError,
    Response,
    TooManyRequestsError,
    UnauthorizedError,
    UnprocessableEntityError,
)

from tests.patches.web import events
from tests.patches.web.case import IN_PATH, Application, Case, OutOfStock, cases


def application() -> Chalice:
    app = Chalice("app", configure_logs=False)
    app.log.disabled = True
    shop = Blueprint("shop")

    @app.route("/items/{name}")
    def item(name: str) -> Any:
        return {"name": name}

    @app.route("/denied")
    def denied() -> Any:
        raise UnauthorizedError("who are you")

    @app.route("/items/{name}/parts")
    def parts(name: str) -> Any:
        raise NotFoundError("no parts")

    @app.route("/invalid")
    def invalid() -> Any:
        raise UnprocessableEntityError("not so")

    @app.route("/busy")
    def busy() -> Any:
        raise TooManyRequestsError("later")

    @app.route("/broken")
    def broken() -> Any:
        return 1 / 0

    @app.route("/refused")
    def refused() -> Any:
        return Response({"sorry": True}, status_code=500)

    @app.route("/handled")
    def handled() -> Any:
        raise OutOfStock("none left")

    @app.route("/moved")
    def moved() -> Any:
        return Response("", status_code=302, headers={"Location": "/denied"})

    @app.route("/early")
    def early() -> Any:
        return {}

    @shop.route("/carts/{cart}")
    def cart(cart: str) -> Any:
        return {"cart": cart}

    @shop.route("/carts/{cart}/lines")
    def lines(cart: str) -> Any:
        raise NotFoundError("no lines")

    @app.middleware("http")
    def too_early(event: Any, get_response: Any) -> Any:
        if event.path == "/early":
            raise PermissionError("too early")
        return get_response(event)

    app.register_blueprint(shop, url_prefix="/shop")
    return app


RESOURCES = {
    f"/items/{IN_PATH}": "/items/{name}",
    f"/items/{IN_PATH}/parts": "/items/{name}/parts",
    f"/shop/carts/{IN_PATH}": "/shop/carts/{cart}",
    f"/shop/carts/{IN_PATH}/lines": "/shop/carts/{cart}/lines",
}


def event(method: str, path: str, body: str | None = None) -> events.Event:
    """API Gateway has found the route."""
    found = events.rest(method, path, body, RESOURCES.get(path, path))
    found["pathParameters"] = {"name": IN_PATH, "cart": IN_PATH}
    return found


CASES = cases(
    {
        "denied": "UnauthorizedError",
        "missing": "NotFoundError",
        "invalid": "UnprocessableEntityError",
        "busy": "TooManyRequestsError",
        "nowhere": "",
    },
    handled=Case("/handled", 500, "GET /handled", "OutOfStock", "none left"),
    harmless=None,
    early=Case("/early", 500, None, "PermissionError", "too early"),
    nowhere=None,  # API Gateway's to say
)

APPLICATIONS = [Application("Chalice", application, event, CASES)]

"""Bottle on apig-wsgi and on aws-wsgi: the first of them raises what Bottle says that an answer came of."""

from __future__ import annotations

import dataclasses
from typing import Any

import apig_wsgi
import awsgi
from bottle import Bottle, HTTPError, HTTPResponse, abort, redirect

from tests.patches.web import events
from tests.patches.web.case import IN_PATH, Application, Case, OutOfStock, cases


def application() -> Bottle:
    app = Bottle()
    shop = Bottle()

    @app.get("/items/<name>")
    def item(name: str) -> Any:
        return {"name": name}

    @app.get("/denied")
    def denied() -> Any:
        raise HTTPError(401, "who are you", **{"WWW-Authenticate": "Basic"})

    @app.get("/items/<name:re:[a-z0-9-]+>/parts")
    def parts(name: str) -> Any:
        abort(404, "no parts")

    @app.get("/invalid")
    def invalid() -> Any:
        abort(422, "not so")

    @app.get("/busy")
    def busy() -> Any:
        raise HTTPResponse("later", 429)

    @app.get("/broken")
    def broken() -> Any:
        return str(1 / 0)

    @app.get("/refused")
    def refused() -> Any:
        return HTTPResponse({"sorry": True}, 500)

    @app.get("/returned")
    def returned() -> Any:
        return HTTPError(404, "returned, not raised")

    @app.get("/handled")
    def handled() -> Any:
        raise OutOfStock("none left")

    @app.get("/stream")
    def stream() -> Any:
        yield str(1 / 0)

    @app.get("/moved")
    def moved() -> Any:
        redirect("/denied", 302)

    @shop.get("/carts/<cart>")
    def cart(cart: str) -> Any:
        return {"cart": cart}

    @shop.get("/carts/<cart:path>/lines")
    def lines(cart: str) -> Any:
        abort(404, "no lines")

    @app.error(500)
    def error(error: HTTPError) -> Any:
        return f"<b>{type(error.exception).__name__}</b>"

    app.mount("/shop/", shop)
    return app


def on_apig_wsgi() -> Any:
    return apig_wsgi.make_lambda_handler(application())


def on_aws_wsgi() -> Any:
    app = application()
    return lambda event, context: awsgi.response(app, event, context)


CASES = cases(
    {
        "denied": "HTTPError",
        "missing": "HTTPError",
        "invalid": "HTTPError",
        "busy": "HTTPResponse",
        "nowhere": "HTTPError",
    },
    denied=Case("/denied", 401, "GET /denied", "HTTPError", "401 Unauthorized: who are you"),
    missing=Case(f"/items/{IN_PATH}/parts", 404, "GET /items/{name}/parts", "HTTPError", "404 Not Found"),
    invalid=Case("/invalid", 422, "GET /invalid", "HTTPError"),
    busy=Case("/busy", 429, "GET /busy", "HTTPResponse", "429 Too Many Requests: later"),
    returned=Case("/returned", 404, "GET /returned"),
    handled=Case("/handled", 500, "GET /handled", "OutOfStock", "none left"),
    harmless=None,
    stream=Case("/stream", 500, "GET /stream", "ZeroDivisionError", "division by zero"),
    mounted_missing=Case(
        f"/shop/carts/{IN_PATH}/lines", 404, "GET /shop/carts/{cart}/lines", "HTTPError", "404 Not Found"
    ),
    wrong_method=Case("/denied", 405, None, "HTTPError", method="PUT"),
)

RAISED = tuple(
    dataclasses.replace(case, status=0)
    if case.error in ("ZeroDivisionError", "OutOfStock") and case.path != "/stream"
    else case
    for case in CASES
)

APPLICATIONS = [
    Application("Bottle on apig-wsgi", on_apig_wsgi, events.http, RAISED),
    Application("Bottle on aws-wsgi", on_aws_wsgi, events.rest, CASES),
]

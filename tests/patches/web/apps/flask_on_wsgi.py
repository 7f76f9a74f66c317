"""Flask on apig-wsgi, serverless-wsgi and aws-wsgi: a blueprint, converters, a second application behind the first."""

from __future__ import annotations

from typing import Any

import apig_wsgi
import awsgi
import serverless_wsgi
from flask import Blueprint, Flask, abort, jsonify, redirect, request
from werkzeug.exceptions import TooManyRequests, Unauthorized
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from tests.patches.web import events
from tests.patches.web.case import IN_PATH, Application, Case, Harmless, OutOfStock, cases


def application() -> Flask:
    app = Flask("app")
    app.logger.disabled = True
    shop = Blueprint("shop", "app", url_prefix="/shop")
    admin = Flask("admin")
    admin.logger.disabled = True

    @app.get("/items/<name>")
    def item(name: str) -> Any:
        return {"name": name}

    @app.get("/denied")
    def denied() -> Any:
        raise Unauthorized("who are you")

    @app.get("/items/<string(minlength=2):name>/parts")
    def parts(name: str) -> Any:
        abort(404, "no parts")

    @app.get("/invalid")
    def invalid() -> Any:
        abort(422, "not so")

    @app.get("/busy")
    def busy() -> Any:
        raise TooManyRequests("later", retry_after=3)

    @app.get("/broken")
    def broken() -> Any:
        return str(1 / 0)

    @app.get("/refused")
    def refused() -> Any:
        return jsonify(sorry=True), 500

    @app.get("/handled")
    def handled() -> Any:
        raise OutOfStock("none left")

    @app.get("/harmless")
    def harmless() -> Any:
        raise Harmless

    @app.get("/moved")
    def moved() -> Any:
        return redirect("/denied")

    @app.get("/aborted")
    def aborted() -> Any:
        abort(redirect("/denied"))

    @app.post("/form")
    def form() -> Any:
        return request.form["missing"]

    @app.get("/handler-broken")
    def handler_broken() -> Any:
        raise FileNotFoundError("no file")

    @shop.get("/carts/<cart>")
    def cart(cart: str) -> Any:
        return {"cart": cart}

    @shop.get('/carts/<any("path-va1ue"):cart>/lines')
    def lines(cart: str) -> Any:
        abort(404, "no lines")

    @admin.get("/users/<int:user>")
    def user(user: int) -> Any:
        abort(403, "no admin")

    @app.before_request
    def before() -> Any:
        if request.path == "/early":
            raise PermissionError("too early")

    @app.errorhandler(OutOfStock)
    def out_of_stock(error: OutOfStock) -> Any:
        return {"error": str(error)}, 503

    @app.errorhandler(Harmless)
    def no_harm(error: Harmless) -> Any:
        return {"fine": True}

    @app.errorhandler(FileNotFoundError)
    def bad(error: FileNotFoundError) -> Any:
        raise RuntimeError("the handler, too")

    app.register_blueprint(shop)
    app.wsgi_app = ProxyFix(DispatcherMiddleware(app.wsgi_app, {"/admin": admin}))  # type: ignore[method-assign]
    return app


def on_apig_wsgi() -> Any:
    return apig_wsgi.make_lambda_handler(application())


def on_serverless_wsgi() -> Any:
    app = application()
    return lambda event, context: serverless_wsgi.handle_request(app, event, context)


def on_aws_wsgi() -> Any:
    app = application()
    return lambda event, context: awsgi.response(app, event, context)


CASES = cases(
    {
        "denied": "Unauthorized",
        "missing": "NotFound",
        "invalid": "UnprocessableEntity",
        "busy": "TooManyRequests",
        "nowhere": "NotFound",
    },
    denied=Case("/denied", 401, "GET /denied", "Unauthorized", "401 Unauthorized: who are you"),
    missing=Case(
        f"/items/{IN_PATH}/parts", 404, "GET /items/{name}/parts", "NotFound", "404 Not Found: no parts"
    ),
    invalid=Case("/invalid", 422, "GET /invalid", "UnprocessableEntity", "422 Unprocessable Entity: not so"),
    busy=Case("/busy", 429, "GET /busy", "TooManyRequests", "429 Too Many Requests: later"),
    mounted_missing=Case(
        f"/shop/carts/{IN_PATH}/lines",
        404,
        "GET /shop/carts/{cart}/lines",
        "NotFound",
        "404 Not Found: no lines",
    ),
    aborted=Case("/aborted", 302, "GET /aborted"),
    form=Case("/form", 400, "POST /form", "BadRequestKeyError", method="POST"),
    early=Case("/early", 500, None, "PermissionError", "too early"),
    handler_broken=Case("/handler-broken", 500, "GET /handler-broken", "RuntimeError", "the handler, too"),
    behind=Case("/admin/users/7", 403, "GET /admin/users/{user}", "Forbidden", "403 Forbidden: no admin"),
    wrong_method=Case("/denied", 405, None, "MethodNotAllowed", method="PUT"),
)

APPLICATIONS = [
    Application("Flask on apig-wsgi, HTTP API", on_apig_wsgi, events.http, CASES),
    Application("Flask on apig-wsgi, load balancer", on_apig_wsgi, events.load_balancer, CASES),
    Application("Flask on serverless-wsgi, REST API", on_serverless_wsgi, events.rest, CASES),
    Application("Flask on aws-wsgi, REST API", on_aws_wsgi, events.rest, CASES),
]

"""What is special about the other frameworks: how they are called, and what runs inside them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import Tracer
from lambda_tracer.patches.registry import patch_all
from lambda_tracer.patches.unpatch import unpatch_all
from tests.daemon import Daemon
from tests.patches.web import events

PROJECT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _patched(daemon: Daemon) -> Iterator[None]:
    patch_all()
    yield
    unpatch_all()


def traced(call: Any) -> Any:
    def lambda_handler(event: Any, context: Any) -> Any:
        return call(event, context)

    return Tracer(service="").capture_lambda_handler(lambda_handler, capture_response=False)


def test_a_captured_handler_may_be_a_middleware_of_chalice(daemon: Daemon) -> None:
    """As Powertools' documentation has it."""
    chalice = pytest.importorskip("chalice", reason="chalice is not installed")
    app = chalice.Chalice("app", configure_logs=False)
    app.log.disabled = True

    @app.route("/items/{name}")
    def item(name: str) -> Any:
        raise chalice.NotFoundError(name)

    tracer = Tracer(service="")
    app.register_middleware(chalice.ConvertToMiddleware(tracer.capture_lambda_handler))
    event = events.rest("GET", "/items/a", resource="/items/{name}")
    event["pathParameters"] = {"name": "a"}

    assert app(event, None)["statusCode"] == 404

    (handler,) = daemon.subsegments()
    assert handler["annotations"]["Route"] == "GET /items/{name}"
    assert handler["cause"]["exceptions"][0]["type"] == "NotFoundError"
    assert (handler.get("error"), handler.get("fault")) == (True, None)


def test_an_application_of_flask_that_a_view_calls_answers_nobody(daemon: Daemon) -> None:
    flask = pytest.importorskip("flask", reason="flask is not installed")
    awsgi = pytest.importorskip("awsgi", reason="aws-wsgi is not installed")
    app, inner = flask.Flask("outer"), flask.Flask("inner")

    @app.get("/outer")
    def outer() -> Any:
        return str(inner.test_client().get("/nowhere").status_code)

    answer = traced(lambda event, context: awsgi.response(app, event, context))(
        events.rest("GET", "/outer"), None
    )

    assert answer["body"] == "404"
    handler = daemon.subsegment("## lambda_handler")
    assert handler["annotations"]["Route"] == "GET /outer"
    assert not handler.keys() & {"cause", "error", "fault"}


def test_a_middleware_of_wsgi_may_call_the_method_that_is_the_application(daemon: Daemon) -> None:
    flask = pytest.importorskip("flask", reason="flask is not installed")
    awsgi = pytest.importorskip("awsgi", reason="aws-wsgi is not installed")
    app = flask.Flask("app")

    @app.get("/<path:rest>")
    def rest(rest: str) -> Any:
        flask.abort(403)

    class Subclass(flask.Flask):  # type: ignore[misc, name-defined]
        def wsgi_app(self, environ: Any, start_response: Any) -> Any:
            return app.wsgi_app(environ, start_response)

    other = Subclass("other")

    answer = traced(lambda event, context: awsgi.response(other.wsgi_app, event, context))(
        events.rest("GET", "/a/b"), None
    )

    assert answer["statusCode"] == "403"
    handler = daemon.subsegment("## lambda_handler")
    assert handler["annotations"]["Route"] == "GET /{rest}"
    assert [each["type"] for each in handler["cause"]["exceptions"]] == ["Forbidden"]


def test_a_view_that_streams_and_fails_leaves_the_handler_as_untraced(daemon: Daemon) -> None:
    flask = pytest.importorskip("flask", reason="flask is not installed")
    awsgi = pytest.importorskip("awsgi", reason="aws-wsgi is not installed")
    app = flask.Flask("app")

    @app.get("/")
    def stream() -> Any:
        def parts() -> Iterator[str]:
            yield "a"
            raise LookupError("half-way")

        return flask.Response(parts())

    with pytest.raises(LookupError, match="half-way"):
        traced(lambda event, context: awsgi.response(app, event, context))(events.rest("GET", "/"), None)

    handler = daemon.subsegment("## lambda_handler")
    assert (handler["fault"], handler["annotations"]["Route"]) == (True, "GET /")


def test_a_resolver_of_powertools_with_middlewares_in_threads_answers_as_ever(daemon: Daemon) -> None:
    import asyncio

    event_handler = pytest.importorskip(
        "aws_lambda_powertools.event_handler", reason="aws-lambda-powertools is not installed"
    )
    app = event_handler.APIGatewayHttpResolver()
    if not hasattr(app, "resolve_async"):
        pytest.skip("needs a newer aws-lambda-powertools")

    def middleware(app: Any, next_middleware: Any) -> Any:
        return next_middleware(app)

    app.use([middleware])

    @app.get("/items/<name>")
    async def item(name: str) -> Any:
        raise event_handler.exceptions.BadRequestError("not so")

    answer = traced(lambda event, context: asyncio.run(app.resolve_async(event, context)))(
        events.http("GET", "/items/a"), None
    )

    assert answer["statusCode"] == 400
    handler = daemon.subsegment("## lambda_handler")
    assert handler["annotations"]["Route"] == "GET /items/{name}"
    assert handler["cause"]["exceptions"][0]["message"] == "not so"
    assert (handler.get("error"), handler.get("fault")) == (True, None)


PROGRAM = """
import sys
before, after = {order}
if before: import flask
from lambda_tracer import Tracer
loaded = set(sys.modules)
tracer = Tracer()
print(sorted(name for name in set(sys.modules) - loaded if "web" in name))
if after: import flask
print(sorted(name for name in set(sys.modules) if "patches.web" in name))
"""


@pytest.mark.parametrize("is_before", [True, False])
def test_nothing_of_it_is_loaded_before_the_framework_is(is_before: bool) -> None:
    pytest.importorskip("flask", reason="flask is not installed")
    program = PROGRAM.format(order=(is_before, not is_before))
    command = [sys.executable, "-c", program]

    ran = subprocess.run(
        command,
        cwd=PROJECT,
        env={"LAMBDA_TASK_ROOT": str(PROJECT), "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )

    patch = [f"lambda_tracer.patches.{name}" for name in ("web", "web.answer", "web.flask")]
    assert ran.stdout.splitlines() == [str(patch if is_before else []), str(patch)], ran.stderr


@pytest.mark.parametrize("event_facts", [True, False])
def test_without_event_facts_a_framework_tells_nothing(event_facts: bool, daemon: Daemon) -> None:
    flask = pytest.importorskip("flask", reason="flask is not installed")
    awsgi = pytest.importorskip("awsgi", reason="aws-wsgi is not installed")
    app = flask.Flask("shop")

    @app.get("/items/<name>")
    def item(name: str) -> str:
        raise KeyError(name)

    def lambda_handler(event: Any, context: Any) -> Any:
        return awsgi.response(app, event, context)

    tracer = Tracer(service="", event_facts=event_facts)
    handler = tracer.capture_lambda_handler(lambda_handler, capture_response=False)

    assert handler(events.rest("GET", "/items/a"), None)["statusCode"] == "500"

    (found,) = daemon.subsegments()
    assert ("cause" in found, "fault" in found, "Route" in found["annotations"]) == (event_facts,) * 3


def flask_app() -> Any:
    flask = pytest.importorskip("flask", reason="flask is not installed")
    app = flask.Flask("shop")

    @app.get("/i/<int:number>")
    def item(number: int) -> str:
        raise ValueError("swallowed")

    @app.get("/ok")
    def fine() -> str:
        return "fine"

    return app


class Moved:
    """A middleware that moves the first part of the path, a client's value, to where applications are mounted."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        _, part, rest = environ["PATH_INFO"].split("/", 2)
        environ["SCRIPT_NAME"] += f"/{part}"
        environ["PATH_INFO"] = f"/{rest}"
        return self.app(environ, start_response)


@pytest.mark.parametrize("where", ["inside", "outside"])
def test_a_middleware_that_moves_the_path_hides_neither_route_nor_exception(
    where: str, daemon: Daemon
) -> None:
    awsgi = pytest.importorskip("awsgi", reason="aws-wsgi is not installed")
    app = flask_app()
    if where == "inside":
        app.wsgi_app = Moved(app.wsgi_app)
    served = app if where == "inside" else Moved(app)
    handler = traced(lambda event, context: awsgi.response(served, event, context))

    assert handler(events.rest("GET", "/tenant-va1ue/i/5"), None)["statusCode"] == "500"

    (found,) = daemon.subsegments()
    assert found["annotations"]["Route"] == "GET /i/{number}"
    assert found["cause"]["exceptions"][0]["type"] == "ValueError"


def test_an_application_that_is_called_for_a_message_answers_nobody(daemon: Daemon) -> None:
    app = flask_app()
    record = {"eventSource": "aws:sqs", "messageId": "1", "eventSourceARN": "arn:aws:sqs:eu-west-1:1:orders"}
    handler = traced(lambda event, context: app.test_client().get("/i/5").status_code)

    assert handler({"Records": [record]}, None) == 500

    (found,) = daemon.subsegments()
    assert "Route" not in found["annotations"]
    assert not {"fault", "error", "cause"} & found.keys()


def test_what_the_handler_returns_has_the_last_word_on_an_answers_flags(daemon: Daemon) -> None:
    app = flask_app()

    def respond(event: Any, context: Any) -> Any:
        assert app.test_client().get("/i/5").status_code == 500
        return {"statusCode": 200, "body": "a fallback"}

    assert traced(respond)(events.rest("GET", "/i/5"), None)["statusCode"] == 200

    (found,) = daemon.subsegments()
    assert not {"fault", "error"} & found.keys()
    assert found["cause"]["exceptions"][0]["type"] == "ValueError"


def test_a_status_that_is_an_int_with_a_will_of_its_own_is_not_asked(daemon: Daemon) -> None:
    resolvers = pytest.importorskip(
        "aws_lambda_powertools.event_handler", reason="Powertools is not installed"
    )

    class Odd(int):
        def __int__(self) -> int:
            raise RuntimeError("asked")

    app = resolvers.APIGatewayRestResolver()

    @app.get("/odd")
    def odd() -> Any:
        return resolvers.Response(status_code=Odd(200), body="fine")

    assert traced(app.resolve)(events.rest("GET", "/odd"), None)["statusCode"] == 200
    with pytest.raises(TypeError, match=r"resolve\(\)"):
        app.resolve({}, None, 1)
    assert daemon.subsegment("## lambda_handler")["http"]["response"]["status"] == 200

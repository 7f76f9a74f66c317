"""The web frameworks' middlewares: a subsegment for each request, as with the SDK in Lambda, by our rules for URLs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compat.programs import DAEMON, run

PROGRAM = (
    DAEMON
    + """
import warnings
warnings.simplefilter("ignore")
daemon.setblocking(False)
logging.disable(logging.CRITICAL)
from aws_xray_sdk.core import xray_recorder
xray_recorder.configure(service="svc")
LEFT_OUT = ("id", "start_time", "end_time", "parent_id", "trace_id", "type", "in_progress", "namespace")

def flat(document, found):
    for below in document.pop("subsegments", []):
        flat(below, found)
    if "cause" in document:
        document["cause"] = document["cause"]["exceptions"][0]["type"]
    found.append({key: value for key, value in document.items() if key not in LEFT_OUT})
    return found

def documents():
    found = []
    while True:
        try:
            flat(json.loads(daemon.recv(70_000).partition(b"\\n")[2]), found)
        except BlockingIOError:
            return sorted(found, key=lambda each: each["name"])

def answer(label, ask):
    note(label, lambda: [ask(), documents()])

import flask
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
app = flask.Flask("shop")
XRayMiddleware(app, xray_recorder)

@app.route("/ok")
def ok():
    with xray_recorder.in_subsegment("inner"):
        return "hi"

@app.route("/bad")
def bad():
    raise ValueError("no")

@app.route("/missing")
def missing():
    flask.abort(404)

client = app.test_client()
def of_flask(path, **headers):
    answered = client.get(path, headers={"User-Agent": "ua", **headers})
    return [answered.status_code, answered.headers.get("X-Amzn-Trace-Id")]

answer("flask", lambda: of_flask("/ok", **{"X-Forwarded-For": "192.0.2.1"}))
answer("flask, query", lambda: of_flask("/ok?secret=1"))
os.environ["LAMBDA_TRACER_CLIENT_IP"] = "false"
note("unasked", lambda: [of_flask("/ok", **{"X-Forwarded-For": "192.0.2.1"}), documents()[1]["http"]["request"]])
os.environ["LAMBDA_TRACER_CLIENT_IP"] = "true"
answer("flask fails", lambda: of_flask("/bad"))
answer("flask finds nothing", lambda: of_flask("/missing"))

import bottle
from aws_xray_sdk.ext.bottle.middleware import XRayMiddleware
from wsgiref.util import setup_testing_defaults
shop = bottle.Bottle()
shop.install(XRayMiddleware(xray_recorder))

@shop.route("/ok")
def ok():
    return "hi"

@shop.route("/bad")
def bad():
    raise ValueError("no")

@shop.route("/elsewhere")
def elsewhere():
    bottle.redirect("/ok")

def of_bottle(path):
    status = []
    environ = {"PATH_INFO": path, "HTTP_USER_AGENT": "ua", "wsgi.errors": open(os.devnull, "w")}
    setup_testing_defaults(environ)
    list(shop(environ, lambda line, headers, error=None: status.append(line)))
    return status

answer("bottle", lambda: of_bottle("/ok"))
answer("bottle redirects", lambda: of_bottle("/elsewhere"))
note("bottle fails", lambda: [of_bottle("/bad"), documents()[0]])

import django
from django.conf import settings
settings.configure(
    SECRET_KEY="x", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], INSTALLED_APPS=["aws_xray_sdk.ext.django"],
    MIDDLEWARE=["aws_xray_sdk.ext.django.middleware.XRayMiddleware"], USE_TZ=True,
    XRAY_RECORDER={"AWS_XRAY_TRACING_NAME": "of django", "AUTO_INSTRUMENT": False, "MAX_TRACE_BACK": 7},
)
from django.http import HttpResponse
from django.test import Client
from django.urls import path

def fails(request):
    raise ValueError("no")

urlpatterns = [path("ok", lambda request: HttpResponse("hi")), path("bad", fails)]
django.setup()
asking = Client(raise_request_exception=False)
answer("django", lambda: asking.get("/ok", HTTP_USER_AGENT="ua").status_code)
answer("django fails", lambda: asking.get("/bad", HTTP_USER_AGENT="ua").status_code)
settings.ALLOWED_HOSTS = ["allowed"]
answer("another host", lambda: [asking.get("/ok").status_code, xray_recorder.current_subsegment()])
settings.ALLOWED_HOSTS = ["*"]
note("django's settings", lambda: [xray_recorder.max_trace_back, xray_recorder.service])

import aiohttp.web
from aws_xray_sdk.ext.aiohttp.middleware import middleware
from aiohttp.test_utils import TestClient, TestServer

async def of_aiohttp():
    async def answers(request):
        return aiohttp.web.Response(text="hi")
    application = aiohttp.web.Application(middlewares=[middleware])
    application.router.add_get("/ok", answers)
    async with TestClient(TestServer(application)) as client:
        return (await client.get("/ok")).status

answer("aiohttp", lambda: asyncio.run(of_aiohttp()))
"""
)


@pytest.fixture(scope="module")
def told() -> tuple[dict[str, Any], dict[str, Any]]:
    """Where nothing is configured of the SDK, and where our setting asks for what that records."""
    theirs, ours = (
        run(PROGRAM, compatible=compatible, LAMBDA_TRACER_CLIENT_IP="true") for compatible in (False, True)
    )
    return theirs.told, ours.told


def test_requests_are_recorded_as_the_sdk_does_in_lambda(
    told: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    theirs, ours = told
    del theirs["unasked"]  # it records the address anyhow
    del theirs["another host"]  # it raises, so that Django answers 400, and records nothing
    # The SDK: addresses are also annotations; whatever a route raises is a fault, a redirect too.
    del theirs["django"][1][0]["annotations"]["client_ip"]
    del theirs["django fails"][1][0]["annotations"]["client_ip"]
    del theirs["bottle redirects"][1][0]["cause"], theirs["bottle redirects"][1][0]["fault"]

    assert {label: (theirs[label], ours[label]) for label in theirs if theirs[label] != ours[label]} == {}
    (status, current), (recorded,) = ours["another host"]
    assert (status, current, recorded["http"]["request"]["url"]) == (200, None, "/ok")
    assert ours["flask"][1][1]["http"] == {
        "request": {
            "url": "http://localhost/ok",
            "method": "GET",
            "user_agent": "ua",
            "client_ip": "192.0.2.1",
            "x_forwarded_for": True,
        },
        "response": {"status": 200, "content_length": 2},
    }


def test_the_address_and_the_query_are_not_recorded_unless_they_are_asked_for(
    told: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    ours = told[1]

    assert ours["unasked"][1] == {"url": "http://localhost/ok", "method": "GET", "user_agent": "ua"}
    assert "secret" not in str(ours)

"""The X-Ray SDK's examples for servers, outside Lambda: each request is a segment, with the documents of the SDK."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.compat.programs import ARRIVED, run

pytestmark = pytest.mark.slow

OUTSIDE: dict[str, Any] = {"LAMBDA_TASK_ROOT": "", "LAMBDA_TRACER_CLIENT_IP": "true"}

PROGRAM = (
    ARRIVED
    + """
import warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
del os.environ["_X_AMZN_TRACE_ID"]
daemon.settimeout(10)
ROOT, PARENT = "1-5759e988-" + "a" * 24, "b" * 16
GOES_ON = f"Root={ROOT};Parent={PARENT};Sampled=1"

def facts(document):
    document = dict(document)
    if "cause" in document:
        cause = document["cause"]
        document["cause"] = "an id" if isinstance(cause, str) else [each["type"] for each in cause["exceptions"]]
    for name in ("id", "start_time", "end_time", "type", "sampled", "user"):
        document.pop(name, None)
    is_top = document["parent_id"] in (None, PARENT)
    document["trace_id"] = is_top and document["trace_id"] == ROOT  # below that the SDK says it, too
    document["parent_id"] = document["parent_id"] == PARENT
    return {name: value for name, value in document.items() if value not in ({}, [], None, False, "local")}

def documents():
    return [facts(each) for each in sorted(arrived().values(), key=lambda each: each["start_time"])]

def header(text):
    "What the answer says of the trace, without the id that was made up."
    return text and text.replace(ROOT, "GIVEN") if text is None or ROOT in text else text[:7] + text[40:]

def answer(label, ask):
    note(label, lambda: [ask(), documents()])

from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.core.sampling.local.sampler import LocalSampler
xray_recorder.configure(service="My application", sampling=False, sampler=LocalSampler())

# --- Flask
from flask import Flask, abort
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
app = Flask(__name__)
xray_recorder.configure(service="fallback_name", dynamic_naming="*mysite.com*")
XRayMiddleware(app, xray_recorder)

@app.route("/ok")
def ok():
    with xray_recorder.in_subsegment("inner"):
        xray_recorder.current_segment().put_annotation("of", "flask")
        return "hi"

@app.route("/bad")
def bad():
    raise ValueError("no")

@app.route("/status/<int:code>")
def status(code):
    abort(code)

@app.route("/parts")
def parts():
    return iter(["a", "b"])

client = app.test_client()
def of_flask(path, **headers):
    answered = client.get(path, headers={"User-Agent": "ua", **headers})
    return [answered.status_code, header(answered.headers.get("X-Amzn-Trace-Id"))]

answer("flask", lambda: of_flask("/ok"))
answer("flask, a trace goes on", lambda: of_flask("/ok", **{"X-Amzn-Trace-Id": GOES_ON}))
answer("flask, undecided", lambda: of_flask("/ok", **{"X-Amzn-Trace-Id": f"Root={ROOT};Sampled=?"}))
answer("flask, not sampled", lambda: of_flask("/ok", **{"X-Amzn-Trace-Id": f"Root={ROOT};Parent={PARENT};Sampled=0"}))
answer("flask, by its host", lambda: of_flask("/ok", Host="api.mysite.com"))
answer("flask, forwarded", lambda: of_flask("/ok", **{"X-Forwarded-For": "192.0.2.1"}))
answer("flask, a query", lambda: of_flask("/ok?secret=1"))
answer("flask fails", lambda: of_flask("/bad"))
answer("flask, 404", lambda: of_flask("/status/404"))
answer("flask, 429", lambda: of_flask("/status/429"))
answer("flask, 503", lambda: of_flask("/status/503"))
answer("flask, parts", lambda: of_flask("/parts"))

def by_rules():
    rules = {"version": 2, "default": {"fixed_target": 0, "rate": 1.0}, "rules": [
        {"description": "none", "host": "*", "http_method": "GET", "url_path": "/ok", "fixed_target": 0, "rate": 0}]}
    xray_recorder.configure(sampling=True, sampler=LocalSampler(rules))
    try:
        return [of_flask("/ok")[0], len(documents()), of_flask("/parts")[0], len(documents())]
    finally:
        xray_recorder.configure(sampling=False)
note("flask, by rules", by_rules)

def at_once():
    "Many threads, as a threaded server has them."
    failed = []
    def ask():
        for _ in range(5):
            if app.test_client().get("/ok").status_code != 200:
                failed.append(1)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    found = documents()
    return [failed, len(found), sum(each["name"] == "inner" for each in found)]
note("flask, at once", at_once)

# --- Bottle
from bottle import Bottle, HTTPError
from wsgiref.util import setup_testing_defaults
from aws_xray_sdk.ext.bottle.middleware import XRayMiddleware
app_of_bottle = Bottle()
xray_recorder.configure(service="fallback_name", dynamic_naming="*mysite.com*")
app_of_bottle.install(XRayMiddleware(xray_recorder))

@app_of_bottle.route("/ok")
def ok_of_bottle():
    with xray_recorder.in_subsegment("inner"):
        return "hi"

@app_of_bottle.route("/bad")
def bad_of_bottle():
    raise ValueError("no")

@app_of_bottle.route("/missing")
def missing_of_bottle():
    raise HTTPError(404, "none")

def of_bottle(path, **more):
    started = []
    def start(line, headers, error=None):
        started[:] = [line, header(dict(headers).get("X-Amzn-Trace-Id"))]
    environ = {"PATH_INFO": path, "HTTP_USER_AGENT": "ua", "HTTP_X_FORWARDED_FOR": "192.0.2.1", **more}
    environ["wsgi.errors"] = open(os.devnull, "w")
    setup_testing_defaults(environ)
    list(app_of_bottle(environ, start))
    return started

answer("bottle", lambda: of_bottle("/ok", HTTP_X_AMZN_TRACE_ID=GOES_ON))
answer("bottle, a query", lambda: of_bottle("/ok", QUERY_STRING="secret=1"))
answer("bottle fails", lambda: of_bottle("/bad"))
answer("bottle, 404", lambda: of_bottle("/missing"))

# --- aiohttp
import aiohttp.web
from aiohttp.test_utils import TestClient, TestServer
from aws_xray_sdk.ext.aiohttp.middleware import middleware
from aws_xray_sdk.core.async_context import AsyncContext

async def handler(request):
    async with xray_recorder.in_subsegment_async("inner"):
        await asyncio.sleep(0.01)
        return aiohttp.web.Response(body="Hello")

async def fails(request):
    raise ValueError("no")

async def missing(request):
    raise aiohttp.web.HTTPNotFound

async def of_aiohttp():
    xray_recorder.configure(service="fallback_name", dynamic_naming="*mysite.com*", context=AsyncContext())
    application = aiohttp.web.Application(middlewares=[middleware])
    application.router.add_get("/ok", handler)
    application.router.add_get("/bad", fails)
    application.router.add_get("/missing", missing)
    async with TestClient(TestServer(application)) as client:
        for label, path, given in (
            ("aiohttp", "/ok", {"X-Amzn-Trace-Id": GOES_ON}),
            ("aiohttp, a query", "/ok?secret=1", {}),
            ("aiohttp fails", "/bad", {}),
            ("aiohttp, 404", "/missing", {}),
        ):
            async with client.get(path, headers={"User-Agent": "ua", "Host": "127.0.0.1", **given}) as answered:
                said = [answered.status, header(answered.headers.get("X-Amzn-Trace-Id"))]
            note(label, lambda: [said, documents()])
        async def one():
            async with client.get("/ok", headers={"User-Agent": "ua"}) as answered:
                return answered.status
        statuses = await asyncio.gather(*[one() for _ in range(20)])
        found = documents()
        inner = sum(each["name"] == "inner" for each in found)
        note("aiohttp, at once", lambda: [sorted(set(statuses)), len(found), inner])
asyncio.run(of_aiohttp())

# --- Django
from aws_xray_sdk.core.context import Context
xray_recorder.configure(context=Context())
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="x", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], USE_TZ=True,
    INSTALLED_APPS=["aws_xray_sdk.ext.django"], MIDDLEWARE=["aws_xray_sdk.ext.django.middleware.XRayMiddleware"],
    XRAY_RECORDER={
        "AWS_XRAY_TRACING_NAME": "My application", "AUTO_INSTRUMENT": False, "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "PLUGINS": (), "SAMPLING": False, "DYNAMIC_NAMING": "*mysite.com*",
        "AWS_XRAY_DAEMON_ADDRESS": os.environ["AWS_XRAY_DAEMON_ADDRESS"],
    },
)
from django.http import HttpResponse
from django.test import Client
from django.urls import path

def ok_of_django(request):
    with xray_recorder.in_subsegment("inner"):
        return HttpResponse("hi")

def bad_of_django(request):
    raise ValueError("no")

urlpatterns = [path("ok", ok_of_django), path("bad", bad_of_django)]
django.setup()
asking = Client(raise_request_exception=False)
def of_django(path, **more):
    answered = asking.get(path, HTTP_USER_AGENT="ua", HTTP_HOST="127.0.0.1", **more)
    return [answered.status_code, header(answered.headers.get("X-Amzn-Trace-Id"))]
answer("django", lambda: of_django("/ok", HTTP_X_AMZN_TRACE_ID=GOES_ON))
answer("django, by its host", lambda: asking.get("/ok", HTTP_HOST="api.mysite.com").status_code)
answer("django, a query", lambda: of_django("/ok?secret=1"))
answer("django fails", lambda: of_django("/bad"))
answer("django, 404", lambda: of_django("/none"))
"""
)


@pytest.fixture(scope="module")
def told() -> tuple[dict[str, Any], dict[str, Any]]:
    """What the SDK sent, and what we did."""
    theirs, ours = (run(PROGRAM, compatible=compatible, **OUTSIDE) for compatible in (False, True))
    return theirs.told, ours.told


def _without_queries(value: Any) -> Any:
    """What the SDK told, with URLs as we record them."""
    return json.loads(json.dumps(value).replace("?secret=1", ""))


def test_requests_are_segments_as_with_the_sdk(told: tuple[dict[str, Any], dict[str, Any]]) -> None:
    theirs, ours = told
    # The SDK: an answer that a route of Bottle's raises is a fault, too.
    del theirs["bottle, 404"][1][0]["cause"], theirs["bottle, 404"][1][0]["fault"]
    theirs = _without_queries(theirs)

    assert {label: (theirs[label], ours[label]) for label in theirs if theirs[label] != ours[label]} == {}
    assert ours.keys() == theirs.keys()
    (status, header), (segment, inner) = ours["flask, undecided"]
    assert (status, header) == (200, "Root=GIVEN;Sampled=1")
    assert (segment["name"], inner["name"]) == ("fallback_name", "inner")
    assert segment["http"] == {
        "request": {
            "url": "http://localhost/ok",
            "method": "GET",
            "user_agent": "ua",
            "client_ip": "127.0.0.1",
        },
        "response": {"status": 200, "content_length": 2},
    }
    assert ours["flask, at once"] == [[], 80, 40]
    assert ours["aiohttp, at once"] == [[200], 40, 20]


def test_queries_are_not_recorded(told: tuple[dict[str, Any], dict[str, Any]]) -> None:
    theirs, ours = told

    assert "secret=1" in str(theirs)
    assert "secret=1" not in str(ours)

"""What the user's code does while a client's call is under way is work of its own, below the call; what the client does
for itself, through whatever functions of the user's, is the call.
"""

from __future__ import annotations

import gc
import os
import sqlite3
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="aiohttp is not installed: pip install aiohttp")
pytest.importorskip("boto3", reason="boto3 is not installed: pip install boto3")
pytest.importorskip("httpx", reason="httpx is not installed: pip install httpx")
pytest.importorskip("requests", reason="requests is not installed: pip install requests")
pytest.importorskip("urllib3", reason="urllib3 is not installed: pip install urllib3")

import boto3
import httpx
import requests
import urllib3

from lambda_tracer import TraceHeader, Tracer, patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch_all
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.documents import Document
from tests.patches.aws.servers import Service, running_service
from tests.patches.http.server import HttpServer, serving
from tests.patches.user_work import OWN_WAYS, USER_WAYS, OwnWay, UserWay

LIBRARIES = ["aiohttp", "botocore", "httplib", "httpx", "requests", "sqlite3", "threads", "urllib3"]


@pytest.fixture(autouse=True, scope="module")
def _patched() -> Iterator[None]:
    patch(LIBRARIES)
    yield
    unpatch_all()


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serving() as server:
        yield server


@pytest.fixture(params=USER_WAYS, ids=lambda way: f"{way.library}-{way.name}")
def user_way(request: pytest.FixtureRequest) -> UserWay:
    way: UserWay = request.param
    return way


@pytest.fixture(params=OWN_WAYS, ids=lambda way: f"{way.library}-{way.name}")
def own_way(request: pytest.FixtureRequest) -> OwnWay:
    way: OwnWay = request.param
    return way


def by_urlopen(url: str) -> None:
    with urllib.request.urlopen(url) as response:
        response.read()


def by_urllib3(url: str) -> None:
    urllib3.request("GET", url)


CLIENTS: dict[str, Callable[[str], Any]] = {
    "requests": requests.get,
    "httpx": httpx.get,
    "urllib3": by_urllib3,
    "httplib": by_urlopen,
}


def label(document: Document) -> str:
    """The path of an HTTP call, the operation of an AWS call, the name of anything else."""
    url = document.get("http", {}).get("request", {}).get("url", "")
    return "/" + url.split("/", 3)[3] if url else document.get("aws", {}).get("operation", document["name"])


def parents(daemon: Daemon) -> list[tuple[str, str | None]]:
    """Each subsegment with the one above it, as labels, in the order of their beginning."""
    documents = sorted(daemon.subsegments(), key=lambda each: each["start_time"])
    labels = {document["id"]: label(document) for document in documents}
    return [(labels[document["id"]], labels.get(document["parent_id"])) for document in documents]


def check_headers(server: HttpServer, daemon: Daemon) -> None:
    """Each request has one trace header, whose Parent is the call that it is made by."""
    calls = {document["id"]: label(document) for document in daemon.subsegments()}
    for received in server.received:
        assert len(received.trace_headers) == 1, received
        parent = TraceHeader.from_header_str(received.trace_headers[0]).parent
        assert calls[str(parent)] == received.target


@pytest.mark.parametrize("client", CLIENTS)
def test_what_the_users_code_requests_is_below_the_call(
    user_way: UserWay, client: str, daemon: Daemon, server: HttpServer
) -> None:
    with xray_recorder.in_subsegment("handler"):
        user_way.call(server.url("/call"), lambda: CLIENTS[client](server.url("/work")))
        CLIENTS[client](server.url("/next"))

    assert parents(daemon) == [
        ("handler", None),
        ("/call", "handler"),
        ("/work", "/call"),
        ("/next", "handler"),
    ]
    check_headers(server, daemon)


@pytest.mark.parametrize("client", CLIENTS)
def test_the_same_request_by_the_users_code_is_another_one(
    client: str, daemon: Daemon, server: HttpServer
) -> None:
    """As when an expired token is renewed, and the request is repeated."""
    again: list[Any] = []

    def repeat(response: Any, **_: Any) -> None:
        if not again:
            again.append(CLIENTS[client](server.url("/call")))

    requests.get(server.url("/call"), hooks={"response": repeat})

    assert parents(daemon) == [("/call", None), ("/call", "/call")]
    check_headers(server, daemon)


def test_where_nothing_is_recorded_every_request_carries_the_header(
    user_way: UserWay, invoke: Invoke, daemon: Daemon, server: HttpServer
) -> None:
    invocation = invoke(sampled=0)

    user_way.call(server.url("/call"), lambda: requests.get(server.url("/work")))

    assert daemon.subsegments() == []
    assert "/work" in [received.target for received in server.received]
    assert {tuple(received.trace_headers) for received in server.received} == {(invocation.header,)}


def test_statements_and_aws_calls_and_captured_functions_are_below_the_call(
    user_way: UserWay, daemon: Daemon, server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_TASK_ROOT", os.getcwd())
    tracer = Tracer(service="shop", auto_patch=False)
    with running_service() as service:
        dynamodb = client_of(service)

        @tracer.capture_method
        def work() -> None:
            with closing(sqlite3.connect(":memory:")) as connection:
                connection.execute("select 1")
            dynamodb.describe_table(TableName="orders")

        user_way.call(server.url("/call"), work)

        found = dict(parents(daemon))
        captured = next(name for name in found if name.startswith("## "))
        assert found == {
            "/call": None,
            captured: "/call",
            ":memory:": captured,
            "DescribeTable": captured,
        }
        [header] = service.trace_headers()
        assert header["Parent"] == daemon.subsegment("dynamodb")["id"]


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # what is left so may leave its socket open
def test_what_the_users_code_raises_leaves_and_the_next_call_is_traced(
    user_way: UserWay, daemon: Daemon, server: HttpServer
) -> None:
    class OutOfStock(BaseException):
        pass

    def work() -> None:
        raise OutOfStock

    with xray_recorder.in_subsegment("handler"):
        try:
            user_way.call(server.url("/call"), work)
        except BaseException as error:
            kind = type(error)
        requests.get(server.url("/next"))
    gc.collect()

    assert issubclass(kind, (OutOfStock, Exception))
    assert parents(daemon) == [("handler", None), ("/call", "handler"), ("/next", "handler")]


def test_a_call_through_functions_of_the_users_is_one_subsegment(
    own_way: OwnWay, daemon: Daemon, server: HttpServer
) -> None:
    own_way.call(server.url("/redirect/302/redirect/302/end"))

    [call] = daemon.subsegments()
    assert [received.target for received in server.received] == [
        "/redirect/302/redirect/302/end",
        "/redirect/302/end",
        "/end",
    ]
    assert call["http"]["response"]["status"] == 200
    for received in server.received:
        assert [TraceHeader.from_header_str(value).parent for value in received.trace_headers] == [call["id"]]


def test_a_call_through_functions_of_the_users_where_nothing_is_recorded(
    own_way: OwnWay, invoke: Invoke, daemon: Daemon, server: HttpServer
) -> None:
    invocation = invoke(sampled=0)

    own_way.call(server.url("/redirect/302/end"))

    assert [received.trace_headers for received in server.received] == [[invocation.header]] * 2


def test_a_session_that_fetches_a_token_for_each_hop(daemon: Daemon, server: HttpServer) -> None:
    class Api(requests.Session):
        def send(self, request: Any, **kwargs: Any) -> Any:
            if not request.url.endswith("/token"):
                self.post(server.url("/token"))
            return super().send(request, **kwargs)

    with Api() as session:
        session.get(server.url("/redirect/302/end"))

    assert parents(daemon) == [
        ("/token", None),
        ("/redirect/302/end", None),
        ("/token", "/redirect/302/end"),
    ]


def test_a_retry_of_the_users_that_reports_attempts(daemon: Daemon, server: HttpServer) -> None:
    class Reporting(urllib3.Retry):
        def increment(self, *args: Any, **kwargs: Any) -> Any:
            urllib3.request("GET", server.url("/attempt"))
            return super().increment(*args, **kwargs)

    with urllib3.PoolManager() as manager:
        manager.request("GET", server.url("/flaky/2/a"), retries=Reporting(3, status_forcelist=[503]))

    assert parents(daemon) == [("/flaky/2/a", None), ("/attempt", "/flaky/2/a"), ("/attempt", "/flaky/2/a")]


def client_of(service: Service) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=service.url,
        region_name="eu-central-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )

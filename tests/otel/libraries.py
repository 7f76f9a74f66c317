"""Libraries that OpenTelemetry instruments, a small program for each, and the calls of it that a trace is to show."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.documents import Document
from tests.patches.aws.servers import Answer, Received, Service, described, error
from tests.patches.http.server import HttpServer
from tests.patches.sql.servers import redis_server
from tests.tree import Tree, tree

CANARY = "CANARY-7"
"""Stands in queries, rows, keys and messages, and may be nowhere in a trace."""


@dataclass(frozen=True)
class Servers:
    """What the programs ask."""

    http: HttpServer
    aws: Service


@dataclass(frozen=True)
class Library:
    """`program` gives what a user would see of the calls: values, and exceptions by type and message.

    `patches` are ours of the same library. `calls` is the trace of the program. `patched_calls` are where our patch has
    been applied first, or last and stands around the instrumentation: what differs there, or empty texts.
    """

    instrumentor: str
    patches: tuple[str, ...]
    program: Callable[[Servers], list[object]]
    calls: str
    patched_calls: tuple[str, str] = ("", "")

    @contextmanager
    def instrumented(self, **options: Any) -> Iterator[Any]:
        """Applied by OpenTelemetry's own instrumentation."""
        module, _, name = self.instrumentor.rpartition(".")
        instrumentor = getattr(importlib.import_module(f"opentelemetry.instrumentation.{module}"), name)()
        instrumentor.instrument(skip_dep_check=True, **options)
        try:
            yield instrumentor
        finally:
            if instrumentor.is_instrumented_by_opentelemetry:
                instrumentor.uninstrument()


def outcome(call: Callable[[], object]) -> object:
    """What a call returned, or the exception that it raised, by type and message."""
    try:
        return call()
    except Exception as error:
        return type(error), str(error)


def calls(documents: list[Document]) -> Tree:
    """The trace in which each call of something remote says what it was, as the blocks of its document have it."""
    told = []
    for each in documents:
        http, aws, sql = (each.get(block, {}) for block in ("http", "aws", "sql"))
        request = http.get("request", {})
        words = [request.get("method"), urlsplit(request.get("url", "")).path]
        words += [aws.get("operation"), aws.get("table_name") or urlsplit(aws.get("queue_url", "")).path]
        words += [http.get("response", {}).get("status"), sql.get("sanitized_query")]
        said = " ".join(str(word) for word in words if word)
        is_call = each.get("namespace", "local") != "local"
        told.append({**each, "name": f"{each['name']}: {said}" if is_call and said else each["name"]})
    return tree(told, namespace=True)


# The programs


def use_requests(servers: Servers) -> list[object]:
    import requests

    def refused() -> None:
        requests.get(servers.http.url("/hangup"))

    found: list[object] = [
        requests.get(servers.http.url(f"/one?q={CANARY}")).json(),
        requests.get(servers.http.url("/redirect/302/status/404")).status_code,
    ]
    with requests.get(servers.http.url("/two"), stream=True) as response:
        found += [response.raw.tell(), response.raw.read(), response.raw.read()]
    return [*found, outcome(refused)]


def use_httpx(servers: Servers) -> list[object]:
    import httpx

    with httpx.Client(follow_redirects=True) as client:
        found: list[object] = [
            client.get(servers.http.url(f"/one?q={CANARY}")).json(),
            client.get(servers.http.url("/redirect/302/status/404")).status_code,
        ]
        with client.stream("GET", servers.http.url("/two")) as response:
            found += [response.is_stream_consumed, *response.iter_bytes()]
        return [*found, outcome(lambda: client.get(servers.http.url("/hangup")))]


def use_httpx_async(servers: Servers) -> list[object]:
    import httpx

    async def ask() -> list[object]:
        async with httpx.AsyncClient() as client:
            first = await client.get(servers.http.url(f"/one?q={CANARY}"))
            both = await asyncio.gather(
                *(client.get(servers.http.url("/status/500")) for _ in range(2)), return_exceptions=True
            )
            return [first.json(), *(response.status_code for response in both)]  # type: ignore[union-attr]

    return asyncio.run(ask())


def aws_client(service: str, url: str) -> Any:
    import boto3

    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    return boto3.client(service, endpoint_url=url, region_name="eu-west-1", **keys)


def answer_aws(request: Received) -> Answer:
    """The stand-in's: no table is called `nowhere`, and the queue takes what it is given."""
    operation = request.headers.get("x-amz-target", "").partition(".")[2]
    if b"nowhere" in request.body:
        return error(400, "ResourceNotFoundException")
    return Answer(body={"MessageId": "m-1"}) if operation == "SendMessage" else described(request)


def use_boto3(servers: Servers) -> list[object]:
    servers.aws.answer = answer_aws
    dynamodb, sqs = (aws_client(service, servers.aws.url) for service in ("dynamodb", "sqs"))
    queue = f"{servers.aws.url}/123456789012/orders"
    return [
        dynamodb.describe_table(TableName="orders")["Table"]["TableName"],
        outcome(lambda: dynamodb.describe_table(TableName="nowhere")),
        sqs.send_message(QueueUrl=queue, MessageBody=CANARY)["MessageId"],
    ]


def use_sqlalchemy(servers: Servers) -> list[object]:
    import sqlalchemy

    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.text(f"SELECT 1, '{CANARY}'")).all()
        failed = outcome(
            lambda: connection.execute(sqlalchemy.text("SELECT * FROM nowhere WHERE a = :a"), {"a": CANARY})
        )
    engine.dispose()
    return [[tuple(row) for row in rows], failed]


def use_redis(servers: Servers) -> list[object]:
    import redis

    with redis.Redis(port=redis_server().port) as client:
        found = [client.set(CANARY, "text")]
        with client.pipeline() as pipeline:
            found += pipeline.get(CANARY).incr("counted").delete("counted").execute()
        return [*found, outcome(lambda: client.incr(CANARY))]


_OF_HTTPX_CLIENT = """
        handler
          127.0.0.1: GET /one 200  [remote]
          127.0.0.1: GET /redirect/302/status/404 404  error  [remote]
          127.0.0.1: GET /two 200  [remote]
          127.0.0.1: GET /hangup  fault RemoteProtocolError  [remote]
"""

LIBRARIES = {
    "requests": Library(
        "requests.RequestsInstrumentor",
        ("requests", "urllib3", "httplib"),
        use_requests,
        """
        handler
          127.0.0.1: GET /one 200  [remote]
          127.0.0.1: GET /redirect/302/status/404 404  error  [remote]
          127.0.0.1: GET /two 200  [remote]
          127.0.0.1: GET /hangup  fault ConnectionError  [remote]
        """,
    ),
    "httpx": Library(
        "httpx.HTTPXClientInstrumentor",
        ("httpx",),
        use_httpx,
        """
        handler
          127.0.0.1: GET /one 200  [remote]
          127.0.0.1: GET /redirect/302/status/404 302  [remote]
          127.0.0.1: GET /status/404 404  error  [remote]
          127.0.0.1: GET /two 200  [remote]
          127.0.0.1: GET /hangup  fault RemoteProtocolError  [remote]
        """,
        # The instrumentation stands around the transport, for which a redirect is a request of its own.
        (_OF_HTTPX_CLIENT, _OF_HTTPX_CLIENT),
    ),
    "httpx, async": Library(
        "httpx.HTTPXClientInstrumentor",
        ("httpx",),
        use_httpx_async,
        """
        handler
          127.0.0.1: GET /one 200  [remote]
          127.0.0.1: GET /status/500 500  fault  [remote]
          127.0.0.1: GET /status/500 500  fault  [remote]
        """,
    ),
    "boto3": Library(
        "botocore.BotocoreInstrumentor",
        ("boto3", "urllib3", "httplib"),
        use_boto3,
        """
        handler
          DynamoDB: DescribeTable orders 200  [aws]
          DynamoDB: DescribeTable nowhere 400  error ResourceNotFoundException  [aws]
          SQS: SendMessage /123456789012/orders 200  [aws]
        """,
        (
            "",
            """
        handler
          dynamodb: DescribeTable orders 200  [aws]
          dynamodb: DescribeTable nowhere 400  error ResourceNotFoundException  [aws]
          sqs: SendMessage /123456789012/orders 200  [aws]
            """,
        ),
    ),
    "sqlalchemy": Library(
        "sqlalchemy.SQLAlchemyInstrumentor",
        ("sqlalchemy_core", "sqlite3"),
        use_sqlalchemy,
        """
        handler
          :memory:  [remote]
          :memory:: SELECT ?, ?  [remote]
          :memory:: SELECT * FROM nowhere WHERE a = ?  fault   [remote]
        """,
    ),
    "redis": Library(
        "redis.RedisInstrumentor",
        ("redis",),
        use_redis,
        """
        handler
          redis@localhost  [remote]
          redis@localhost  [remote]
          redis@localhost  fault ResponseError  [remote]
        """,
    ),
}

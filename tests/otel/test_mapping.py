"""What a span says becomes a subsegment: the attributes are those that libraries set, in the old and the new names.

They were read off opentelemetry-instrumentation-requests, -httpx, -botocore, -sqlalchemy, -redis and -fastapi 0.66,
azure-core 1.41 and pydantic-ai 2.68, with OTEL_SEMCONV_STABILITY_OPT_IN and without.
"""

from __future__ import annotations

from typing import Any

import pytest

from lambda_tracer import xray_recorder
from lambda_tracer.otel import described, mapping
from lambda_tracer.trace.subsegment import Subsegment
from lambda_tracer.xray import MAX_LINKS
from tests.daemon import Daemon
from tests.otel.spans import Kind, Span, said, told

REQUESTS_OLD = {
    "http.method": "GET",
    "http.url": "http://REDACTED:REDACTED@api.example:8080/orders?token=1",
    "user_agent.original": "python-requests/2.34.2",
    "http.status_code": 503,
}
REQUESTS_NEW = {
    "http.request.method": "GET",
    "url.full": "http://REDACTED:REDACTED@api.example:8080/orders?token=1",
    "user_agent.original": "python-requests/2.34.2",
    "server.address": "api.example",
    "network.peer.address": "10.0.0.7",
    "server.port": 8080,
    "network.peer.port": 8080,
    "http.response.status_code": 503,
    "error.type": "503",
    "network.protocol.version": "1.1",
}
BOTOCORE = {
    "rpc.system": "aws-api",
    "rpc.service": "DynamoDB",
    "rpc.method": "GetItem",
    "cloud.region": "eu-west-1",
    "server.address": "dynamodb.eu-west-1.amazonaws.com",
    "server.port": 443,
    "db.system": "dynamodb",
    "db.operation": "GetItem",
    "net.peer.name": "dynamodb.eu-west-1.amazonaws.com",
    "aws.dynamodb.table_names": ("orders",),
    "aws.request_id": "REQ1",
    "retry_attempts": 2,
    "http.status_code": 200,
}
SQS = {
    "rpc.system": "aws-api",
    "rpc.service": "SQS",
    "rpc.method": "SendMessage",
    "cloud.region": "eu-west-1",
    "aws.queue_url": "https://sqs.eu-west-1.amazonaws.com/1/q",
    "messaging.system": "aws.sqs",
    "messaging.destination": "q",
    "messaging.message.id": None,
    "retry_attempts": 0,
}
SQLALCHEMY = {
    "db.name": "shop",
    "db.statement": "insert into t values ('a@b')",
    "db.system": "postgresql",
    "db.operation": "insert shop",
    "db.user": "app",
    "net.peer.name": "db.example",
    "net.peer.port": 5432,
}
REDIS_OLD = {
    "db.statement": "SET ? ?\nGET ?",
    "db.redis.pipeline_length": 2,
    "db.system": "redis",
    "db.redis.database_index": 0,
    "net.peer.name": "localhost",
    "net.peer.port": 6379,
    "net.transport": "ip_tcp",
}
REDIS_NEW = {
    "db.query.text": "GET order-4111",
    "db.redis.args_length": 2,
    "db.system.name": "redis",
    "server.address": "localhost",
    "server.port": 6379,
    "network.transport": "tcp",
}
FASTAPI_OLD = {
    "http.scheme": "http",
    "http.host": "shop.example",
    "net.host.port": 80,
    "http.flavor": "1.1",
    "http.target": "/items/5?token=1",
    "http.method": "GET",
    "http.user_agent": "me",
    "net.peer.ip": "203.0.113.7",
    "net.peer.port": 50000,
    "http.route": "/items/{id}",
    "http.status_code": 404,
}
FASTAPI_NEW = {
    "url.scheme": "http",
    "server.address": "shop.example",
    "server.port": 80,
    "network.protocol.version": "1.1",
    "url.path": "/items/5",
    "url.query": "token=1",
    "http.request.method": "GET",
    "user_agent.original": "me",
    "client.address": "203.0.113.7",
    "client.port": 50000,
    "http.route": "/items/{id}",
    "http.response.status_code": 404,
}
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.agent.name": "a",
    "gen_ai.provider.name": "test",
    "gen_ai.request.model": "nova",
    "gen_ai.usage.input_tokens": 52,
    "gen_ai.usage.output_tokens": 4,
}

HTTP_BLOCK = {
    "request": {
        "method": "GET",
        "url": "http://api.example:8080/orders",
        "user_agent": "python-requests/2.34.2",
    },
    "response": {"status": 503},
}
SERVED = {
    "request": {"method": "GET", "url": "http://shop.example/items/5", "user_agent": "me"},
    "response": {"status": 404},
}

MAPPED: dict[str, tuple[str, Kind, dict[str, Any], dict[str, Any]]] = {
    "requests, old names": (
        "GET",
        Kind.CLIENT,
        REQUESTS_OLD,
        {"name": "api.example", "namespace": "remote", "fault": True, "http": HTTP_BLOCK},
    ),
    "requests, new names": (
        "GET",
        Kind.CLIENT,
        REQUESTS_NEW,
        {
            "name": "api.example",
            "namespace": "remote",
            "fault": True,
            "http": HTTP_BLOCK,
            "annotations": {"error.type": "503"},
            "metadata": {
                "default": {
                    "network.peer.address": "10.0.0.7",
                    "network.peer.port": 8080,
                    "network.protocol.version": "1.1",
                }
            },
        },
    ),
    "botocore, DynamoDB": (
        "DynamoDB.GetItem",
        Kind.CLIENT,
        BOTOCORE,
        {
            "name": "DynamoDB",
            "namespace": "aws",
            "http": {"response": {"status": 200}},
            "aws": {
                "operation": "GetItem",
                "table_name": "orders",
                "region": "eu-west-1",
                "request_id": "REQ1",
                "retries": 2,
            },
            "metadata": {
                "default": {
                    "db.system": "dynamodb",
                    "db.operation": "GetItem",
                    "server.address": "dynamodb.eu-west-1.amazonaws.com",
                    "server.port": 443,
                    "net.peer.name": "dynamodb.eu-west-1.amazonaws.com",
                }
            },
        },
    ),
    "botocore, SQS": (
        "SQS.SendMessage",
        Kind.CLIENT,
        SQS,
        {
            "name": "SQS",
            "namespace": "aws",
            "aws": {
                "operation": "SendMessage",
                "region": "eu-west-1",
                "queue_url": "https://sqs.eu-west-1.amazonaws.com/1/q",
            },
            "metadata": {"default": {"messaging.system": "aws.sqs", "messaging.destination": "q"}},
        },
    ),
    "sqlalchemy": (
        "insert shop",
        Kind.CLIENT,
        SQLALCHEMY,
        {
            "name": "shop@db.example",
            "namespace": "remote",
            "sql": {
                "database_type": "postgresql",
                "sanitized_query": "insert into t values (?)",
                "user": "app",
            },
            "metadata": {
                "default": {
                    "db.name": "shop",
                    "db.operation": "insert shop",
                    "net.peer.name": "db.example",
                    "net.peer.port": 5432,
                }
            },
        },
    ),
    "redis, a pipeline in old names": (
        "SET GET",
        Kind.CLIENT,
        REDIS_OLD,
        {
            "name": "redis@localhost",
            "namespace": "remote",
            "metadata": {
                "default": {
                    **{key: value for key, value in REDIS_OLD.items() if key != "db.statement"},
                    "db.operation.name": "SET GET",
                }
            },
        },
    ),
    "redis, a value in new names": (
        "GET",
        Kind.CLIENT,
        REDIS_NEW,
        {
            "name": "redis@localhost",
            "namespace": "remote",
            "metadata": {
                "default": {
                    **{key: value for key, value in REDIS_NEW.items() if key != "db.query.text"},
                    "db.operation.name": "GET",
                }
            },
        },
    ),
    "fastapi, old names": (
        "GET /items/{id}",
        Kind.SERVER,
        FASTAPI_OLD,
        {
            "name": "GET /items/id",
            "namespace": "local",
            "error": True,
            "http": SERVED,
            "metadata": {
                "default": {
                    "http.flavor": "1.1",
                    "http.route": "/items/{id}",
                    "otel.span.name": "GET /items/{id}",
                }
            },
        },
    ),
    "fastapi, new names": (
        "GET /items/{id}",
        Kind.SERVER,
        FASTAPI_NEW,
        {
            "name": "GET /items/id",
            "namespace": "local",
            "error": True,
            "http": SERVED,
            "metadata": {
                "default": {
                    "network.protocol.version": "1.1",
                    "http.route": "/items/{id}",
                    "otel.span.name": "GET /items/{id}",
                }
            },
        },
    ),
    "pydantic-ai": (
        "chat nova",
        Kind.CLIENT,
        CHAT,
        {
            "name": "chat nova",
            "namespace": "remote",
            "annotations": {
                "gen_ai.request.model": "nova",
                "gen_ai.usage.input_tokens": 52,
                "gen_ai.usage.output_tokens": 4,
            },
            "metadata": {
                "default": {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.agent.name": "a",
                    "gen_ai.provider.name": "test",
                }
            },
        },
    ),
}


@pytest.mark.parametrize("library", MAPPED)
def test_what_a_library_says_has_xrays_places(library: str, daemon: Daemon) -> None:
    name, kind, attributes, expected = MAPPED[library]

    assert said(daemon, attributes, name=name, kind=kind) == expected


@pytest.mark.parametrize(
    ("attributes", "kind", "expected"),
    [
        ({"aws.remote.service": "AWS::S3", "peer.service": "x"}, Kind.CLIENT, ("S3", "remote")),
        ({"aws.remote.service": "AWS.SDK.S3", "rpc.system": "aws-api"}, Kind.CLIENT, ("S3", "aws")),
        ({"aws.remote.service": "orders"}, Kind.PRODUCER, ("orders", "remote")),
        ({"aws.local.service": "shop", "aws.remote.service": "x"}, Kind.SERVER, ("shop", "local")),
        ({"aws.local.service": "shop"}, Kind.INTERNAL, ("own", "local")),
        ({"peer.service": "ledger", "server.address": "h"}, Kind.CLIENT, ("ledger", "remote")),
        ({"aws.service": "SNS"}, Kind.CLIENT, ("SNS", "aws")),
        ({"rpc.system": "grpc", "rpc.service": "shop.Orders"}, Kind.CLIENT, ("own", "remote")),
        (
            {"db.namespace": "shop", "server.address": "db", "db.system.name": "mysql"},
            Kind.CLIENT,
            ("shop@db", "remote"),
        ),
        ({"db.name": "shop", "db.system": "mongodb"}, Kind.CLIENT, ("shop", "remote")),
        ({"db.system": "mongodb"}, Kind.CLIENT, ("mongodb", "remote")),
        ({"server.address": "new", "net.peer.name": "old"}, Kind.CLIENT, ("new", "remote")),
        ({"http.host": "api.example:8080"}, Kind.CLIENT, ("api.example", "remote")),
        ({"url.full": "https://u:p@API.example/x"}, Kind.CLIENT, ("api.example", "remote")),
        ({"messaging.system": "kafka"}, Kind.CONSUMER, ("own", "local")),
        ({"server.address": ""}, Kind.CLIENT, ("own", "remote")),
        ({"server.address": "<script>" + "x" * 300}, Kind.CLIENT, ("script" + "x" * 194, "remote")),
    ],
)
def test_the_name_and_the_namespace_are_there_from_the_beginning(
    attributes: dict[str, Any], kind: Kind, expected: tuple[str, str], daemon: Daemon
) -> None:
    span = Span("own", kind, attributes)

    assert mapping.begin_name("own", kind, attributes) == expected
    assert (told(daemon, span)["name"], told(daemon, span)["namespace"]) == expected


def test_what_is_set_after_the_beginning_counts(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("GET") as subsegment:
        assert isinstance(subsegment, Subsegment)
        mapping.describe(subsegment, Span("renamed", attributes={"server.address": "late"}))
        mapping.describe(subsegment, Span("renamed", Kind.INTERNAL))

    assert daemon.subsegment("renamed")["namespace"] == "local"


@pytest.mark.parametrize("name", ["http.status_code", "http.response.status_code"])
@pytest.mark.parametrize(
    ("status", "code", "flags"),
    [
        (200, "UNSET", set()),
        (200, "ERROR", {"fault"}),
        (404, "ERROR", {"error"}),
        (429, "UNSET", {"error", "throttle"}),
        (500, "UNSET", {"fault"}),
        ("503", "OK", {"fault"}),
        (None, "ERROR", {"fault"}),
        (None, "OK", set()),
        (True, "UNSET", set()),
    ],
)
def test_the_flags_follow_the_status(
    name: str, status: Any, code: str, flags: set[str], daemon: Daemon
) -> None:
    document = said(daemon, {name: status}, status_code=code)

    assert {"fault", "error", "throttle"} & document.keys() == flags


def test_a_subsegment_that_has_ended_stays_as_it_is(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        pass
    assert isinstance(subsegment, Subsegment)

    mapping.describe(subsegment, Span("other", attributes={"a": 1}, status_code="ERROR"))

    assert (subsegment.name, subsegment.captured, subsegment.fault) == ("work", (), False)
    assert daemon.subsegment("work")["name"] == "work"


def test_annotations_are_what_is_listed_and_a_few_short_facts(daemon: Daemon) -> None:
    document = said(
        daemon,
        {
            "aws.xray.annotations": ["Order", "shop-id", "list", "missing", 7],
            "Order": "A-7",
            "shop-id": 3,
            "list": [1],
            "error.type": "timeout",
            "messaging.destination.name": "orders",
            "paid": True,
        },
        kind=Kind.INTERNAL,
    )

    assert document["annotations"] == {
        "Order": "A-7",
        "shop_id": 3,
        "error.type": "timeout",
        "messaging.destination.name": "orders",
    }
    assert document["metadata"]["default"] == {"list": [1], "paid": True}


def test_metadata_in_json_has_its_namespace(daemon: Daemon) -> None:
    document = said(
        daemon,
        {
            "aws.xray.metadata.mine": '{"a": [1, {"password": "x"}], "token": "y"}',
            "aws.xray.metadata.text": "no JSON",
            "aws.xray.metadata.AWS.x": '{"refused": 1}',
        },
        kind=Kind.INTERNAL,
    )

    assert document["metadata"] == {
        "mine": {"a": [1, {"password": "[redacted]"}], "token": "[redacted]"},
        "text": {"value": "no JSON"},
        "default": {"refused": 1},
    }


def test_events_that_are_no_exceptions_are_metadata(daemon: Daemon) -> None:
    events = [
        (f"e{number}", {"n": number, "api_key": "k"}, 1_700_000_000_500_000_000) for number in range(40)
    ]

    metadata = said(daemon, {}, events=events)["metadata"]

    assert metadata["default"]["events"][1] == {
        "name": "e1",
        "time": 1700000000.5,
        "attributes": {"n": 1, "api_key": "[redacted]"},
    }
    assert len(metadata["default"]["events"]) == described.MAX_EVENTS
    assert metadata["lambda_tracer"] == {"events_left_out": 40 - described.MAX_EVENTS}


def test_links_say_what_was_said_of_them(daemon: Daemon) -> None:
    links: list[Any] = [
        (1, 2, {"why": "batch", "password": "x", "url": "https://u:p@h/x?y"}),
        (0, 2, {}),
        ("no number", 2, {}),
        (3, 4, {"long": "x" * 600}),
        *((5, number, {}) for number in range(30)),
    ]

    found = said(daemon, {}, links=links)["links"]

    assert found[:2] == [
        {
            "trace_id": "1-00000000-000000000000000000000001",
            "id": "0000000000000002",
            "attributes": {"why": "batch", "password": "[redacted]", "url": "https://h/x"},
        },
        {"trace_id": "1-00000000-000000000000000000000003", "id": "0000000000000004"},
    ]
    assert len(found) == MAX_LINKS


def test_what_a_user_put_on_the_subsegment_stays(daemon: Daemon) -> None:
    def during(subsegment: Any) -> None:
        subsegment.put_annotation("Order", "A-7")
        subsegment.put_metadata("paid", True)
        subsegment.set_aws({"operation": "mine", "resource": "r"})
        subsegment.links = (("1-00000000-000000000000000000000009", "0000000000000009"),)

    span = Span(attributes={"aws.region": "eu-west-1", "paid": 2}, links=[(1, 2, {})])
    document = told(daemon, span, during)

    assert document["annotations"] == {"Order": "A-7"}
    assert document["metadata"]["default"] == {"paid": 2, "paid'": True}
    assert document["aws"] == {"operation": "mine", "resource": "r", "region": "eu-west-1"}
    assert [link["id"] for link in document["links"]] == ["0000000000000009", "0000000000000002"]


def test_sql_has_no_text_where_it_is_switched_off(daemon: Daemon) -> None:
    xray_recorder.configure(stream_sql=False)

    assert said(daemon, SQLALCHEMY)["sql"] == {"database_type": "postgresql", "user": "app"}


def test_the_client_is_named_where_that_is_asked_for(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_TRACER_CLIENT_IP", "true")

    request = said(daemon, FASTAPI_NEW, kind=Kind.SERVER)["http"]["request"]

    assert request["client_ip"] == "203.0.113.7"

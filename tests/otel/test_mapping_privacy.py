"""What is never recorded of a span: contents, values, credentials, and who a client is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_tracer.otel import privacy
from tests.daemon import Daemon
from tests.otel.spans import Kind, said

SECRET = "4111-secret"

NEVER: dict[str, dict[str, Any]] = {
    "pydantic-ai's conversation": {
        "gen_ai.input.messages": f'[{{"role":"user","parts":[{{"content":"{SECRET}"}}]}}]',
        "gen_ai.output.messages": SECRET,
        "gen_ai.system_instructions": SECRET,
        "gen_ai.tool.definitions": SECRET,
        "gen_ai.tool.call.arguments": SECRET,
        "gen_ai.tool.call.result": SECRET,
        "pydantic_ai.all_messages": SECRET,
        "all_messages_events": SECRET,
        "events": SECRET,
        "final_result": SECRET,
        "tool_arguments": SECRET,
        "tool_response": SECRET,
        "model_request_parameters": SECRET,
        "logfire.msg": SECRET,
    },
    "other agents' conversations": {
        "gen_ai.prompt": SECRET,
        "gen_ai.completion": SECRET,
        "gen_ai.prompt.0.content": SECRET,
        "gen_ai.something.new": SECRET,
        "gen_ai.request.stop_sequences": (SECRET,),
        "system_prompt": SECRET,
        "llm.input_messages.0.message.content": SECRET,
        "llm.prompts": SECRET,
        "input.value": SECRET,
        "output.value": SECRET,
        "traceloop.entity.input": SECRET,
    },
    "messages and bodies": {
        "messaging.message.body": SECRET,
        "messaging.kafka.message.key": SECRET,
        "http.request.body": SECRET,
        "http.response.body": SECRET,
        "rpc.message.payload": SECRET,
    },
    "headers": {
        "http.request.header.authorization": (SECRET,),
        "http.request.header.cookie": (SECRET,),
        "http.request.header.x-api-key": [SECRET],
        "http.response.header.set_cookie": (SECRET,),
        "http.request.header.referer": (f"https://h/x?{SECRET}",),
        "http.response.header.location": f"https://{SECRET}:x@h/x",
    },
    "URLs": {
        "url.full": f"https://{SECRET}@h/x?{SECRET}#{SECRET}",
        "url.query": SECRET,
        "url.fragment": SECRET,
        "http.target": f"/x?{SECRET}",
        "some.url": f"postgresql://u:{SECRET}@h/db",
        "messaging.url": f"amqp://u:{SECRET}@h",
        "urls": (f"https://h?{SECRET}",),
    },
    "values of statements": {
        "db.system": "postgresql",
        "db.statement": f"select * from t where card = '{SECRET}'",
        "db.query.parameter.0": SECRET,
        "db.query.parameter.name": SECRET,
        "db.statement.parameters": SECRET,
    },
    "values of commands": {"db.system.name": "redis", "db.query.text": f"SET {SECRET} {SECRET}"},
    "documents": {"db.system": "mongodb", "db.statement": f'find {{"card": "{SECRET}"}}'},
    "a query in JSON": {"db.system": "elasticsearch", "db.statement": f'{{"query": "{SECRET}"}}'},
    "a query that is one word": {"db.system": "elasticsearch", "db.statement": SECRET},
    "connections": {
        "db.system": "mssql",
        "db.connection_string": f"Server=db;User Id=app;Password={SECRET};Database=shop",
    },
    "connections that quote": {
        "db.system": "mssql",
        "db.connection_string": f"Server=db;Password='a;Database={SECRET}'",
    },
    "connections of others": {
        "db.system": "redis",
        "db.connection_string": f"redis://u:{SECRET}@h:6379?x={SECRET}",
    },
    "secrets by their names": {
        "user.password": SECRET,
        "api.key": SECRET,
        "token": SECRET,
        "config": {"password": SECRET},
        "pin": 4111,
    },
    "commands with arguments": {"process.command_line": SECRET, "process.command_args": (SECRET,)},
    "an object's key": {"aws.s3.key": SECRET, "rpc.system": "aws-api"},
    "an exception in attributes": {"exception.stacktrace": SECRET, "error.message": SECRET},
}


@pytest.mark.parametrize("what", NEVER)
@pytest.mark.parametrize("kind", [Kind.CLIENT, Kind.INTERNAL])
def test_it_is_never_recorded(what: str, kind: Kind, daemon: Daemon) -> None:
    document = json.dumps(said(daemon, NEVER[what], kind=kind))

    assert SECRET not in document
    assert "4111" not in document


@pytest.mark.parametrize("what", NEVER)
def test_nor_is_it_in_events_and_links(what: str, daemon: Daemon) -> None:
    attributes = {key: value for key, value in NEVER[what].items() if not key.startswith("db.")}
    document = said(daemon, {}, events=[("e", attributes, 1)], links=[(1, 2, attributes)])

    assert SECRET not in json.dumps(document)


@pytest.mark.parametrize(
    "name", ["gen_ai.user.message", "gen_ai.choice", "gen_ai.content.prompt", "gen_ai.client.x"]
)
def test_an_event_that_tells_what_was_said_has_only_its_name(name: str, daemon: Daemon) -> None:
    document = said(daemon, {}, events=[(name, {"content": SECRET, "x": SECRET}, 1_500_000_000)])

    assert document["metadata"]["default"]["events"] == [{"name": name, "time": 1.5}]


@pytest.mark.parametrize("kind", [Kind.SERVER, Kind.INTERNAL])
def test_who_a_client_is_is_not_recorded_of_a_span_that_serves_it(daemon: Daemon, kind: Kind) -> None:
    address = dict.fromkeys(
        ("client.address", "http.client_ip", "net.peer.ip", "net.sock.peer.addr"), "203.0.113.7"
    )

    assert "203.0.113.7" not in json.dumps(said(daemon, address, kind=kind))


KEPT: dict[str, Any] = {
    "gen_ai.usage.cache_read.input_tokens": 3,
    "gen_ai.aggregated_usage.input_tokens": 106,
    "gen_ai.request.temperature": 0.5,
    "gen_ai.tool.name": "look",
    "llm.token_count.prompt": 7,
    "http.request.body.size": 12,
    "http.request.header.x-request-id": ["r"],
    "messaging.message.id": "m",
    "messaging.message.body.size": 3,
    "body": "of a user's own",
    "note": "see https://h/x?y",
    "db.collection.name": "orders",
    "url.template": "/items/{id}",
}


def test_what_is_harmless_is_kept(daemon: Daemon) -> None:
    assert privacy.kept(KEPT) == KEPT


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("postgresql://u:p@h:5432/shop?sslmode=x", "postgresql://h:5432/shop"),
        ("jdbc:mysql://u:p@h/shop", "jdbc:mysql://h/shop"),
        ("host=h port=5432 dbname=shop user=app password=p", "host=h;port=5432;dbname=shop"),
        ("Server=h;Database=shop;Uid=app;Pwd=p", "Server=h;Database=shop"),
        ("p", ""),
    ],
)
def test_a_connection_string_says_where_the_database_is(text: str, kept: str) -> None:
    assert privacy.connection_of(text) == kept


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("SET ? ?\nGET ?\nGET ?", "SET GET"),
        ("db.orders.find({})", ""),
        ("find", "find"),
        ('{"x": 1}', ""),
        ("", ""),
        (None, ""),
        ("A" * 33, ""),
    ],
)
def test_a_command_is_the_first_word_of_a_line(text: Any, commands: str) -> None:
    assert privacy.command_of(text) == commands

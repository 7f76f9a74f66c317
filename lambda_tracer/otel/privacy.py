"""What is never recorded of a span's attributes: contents, values, credentials, and who a client is.

A library that sets them sets them for whoever listens. What leaves the function is what the promises of this package
allow, wherever it comes from: no payload, no row, no query string, no secret under its name.
"""

from __future__ import annotations

import re

from ..encode import redaction
from ..patches.http.address import Address
from .facts import items_of, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_CONTENT_TEXT = (
    # what is asked of models, and what they answer
    "final_result model_request_parameters system_prompt tool_arguments tool_response all_messages_events events"
    " input.value output.value traceloop.entity.input traceloop.entity.output logfire.msg logfire.json_schema"
    # messages, requests, parts of URLs
    " message.body messaging.kafka.message.key messaging.kafka.message_key url.query url.fragment http.target.query"
    # statements with values, commands with arguments
    " graphql.document graphql.source process.command process.command_line process.command_args"
    " db.elasticsearch.doc_id db.statement.parameters db.sql.parameters db.params db.query.parameters"
    # what `errors` reads, of an exception that is told by attributes; an object's key in S3
    " exception.message exception.stacktrace error.message aws.s3.key"
)
_CONTENTS = frozenset(_CONTENT_TEXT.split())
"""Attributes that hold contents, values, or texts composed of them."""

_AREAS_OF_CONTENTS = (
    *("db.query.parameter.", "db.elasticsearch.path_parts.", "db.cosmosdb.query", "graphql.variable"),
    *(
        "llm.input_messages",
        "llm.output_messages",
        "llm.prompt",
        "llm.completion",
        "llm.invocation_parameters",
    ),
    *("retrieval.documents", "embedding.embeddings", "reranker.", "tool.parameters", "pydantic_ai."),
)
"""How names of such attributes begin."""

_LAST_WORDS = frozenset(("body", "payload", "content", "contents", "arguments", "message"))
_OF_MESSAGES = ("http.", "messaging.", "rpc.", "faas.", "llm.", "cloudevents.")
"""How names begin of attributes that hold contents if such a word is the last of theirs."""

_OF_MODEL_TEXT = (
    "operation.name system provider.name request.model response.model response.id response.finish_reasons"
    " request.encoding_formats request.choice.count output.type token.type agent.id agent.name agent.call.id"
    " agent.version conversation.id workflow.name data_source.id tool.name tool.type tool.call.id"
    " openai.request.service_tier openai.response.service_tier openai.response.system_fingerprint"
)
_OF_MODELS = frozenset(f"gen_ai.{name}" for name in _OF_MODEL_TEXT.split())
"""Texts under `gen_ai.` that name something. Whatever else is a text there may be of a conversation."""

_EVENTS_OF_MODELS = ("gen_ai.", "llm.content.")
"""How the names of events begin that tell what was said."""

_CLIENT_TEXT = (
    "client.address client.port http.client_ip net.peer.ip net.peer.port net.peer.name net.sock.peer.addr"
    " net.sock.peer.port net.sock.peer.name network.peer.address network.peer.port"
)
_CLIENT = frozenset(_CLIENT_TEXT.split())
"""Who a request came from, in a span that serves it."""

_URL = re.compile(r"[A-Za-z][\w+.-]{0,30}://")
MAX_ITEMS = 100
"""Members that are looked at of a sequence of texts."""


_ANY, _NUMBERS, _NEVER = range(3)

_known: dict[str, int] = {}
_MAX_KNOWN = 1_000
"""Names of attributes that are remembered: libraries set the same few. Names made of data must not fill the memory."""


def kept(attributes: Mapping[str, Any], *, serves: bool = False) -> dict[str, Any]:
    """The attributes that may be recorded, as they may be. `serves`: of a span that serves a request."""
    found: dict[str, Any] = {}
    for key, value in attributes.items():
        rule = _known.get(key)
        if rule is None:
            rule = _rule_of(key)
        if value is None or rule == _NEVER or (serves and key in _CLIENT):
            continue
        if rule == _ANY or is_number(value) or type(value) is bool:
            found[key] = shown(key, value)
    return found


def _rule_of(key: str) -> int:
    """Which values of an attribute are kept, by its name."""
    if key.startswith("gen_ai."):
        rule = _ANY if key in _OF_MODELS else _NUMBERS
    elif key in _CONTENTS or key.startswith(_AREAS_OF_CONTENTS):
        rule = _NEVER
    else:
        is_content = key.startswith(_OF_MESSAGES) and key.rpartition(".")[2] in _LAST_WORDS
        rule = _NEVER if is_content else _ANY
    if len(_known) < _MAX_KNOWN and len(key) <= 200:
        _known[key] = rule
    return rule


def is_event_of_content(name: str) -> bool:
    """Whether an event tells what was said to a model, or by it."""
    return name.startswith(_EVENTS_OF_MODELS)


def shown(key: str, value: Any) -> Any:
    """The value, unless the name is a secret's; URLs, and paths of requests, without credentials and queries."""
    if redaction.is_secret(key) and not _counts_tokens(key, value):
        return redaction.REDACTED
    if type(value) is str:
        return _without_query(key, value)
    items = items_of(value)
    if items is None:
        return value
    some = [_without_query(key, item) if type(item) is str else item for item in items[:MAX_ITEMS]]
    return some if len(items) <= MAX_ITEMS else [*some, f"... {len(items) - MAX_ITEMS} more"]


def is_number(value: object) -> bool:
    """Whether a value is an int or a float. Types are compared by identity: one of a user's may compare itself."""
    kind = type(value)
    return kind is int or kind is float


def _without_query(key: str, text: str) -> str:
    if key == "http.target":
        return text.partition("?")[0]
    return Address(text).url if "://" in text and _URL.match(text) else text


def _counts_tokens(key: str, value: object) -> bool:
    """Whether the name is a secret's only because it is about tokens, and the value is their number."""
    return is_number(value) and not redaction.is_secret(key.lower().replace("token", ""))


def connection_of(text: str) -> str:
    """A connection string without credentials: a URL's, or of settings those that say where the database is."""
    if "://" in text:
        return Address(text).url
    found = []
    for setting in text.split(";") if ";" in text else text.split():
        name, is_set, value = setting.partition("=")
        if any(quote in setting for quote in "'\"{"):
            break  # where it ends can't be told, nor what the rest belongs to
        if is_set and name.strip().lower() in _SETTINGS:
            found.append(f"{name.strip()}={value.strip()}")
    return ";".join(found)


_SETTINGS = frozenset(
    ("server", "data source", "host", "hostaddr", "address", "addr", "network address", "port", "dbname")
) | frozenset(("database", "initial catalog", "driver", "db", "sslmode", "encrypt"))


_COMMAND = re.compile(r"[A-Za-z][A-Za-z_.]{0,31}")
_MAX_COMMANDS = 20


def command_of(text: object) -> str:
    """The names of the commands in the text of a query that is no SQL: of each line the first word, if it is one."""
    found: list[str] = []
    for line in text_of(text)[:10_000].splitlines()[:200]:
        word = (line.split(None, 1) or [""])[0]
        if word not in found and len(found) < _MAX_COMMANDS and _COMMAND.fullmatch(word):
            found.append(word)
    return " ".join(found)

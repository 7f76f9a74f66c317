"""The blocks of a span: what X-Ray has places for, http, aws and sql, as the attributes say it.

URLs have neither query nor credentials. Whatever else is not to be recorded, `mapping` takes out: what others have sent
stands in them as it was sent.
"""

from __future__ import annotations

from ..patches.http.address import DEFAULT_PORTS, Address
from .conventions import SQL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .facts import Facts

_AWS = {
    "region": "region",
    "request_id": "request id",
    "queue_url": "queue",
    "table_name": "table",
    "table_names": "tables",
    "bucket_name": "bucket",
    "key": "key",
}


def http_of(facts: Facts) -> dict[str, dict[str, Any]]:
    """`request` and `response` of X-Ray's `http`; the URL has neither query nor credentials."""
    if facts.areas.isdisjoint(("http", "url", "user_agent", "client")):
        return {}
    request: dict[str, Any] = {}
    method = facts.take_text("method")
    if method:
        request["method"] = method
        url = _url(facts)
        if url:
            request["url"] = url
    for key, fact in (("user_agent", "user agent"), ("client_ip", "client")):
        text = facts.take_text(fact)
        if text:
            request[key] = text
    response: dict[str, Any] = {}
    for key, fact in (("status", "status"), ("content_length", "length")):
        value = facts.take(fact)
        if value is not None:
            response[key] = value
    return {name: block for name, block in (("request", request), ("response", response)) if block}


def _url(facts: Facts) -> str:
    """Put together where it is not given whole."""
    whole = facts.take_text("url")
    scheme = facts.take_text("scheme") or "http"
    host = facts.take_text("authority")
    port = facts.take("port")
    path = facts.take_text("path")
    facts.take("query")
    if not whole and host:
        is_usual = type(port) is not int or port == DEFAULT_PORTS.get(scheme) or ":" in host
        whole = f"{scheme}://{host}{'' if is_usual else f':{port}'}{path}"
    return Address(whole or path).url if whole or path else ""


def sql_of(facts: Facts) -> dict[str, str]:
    """X-Ray's `sql`, of databases that are asked in SQL."""
    if "db" not in facts.areas:
        return {}
    system = facts.peek_text("database system")
    if system not in SQL:
        return {}
    facts.take("database system")
    found = {"database_type": system}
    for key, fact in (
        ("user", "database user"),
        ("sanitized_query", "query text"),
        ("connection_string", "connection string"),
    ):
        text = facts.take_text(fact)
        if text:
            found[key] = Address(text).url if fact == "connection string" and "://" in text else text
    return found


def aws_of(facts: Facts) -> dict[str, Any]:
    """X-Ray's `aws`, as far as it is about a call."""
    if facts.areas.isdisjoint(("aws", "rpc")):
        return {}
    is_call = facts.is_aws
    found: dict[str, Any] = {}
    operation = facts.take("operation")
    if is_call:
        operation = operation or facts.take("rpc method")
    if operation is not None:
        found["operation"] = operation
    for key, fact in _AWS.items():
        value = facts.take(fact)
        if value is not None:
            found[key] = value
    if is_call:
        for fact in ("rpc system", "rpc service", "rpc method", "aws service"):
            facts.take(fact)
    return found

"""The document that a span of lambda_tracer was made of: what `LAMBDA_TRACER_WIRE=otlp` sends, turned back.

X-Ray would name a call as Application Signals does, and the handler as the function. So it does with the spans of
others; of its own tracer a developer wants to see the trace that the function recorded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lambda_tracer.local.receive.documents import Document
from lambda_tracer.local.receive.otlp.segment_document import document_of
from lambda_tracer.local.receive.otlp.span import INTERNAL, SERVER, Span

SCOPE = "lambda_tracer"
"""What made the spans, as they say themselves."""

_ADDED = ("aws.local.", "aws.remote.", "aws.span.kind", "http.request.method", "url.full")
"""Attributes for Application Signals, and names for what is there under another one: no document has them."""

_HTTP = {
    "http.method": ("request", "method"),
    "http.url": ("request", "url"),
    "user_agent.original": ("request", "user_agent"),
    "client.address": ("request", "client_ip"),
    "aws.xray.x_forwarded_for": ("request", "x_forwarded_for"),
    "http.status_code": ("response", "status"),
    "http.response.body.size": ("response", "content_length"),
}
_SQL = {"db.system": "database_type", "db.statement": "sanitized_query", "db.connection_string": "url"}
_NO_SQL = ("redis", "mongodb")
_FLAGS = ("fault", "error", "throttle")


def own_document_of(span: Span) -> Document:
    """The document. It is a subsegment, which the handler is, too."""
    listed = span.attributes.get("aws.xray.annotations")
    annotated = listed if isinstance(listed, list) else []
    attributes: dict[str, Any] = {}
    http: dict[str, dict[str, Any]] = {}
    sql: dict[str, Any] = {}
    for name, value in span.attributes.items():
        if name in annotated or name == "http.response.status_code":
            attributes[name] = value
        elif name in _HTTP:
            block, key = _HTTP[name]
            http.setdefault(block, {})[key] = value
        elif name.startswith("db."):
            sql[_SQL.get(name, name.removeprefix("db."))] = value
        elif not name.startswith(_ADDED):
            attributes[name] = value
    flags = [flag for flag in _FLAGS if attributes.pop(f"aws.xray.{flag}", None) is True]
    kind = INTERNAL if span.kind == SERVER else span.kind
    document = document_of(replace(span, name="", kind=kind, scope="", attributes=attributes))
    document["name"] = span.name
    document |= dict.fromkeys(flags, True)
    document.pop("http", None)  # the status alone, by which `document_of` knows the flags
    if http:
        document["http"] = http
    if sql and sql.get("database_type") not in _NO_SQL:
        document["sql"] = sql
    metadata = document.get("metadata", {})
    default = metadata.get("default", {})
    for name in [name for name in attributes if name in default and name.startswith("aws.")]:
        document.setdefault("aws", {})[name.removeprefix("aws.")] = default.pop(name)
    if not default:
        metadata.pop("default", None)
    if not metadata:
        document.pop("metadata", None)
    return document

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

_ADDED = ("aws.local.", "aws.remote.", "aws.span.kind")
"""Attributes for Application Signals, which no document has."""

_FLAGS = ("fault", "error", "throttle")
_BLOCKS = {"aws.": "aws", "db.": "sql", "http.": "http"}
_SQL = {"system": "database_type", "statement": "sanitized_query"}


def own_document_of(span: Span) -> Document:
    """The document. It is a subsegment, which the handler is, too."""
    listed = span.attributes.get("aws.xray.annotations")
    annotated = listed if isinstance(listed, list) else []
    attributes: dict[str, Any] = {
        name: value
        for name, value in span.attributes.items()
        if not name.startswith(_ADDED) or name in annotated
    }
    flags = [flag for flag in _FLAGS if attributes.pop(f"aws.xray.{flag}", None) is True]
    kind = INTERNAL if span.kind == SERVER else span.kind
    document = document_of(replace(span, kind=kind, scope="", attributes=attributes))
    document["name"] = span.name
    document |= dict.fromkeys(flags, True)
    metadata = document.get("metadata", {})
    default = metadata.get("default", {})
    default.pop("otel.span.name", None)
    for name in [name for name in attributes if name in default]:
        for prefix, block in _BLOCKS.items():
            if name.startswith(prefix):
                key = name.removeprefix(prefix)
                document.setdefault(block, {})[_SQL.get(key, key)] = default.pop(name)
    if document.get("sql", {}).keys() == {"database_type"}:  # of a call that is none of SQL
        del document["sql"]
    if not default:
        metadata.pop("default", None)
    if not metadata:
        document.pop("metadata", None)
    return document

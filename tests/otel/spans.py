"""Spans that end, in plain values, and the documents that come of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from lambda_tracer import xray_recorder
from lambda_tracer.otel import mapping
from lambda_tracer.trace.subsegment import Subsegment
from tests.daemon import Daemon
from tests.documents import Document

Kind = Enum("Kind", ["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"])
"""As `opentelemetry.trace.SpanKind` has them."""


@dataclass
class Span:
    """What the bridge gives to the mapping."""

    name: str = "span"
    kind: Kind = Kind.CLIENT
    attributes: dict[str, Any] = field(default_factory=dict)
    events: list[tuple[str, dict[str, Any], int]] = field(default_factory=list)
    status_code: str = "UNSET"
    status_description: str | None = None
    links: list[tuple[int, int, dict[str, Any]]] = field(default_factory=list)


def told(daemon: Daemon, span: Span, during: Any = None) -> Document:
    """The document of a span that was open, and did `during` to its subsegment meanwhile."""
    daemon.clear()
    name, namespace = mapping.begin_name(span.name, span.kind, span.attributes)
    with xray_recorder.in_subsegment(name, namespace=namespace) as subsegment:
        assert isinstance(subsegment, Subsegment)
        if during is not None:
            during(subsegment)
        mapping.describe(subsegment, span)
    [document] = daemon.subsegments()
    return document


def said(daemon: Daemon, attributes: dict[str, Any], **span: Any) -> Document:
    """What a document says because of attributes: what every document says is left out."""
    document = told(daemon, Span(attributes=attributes, **span))
    every = ("id", "trace_id", "parent_id", "type", "start_time", "end_time", "in_progress")
    return {key: value for key, value in document.items() if key not in every}

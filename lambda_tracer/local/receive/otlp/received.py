"""Received spans as documents: what a datagram holds in the place of one, and what X-Ray would hold against each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lambda_tracer.local.receive.documents import Document, problems_of
from lambda_tracer.local.receive.otlp.own_document import SCOPE, own_document_of
from lambda_tracer.local.receive.otlp.segment_document import document_of
from lambda_tracer.local.receive.otlp.span import Span, read_base64
from lambda_tracer.local.receive.otlp.wire import WireError

SAMPLED, UNSAMPLED = b"T1S", b"T1U"
"""What spans begin with where X-Ray's documents are expected."""


class Received(NamedTuple):
    """A span: the document that X-Ray makes of it, and the bytes in which it came; 0 if that is not known."""

    document: Document
    size_bytes: int
    problems: list[str]


def is_spans(text: bytes) -> bool:
    """Whether these are spans, in the place of a document."""
    return text[:3] in (SAMPLED, UNSAMPLED)


def in_text(text: bytes) -> list[Received]:
    """The spans that stand in the place of a document; a `WireError` if they can't be read, or if there are none."""
    found = list(received(read_base64(text[3:]), text.startswith(SAMPLED)))
    if not found:
        raise WireError("it holds none")
    return found


def received(spans: Iterable[Span], is_sampled: bool = True) -> Iterator[Received]:
    """Each of the spans; a `WireError` at the first that is none."""
    for span in spans:
        if not span.trace_id or not span.span_id:
            raise WireError("a span in it has no trace id, or no id of its own")
        document = own_document_of(span) if span.scope == SCOPE else document_of(span)
        problems = problems_of(document)
        if not is_sampled:
            problems.append("is not sampled")
        yield Received(document, span.size_bytes, problems)

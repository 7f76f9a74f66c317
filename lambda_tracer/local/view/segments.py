"""Segments: a trace as documents, each segment with everything below it embedded, as X-Ray gives them back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from lambda_tracer.local.receive.documents import Document
from lambda_tracer.local.receive.json_value import quick_json
from lambda_tracer.local.receive.trace import MAX_EMBEDDED_LEVELS
from lambda_tracer.local.view.calls import calls_of
from lambda_tracer.local.view.joined_trace import (
    MISSING,
    SEGMENT,
    SUBSEGMENT,
    XRAY_TRACE_BYTES,
    Entry,
    JoinedTrace,
)
from lambda_tracer.local.view.summary import end_of, start_of


def segments_of(trace: JoinedTrace) -> list[Document]:
    """The documents. What is below a parent that never came, or nested too deeply, is one of its own."""
    found: list[Document] = []
    # By entry: its document, and how many are around it.
    placed: dict[int, tuple[Document, int]] = {}
    for entry in trace.entries:
        if entry.kind == MISSING:
            continue
        document = {key: value for key, value in entry.node.document.items() if key != "subsegments"}
        around, level = placed.get(id(entry.parent), (None, 0))
        if around is None or entry.kind == SEGMENT or level == MAX_EMBEDDED_LEVELS:
            placed[id(entry)] = document, 1
            found.append(_alone(document, entry, trace.id))
        else:
            for key in ("trace_id", "parent_id", "type"):
                document.pop(key, None)
            placed[id(entry)] = document, level + 1
            around.setdefault("subsegments", []).append(document)
    return found


def inferred_segments_of(trace: JoinedTrace) -> Iterator[Document]:
    """What X-Ray adds for services that were called and sent nothing: a segment made from the caller's subsegment."""
    for visit in calls_of(trace).visits:
        entry = visit.entry
        if not visit.is_inferred or entry.kind != SUBSEGMENT:
            continue
        kept = ("name", "start_time", "end_time", "in_progress", "fault", "error", "throttle", "http", "aws")
        document = {key: entry.node.document[key] for key in kept if key in entry.node.document}
        yield {
            "id": hashlib.sha256(entry.id.encode()).hexdigest()[:16],
            **document,
            "trace_id": trace.id,
            "parent_id": entry.id,
            "origin": visit.type,
            "inferred": True,
        }


def _alone(document: Document, entry: Entry, trace_id: str) -> Document:
    document["trace_id"] = trace_id
    if entry.kind == SUBSEGMENT:
        document["type"] = "subsegment"
        if entry.parent is not None:
            document["parent_id"] = entry.parent.id
    return document


def batch_trace(trace: JoinedTrace, has_inferred: bool) -> dict[str, Any]:
    """A trace as BatchGetTraces gives it; `has_inferred`: with the segments that X-Ray adds itself.

    https://docs.aws.amazon.com/xray/latest/api/API_Trace.html
    """
    documents = segments_of(trace) + (list(inferred_segments_of(trace)) if has_inferred else [])
    return {
        "Id": trace.id,
        "Duration": round(end_of(trace) - start_of(trace), 3),
        "LimitExceeded": trace.size_bytes > XRAY_TRACE_BYTES,
        "Segments": [
            {"Id": str(document.get("id", "")), "Document": quick_json(document)} for document in documents
        ],
    }

"""Everything that is known of one trace: what the page shows of it, and what an export holds."""

from __future__ import annotations

from typing import Any

from lambda_tracer.clock import clock
from lambda_tracer.local.view.calls import calls_of
from lambda_tracer.local.view.critical_path import critical_path
from lambda_tracer.local.view.graph import Graph
from lambda_tracer.local.view.joined_trace import Entry, JoinedTrace
from lambda_tracer.local.view.summary import is_cold_start, summary_of

_LEFT_OUT = {"subsegments", "trace_id", "parent_id"}
"""Of a document: what the tree says already."""

_FLAGS = ("fault", "error", "throttle")


def details_of(trace: JoinedTrace) -> dict[str, Any]:
    """For JSON: the trace's summary, its nodes in the order of a waterfall, and what was worked out from them."""
    entries = trace.entries
    return {
        "summary": summary_of(trace),
        "nodes": [_node(entry) for entry in entries],
        "problems": trace.problems,
        "critical_path": critical_path(entries, clock.now()),
        "graph": Graph.of([calls_of(trace)]).to_dict(),
        "invocations": trace.invocations,
    }


def _node(entry: Entry) -> dict[str, Any]:
    document = entry.node.document
    return {
        "id": entry.id,
        "parent": None if entry.parent is None else entry.parent.id,
        "kind": entry.kind,
        "name": entry.node.name,
        "service": entry.service,
        "origin": _text(document.get("origin")),
        "namespace": _text(document.get("namespace")),
        "start": entry.start,
        "end": entry.end,
        "in_progress": entry.end is None,
        **{flag: entry.has(flag) for flag in _FLAGS},
        "cold_start": is_cold_start(entry),
        "count": 1,
        "document": {key: value for key, value in document.items() if key not in _LEFT_OUT},
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None

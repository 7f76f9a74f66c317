"""BatchGetTraces: whole traces, as segment documents in JSON.

https://docs.aws.amazon.com/xray/latest/api/API_BatchGetTraces.html
"""

from __future__ import annotations

from typing import Any

from lambda_tracer.local.view.segments import batch_trace
from lambda_tracer.local.view.store import Store
from lambda_tracer.local.view.xray_api.arguments import Arguments, texts

MAX_TRACES = 5
"""In one call."""


def batch_get_traces(arguments: Arguments, store: Store) -> dict[str, Any]:
    """The traces that are here; the ids of the others are told."""
    ids = list(dict.fromkeys(texts(arguments, "TraceIds", MAX_TRACES)))
    with store.lock:
        found = [trace for trace in map(store.get, ids) if trace is not None]
        return {
            "Traces": [batch_trace(trace, has_inferred=True) for trace in found],
            "UnprocessedTraceIds": [trace_id for trace_id in ids if store.get(trace_id) is None],
        }

"""An outcome as a view takes it, and what takes it: the page in a file, or a view that runs."""

from __future__ import annotations

from typing import Any

from lambda_tracer.local.receive.documents import TRACE_ID, Document
from lambda_tracer.local.run.session import Outcome
from lambda_tracer.local.show.report import report_line
from lambda_tracer.local.view.exports import html_of_invocations
from lambda_tracer.local.view.hand_over import HandOverFailed

__all__ = ["HandOverFailed", "as_posted", "html_of_invocations"]


def as_posted(outcome: Outcome) -> dict[str, Any]:
    """An invocation with its documents, and what is known of it beside them."""
    invocation = outcome.invocation
    return {
        "trace_id": outcome.tracing.trace_id,
        "request_id": invocation.request_id,
        # What names no trace is told in the report, and is part of none.
        "documents": [document for document in outcome.documents if _has_trace(document)],
        "result": None if outcome.is_interrupted else outcome.payload_text,
        "log": outcome.log,
        "report": report_line(outcome),
        "event": invocation.event.decode("utf-8", "replace"),
        "failed": outcome.has_failed,
    }


def _has_trace(document: Document) -> bool:
    trace_id = document.get("trace_id")
    return isinstance(trace_id, str) and TRACE_ID.fullmatch(trace_id) is not None

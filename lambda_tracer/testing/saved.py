"""Traces in a file: as `lambda-tracer view` opens them, and as a page of its own.

Lambda writes two segments above what a function sends. They are added here, as `lambda-tracer invoke` does, so that a
saved trace is one tree.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..local.receive import invocation as received
from ..local.receive import json_value
from ..local.receive.documents import TRACE_ID, Document
from ..local.receive.trace import Trace, as_documents
from ..local.run.function import FunctionSettings
from ..local.run.tracing import Tracing, lambda_segments
from .invocation import Invocation

DEFAULT_FUNCTION_NAME = "test-function"


def as_json(invocations: Iterable[Invocation]) -> str:
    """The form of `invoke --json`."""
    return json_value.as_json({"invocations": [_described(each) for each in invocations]}, indent=2) + "\n"


def as_html(invocations: Iterable[Invocation]) -> str:
    """The page with those of which something was sent."""
    # The view only where a page is made.
    from ..local.view.exports import html_of_invocations

    return html_of_invocations(_handed_over(each) for each in invocations if each)


def _described(invocation: Invocation) -> dict[str, Any]:
    trace = Trace(invocation.trace_id)
    elsewhere = Trace("")
    for document in [*_segments(invocation), *invocation.documents]:
        (trace if document.get("trace_id") == invocation.trace_id else elsewhere).add(document)
    return {
        "trace_id": invocation.trace_id,
        "trace_header": invocation.header,
        "cold_start": invocation.cold_start,
        "failed": bool(_failed(invocation)),
        "result": _result(invocation),
        "segments": as_documents(trace.roots()),
        "other_traces": as_documents(elsewhere.roots()),
    }


def _handed_over(invocation: Invocation) -> dict[str, Any]:
    sent = [
        each
        for each in invocation.documents
        if isinstance(each.get("trace_id"), str) and TRACE_ID.fullmatch(each["trace_id"])
    ]
    return {
        "trace_id": invocation.trace_id,
        "documents": [*_segments(invocation), *sent],
        "result": json.dumps(_result(invocation), ensure_ascii=False, indent=2),
        "failed": bool(_failed(invocation)),
    }


def _segments(invocation: Invocation) -> list[Document]:
    """Those that Lambda would write; none where nothing was sent."""
    roots = [root for root in invocation.roots if not root.is_orphan]
    starts = [root.start_time for root in roots if root.start_time is not None]
    ends = [node.end_time for node in invocation if node.end_time is not None]
    if not starts or not invocation.parent_id:
        return []
    name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME") or DEFAULT_FUNCTION_NAME
    settings = FunctionSettings("", Path.cwd(), name)
    call = received.Invocation(b"", invocation.header, settings.timeout_s, settings.arn, request_id="")
    call.started_at = min(starts)
    call.finished_at = max(ends, default=call.started_at)
    call.is_interrupted = not ends
    call.error = _failed(invocation)
    # The service's segment has the same id each time, so that one trace opened twice is one.
    service_id = hashlib.sha256(invocation.parent_id.encode()).hexdigest()[:16]
    tracing = Tracing(invocation.header, invocation.trace_id, True, service_id, invocation.parent_id)
    segments = lambda_segments(call, tracing, settings, call.started_at, None)
    for segment in segments:
        if isinstance(segment.get("aws"), dict):
            segment["aws"].pop("request_id", None)
    return segments


def _failed(invocation: Invocation) -> dict[str, Any] | None:
    """The error that Lambda would answer with: that of an outermost subsegment which an exception left."""
    for root in invocation.roots:
        if root.fault and root.exception is not None:
            return {"errorType": root.exception.type, "errorMessage": root.exception.message}
    return None


def _result(invocation: Invocation) -> Any:
    """What the handler returned, as far as it was recorded."""
    if (error := _failed(invocation)) is not None:
        return error
    return invocation.roots[0].response if invocation.roots else None

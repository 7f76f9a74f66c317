"""PutTraceSegments and PutTelemetryRecords: what is sent, as the X-Ray daemon sends it on.

https://docs.aws.amazon.com/xray/latest/api/API_PutTraceSegments.html. What X-Ray would not take is named in the answer
as X-Ray does, and shown here all the same, with the reason.
"""

from __future__ import annotations

from typing import Any

from lambda_tracer.local.receive.documents import Document, problems_of
from lambda_tracer.local.receive.json_value import NotJSON, read_loosely
from lambda_tracer.local.view.intake import Intake, Refused
from lambda_tracer.local.view.log import Log
from lambda_tracer.local.view.xray_api.arguments import Arguments, texts

MAX_DOCUMENTS = 50
"""In one call."""

_FIELDS = {
    "trace_id": "TraceId",
    "parent_id": "ParentId",
    "name": "Name",
    "id": "Id",
    "start_time": "StartTime",
    "end_time": "EndTime",
}
"""What a problem is about, in X-Ray's codes, which begin with Missing or Invalid."""


def put_trace_segments(arguments: Arguments, intake: Intake, log: Log) -> dict[str, Any]:
    """Keep the documents; those that X-Ray would refuse are listed."""
    unprocessed = []
    for document in texts(arguments, "TraceSegmentDocuments", MAX_DOCUMENTS):
        size_bytes = len(document.encode("utf-8", "replace"))
        failure = _failure(document, size_bytes)
        try:
            intake.text(document, size_bytes)
        except Refused as exc:
            log.refuse(f"a document of {size_bytes:,} bytes", str(exc))
            failure = failure or _unprocessed(None, "ParseError")
        if failure:
            unprocessed.append(failure)
    return {"UnprocessedTraceSegments": unprocessed}


def put_telemetry_records(arguments: Arguments) -> dict[str, Any]:
    """What the daemon counts of itself is passed over."""
    return {}


def _failure(text: str, size_bytes: int) -> dict[str, Any] | None:
    if text.startswith(("T1S", "T1U")):
        return None
    try:
        document = read_loosely(text)
    except NotJSON:
        return _unprocessed(None, "ParseError")
    if not isinstance(document, dict):
        return _unprocessed(None, "MissingId")
    problems = problems_of(document, size_bytes)
    if not problems:
        return None
    given = document.get("id")
    document_id = given if isinstance(given, str) and given else None
    return _unprocessed(document_id, _code(document, problems[0]), problems[0])


def _code(document: Document, problem: str) -> str:
    words = problem.split()
    for field, code in _FIELDS.items():
        if field in words[:4]:
            return ("Invalid" if document.get(field) else "Missing") + code
    return "InvalidSegment"


def _unprocessed(document_id: str | None, code: str, problem: str = "") -> dict[str, Any]:
    message = f"Invalid segment. ErrorCode: {code}" + (f" (it {problem})" if problem else "")
    found = {"ErrorCode": code, "Message": message}
    return {"Id": document_id, **found} if document_id else found

"""Spans: what a document says, under the names that OpenTelemetry and Application Signals have for it.

The names are those of AWS's own receiver of documents, which makes spans of them, and those that AWS's distribution of
OpenTelemetry gives in Lambda: the old ones where the new ones may not be known to everybody who reads them.
https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/receiver/awsxrayreceiver
https://github.com/aws-observability/aws-otel-python-instrumentation
The numbers of fields: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
"""

from __future__ import annotations

from ...clock import clock
from .calls import remote, system
from .message import as_json, attributes, field, fixed64, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    Document = Mapping[str, Any]

_ATTRIBUTE = b"\x4a"  # 9
_INTERNAL, _SERVER, _CLIENT = b"\x30\x01", b"\x30\x02", b"\x30\x03"  # 6

# 16, in four bytes: sampled, and whether the parent is in another process is known; of the handler's it is.
_FLAGS, _FLAGS_OF_HANDLER = b"\x85\x01\x01\x01\0\0", b"\x85\x01\x01\x03\0\0"

_HTTP = {
    "method": ("http.request.method", "http.method"),
    "url": ("url.full", "http.url"),
    "user_agent": ("user_agent.original",),
    "client_ip": ("client.address",),
    "x_forwarded_for": ("aws.xray.x_forwarded_for",),
    "status": ("http.response.status_code", "http.status_code"),
    "content_length": ("http.response.body.size",),
}
_SQL = {"database_type": "db.system", "sanitized_query": "db.statement", "url": "db.connection_string"}
_AWS = {"bucket_name": "aws.s3.bucket", "key": "aws.s3.key", "table_names": "aws.dynamodb.table_names"}
_EXCEPTION = {"type": "exception.type", "message": "exception.message"}

_MICROSECOND = 1_000

COMMON = "aws.local."
"""What the names of the attributes begin with that every span has."""


def with_all_below(document: Document) -> Iterator[tuple[Document, str]]:
    """A document and those within it, each with the id of its parent."""
    waiting = [(document, document["parent_id"])]
    while waiting:
        current, parent_id = waiting.pop()
        yield current, parent_id
        waiting += [(child, current["id"]) for child in reversed(current.get("subsegments", ()))]


def exceptions_in(document: Document) -> dict[str, Document]:
    """The exceptions that are described in a document or below, by id: others refer to them."""
    found = {}
    for current, _ in with_all_below(document):
        cause = current.get("cause")
        for exception in cause.get("exceptions", ()) if isinstance(cause, dict) else ():
            found[exception["id"]] = exception
    return found


def span(
    document: Document, trace_id: str, parent_id: str, common: bytes, known: Mapping[str, Document]
) -> bytes:
    """The message `Span` of a document, without what is within it.

    `common` are the attributes that all have, as bytes; `known` are the exceptions that it may refer to.
    """
    is_call = document.get("namespace") in ("aws", "remote")
    # The handler: it is annotated with `ColdStart`, which nothing else is, and it is within nothing else.
    is_server = not is_call and "parent_id" in document and "ColdStart" in document.get("annotations", ())
    end = _nanoseconds(document["end_time"] if "end_time" in document else clock.now())
    given = _attributes(document)
    if is_call:
        given |= {"aws.span.kind": "CLIENT", **remote(document)}
    elif is_server:
        given["aws.span.kind"] = "LOCAL_ROOT"
    given |= _unsaid_flags(document)
    cause = document.get("cause")
    if isinstance(cause, str):  # described elsewhere
        given["aws.xray.exception.id"] = cause
    annotations = document.get("annotations")
    if annotations:  # the user's words for them win, but for what all have
        annotations = {key: value for key, value in annotations.items() if not key.startswith(COMMON)}
        given |= {**annotations, "aws.xray.annotations": list(annotations)}
    parts = [
        field(b"\x0a", bytes.fromhex(trace_id[2:10] + trace_id[11:])),
        field(b"\x12", bytes.fromhex(document["id"])),
        field(b"\x22", bytes.fromhex(parent_id)),
        field(b"\x2a", text(document["name"])),
        _CLIENT if is_call else _SERVER if is_server else _INTERNAL,
        fixed64(b"\x39", _nanoseconds(document["start_time"])),
        fixed64(b"\x41", end),
        common,
        attributes(_ATTRIBUTE, given),
    ]
    exceptions = cause.get("exceptions", ()) if isinstance(cause, dict) else ()
    folder = cause.get("working_directory") if isinstance(cause, dict) else None
    parts += [field(b"\x5a", _event(exception, end, folder)) for exception in exceptions]
    parts += [field(b"\x6a", _link(link)) for link in document.get("links", ())]
    if document.get("fault"):
        said = exceptions[0] if exceptions else known.get(cause, {}) if isinstance(cause, str) else {}
        parts.append(field(b"\x7a", field(b"\x12", text(_said(said))) + b"\x18\x02"))
    parts.append(_FLAGS_OF_HANDLER if is_server else _FLAGS)
    return b"".join(parts)


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1e6) * _MICROSECOND  # more, a float of today does not hold


def _attributes(document: Document) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "end_time" not in document:
        found["aws.xray.inprogress"] = True
    if document.get("user"):
        found["enduser.id"] = document["user"]
    for part in document.get("http", {}).values():
        for key, value in part.items():
            found |= dict.fromkeys(_HTTP.get(key, (f"http.{key}",)), value)
    for key, value in document.get("sql", {}).items():
        found[_SQL.get(key, f"db.{key}")] = system(document["sql"]) if key == "database_type" else value
    for key, value in document.get("aws", {}).items():
        found[_AWS.get(key, f"aws.{key}")] = value
    for namespace, values in document.get("metadata", {}).items():
        found[f"aws.xray.metadata.{namespace}"] = as_json(values)
    return found


def _unsaid_flags(document: Document) -> dict[str, bool]:
    """Flags that neither the HTTP status nor the span's says: there is no other place for them."""
    status = document.get("http", {}).get("response", {}).get("status", 0)
    is_error = 400 <= status < 500
    said = {"error": is_error, "throttle": status == 429, "fault": not is_error}
    return {f"aws.xray.{flag}": True for flag, is_said in said.items() if document.get(flag) and not is_said}


def _event(exception: Document, time: int, folder: str | None) -> bytes:
    """One of the exceptions, with its own stack: those that led to it have events of their own."""
    given = {
        _EXCEPTION.get(key, f"aws.xray.exception.{key}"): exception[key]
        for key in exception
        if key != "stack"
    }
    given["aws.xray.cause.working_directory"] = folder
    if exception.get("stack"):
        frames = [
            f'  File "{frame.get("path", "")}", line {frame.get("line", 0)}, in {frame.get("label", "")}\n'
            for frame in exception["stack"]
        ]
        given["exception.stacktrace"] = (
            f"Traceback (most recent call last):\n{''.join(frames)}{_said(exception)}\n"
        )
    return fixed64(b"\x09", time) + field(b"\x12", b"exception") + attributes(b"\x1a", given)


def _said(exception: Document) -> str:
    return ": ".join([str(exception[key]) for key in _EXCEPTION if exception.get(key)])


def _link(link: Document) -> bytes:
    trace_id = link["trace_id"]
    return field(b"\x0a", bytes.fromhex(trace_id[2:10] + trace_id[11:])) + field(
        b"\x12", bytes.fromhex(link["id"])
    )

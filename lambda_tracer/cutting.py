"""What of a subsegment gives way when it is larger than a document may be: largest values first, identity never.

A marker says what was cut and how big it was.
"""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quote

from .document import AWS_TEXTS, MAX_HTTP_TEXT, blocks_of, metadata_of
from .jsonable import dumps, safe_str

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_SQL_TEXTS_TO_CUT = ("sanitized_query", "preparation", "connection_string", "url")
_MARKER_HEAD = 200
_WORTH_CUTTING = 3 * _MARKER_HEAD


def _rest(
    metadata: list[list[str]],
    cause: Mapping[str, Any] | str | None,
    sql: Mapping[str, Any] | None,
    aws: Mapping[str, Any] | None,
) -> str:
    return (metadata_of(metadata) if metadata else "") + blocks_of(cause, sql, aws)


def cut(
    room: int,
    metadata: list[list[str]],
    cause: Mapping[str, Any] | str | None,
    sql: Mapping[str, Any] | None,
    aws: Mapping[str, Any] | None,
) -> str:
    """The rest of a subsegment that is too large, cut to `room` bytes."""
    text = _rest(metadata, cause, sql, aws)
    excess = len(text) - room
    for entry in sorted(metadata, key=lambda entry: len(entry[2]), reverse=True):
        if excess <= 0 or len(entry[2]) <= _WORTH_CUTTING:
            break
        marker = _marker(entry[2])
        excess -= len(entry[2]) - len(marker)
        entry[2] = marker
    if excess > 0 and sum(len(quote(safe_str(key))) + len(value) for _, key, value in metadata) > room // 2:
        # It is their number, or the length of their keys: the first ones that fit in half the room stay.
        metadata = _first(metadata, room // 2)
    text = _rest(metadata, cause, sql, aws)
    if len(text) > room and isinstance(cause, dict):
        cause = {**cause, "exceptions": [_without_stack(exception) for exception in cause["exceptions"]]}
        text = _rest(metadata, cause, sql, aws)
    if len(text) > room and isinstance(cause, dict):
        cause = {**cause, "exceptions": [_short_message(exception) for exception in cause["exceptions"]]}
        text = _rest(metadata, cause, sql, aws)
    if len(text) > room and sql:
        sql = {key: _shortened(key, safe_str(value)) for key, value in sql.items() if value is not None}
        text = _rest(metadata, cause, sql, aws)
    if len(text) > room and aws:
        aws = {key: safe_str(aws[key])[:MAX_HTTP_TEXT] for key in AWS_TEXTS if aws.get(key) is not None}
        text = _rest(metadata, cause, sql, aws)
    if len(text) > room:
        note = quote(f"{len(text)} bytes of metadata, cause, sql and aws")
        text = _rest([["lambda_tracer", "left_out", note]], None, None, None)
    return text


def _marker(value: str) -> str:
    return dumps({"lambda_tracer": "cut", "bytes": len(value), "starts_with": value[:_MARKER_HEAD]})


def _first(metadata: list[list[str]], room: int) -> list[list[str]]:
    kept = []
    size = 0
    for entry in metadata:
        size += len(quote(safe_str(entry[1]))) + len(quote(entry[0])) + len(entry[2]) + 8
        if size > room:
            break
        kept.append(entry)
    return [*kept, ["lambda_tracer", "metadata_left_out", str(len(metadata) - len(kept))]]


def _without_stack(exception: Mapping[str, Any]) -> dict[str, Any]:
    shorter = {key: value for key, value in exception.items() if key != "stack"}
    shorter["truncated"] = exception.get("truncated", 0) + len(exception.get("stack", ()))
    return shorter


def _short_message(exception: Mapping[str, Any]) -> dict[str, Any]:
    return {**exception, "message": exception.get("message", "")[:MAX_HTTP_TEXT]}


def _shortened(key: str, text: str) -> str:
    if key in _SQL_TEXTS_TO_CUT and len(text) > _WORTH_CUTTING:
        return f"{text[:_MARKER_HEAD]}... [cut: {len(text)} characters]"
    return text[:MAX_HTTP_TEXT]

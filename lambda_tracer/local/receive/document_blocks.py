"""The blocks of a document (http, aws, sql, cause) and its texts, held against the JSON schema that AWS publishes.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html, "xray-segmentdocument-schema". What the
schema leaves open, as further members of a block, may be anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MAX_TEXT_CHARACTERS = 250
"""Of the user, of what is told of an HTTP request, and of a database's user."""

TEXT, SHORT_TEXT, NUMBER, WHOLE, FLAG, TEXTS = range(6)

_WANTED = {
    TEXT: "text",
    SHORT_TEXT: "text",
    NUMBER: "number",
    WHOLE: "whole number",
    FLAG: "true or false",
    TEXTS: "list of texts",
}

_MEMBERS: dict[str, dict[str, int]] = {
    "": {
        "user": SHORT_TEXT,
        "origin": TEXT,
        "resource_arn": TEXT,
        "namespace": TEXT,
        "precursor_ids": TEXTS,
    },
    "http.request": {
        "method": SHORT_TEXT,
        "url": SHORT_TEXT,
        "user_agent": SHORT_TEXT,
        "client_ip": SHORT_TEXT,
        "x_forwarded_for": FLAG,
    },
    "http.response": {"status": NUMBER, "content_length": NUMBER},
    "aws": dict.fromkeys(
        ("account_id", "operation", "region", "request_id", "queue_url", "table_name"), TEXT
    ),
    "sql": {
        **dict.fromkeys(
            ("connection_string", "url", "sanitized_query", "database_type", "preparation"), TEXT
        ),
        **dict.fromkeys(("database_version", "driver_version"), TEXT),
        "user": SHORT_TEXT,
    },
    "cause": {"working_directory": TEXT, "paths": TEXTS},
    "service": {"version": TEXT},
}

_EXCEPTION = {"id": TEXT, "message": TEXT, "type": TEXT, "remote": FLAG, "truncated": WHOLE, "skipped": WHOLE}
_FRAME = {"path": TEXT, "label": TEXT, "line": WHOLE}

MAX_CHECKED = 100
"""Exceptions of a document, and frames of an exception."""


def problems_in_blocks(document: Mapping[str, Any]) -> Iterator[str]:
    """What the schema objects to, as clauses without a subject."""
    for path, members in _MEMBERS.items():
        block: Any = document
        for name in path.split(".") if path else ():
            block = block.get(name) if isinstance(block, dict) else None
        if isinstance(block, dict):
            yield from _problems(block, members, path)
        elif block is not None and "." in path and isinstance(document.get("http"), dict):
            yield f"has {path} that is not an object"
    cause = document.get("cause")
    if isinstance(cause, dict) and "exceptions" in cause:
        yield from _problems_in_exceptions(cause["exceptions"])


def _problems_in_exceptions(exceptions: object) -> Iterator[str]:
    if not isinstance(exceptions, list):
        yield "has cause.exceptions that is no list"
        return
    for exception in exceptions[:MAX_CHECKED]:
        if not isinstance(exception, dict):
            yield "has an exception that is not an object"
            continue
        yield from _problems(exception, _EXCEPTION, "cause.exceptions")
        stack = exception.get("stack", [])
        if not isinstance(stack, list):
            yield "has an exception with a stack that is no list"
            continue
        for frame in stack[:MAX_CHECKED]:
            if isinstance(frame, dict):
                yield from _problems(frame, _FRAME, "cause.exceptions.stack")
            else:
                yield "has a frame of a stack that is not an object"


def _problems(block: Mapping[str, Any], members: dict[str, int], path: str) -> Iterator[str]:
    for name, kind in members.items():
        if name not in block:
            continue
        value = block[name]
        where = f"{path}.{name}" if path else name
        if not _is(value, kind):
            yield (
                f"has {where} that is no {_WANTED[kind]}"
                if kind != FLAG
                else f"has {where} that is not true or false"
            )
        elif kind == SHORT_TEXT and len(value) > MAX_TEXT_CHARACTERS:
            yield f"has {where} of {len(value):,} characters, more than {MAX_TEXT_CHARACTERS}"


def _is(value: object, kind: int) -> bool:
    if kind in (TEXT, SHORT_TEXT):
        return isinstance(value, str)
    if kind == FLAG:
        return isinstance(value, bool)
    if kind == TEXTS:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return is_whole if kind == WHOLE else is_whole or isinstance(value, float)

"""What X-Ray accepts: one datagram as the daemon receives it, checked by the rules for segment documents.

X-Ray drops a document that breaks a rule without telling anybody, which is why this says so. The rules are
those of https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html and of the JSON
schema published there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, TypeGuard

from lambda_tracer.local.receive.document_blocks import problems_in_blocks
from lambda_tracer.local.receive.json_value import NotJSON, is_deep, numbers_beyond_floats, read_loosely

Document = dict[str, Any]

MAX_DOCUMENT_BYTES = 64_000
"""The service's limit for one document ("64 kB"); the daemon passes on what is larger, and X-Ray drops it."""

MAX_NAME_CHARACTERS = 200
MAX_ANNOTATION_CHARACTERS = 1_000

LATEST_TIME = 253_402_300_799.0
"""The end of the year 9999 in epoch seconds. What is later was meant in milliseconds, or is no time."""

MAX_PROBLEMS = 100
"""Of one document: a tracer that does something wrong does it often."""

SEGMENT_ID = re.compile(r"[0-9a-fA-F]{16}")
TRACE_ID = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}")
_ANNOTATION_KEY = re.compile(r"[A-Za-z0-9_.]{1,500}")
_NAME_EXTRA_CHARACTERS = frozenset("_.:/%&#=+-@")


NO_HEADER = 'does not begin with the line {"format":"json","version":1}'


def read_datagram(datagram: bytes) -> tuple[Document | None, list[str]]:
    """The document in `datagram`, or None where there is none to show, and what X-Ray would hold against it.

    The problems are sentences without a subject ("has no trace_id"); an empty list means that X-Ray takes
    the document.
    """
    body = body_of(datagram)
    return (None, [NO_HEADER]) if body is None else read_document(body, len(datagram))


def body_of(datagram: bytes) -> bytes | None:
    """What stands behind the header line; None where there is no such line."""
    header_line, newline, body = datagram.partition(b"\n")
    try:
        header = mapping(read_loosely(header_line))
    except NotJSON:
        header = {}
    return body if newline and header.get("format") == "json" and header.get("version") == 1 else None


def read_document(text: str | bytes, size_bytes: int) -> tuple[Document | None, list[str]]:
    """The document that is `text`, which came in `size_bytes`, and what X-Ray would hold against it."""
    try:
        document = read_loosely(text)
    except NotJSON as exc:
        return None, [f"is not JSON ({exc})"]
    if not isinstance(document, dict):
        return None, ["is not a JSON object"]
    return document, problems_of(document, size_bytes)


def problems_of(document: Document, size_bytes: int = 0) -> list[str]:
    """What X-Ray would hold against `document`, which came in `size_bytes`."""
    problems = list(islice(_problems_at_top(document), MAX_PROBLEMS))
    if size_bytes > MAX_DOCUMENT_BYTES:
        problems.append(f"has {size_bytes:,} bytes, more than {MAX_DOCUMENT_BYTES:,}")
    if numbers_beyond_floats(document):
        problems.append("contains NaN, Infinity or a number beyond floats")
    if is_deep(document):
        problems.append("is nested too deeply to be shown in full")
    return problems


def _problems_at_top(document: Document) -> Iterator[str]:
    if not _matches(TRACE_ID, document.get("trace_id")):
        yield "has no trace_id of the form 1-8hex-24hex"
    if document.get("type") == "subsegment":
        if not _matches(SEGMENT_ID, document.get("parent_id")):
            yield "has no parent_id of 16 hex digits"
    elif "type" in document:
        yield 'has a "type" other than "subsegment"'
    waiting = [document]
    while waiting:
        current = waiting.pop()
        where = "" if current is document else f" in its subsegment {_shown(current.get('name'))}"
        for problem in _problems(current):
            yield problem + where
        children = current.get("subsegments", [])
        if not isinstance(children, list) or not all(isinstance(child, dict) for child in children):
            yield "has subsegments that are not objects in a list" + where
        else:
            waiting += children


def _problems(document: Document) -> Iterator[str]:
    name = document.get("name")
    if not isinstance(name, str) or not name:
        yield "has no name"
    elif len(name) > MAX_NAME_CHARACTERS:
        yield f"has a name of {len(name):,} characters, more than {MAX_NAME_CHARACTERS}"
    elif not all(_is_name_character(character) for character in name):
        yield "has a name with characters outside X-Ray's alphabet"
    if not _matches(SEGMENT_ID, document.get("id")):
        yield "has no id of 16 hex digits"
    for key in ("start_time", "end_time"):
        value = document.get(key)
        if is_number(value) and not is_time(value):
            yield f"has a{'n' if key[0] == 'e' else ''} {key} that is no time in epoch seconds"
    if not is_number(document.get("start_time")):
        yield "has no start_time"
    if not is_number(document.get("end_time")) and document.get("in_progress") is not True:
        yield "has no end_time and is not in_progress"
    yield from _problems_of_values(document)
    yield from problems_in_blocks(document)


def _problems_of_values(document: Document) -> Iterator[str]:
    for flag in ("fault", "error", "throttle", "in_progress"):
        if flag in document and not isinstance(document[flag], bool):
            yield f"has a {flag} that is not true or false"
    for block in ("http", "aws", "sql", "annotations", "metadata"):
        if block in document and not isinstance(document[block], dict):
            yield f"has {block} that is not an object"
    if not isinstance(document.get("cause", {}), (str, dict)):
        yield "has a cause that is neither an id nor an object"
    for key, value in mapping(document.get("annotations")).items():
        if not _ANNOTATION_KEY.fullmatch(key):
            yield f"has the annotation key {_shown(key)} (letters, digits, _ and . only)"
        if not isinstance(value, (str, int, float)):
            yield f"has the annotation {_shown(key)} that is no string, number or boolean"
        elif isinstance(value, str) and len(value) > MAX_ANNOTATION_CHARACTERS:
            yield f"has the annotation {_shown(key)} of more than {MAX_ANNOTATION_CHARACTERS:,} characters"
    for namespace, values in mapping(document.get("metadata")).items():
        if not isinstance(values, dict):
            yield f"has the metadata namespace {_shown(namespace)} that is not an object"


def mapping(value: object) -> dict[str, Any]:
    """`value` if it is an object of JSON, an empty one otherwise: what is read off a document may be
    anything."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """The objects in a list of JSON; none where `value` is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """A value that should be a text; an empty one where it is none."""
    return value if isinstance(value, str) else ""


def is_number(value: object) -> TypeGuard[float]:
    """Is it an int or a float (true and false are neither), finite and within what floats hold?"""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int beyond floats
        return False


def is_time(value: object) -> TypeGuard[float]:
    """Is it a time as X-Ray takes it: a number of seconds from 1970 to the year 9999?"""
    return is_number(value) and 0 <= value <= LATEST_TIME


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_name_character(character: str) -> bool:
    return character.isalnum() or character in _NAME_EXTRA_CHARACTERS or character.isspace()


def _shown(value: object) -> str:
    if not isinstance(value, str):
        return "(no name)" if value is None else f"(a name that is a {type(value).__name__})"
    text = repr(value[:60])
    return text if len(text) <= 60 else f"{text[:57]}..."

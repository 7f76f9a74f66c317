"""What X-Ray accepts: a checker for what arrives at the daemon.

The rules are those of "AWS X-Ray segment documents" in the X-Ray developer guide, and the daemon's own: a
header line, one JSON document, 64 kB. X-Ray drops what breaks them without telling anybody, so all that a
test sends goes through `parse`. Fields that X-Ray does not know are refused here, though X-Ray ignores
them: they are mistakes.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

HEADER = b'{"format":"json","version":1}\n'
MAX_DATAGRAM_BYTES = 64_000
MAX_LINKS = 20

Document = dict[str, Any]

_NAME_SYMBOLS = frozenset("_.:/%&#=+\\-@")
_ID = re.compile(r"[0-9a-fA-F]{16}")
_TRACE_ID = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}")
_ANNOTATION_KEY = re.compile(r"[A-Za-z0-9_.]{1,500}")


class Unacceptable(AssertionError):
    """A datagram that X-Ray would drop; the message lists every rule it breaks and where."""


class _Repeating(dict[str, Any]):
    """A JSON object in which a key came twice."""


def parse(datagram: bytes) -> Document:
    """The document of one datagram; raises Unacceptable if the daemon or X-Ray would not take it."""
    if len(datagram) > MAX_DATAGRAM_BYTES:
        raise Unacceptable(f"datagram of {len(datagram)} bytes, more than {MAX_DATAGRAM_BYTES}")
    if not datagram.startswith(HEADER):
        raise Unacceptable(f"datagram does not start with the header line, but with {datagram[:40]!r}")
    try:
        document = json.loads(
            datagram[len(HEADER) :].decode("utf-8"),
            parse_constant=_no_constant,
            object_pairs_hook=_json_object,
        )
    except ValueError as error:
        raise Unacceptable(f"document is not strict JSON in UTF-8: {error}") from error
    broken = list(violations(document))
    if broken:
        raise Unacceptable("document breaks the rules:\n  " + "\n  ".join(broken))
    return dict(document)


def violations(document: Any) -> Iterator[str]:
    """Every rule that a parsed document breaks, as `where: what is wanted`."""
    if not isinstance(document, dict):
        yield "document: wanted a JSON object"
        return
    yield from _subsegment(document, "document", is_top=True)
    for id_, uses in Counter(str(subsegment.get("id")) for subsegment in flatten(document)).items():
        if uses > 1:
            yield f"document: id {id_} is used {uses} times"


def flatten(document: Document) -> list[Document]:
    """A document and everything embedded in it, parents first, each with its own `trace_id` and `parent_id`.

    Parts that are not objects are passed over; `violations` reports them.
    """
    flat: list[Document] = []
    waiting: list[Document] = [document]
    while waiting:
        outer = waiting.pop()
        children = outer.get("subsegments")
        flat.append({key: value for key, value in outer.items() if key != "subsegments"})
        if isinstance(children, list):
            given = {"trace_id": outer.get("trace_id"), "parent_id": outer.get("id")}
            waiting.extend({**child, **given} for child in reversed(children) if isinstance(child, dict))
    return flat


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _json_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    return value if len(value) == len(pairs) else _Repeating(value)


# --- What one value may be ----------------------------------------------------------------------------------


class Kind(NamedTuple):
    """What a field may hold: in words, for the message, and as a test."""

    wanted: str
    accepts: Callable[[Any], bool]


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer that no double holds
        return False


def _is_name(value: Any) -> bool:
    return (
        isinstance(value, str)
        and 1 <= len(value) <= 200
        and all(char in _NAME_SYMBOLS or unicodedata.category(char)[0] in "LNZ" for char in value)
    )


def _is_annotation_value(value: Any) -> bool:
    return len(value) <= 1000 if isinstance(value, str) else isinstance(value, bool) or _is_number(value)


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


STRING = Kind("a string", lambda value: isinstance(value, str))
SHORT_STRING = Kind(
    "a string of at most 250 characters", lambda value: isinstance(value, str) and len(value) <= 250
)
STRINGS = Kind(
    "a list of strings",
    lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
)
BOOLEAN = Kind("true or false", lambda value: isinstance(value, bool))
INTEGER = Kind("an integer", lambda value: isinstance(value, int) and not isinstance(value, bool))
NUMBER = Kind("a finite number", _is_number)
# 1e11 s is the year 5138: anything larger is a time in milliseconds.
TIME = Kind("seconds since 1970 as a number", lambda value: _is_number(value) and 0 < value < 1e11)
OBJECT = Kind("an object", lambda value: isinstance(value, dict))
LIST = Kind("a list", lambda value: isinstance(value, list))
ID = Kind("16 hexadecimal digits", _matches(_ID))
TRACE_ID = Kind("a trace id, 1-<8 hex>-<24 hex>", _matches(_TRACE_ID))
NAME = Kind("a name of 1 to 200 letters, digits, spaces or _.:/%&#=+\\-@", _is_name)
TYPE = Kind('"subsegment"', lambda value: value == "subsegment")
CAUSE = Kind(
    "an object, or the id of an exception", lambda value: isinstance(value, dict) or ID.accepts(value)
)
ANNOTATION = Kind("a string of at most 1,000 characters, a number or a boolean", _is_annotation_value)

_SUBSEGMENT = {
    "id": ID,
    "name": NAME,
    "start_time": TIME,
    "end_time": TIME,
    "in_progress": BOOLEAN,
    "namespace": STRING,
    "fault": BOOLEAN,
    "error": BOOLEAN,
    "throttle": BOOLEAN,
    "http": OBJECT,
    "annotations": OBJECT,
    "metadata": OBJECT,
    "aws": OBJECT,
    "sql": OBJECT,
    "cause": CAUSE,
    "user": SHORT_STRING,
    "precursor_ids": STRINGS,
    "links": LIST,
    "subsegments": LIST,
}
_TOP = {**_SUBSEGMENT, "trace_id": TRACE_ID, "parent_id": ID, "type": TYPE}
# What a document without a type is. A parent it has where another service has asked for it.
_SEGMENT = {
    **{
        name: kind for name, kind in _TOP.items() if name not in ("type", "namespace", "sql", "precursor_ids")
    },
    "origin": SHORT_STRING,
    "resource_arn": STRING,
    "service": OBJECT,
}
_SERVICE = {"version": SHORT_STRING, "runtime": SHORT_STRING, "runtime_version": SHORT_STRING}
_HTTP = {"request": OBJECT, "response": OBJECT}
_HTTP_REQUEST = {
    "url": SHORT_STRING,
    "method": SHORT_STRING,
    "user_agent": SHORT_STRING,
    "client_ip": SHORT_STRING,
    "x_forwarded_for": BOOLEAN,
    "traced": BOOLEAN,
}
_HTTP_RESPONSE = {"status": NUMBER, "content_length": NUMBER}
# Further keys are welcome in `aws`: which resource a call is about differs from service to service.
_AWS = {
    "account_id": STRING,
    "operation": STRING,
    "queue_url": STRING,
    "region": STRING,
    "request_id": STRING,
    "table_name": STRING,
}
_SQL = {
    "connection_string": STRING,
    "database_type": STRING,
    "database_version": STRING,
    "driver_version": STRING,
    "preparation": STRING,
    "sanitized_query": STRING,
    "url": STRING,
    "user": SHORT_STRING,
}
_LINK = {"trace_id": TRACE_ID, "id": ID}
_CAUSE = {"working_directory": STRING, "paths": STRINGS, "exceptions": LIST}
_EXCEPTION = {
    "id": ID,
    "message": STRING,
    "type": STRING,
    "remote": BOOLEAN,
    "truncated": INTEGER,
    "skipped": INTEGER,
    "cause": ID,
    "stack": LIST,
}
_FRAME = {"path": STRING, "line": INTEGER, "label": STRING}


# --- What one part of a document may hold -------------------------------------------------------------------


def _fields(
    part: Document,
    where: str,
    kinds: Mapping[str, Kind],
    *,
    required: Iterable[str] = (),
    further_keys: bool = False,
) -> Iterator[str]:
    """Check the fields of one object: none twice, none missing, none unknown, each of its kind."""
    if isinstance(part, _Repeating):
        yield f"{where}: a key came twice"
    for key in required:
        if key not in part:
            yield f"{where}.{key}: is missing"
    for key, value in part.items():
        if key not in kinds:
            if not further_keys:
                yield f"{where}.{key}: X-Ray knows no such field here"
        elif not kinds[key].accepts(value):
            yield f"{where}.{key}: wanted {kinds[key].wanted}, got {value!r:.80}"


def _subsegment(part: Document, where: str, *, is_top: bool) -> Iterator[str]:
    required = ("id", "name", "start_time", "trace_id", "parent_id", "type")
    if is_top and "type" not in part:
        yield from _fields(part, where, _SEGMENT, required=required[:4])
        yield from _fields(_object(part, "service"), f"{where}.service", _SERVICE)
    else:
        yield from _fields(
            part, where, _TOP if is_top else _SUBSEGMENT, required=required if is_top else required[:3]
        )

    if part.get("in_progress") is True:
        if "end_time" in part:
            yield f"{where}: has end_time and is in progress"
        if not is_top:
            yield f"{where}: is in progress, but only finished subsegments are embedded"
    elif "end_time" not in part:
        yield f"{where}: has neither end_time nor in_progress"
    start, end = part.get("start_time"), part.get("end_time")
    if start is not None and end is not None and TIME.accepts(start) and TIME.accepts(end) and end < start:
        yield f"{where}: ended before it started"

    http = _object(part, "http")
    yield from _fields(http, f"{where}.http", _HTTP)
    yield from _fields(_object(http, "request"), f"{where}.http.request", _HTTP_REQUEST)
    yield from _fields(_object(http, "response"), f"{where}.http.response", _HTTP_RESPONSE)
    yield from _annotations(_object(part, "annotations"), f"{where}.annotations")
    metadata = _object(part, "metadata")
    yield from _fields(metadata, f"{where}.metadata", dict.fromkeys(metadata, OBJECT))
    yield from _fields(_object(part, "aws"), f"{where}.aws", _AWS, further_keys=True)
    yield from _fields(_object(part, "sql"), f"{where}.sql", _SQL)
    yield from _cause(_object(part, "cause"), f"{where}.cause")

    for inner, link in _items(part, "links", where):
        yield from (
            _fields(link, inner, _LINK, required=_LINK) if isinstance(link, dict) else _no_object(inner)
        )
    if len(part.get("links") or ()) > MAX_LINKS:
        yield f"{where}.links: has more than {MAX_LINKS}"

    for inner, child in _items(part, "subsegments", where):
        yield from _subsegment(child, inner, is_top=False) if isinstance(child, dict) else _no_object(inner)


def _annotations(part: Document, where: str) -> Iterator[str]:
    yield from _fields(part, where, dict.fromkeys(part, ANNOTATION))
    for key in part:
        if not _ANNOTATION_KEY.fullmatch(key):
            yield f"{where}.{key:.80}: wanted a key of 1 to 500 ASCII letters, digits, _ or ."


def _cause(part: Document, where: str) -> Iterator[str]:
    yield from _fields(part, where, _CAUSE)
    for inner, exception in _items(part, "exceptions", where):
        if not isinstance(exception, dict):
            yield from _no_object(inner)
            continue
        yield from _fields(exception, inner, _EXCEPTION, required=("id",))
        for deeper, frame in _items(exception, "stack", inner):
            yield from _fields(frame, deeper, _FRAME) if isinstance(frame, dict) else _no_object(deeper)


def _no_object(where: str) -> Iterator[str]:
    yield f"{where}: wanted an object"


def _object(part: Document, key: str) -> Document:
    """The object under a key; an empty one where something else stands, which has been reported as such."""
    value = part.get(key)
    return value if isinstance(value, dict) else {}


def _items(part: Document, key: str, where: str) -> Iterator[tuple[str, Any]]:
    """The members of the list under a key, each with its place; none where something else stands."""
    value = part.get(key)
    for index, item in enumerate(value if isinstance(value, list) else ()):
        yield f"{where}.{key}[{index}]", item

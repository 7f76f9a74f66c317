"""The cut of an oversized document: its largest values give way first, its identity never.

A marker says what was cut and how big it was. What no document may hold, a half of a character, is replaced here, too.
"""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quote

from ..guard import Late, pass_on
from ..safe import safe_str
from ..xray import MAX_HTTP_TEXT
from .blocks import blocks_of, metadata_of
from .json_text import dumps
from .limits import MAX_VALUE_BYTES
from .marker import HEAD, WORTH_CUTTING, Marker, described, marker
from .short_blocks import short_aws, short_sql

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Mapping
    from typing import Any

    from ..trace.subsegment import Subsegment
else:
    re = Late("re")  # only for halves of characters

FULL_BYTES = 256_000
FULL_ENTRIES = 100
"""Metadata of one subsegment that is encoded whole before it is cut to what fits: four documents."""

SMALL_BYTES = 600
MAX_ENTRIES = 8_000
"""What may still fit behind that, and how many values at most."""


def fitting(
    room: int,
    size: int,
    subsegment: Subsegment,
    is_counted: bool,
    metadata: list[list[str]],
    cause: Mapping[str, Any] | str | None,
    sql: Mapping[str, Any] | None,
    aws: Mapping[str, Any] | None,
) -> str:
    """The rest of a subsegment, of `size` bytes, cut to `room` bytes, and that among what its invocation lost.

    `is_counted`: it is among that already, since single values were too large.
    """
    invocation = subsegment.invocation
    rest = cut(room, metadata, cause, sql, aws)
    if is_counted and invocation.losses:
        invocation.losses["cut"][1] += size - len(rest)
    else:
        invocation.lose("cut", size - len(rest))
    if subsegment.parent is None and invocation.losses:
        # The outermost one speaks for all, itself included.
        metadata = [entry for entry in metadata if entry[:2] != ["lambda_tracer", "cut"]]
        metadata.insert(0, ["lambda_tracer", "cut", described(invocation.losses)["cut"]])
        rest = cut(room, metadata, cause, sql, aws)
    return rest


def cut(
    room: int,
    metadata: list[list[str]],
    cause: Mapping[str, Any] | str | None,
    sql: Mapping[str, Any] | None,
    aws: Mapping[str, Any] | None,
) -> str:
    """The rest of a subsegment that is too large, cut to `room` bytes."""

    def whole() -> str:
        return (metadata_of(metadata) if metadata else "") + blocks_of(cause, sql, aws)

    text = whole()
    excess = len(text) - room
    for entry in sorted(metadata, key=lambda entry: len(entry[2]), reverse=True):
        if excess <= 0 or len(entry[2]) <= WORTH_CUTTING:
            break
        note: str = marker(len(entry[2]), True, entry[2][:HEAD])
        excess -= len(entry[2]) - len(note)
        entry[2] = note
    if excess > 0 and sum(len(quote(safe_str(key))) + len(value) for _, key, value in metadata) > room // 2:
        # It is their number, or the length of their keys: the first ones that fit in half the room stay.
        metadata = _first(metadata, room // 2)
    text = whole()
    if len(text) > room and isinstance(cause, dict):
        cause = {**cause, "exceptions": [_without_stack(exception) for exception in cause["exceptions"]]}
        text = whole()
    if len(text) > room and isinstance(cause, dict):
        cause = {**cause, "exceptions": [_short_message(exception) for exception in cause["exceptions"]]}
        text = whole()
    if len(text) > room and sql:
        sql = short_sql(sql)
        text = whole()
    if len(text) > room and aws:
        aws = short_aws(aws)
        text = whole()
    if len(text) > room:
        note = quote(f"{len(text)} bytes of metadata, cause, sql and aws")
        text = metadata_of([["lambda_tracer", "left_out", note]])
    return text


def add_metadata(given: Mapping[str, Mapping[Any, Any]], to: list[list[str]]) -> int:
    """Add what a user has put as metadata, in JSON; returns the bytes that were cut.

    The first values are encoded as far as a document can hold each of them. Behind very much of that only what is small
    is, and what can't fit by its number alone is counted.
    """
    spent = cut_bytes = left_out = 0
    for namespace, values in list(given.items()):
        for key, value in list(values.items()):
            if len(to) >= MAX_ENTRIES or spent > 2 * FULL_BYTES:
                left_out += 1
                continue
            is_first = spent < FULL_BYTES and len(to) < FULL_ENTRIES
            shown = dumps(value, room=MAX_VALUE_BYTES if is_first else SMALL_BYTES)
            spent += len(shown)
            to.append([namespace, key, shown])
            if type(shown) is Marker:
                cut_bytes += shown.size - len(shown)
    if left_out:
        to.append(["lambda_tracer", "metadata_left_out", str(left_out)])
    return cut_bytes


def without_lone_surrogates(text: str) -> str:
    """JSON in ASCII with U+FFFD in the place of each half of a character that lacks its other half."""
    # Every escape is looked at, so that a backslash that is itself escaped begins none.
    return re.sub(
        r"\\(?:ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(ud[89a-f][0-9a-f]{2})|.)",
        lambda found: "\\ufffd" if found[1] else found[0],
        text,
    )


def _first(metadata: list[list[str]], room: int) -> list[list[str]]:
    kept: list[list[str]] = []
    size = left_out = 0
    is_full = False
    for entry in metadata:
        if entry[:2] == ["lambda_tracer", "metadata_left_out"]:
            left_out += int(entry[2])
            continue
        if not is_full:
            size += (
                len(quote(safe_str(entry[1])[:MAX_VALUE_BYTES])) + len(quote(entry[0])) + len(entry[2]) + 8
            )
            is_full = size > room
        if is_full:
            left_out += 1
        else:
            kept.append(entry)
    return [*kept, ["lambda_tracer", "metadata_left_out", str(left_out)]]


def _without_stack(exception: Mapping[str, Any]) -> dict[str, Any]:
    shorter = {key: value for key, value in exception.items() if key != "stack"}
    shorter["truncated"] = exception.get("truncated", 0) + len(exception.get("stack", ()))
    return shorter


def _short_message(exception: Mapping[str, Any]) -> dict[str, Any]:
    return {**exception, "message": exception.get("message", "")[:MAX_HTTP_TEXT]}


def is_true(value: object) -> bool:
    """What a value counts as; true where that cannot be told."""
    try:
        return bool(value)
    except BaseException as error:  # the value's own code
        pass_on(error)
        return True

"""The cut of an oversized document: its largest values give way first, its identity never.

A marker says what was cut and how big it was. What no document may hold, a half of a character, is replaced here, too.
"""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quote

from ..guard import loaded, pass_on
from . import redaction, secret_shapes
from .document import ASCII_NAME, AWS_TEXTS, MAX_HTTP_TEXT, blocks_of, metadata_of
from .json_text import MAX_BYTES, MAX_INT_BITS, Marker, dumps, encoded, safe_str, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FULL_BYTES = 256_000
FULL_ENTRIES = 100
"""Metadata of one subsegment that is encoded whole before it is cut to what fits: four documents."""

SMALL_BYTES = 600
MAX_ENTRIES = 8_000
"""What may still fit behind that, and how many values at most."""

_SQL_TEXTS_TO_CUT = ("sanitized_query", "preparation", "connection_string", "url")
_MARKER_HEAD = 200
_MARKER_MEMBERS = 20
_MARKER_DEPTH = 3
_MAX_COUNTED = 200_000
"""Characters, members and levels that the beginning of a value is made of, and what is counted to the end."""

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
        note: str = marker(len(entry[2]), True, entry[2][:_MARKER_HEAD])
        excess -= len(entry[2]) - len(note)
        entry[2] = note
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
        sql = short_sql(sql)
        text = _rest(metadata, cause, sql, aws)
    if len(text) > room and aws:
        aws = short_aws(aws)
        text = _rest(metadata, cause, sql, aws)
    if len(text) > room:
        note = quote(f"{len(text)} bytes of metadata, cause, sql and aws")
        text = _rest([["lambda_tracer", "left_out", note]], None, None, None)
    return text


def marker(size: int, is_exact: bool, head: str) -> Marker:
    """What stands in the place of JSON of `size` bytes (or more), which starts with `head`."""
    key = "bytes" if is_exact else "bytes_at_least"
    text = Marker(encoded({"lambda_tracer": "cut", key: size, "starts_with": head}))
    text.size = size
    return text


def beginning(value: Any, size: int, is_captured: bool) -> Marker:
    """What stands in the place of a value of at least `size` bytes: a note with what it begins with."""
    is_exact = type(value) is str and size <= _MAX_COUNTED
    if is_exact:
        size = 2 + sum(len(quote(value[at : at + 8_000])) - 2 for at in range(0, len(value), 8_000))
    head = dumps(_trimmed(value, is_captured, 0), is_captured=is_captured)[:_MARKER_HEAD]
    return marker(size, is_exact, head)


def _trimmed(value: Any, is_captured: bool, depth: int) -> Any:
    """As much of a value as its first characters are made of; plain types only, others as they are."""
    kind = type(value)
    if kind is str or kind is bytes or kind is bytearray:
        if len(value) <= 2 * _MARKER_HEAD:
            return value
        if is_captured and kind is str and '"' in value and secret_shapes.may_name_secret(value):
            return redaction.REDACTED  # what stands behind the cut may be its name
        return value[: 2 * _MARKER_HEAD]
    if kind is int and value.bit_length() > MAX_INT_BITS:
        return f"<int of {value.bit_length()} bits>"
    if depth > _MARKER_DEPTH and (kind is dict or kind is list or kind is tuple):
        return type_name(value)
    if kind is list or kind is tuple:
        return [_trimmed(member, is_captured, depth + 1) for member in value[:_MARKER_MEMBERS]]
    if kind is dict:
        kept: dict[Any, Any] = {}
        for key, item in value.items():
            if len(kept) == _MARKER_MEMBERS:
                break
            name = key[: 2 * _MARKER_HEAD] if type(key) is str else key
            is_nameless = is_captured and len(value) > _MARKER_MEMBERS and type(key) is str
            kept[name] = (
                redaction.REDACTED
                if is_nameless and redaction.VALUE_MARK in name.lower()
                else _trimmed(item, is_captured, depth + 1)
            )
        return kept
    return value


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
            shown = dumps(value, room=MAX_BYTES if is_first else SMALL_BYTES)
            spent += len(shown)
            to.append([namespace, key, shown])
            if type(shown) is Marker:
                cut_bytes += shown.size - len(shown)
    if left_out:
        to.append(["lambda_tracer", "metadata_left_out", str(left_out)])
    return cut_bytes


def short_aws(aws: Mapping[str, Any]) -> dict[str, str]:
    """What always stays of the block about an AWS call."""
    return {key: safe_str(aws[key])[:MAX_HTTP_TEXT] for key in AWS_TEXTS if aws.get(key) is not None}


def short_sql(sql: Mapping[str, Any]) -> dict[str, str]:
    """The block about a query, its long texts cut."""
    return {key: _shortened(key, safe_str(value)) for key, value in sql.items() if value is not None}


def without_lone_surrogates(text: str) -> str:
    """JSON in ASCII with U+FFFD in the place of each half of a character that lacks its other half."""
    re = loaded("re", package="")

    # Every escape is looked at, so that a backslash that is itself escaped begins none.
    whole: str = re.sub(
        r"\\(?:ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(ud[89a-f][0-9a-f]{2})|.)",
        lambda found: "\\ufffd" if found[1] else found[0],
        text,
    )
    return whole


def _first(metadata: list[list[str]], room: int) -> list[list[str]]:
    kept: list[list[str]] = []
    size = left_out = 0
    is_full = False
    for entry in metadata:
        if entry[:2] == ["lambda_tracer", "metadata_left_out"]:
            left_out += int(entry[2])
            continue
        if not is_full:
            size += len(quote(safe_str(entry[1])[:MAX_BYTES])) + len(quote(entry[0])) + len(entry[2]) + 8
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


def _shortened(key: str, text: str) -> str:
    if key in _SQL_TEXTS_TO_CUT and len(text) > _WORTH_CUTTING:
        return f"{text[:_MARKER_HEAD]}... [cut: {len(text)} characters]"
    return text[:MAX_HTTP_TEXT]


def only_of_names(text: str) -> str:
    """A text without the characters that no name may have."""
    return "".join([character for character in text if _in_name(character)])


def _in_name(character: str) -> bool:
    if character in ASCII_NAME:
        return True
    if character.isascii() or character > "\uffff":
        return False
    unicodedata = loaded("unicodedata", package="")  # 1 MB of tables, only for names beyond ASCII

    # X-Ray's pattern lists the letters of an older Unicode; those of 3.2 are all among them.
    is_word = character.isalnum() and unicodedata.ucd_3_2_0.category(character)[0] in "LN"
    return is_word or unicodedata.category(character)[0] == "Z"


def is_true(value: object) -> bool:
    """What a value counts as; true where that cannot be told."""
    try:
        return bool(value)
    except BaseException as error:  # the value's own code
        pass_on(error)
        return True

"""The size of a document: as it was received, and as it lies in memory."""

from __future__ import annotations

from typing import NamedTuple

_OBJECT_BYTES = 180
_LIST_BYTES = 56
_MEMBER_BYTES = 30
"""What CPython takes for an object of JSON, a list, and a member with a short value, as measured on 3.11."""


MAX_PARTS = 1_000_000
"""Objects and lists in one request. In memory one without members is a hundred times what it is as text."""


def has_too_many_parts(json_text: bytes) -> bool:
    """Whether a text in JSON has more than `MAX_PARTS`, those in the texts that it holds counted."""
    return json_text.count(b"{") + json_text.count(b"[") > MAX_PARTS


class Size(NamedTuple):
    """Both in bytes."""

    received: int
    memory: int


def size_of(text: str | bytes, received: int | None = None) -> Size:
    """The size of the document that is `text`; `received` is what it came in, where that was more."""
    if isinstance(text, str):
        text = text.encode("utf-8", "replace")
    objects, lists, members = text.count(b"{"), text.count(b"["), text.count(b":")
    memory = len(text) + _OBJECT_BYTES * objects + _LIST_BYTES * lists + _MEMBER_BYTES * members
    return Size(len(text) if received is None else received, memory)

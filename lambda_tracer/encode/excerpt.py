"""The beginning of a value that is too large, for its marker."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quote

from ..safe import type_name
from . import redaction, secret_search
from .limits import MAX_INT_BITS
from .marker import HEAD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MEMBERS = 20
_DEPTH = 3
_CONTAINERS = 20
_MAX_COUNTED = 200_000
"""Members, levels, and lists and dicts in all, of what the beginning is made of, and characters of a text that is
measured to its end."""


def measured(value: Any, size: int) -> tuple[int, bool]:
    """The bytes of a value in JSON, which has at least `size`, and whether that is exact."""
    if type(value) is not str or size > _MAX_COUNTED:
        return size, False
    return 2 + sum(len(quote(value[at : at + 8_000])) - 2 for at in range(0, len(value), 8_000)), True


def beginning(value: Any, is_captured: bool) -> Any:
    """As much of a value as its first characters are made of; plain types only, others as they are."""
    return _beginning(value, is_captured, 0, [_CONTAINERS])


def _beginning(value: Any, is_captured: bool, depth: int, left: list[int]) -> Any:
    """`beginning`, of something that is so deep in the value, and where so many lists and dicts may still be shown."""
    kind = type(value)
    if kind is str or kind is bytes or kind is bytearray:
        if len(value) <= 2 * HEAD:
            return value
        if is_captured and kind is str and '"' in value and secret_search.may_be_in(value):
            return redaction.REDACTED  # what stands behind the cut may be its name
        return value[: 2 * HEAD]
    if kind is int and value.bit_length() > MAX_INT_BITS:
        return f"<int of {value.bit_length()} bits>"
    if kind is dict or kind is list or kind is tuple:
        left[0] -= 1
        if depth > _DEPTH or left[0] < 0:
            return type_name(value)
    if kind is list or kind is tuple:
        return [_beginning(member, is_captured, depth + 1, left) for member in value[:_MEMBERS]]
    if kind is dict:
        kept: dict[Any, Any] = {}
        for key, item in value.items():
            if len(kept) == _MEMBERS:
                break
            name = key[: 2 * HEAD] if type(key) is str else key
            is_nameless = is_captured and len(value) > _MEMBERS and type(key) is str
            kept[name] = (
                redaction.REDACTED
                if is_nameless and redaction.may_be_value(name)
                else _beginning(item, is_captured, depth + 1, left)
            )
        return kept
    return value

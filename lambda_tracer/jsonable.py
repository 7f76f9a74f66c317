"""Any Python value -> JSON text. Never raises, never consumes, always ends.

Two speeds. The ordinary one is the C encoder of `json`, for what is made of plain dicts, lists and scalars, with a
small hook for Decimal, dates, UUID and their like. A value is surveyed first: what holds any other type, more than a
document could, or, in a captured response, the name of a secret, goes the careful way (`walk`), as does what the
encoder refuses (a cycle, NaN, odd keys, depth).

Texts come out as ASCII, so that the length of a document is its size in bytes and a lone surrogate can do no harm.
"""

from __future__ import annotations

import json

from . import redaction, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAX_NODES = 32_000
"""Values that the fast way takes: with two bytes each, a document is full."""

MAX_TEXT = 200_000
"""Characters of one text that the fast way takes."""

safe_str = walk.safe_str
type_name = walk.type_name

_SCALARS = frozenset((str, int, float, bool, type(None)))


def dumps(value: object, *, is_captured: bool = False) -> str:
    """The JSON text of `value`, in ASCII, without spaces. Never raises.

    `is_captured`: it was not put there on purpose, so values under names of secrets are left out.
    """
    try:
        if _is_simple(value, is_captured):
            return "".join(_encode(value, 0))
    except BaseException:  # a cycle, NaN, an odd key, a dict that another thread changed
        pass
    try:
        return _encode_plain(walk.plain(value, redact=is_captured))
    except BaseException:  # next to no stack is left
        return '"..."'


def _is_simple(value: Any, is_captured: bool) -> bool:
    """Whether the C encoder may have it: plain types throughout, not too many, and no name of a secret."""
    kind = type(value)
    if kind in _SCALARS:
        return kind is not str or (len(value) < MAX_TEXT and not (is_captured and value[:1] in ("{", "[")))
    is_secret = redaction.is_secret
    nodes = 0
    todo = [value]
    for item in todo:  # which grows meanwhile
        kind = type(item)
        if kind is dict:
            for key, member in item.items():
                if type(key) is not str or (is_captured and is_secret(key)):
                    return False
                if type(member) not in _SCALARS:
                    todo.append(member)
                elif type(member) is str and (
                    len(member) > MAX_TEXT or (is_captured and member[:1] in ("{", "["))
                ):
                    return False
            if is_captured and ("value" in item or "Value" in item) and walk.is_named_secret(item):
                return False
        elif kind is list or kind is tuple:
            for member in item:
                if type(member) not in _SCALARS:
                    todo.append(member)
                elif type(member) is str and (
                    len(member) > MAX_TEXT or (is_captured and member[:1] in ("{", "["))
                ):
                    return False
            if is_captured and len(item) == 2 and type(item[0]) is str and is_secret(item[0]):
                return False
        elif walk.type_name(item) not in walk.TEXTS:
            return False
        else:
            continue
        nodes += len(item)
        if nodes > MAX_NODES:
            return False
    return True


def _text_of(value: object) -> str:
    """What the C encoder asks for when it meets a type that JSON lacks: one of those that `_is_simple` let through."""
    text: str = walk.TEXTS[walk.type_name(value)](value)
    return text


def _fast_encoder() -> Callable[[object, int], Any]:
    """The C encoder itself: `JSONEncoder.encode` makes one at each call, which doubles the cost of a small value."""
    make = json.encoder.c_make_encoder  # type: ignore[attr-defined]
    if make is None:  # a Python without its C accelerator
        encoder = json.JSONEncoder(
            default=_text_of, check_circular=False, allow_nan=False, separators=(",", ":")
        )
        return lambda value, level: encoder.iterencode(value)
    quote = json.encoder.encode_basestring_ascii
    encode: Callable[[object, int], Any] = make(None, _text_of, quote, None, ":", ",", False, False, False)
    return encode


_encode = _fast_encoder()
_encode_plain = json.JSONEncoder(check_circular=False, allow_nan=False, separators=(",", ":")).encode

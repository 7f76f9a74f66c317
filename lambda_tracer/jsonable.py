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

_harmless: set[str] = set()  # keys that are known to be no names of secrets
redaction.remember_in(_harmless)


def dumps(value: object, *, is_captured: bool = False) -> str:
    """The JSON text of `value`, in ASCII, without spaces. Never raises.

    `is_captured`: it was not put there on purpose, so values under names of secrets are left out.
    """
    try:
        if _is_flat(value) or _is_simple(value, is_captured):
            text = "".join(_encode(value, 0))
            if not (is_captured and _may_hold_secret(text)):
                return text
    except BaseException:  # a cycle, NaN, an odd key, a dict that another thread changed
        pass
    try:
        return _encode_plain(walk.plain(value, redact=is_captured))
    except BaseException:  # next to no stack is left
        return '"..."'


def _is_flat(value: Any) -> bool:
    """Whether it is a dict of scalars under harmless names: what most functions return, told without a Python loop."""
    return (
        type(value) is dict and value.keys() <= _harmless and _SCALARS.issuperset(map(type, value.values()))
    )


def _is_simple(value: Any, is_captured: bool) -> bool:
    """Whether the C encoder may have it: plain types throughout, not too many, and no name of a secret."""
    nodes = 0
    todo = [value]
    for item in todo:  # which grows meanwhile
        kind = type(item)
        if kind is dict:
            for key, member in item.items():
                if key not in _harmless and (
                    type(key) is not str or (is_captured and not _note_harmless(key))
                ):
                    return False
                if type(member) not in _SCALARS:
                    todo.append(member)
        elif kind is list or kind is tuple:
            todo += [member for member in item if type(member) not in _SCALARS]
            if is_captured and len(item) == 2 and type(item[0]) is str and redaction.is_secret(item[0]):
                return False
        elif kind is str:
            return len(item) < MAX_TEXT
        elif kind in _SCALARS or walk.type_name(item) in walk.TEXTS:
            continue
        else:
            return False
        nodes += len(item)
        if nodes > MAX_NODES:
            return False
    return True


def _note_harmless(key: str) -> bool:
    if redaction.is_secret(key):
        return False
    if len(_harmless) < 10_000 and len(key) <= 200:  # keys made of data must not fill the memory
        _harmless.add(key)
    return True


def _may_hold_secret(text: str) -> bool:
    """Whether encoded JSON holds JSON in a text, or a name beside its value, that may be of a secret."""
    # JSON inside a text comes out with its quotes escaped.
    if '\\"' in text and walk.has_secret_text(text, as_value=True):
        return True
    return 'alue":' in text and any(map(redaction.is_secret, walk.named(text)))


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

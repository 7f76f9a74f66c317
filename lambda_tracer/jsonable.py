"""Any Python value -> JSON text. Never raises, never consumes, always ends.

Two speeds. The ordinary one is the C encoder of `json`, for what is made of plain dicts, lists and scalars, with a
small hook for Decimal, dates, UUID and their like. A value is surveyed first: what holds any other type, more than a
document could, or, in a captured response, the name of a secret, goes the careful way (`walk`), as does what the
encoder refuses (a cycle, NaN, odd keys, depth).

Texts come out as ASCII, so that the length of a document is its size in bytes and a lone surrogate can do no harm.
"""

from __future__ import annotations

import json

from . import redaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAX_NODES = 32_000
"""Values that the fast way takes: with two bytes each, a document is full."""

MAX_TEXT = 200_000
"""Characters of one text that the fast way takes."""

_SCALARS = frozenset((str, int, float, bool, type(None)))

_harmless: set[str] = set()  # keys that are known to be no names of secrets
redaction.remember_in(_harmless)


TEXTS: dict[str, Callable[[Any], Any]] = {
    "<decimal.Decimal>": str,
    "<fractions.Fraction>": str,
    "<builtins.complex>": str,
    "<builtins.range>": str,
    "<datetime.date>": str,
    "<datetime.datetime>": str,
    "<datetime.time>": str,
    "<datetime.timedelta>": str,
    "<datetime.timezone>": str,
    "<zoneinfo.ZoneInfo>": str,
    "<uuid.UUID>": str,
    "<ipaddress.IPv4Address>": str,
    "<ipaddress.IPv6Address>": str,
}
"""Types whose text says all, by name: none is imported for the sake of a value that nobody returned."""


def dumps(value: object, *, is_captured: bool = False) -> str:
    """The JSON text of `value`, in ASCII, without spaces. Never raises.

    `is_captured`: it was not put there on purpose, so values under names of secrets are left out.
    """
    try:
        # A dict of scalars under harmless names, which most functions return, is told without a Python loop.
        if (
            type(value) is dict
            and _harmless.issuperset(value)
            and _SCALARS.issuperset(map(type, value.values()))
        ) or _is_simple(value, is_captured):
            text = "".join(_encode(value, 0))
            if not (is_captured and ('\\"' in text or 'alue":' in text) and _may_hold_secret(text)):
                return text
    except BaseException:  # a cycle, NaN, an odd key, a dict that another thread changed
        pass
    try:
        from .walk import plain  # what most functions return does not need it

        return _encode_plain(plain(value, redact=is_captured))
    except BaseException:  # next to no stack is left
        return '"..."'


def safe_str(value: object) -> str:
    """`str(value)`, or the name of its type when that fails."""
    try:
        return str.__str__(str(value))
    except BaseException:  # the user's __str__ can raise anything; SystemExit must not leave through us
        return type_name(value)


def type_name(value: object) -> str:
    """`<module.Type>`: how a value is shown that is not to be looked into."""
    return name_of(type(value))


def name_of(kind: type) -> str:
    """`<module.Type>` of a type, asked of no metaclass."""
    module, name = type.__dict__["__module__"].__get__(kind), type.__dict__["__qualname__"].__get__(kind)
    return f"<{module}.{name}>" if type(module) is str else f"<{name}>"


def _is_simple(value: Any, is_captured: bool) -> bool:
    """Whether the C encoder may have it: plain types throughout, not too many, and no name of a secret."""
    nodes = 0
    todo = [value]
    for item in todo:  # which grows meanwhile
        kind = type(item)
        if kind is dict:
            if not (item.keys() <= _harmless or all(_is_harmless(key, is_captured) for key in item)):
                return False
            members = item.values()
        elif kind is list or kind is tuple:
            if is_captured and len(item) == 2 and type(item[0]) is str and redaction.is_secret(item[0]):
                return False
            members = item
        elif kind is str:
            return len(item) < MAX_TEXT
        elif kind in _SCALARS or type_name(item) in TEXTS:
            continue
        else:
            return False
        nodes += len(members)
        if nodes > MAX_NODES:
            return False
        if not _SCALARS.issuperset(map(type, members)):
            todo += [member for member in members if type(member) not in _SCALARS]
    return True


def _is_harmless(key: Any, is_captured: bool) -> bool:
    """Whether a key is a text, and no name of a secret where that matters."""
    if type(key) is not str or key in _harmless:
        return type(key) is str
    if redaction.is_secret(key):
        return not is_captured
    if len(_harmless) < 10_000 and len(key) <= 200:  # keys made of data must not fill the memory
        _harmless.add(key)
    return True


def _may_hold_secret(text: str) -> bool:
    """Whether encoded JSON holds JSON in a text, or a name beside its value, that may be of a secret."""
    from . import walk

    # JSON inside a text comes out with its quotes escaped.
    if '\\"' in text and walk.has_secret_text(text, as_value=True):
        return True
    return 'alue":' in text and any(map(redaction.is_secret, walk.named(text)))


def _text_of(value: object) -> str:
    """What the C encoder asks for when it meets a type that JSON lacks: one of those that `_is_simple` let through."""
    text: str = TEXTS[type_name(value)](value)
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

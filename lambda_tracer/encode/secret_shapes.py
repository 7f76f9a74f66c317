"""The shapes of secrets: what of a mapping, or of a text that may be JSON, is left out because of a name in it.

`may_name_secret` is the quick look, which decides whether a value goes the careful way; the others replace.

The names and keys themselves are in `redaction`.
"""

from __future__ import annotations

import re

from ..safe import type_name
from . import redaction
from .redaction import COUNTS, NAMING_KEYS, SECRET_TYPES, VALUE_MARK, given_names, is_secret, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LOOKED_AT = 64_000
"""Characters of a text that are searched: no more of it could be shown."""

_ESCAPED = re.compile(r"\\u(?:00[2-7]|212a|0130)", re.IGNORECASE)
"""Letters of a name that are written as JSON's escapes, and two that become ASCII in small letters."""

_SQUEEZED = {code: None for code in range(128) if not chr(code).isalnum() and chr(code) != '"'}

_needles: list[str] = []  # what a text is searched for, once it is known
redaction.remember_in(_needles)

_MAX_NAME = 500
_NUMBERS = ("<builtins.int>", "<builtins.float>", "<builtins.bool>", "<decimal.Decimal>")


def may_name_secret(text: str) -> bool:
    """Whether a text holds between its quotes what may be the name of a secret, be it a key or a value.

    A quick look at JSON, of any depth and however often packed. Where it says no, there is none.
    """
    if not redaction.is_on:
        return False
    if len(text) > MAX_LOOKED_AT:
        text = text[:MAX_LOOKED_AT]
        if VALUE_MARK in text.lower():  # its name may stand behind what is looked at
            return True
    squeezed = text.lower().encode("ascii", "ignore").decode().translate(_SQUEEZED)
    for needle in _needles or _all_needles():
        if needle in squeezed:
            return True
    return "\\u" in text and _ESCAPED.search(text) is not None


def hides(name: str, value: object) -> bool:
    """Whether this value under this name is not to be recorded."""
    return value is not None and is_secret(name) and not (type_name(value) in _NUMBERS and _is_count(name))


def is_value(key: str) -> bool:
    """Whether what stands under this key belongs to the name beside it."""
    return VALUE_MARK in key.lower() and plain(key).rstrip("s").endswith("value")


def values_of_secrets(mapping: Mapping[str, object], *, is_cut: bool) -> list[str]:
    """The keys of a mapping whose values a name beside them says to be secrets.

    Of one that was cut the name may be what is missing: all values are.
    """
    values = [key for key in mapping if is_value(key)]
    if not values or is_cut:
        return values
    for key, item in mapping.items():
        if type(item) is not str or len(item) > _MAX_NAME:
            continue
        if plain(item) in SECRET_TYPES:
            return values
        if plain(key) in NAMING_KEYS and is_secret(item):
            return [value for value in values if hides(item, mapping[value])]
    return []


def names_secret(text: str, *, is_json: bool) -> bool:
    """Whether a text that can't be read as JSON names a secret between quotes: as a key, or anywhere if `is_json`."""
    text = re.sub(r"\\+u00([2-7][0-9a-fA-F])", lambda found: chr(int(found[1], 16)), text)
    behind = r"[:,}\]]" if is_json else ":"
    names = re.findall(r'"([^"\\]{1,200})\\*"\s*' + behind, text)
    return any(map(is_secret, names))


def _is_count(name: str) -> bool:
    """Whether a number under this name is none of its secrets."""
    return re.fullmatch(COUNTS, plain(name)) is not None and not any(
        part in plain(name) for part in given_names()
    )


def _all_needles() -> list[str]:
    """What `may_name_secret` looks for: every name of the tables, with the quotes that it must stand in."""
    _needles.extend(redaction.PARTS)
    _needles.extend(SECRET_TYPES)
    _needles.extend([f'"{name}"' for name in redaction.WHOLE_NAMES])
    _needles.extend([f'{word}"' for word in redaction.LAST_WORDS])
    _needles.extend(given_names())
    return _needles

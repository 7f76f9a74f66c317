"""The shapes of secrets: what of a mapping, or of a text that may be JSON, is left out because of a name in it.

The names and keys themselves are in `redaction`.
"""

from __future__ import annotations

import re

from .jsonable import type_name
from .redaction import NAMING_KEYS, SECRET_TYPES, VALUE_MARK, is_count, is_secret, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_NAME = 500
_NUMBERS = ("<builtins.int>", "<builtins.float>", "<builtins.bool>", "<decimal.Decimal>")


def hides(name: str, value: object) -> bool:
    """Whether this value under this name is not to be recorded."""
    return value is not None and is_secret(name) and not (type_name(value) in _NUMBERS and is_count(name))


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

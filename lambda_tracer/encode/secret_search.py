"""The search for secrets: a quick look at what may hold one, and the replacement of what is one.

Both read the tables of `redaction`: the names, and the shapes in which a value stands beside them.
"""

from __future__ import annotations

import json
import re

from ..guard import pass_on
from ..safe import type_name
from . import redaction
from .redaction import COUNTS, NAME_PLACES, REDACTED, SHAPES, TEXTS, given_names, is_secret, letters_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .redaction import Shape

MAX_LOOKED_AT = 64_000
"""Characters of a text that are searched: no more of it could be shown."""

_MAX_PARSED = 2_000
"""Lists and dicts of a JSON text that is looked into."""

_MAX_NAME = 500
_NUMBERS = ("<builtins.int>", "<builtins.float>", "<builtins.bool>", "<decimal.Decimal>")

_ESCAPED = re.compile(r"\\u(?:00[2-7]|212a|0130)", re.IGNORECASE)
"""Letters of a name that are written as JSON's escapes, and two that become ASCII in small letters."""

_SQUEEZED = bytes(code for code in range(128) if not chr(code).isalnum() and chr(code) != '"')

_STEMS = ("key", "pass", "sec", "code", "auth", "cred", "otp", "pw", "conn", "cv")
"""What several needles have in common: where it is not in a text, none of them is."""

_needles: list[str] = []  # what a text is searched for, once it is known
_groups: list[list[str]] = []  # as long as they are known: the same, each behind what several have in common
redaction.remember_in(_needles)


# The quick look


def may_be_in(text: str) -> bool:
    """Whether there may be a secret in JSON, or in a text that holds some, however deep and however often packed.

    It says so wherever a secret's name, or a text of a shape, stands between quotes. Where it says no, there is none.
    """
    if not redaction.is_on:
        return False
    if len(text) > MAX_LOOKED_AT:
        text = text[:MAX_LOOKED_AT]
        if redaction.may_be_value(text):  # its name may stand behind what is looked at
            return True
    squeezed = _squeezed(text)
    if not _needles:
        _all_needles()
    for group in _groups:
        if group[0] in squeezed:
            for needle in group[1:]:
                if needle in squeezed:
                    return True
    return "\\u" in text and _ESCAPED.search(text) is not None


def suspects(names: list[str]) -> set[str]:
    """Those of many names that may be a secret's. Where it leaves one out, it is none."""
    if not redaction.is_on:
        return set()
    found = {name for name in names if '"' in name}  # which would look like two
    names = [name for name in names if name not in found]
    needles = "".join(_needles or _all_needles())
    if not needles.isascii():  # one was given, of which the letters here have nothing
        return set(names) | found
    return found.union(_holding(names))


def _holding(names: list[str]) -> Iterator[str]:
    """Those of many names, in which there are no quotes, that hold a needle."""
    squeezed = _squeezed('"' + '""'.join(names) + '"')
    letters = squeezed[1:-1].split('""')
    for needle in _needles or _all_needles():
        if needle in squeezed:
            for name, those in zip(names, letters, strict=True):
                if needle in f'"{those}"':
                    yield name


def _squeezed(text: str) -> str:
    """The letters of a text as those of `_needles` are, and its quotes."""
    return text.lower().encode("ascii", "ignore").translate(None, _SQUEEZED).decode()


def _all_needles() -> list[str]:
    """Every name and text of the tables, with the quotes that it must stand in."""
    made = [
        *(*redaction.PARTS, *TEXTS),
        *[f'"{name}"' for name in redaction.WHOLE_NAMES],
        *[f'{word}"' for word in redaction.LAST_WORDS],
        *given_names(),
    ]
    groups: dict[str, list[str]] = {}
    for needle in made:
        stem = next((stem for stem in _STEMS if stem in needle), needle)
        groups.setdefault(stem, [stem]).append(needle)
    # At once: another thread must not see a part of them.
    _groups[:] = groups.values()
    _needles[:] = made
    return made


# The replacement


def hides(name: str, value: object, hidden: frozenset[str] = frozenset()) -> bool:
    """Whether this value of this name is not to be recorded; `hidden` are names that its class keeps to itself."""
    if value is None:
        return False
    return name in hidden or (is_secret(name) and not (type_name(value) in _NUMBERS and _is_count(name)))


def replace_in_mapping(shown: dict[str, Any], *, is_cut: bool) -> None:
    """Replace in a mapping what stands beside a secret's name. Of one that `is_cut` the name may be missing."""
    if not redaction.may_be_value("\n".join(shown)):
        return
    letters = {key: letters_of(key) for key in shown}
    if not any(text.rstrip("s").endswith(redaction.VALUE_WORDS) for text in letters.values()):
        return
    for shape in SHAPES:
        if not shape.value_word:
            continue
        values = [key for key in shown if letters[key].rstrip("s").endswith(shape.value_word)]
        shown.update(dict.fromkeys(values if is_cut else _secrets(shown, letters, shape, values), REDACTED))


def replace_in_list(shown: list[Any], fields: tuple[str, ...]) -> None:
    """Replace in a list what stands behind a secret's name; in a named tuple, what its `fields` name."""
    if len(fields) == len(shown):
        for place, name in enumerate(fields):
            if hides(name, shown[place]):
                shown[place] = REDACTED
    for place in NAME_PLACES:
        if len(shown) > place + 1 and type(shown[place]) is str and is_secret(shown[place]):
            for behind in range(place + 1, len(shown)):
                if hides(shown[place], shown[behind]):
                    shown[behind] = REDACTED


def replaced_in_text(text: str, plain: Callable[[Any], Any], *, has_room: bool) -> str:
    """A text in which a secret may be, without it. What JSON holds is shown by `plain`, where there `has_room` for it.

    JSON that is too large to be looked into is left out as a whole. A text that can't be read is, if it names a secret:
    before a colon, or anywhere between quotes if it begins like JSON.
    """
    start = text.lstrip("\ufeff \t\r\n")
    is_json = start[:1] in ("{", "[", '"')
    if is_json:
        if not has_room or len(text) > MAX_LOOKED_AT or text.count("{") + text.count("[") > _MAX_PARSED:
            return REDACTED
        try:
            read = json.loads(start, object_pairs_hook=_object)
            shown = plain(read)
            if shown == read:
                return text
            made = json.dumps(shown)
            # What `plain` did not get to, too deep or too far behind, may be a secret just as well.
            return made if REDACTED in made or _names_secret(text, is_json) else text
        except (ValueError, RecursionError) as error:
            pass_on(error)
    return REDACTED if _names_secret(text[:MAX_LOOKED_AT], is_json) else text


def _secrets(mapping: dict[str, Any], letters: dict[str, str], shape: Shape, values: list[str]) -> list[str]:
    """Those of a mapping's `values` that another member says to be secrets."""
    secrets: list[str] = []
    for key, text in mapping.items() if values else ():
        if type(text) is not str or len(text) > _MAX_NAME:
            continue
        if shape.texts and letters_of(text) in shape.texts:
            return values
        if letters[key] in shape.name_keys and is_secret(text):
            secrets.extend(value for value in values if hides(text, mapping[value]))
    return secrets


def _names_secret(text: str, is_json: bool) -> bool:
    """Whether a text that is not looked into names a secret between quotes: as a key, or anywhere if `is_json`."""
    text = re.sub(r"\\+u00([2-7][0-9a-fA-F])", lambda found: chr(int(found[1], 16)), text)
    names = list(
        dict.fromkeys(re.findall(r'"([^"\\]{1,200})\\*"\s*' + (r"[:,}\]]" if is_json else ":"), text))
    )
    # Thousands of texts in it are no names: only those that hold a needle are asked.
    return any(is_secret(name) or (is_json and letters_of(name) in TEXTS) for name in _holding(names))


def _is_count(name: str) -> bool:
    """Whether a number under this name is none of its secrets."""
    letters = letters_of(name)
    return re.fullmatch(COUNTS, letters) is not None and not any(part in letters for part in given_names())


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; one in which a key comes twice shows its readers different things, and is left out whole."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key comes twice")
    return made

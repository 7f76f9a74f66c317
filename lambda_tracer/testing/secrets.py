"""The search for what is secret in what was sent, in every spelling that it may have there.

Texts are searched as they are, and as they are when what was escaped in them (JSON, URLs, HTML) is undone. Base64 is
searched for by what a secret becomes in it, at each of the three places at which it may begin.
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote, unquote_plus

from ..local.receive.documents import Document, mapping
from .invocation import Invocation

MIN_CHARACTERS = 4
"""Of a secret: what is shorter is somewhere in every trace."""

MIN_CUT_CHARACTERS = 8
"""Of a secret's beginning, at the end of a value that was cut off."""

MIN_TWICE_CHARACTERS = 8
"""Of a secret in base64 that is searched for in base64: what is left of fewer is somewhere sooner or later."""

SHORTEST_CUT = 200
"""Characters of a value that may have been cut off: what its marker begins with. URLs have 250, annotations 1,000."""

MAX_UNDONE = 4
"""Levels of escapes."""

MAX_SPELLINGS = 40
"""Of one text, with its escapes undone in one order or another."""

MAX_FOUND = 20

NOT_SEARCHED = frozenset(("id", "parent_id", "trace_id", "start_time", "end_time", "links", "precursor_ids"))
"""What the tracer makes up or measures: a few digits are in one of them sooner or later."""

_IDS_OF_EXCEPTIONS = ("id", "cause")

HIDDEN = "***"

_SEPARATED = re.compile(r"[0-9](?:[ ._/-]?[0-9])+")
_MIN_DIGITS = 8
_SEPARATOR = r"[ \-\u2010-\u2015._/\u00a0]{0,3}"
_ESCAPE = re.compile(
    r"""\\(?:U(000[0-9a-fA-F]{5}|0010[0-9a-fA-F]{4})|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(["'\\/bfnrt]))"""
)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SURROGATE = re.compile("[\ud800-\udfff]")


class Secret:
    """A text that must not be in a trace, with what is searched for in its place."""

    def __init__(self, text: str | bytes, number: int) -> None:
        """`number` names it in messages. TypeError for what is no text, ValueError for one that is too short."""
        if not isinstance(text, (str, bytes)):
            raise TypeError(f"text {number} to look for must be str or bytes, not {type(text).__name__}")
        if len(text) < MIN_CHARACTERS:
            raise ValueError(
                f"text {number} to look for has {len(text)} characters: fewer than {MIN_CHARACTERS} are in every trace"
            )
        self.number = number
        self.length = len(text)
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        plain = text if isinstance(text, str) else _decoded(text)
        self._plain = _folded(plain)
        self._hex = data.hex()
        self._base64 = list(_base64_of(data))
        self._twice_base64 = [
            twice
            for once in self._base64
            if len(once) >= MIN_TWICE_CHARACTERS
            for twice in _base64_of(once.encode())
        ]
        self._digits: re.Pattern[str] | None = None
        digits = re.sub(r"[^0-9]", "", plain)
        if len(digits) >= _MIN_DIGITS and _SEPARATED.fullmatch(plain.strip()):
            self._digits = re.compile(_SEPARATOR.join(digits))

    def spelling_in(self, spellings: Iterable[tuple[str, str]]) -> str:
        """How it is spelled where it is in one of a text's `spellings`, in a few words; empty where it is in none."""
        may_be_cut = False
        for spelled, how in spellings:
            may_be_cut = may_be_cut or len(spelled) >= SHORTEST_CUT  # the first is as it was sent
            folded = _folded(spelled)
            if self._plain in folded:
                return how or "as it is"
            if self._digits is not None and self._digits.search(spelled):
                return "with other separators"
            if self._hex in folded:
                return "in hex"
            unwrapped = spelled.replace("\n", "").replace("\r", "")
            if any(each in unwrapped for each in self._base64):
                return "in base64"
            if any(each in unwrapped for each in self._twice_base64):
                return "in base64 in base64"
            if may_be_cut and _ends_with_beginning(folded, self._plain):
                return "cut off"
        return ""


def leaks(invocations: Iterable[Invocation], secrets: Iterable[Secret]) -> list[str]:
    """A line for each place that has one of the secrets; none of them has the secret itself."""
    wanted = list(secrets)
    places = dict.fromkeys(
        place
        for invocation in invocations
        for document in invocation.documents
        for place in _places(document, wanted)
    )
    found = list(places)
    if len(found) > MAX_FOUND:
        return [*found[:MAX_FOUND], f"and {len(found) - MAX_FOUND:,} more places"]
    return found


def _places(document: Document, secrets: list[Secret]) -> Iterator[str]:
    waiting: list[tuple[Document, tuple[str, ...]]] = [(document, ())]
    while waiting:
        current, above = waiting.pop()
        name = current.get("name")
        path = (*above, name if isinstance(name, str) else "(no name)")
        inside = current.get("subsegments")
        if isinstance(inside, list):
            waiting += [(each, path) for each in reversed(inside) if isinstance(each, dict)]
        for key, value in current.items():
            if key in NOT_SEARCHED or key == "subsegments":
                continue
            for keys, text in _texts(_without_ids(value) if key == "cause" else value, (key,)):
                spellings = list(_spellings(text))
                for secret in secrets:
                    if spelling := secret.spelling_in(spellings):
                        yield (
                            f"text {secret.number} of {len(secrets)} ({secret.length} characters) is, {spelling}, in "
                            f"{' > '.join(_hidden(part, secrets) for part in path)}: "
                            f"{_address(keys, secrets)}"
                        )


def _without_ids(cause: Any) -> Any:
    """A cause without the ids of exceptions; one that is an id says nothing."""
    exceptions = mapping(cause).get("exceptions")
    if not isinstance(exceptions, list):
        return mapping(cause)
    described = [
        {key: item for key, item in mapping(each).items() if key not in _IDS_OF_EXCEPTIONS}
        for each in exceptions
    ]
    return {**cause, "exceptions": described}


def _texts(value: Any, keys: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Each text, number and key in a value, with the way to it."""
    waiting: list[tuple[Any, tuple[str | int, ...]]] = [(value, keys)]
    while waiting:
        current, at = waiting.pop()
        if isinstance(current, str):
            yield at, current
        elif isinstance(current, dict):
            waiting += [(item, (*at, key)) for key, item in reversed(current.items())]
            yield from (((*at, key), key) for key in current)
        elif isinstance(current, list):
            waiting += [(item, (*at, index)) for index, item in reversed(list(enumerate(current)))]
            if current and all(type(item) is int and 0 <= item < 256 for item in current):
                yield at, bytes(current).decode("latin-1")
        elif isinstance(current, (int, float)) and not isinstance(current, bool):
            yield at, repr(current)


def _address(keys: tuple[str | int, ...], secrets: list[Secret]) -> str:
    """As in `metadata.payment["app.charge response"].password`."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
            continue
        shown = _hidden(key, secrets)
        text += f".{shown}" if shown.isidentifier() or shown == HIDDEN else f'["{shown}"]'
    return text.removeprefix(".")


def _hidden(text: str, secrets: list[Secret]) -> str:
    spellings = list(_spellings(text))
    return HIDDEN if any(secret.spelling_in(spellings) for secret in secrets) else text


def _spellings(text: str) -> Iterator[tuple[str, str]]:
    """The text, and what it is with its escapes undone, each once, with a word for what was undone."""
    seen = {text}
    waiting = [(text, "", 0)]
    while waiting:
        current, how, levels = waiting.pop(0)
        yield current, how
        if levels == MAX_UNDONE:
            continue
        for marks, undo, name in _UNDO:
            if not any(mark in current for mark in marks):
                continue
            undone = undo(current)
            if undone not in seen and len(seen) < MAX_SPELLINGS:
                seen.add(undone)
                waiting.append((undone, name, levels + 1))


def _without_escapes(text: str) -> str:
    """JSON's and Python's escapes undone, in the whole of a text or in a part of one that was cut off."""
    text = _ESCAPE.sub(_escaped, text)
    if _SURROGATE.search(text):
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _escaped(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    return chr(int(digits, 16)) if digits else _CONTROLS.get(match[4], match[4])


_UNDO: tuple[tuple[str, Callable[[str], str], str], ...] = (
    ("\\", _without_escapes, "escaped as in JSON"),
    ("%", unquote, "escaped as in a URL"),
    ("+%", unquote_plus, "escaped as in a URL"),
    ("&", html.unescape, "escaped as in HTML"),
)


def _base64_of(data: bytes) -> Iterator[str]:
    """What `data` becomes in base64, standard and URL-safe, for each place in three bytes at which it may begin.

    Only the digits that other bytes before and behind it can't change.
    """
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data).decode("ascii")
        digits = encoded[-(-offset * 8 // 6) : (offset + len(data)) * 8 // 6]
        yield digits
        if "+" in digits or "/" in digits:
            yield digits.replace("+", "-").replace("/", "_")


def _ends_with_beginning(text: str, secret: str) -> bool:
    """Whether a text ends in the midst of the secret, as one does that was cut off."""
    longest = min(len(text), len(secret) - 1)
    return any(
        text.endswith(secret[:length])
        for length in range(longest, max(MIN_CUT_CHARACTERS, len(secret) // 2) - 1, -1)
    )


def _folded(text: str) -> str:
    """What is the same however a text is written: in capitals, with accents of their own, with another end of lines."""
    return unicodedata.normalize("NFC", text.casefold()).replace("\r\n", "\n")


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")

"""Patterns of sampling rules: `*` is any text, `?` any character, and small letters are as good as capitals."""

from __future__ import annotations

import re
from functools import lru_cache


def matches(pattern: str, text: str, *, ignores_case: bool = True) -> bool:
    """Whether a pattern says what the whole of a text is."""
    return pattern == "*" or _compiled(pattern, ignores_case).fullmatch(text) is not None


def allows(pattern: str | None, text: str) -> bool:
    """Whether a rule with that pattern is for a text. What is not known, an empty text, is never against that.

    A pattern that is None is for no text that is known.
    """
    return not text or (pattern is not None and matches(pattern, text))


@lru_cache(maxsize=500)
def _compiled(pattern: str, ignores_case: bool) -> re.Pattern[str]:
    """What is between two stars is looked for from the left and never again: a text takes time by its length alone."""
    flags = re.DOTALL | (re.IGNORECASE if ignores_case else 0)
    first, *rest = [
        "".join("." if letter == "?" else re.escape(letter) for letter in part) for part in _parts(pattern)
    ]
    if not rest:
        return re.compile(first, flags)
    # A lookahead is not gone back into, as in an atomic group, which Python has from 3.11 on.
    middle = "".join(f"(?=(.*?{part}))\\{number}" for number, part in enumerate(rest[:-1], 1))
    return re.compile(f"{first}{middle}.*{rest[-1]}", flags)


def _parts(pattern: str) -> list[str]:
    first, *rest = pattern.split("*")
    return [first, *(part for part in rest[:-1] if part), *rest[-1:]]

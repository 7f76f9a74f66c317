"""Texts: an expected tree, one that is meant to harm, and what a terminal and a reader of JSON see in them."""

from __future__ import annotations

import json
import re
import unicodedata
from textwrap import dedent
from typing import Any, NoReturn

import pytest

MODES = pytest.mark.parametrize("mode", [[], ["--inline"]], ids=["process", "inline"])


HOSTILE = "\x1b]0;title\x07\x9b2J\u202e\u2066\x00\x7f\u2028"


def seen(text: str) -> set[str]:
    """What a terminal would obey in it, but for our own colours."""
    return commands_in(re.sub(r"\x1b\[[0-9;]*m", "", text))


def commands_in(text: str) -> set[str]:
    """The characters in it that a terminal would obey, but for line breaks."""
    return {
        character
        for character in set(text) - {"\n"}
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    }


def strictly(text: str) -> Any:
    """The value of a text of JSON, as a reader takes it that knows of nothing more."""

    def refuse(name: str) -> NoReturn:
        raise AssertionError(f"{name} is not JSON")

    value = json.loads(text, parse_constant=refuse)
    json.dumps(value, ensure_ascii=False).encode()
    return value


def tree(text: str) -> str:
    """An expected tree without the margin it has in the test."""
    return dedent(text).strip("\n")

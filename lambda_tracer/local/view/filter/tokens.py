"""Tokens: words, numbers, texts and signs of a filter expression, each with its place."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

MAX_CHARACTERS = 2_000
"""Of an expression, as for GetTraceSummaries
(https://docs.aws.amazon.com/xray/latest/api/API_GetTraceSummaries.html)."""

WORD, NUMBER, TEXT, SIGN, JSON, END = "word", "number", "text", "sign", "json", "end"

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.]))
      | (?P<word>[A-Za-z_][A-Za-z0-9_.]*)
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<sign><=|>=|!=|[=<>!(){}\[\],:])
      | (?P<json>\#)
    )""",
    re.VERBOSE | re.DOTALL,
)


class FilterError(ValueError):
    """The expression is none, or none that can be answered; the message says why, and at which character."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} at character {position + 1}")


class Token(NamedTuple):
    """`value` is what is compared: the text without its quotes, the number, a word in small letters."""

    kind: str
    value: object
    text: str
    position: int


def tokens_of(expression: str) -> list[Token]:
    """All of them, and one for the end."""
    if len(expression) > MAX_CHARACTERS:
        raise FilterError(
            f"an expression has at most {MAX_CHARACTERS:,} characters: too long", MAX_CHARACTERS
        )
    found: list[Token] = []
    position = 0
    end = len(expression.rstrip())
    while position < end:
        match = _TOKEN.match(expression, position)
        if match is None:
            at = position + len(expression[position:]) - len(expression[position:].lstrip())
            raise FilterError(_unreadable(expression[at]), at)
        kind = str(match.lastgroup)
        text = match[kind]
        at = match.start(kind)
        position = match.end()
        if kind == JSON:
            value, position = _json(expression, position)
            found.append(Token(JSON, value, expression[at:position], at))
        else:
            found.append(Token(kind, _value(kind, text), text, at))
    found.append(Token(END, None, "", end))
    return found


def _value(kind: str, text: str) -> object:
    if kind == NUMBER:
        return float(text)
    if kind == TEXT:
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
    return text.lower() if kind == WORD else text


def _json(expression: str, position: int) -> tuple[object, int]:
    try:
        value, end = json.JSONDecoder().raw_decode(expression, position)
    except (ValueError, RecursionError) as exc:
        raise FilterError("expected JSON after #", position) from exc
    return value, end


def _unreadable(character: str) -> str:
    if character == '"':
        return "a text without its closing quotation mark"
    if character == "'":
        return 'a text is written in double quotation marks, as "text",'
    return f"{character!r} means nothing in a filter expression"

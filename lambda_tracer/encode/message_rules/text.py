"""A message's text without the values that it quotes."""

from __future__ import annotations

import re

_QUOTE = r"[\"'`\u00ab\u2018\u201a\u201c\u201e]"
_CLOSING = {
    "\u00ab": "\u00bb",
    "\u2018": "\u2019",
    "\u201a": "\u2018",
    "\u201c": "\u201d",
    "\u201e": "\u201c",
    "`": "`'",
}
NAME = r"[\w.$:/@%-]{1,128}"
"""A name of a table, a host, a file: nothing that a sentence could be."""

_NOUN = (
    r"(?:\b(?:argument|attribute|charset|class|codec|collation|column|command|constraint|cursor|database"
    r"|encoding|engine|entity|extension|failed for|field|function|host|host name|index|key|keyword"
    r"|library|mapper|method|module|object|on|operator|package|parameter|partition|plugin|policy"
    r"|procedure|property|publication|references|relation|relationship|role|rule|savepoint|schema"
    r"|sequence|server at|server on|statement|table|tablespace|trigger|type|user|view)"
    r"\s|\bhost=|[(,.@]\s?|\bfailed \()\Z"
)
"""What stands before a quoted name that is none of the user's values; after a bracket or a dot only in backticks."""

_CLAUSE = (
    r"field list|(?:where|order|group|on|having|from) (?:clause|statement)"
    r"|SELECT|WHERE|(?:ORDER|GROUP) BY|HAVING|ON"
)
APOSTROPHE = r"(?:[A-Za-z]{2}'(?:t|s|re|ve|ll)\b)"
"""Around the quote of a word such as `can't`, from two letters before it on."""


def unquoted(text: str, tail: str = "", *, has_names: bool = True) -> str:
    """`text` up to its first quoted text that is no name, with `?` in its place.

    What follows goes as well: where a value ends can't be told, for it may contain quotes. But what `tail`, a pattern,
    matches at the end is kept. `has_names`: a name behind a word that says what it names is kept, too.
    """
    at = 0
    while True:
        match = re.compile(_QUOTE).search(text, at)
        if match is None:
            return text
        start, quote = match.start(), match[0]
        if quote == "'" and re.compile(APOSTROPHE).match(text, max(0, start - 2)):
            at = start + 1
            continue
        end = next((n for n in range(start + 1, len(text)) if text[n] in _CLOSING.get(quote, quote)), -1)
        if end > 0 and _is_named(text, start, end, has_names):
            at = end + 1
            continue
        rest = re.search(f"(?:{tail})\\Z", text[start + 1 :], re.DOTALL) if tail else None
        return f"{text[:start]}?{rest[0] if rest else ''}"


def _is_named(text: str, start: int, end: int, has_names: bool) -> bool:
    """Whether a quoted text is a name, by what it looks like and what stands before or behind it."""
    if (
        has_names
        and text[max(0, start - 4) : start] == " in "
        and re.fullmatch(_CLAUSE, text[start + 1 : end])
    ):
        return True
    if re.fullmatch(NAME, text[start + 1 : end], re.ASCII) is None:
        return False
    before = re.search(_NOUN, text[max(0, start - 24) : start], re.IGNORECASE)
    if before is not None and has_names:
        return before[0].strip() not in ("(", ",", ".", "@") or text[start] == "`" or before[0] == "@"
    return re.match(r"['\"] (?:command|object|is an unexpected keyword argument)\b", text[end:]) is not None


def without_numbers(text: str) -> str:
    """`text` without long numbers, which may be of cards and accounts; that of a port is none."""
    return re.sub(r"(?<!port )(?<!port=)(?<![\w:.])\d{6,}(?![\w.]{0,20}:)", "?", text)


def without_queries(text: str) -> str:
    """`text` without credentials, and without what follows a `?` or `#` in the first URL that has one."""
    at = text.find("://")
    if at < 0:
        return text
    credentials = text.rfind("@")
    if credentials > at:
        text = text[: at + 3] + text[credentials + 1 :]
    query = re.compile(r"[?#]").search(text, at)
    return text if query is None else text[: query.start()]


def without_values(text: str) -> str:
    """`text` without URLs' queries, quoted values and long numbers."""
    return without_numbers(unquoted(without_queries(text)))


def place(part: object) -> str:
    """A part of the path to what is invalid: an index or a key, unless the key may be a value."""
    if type(part) is int:
        return str(part)
    return (
        part
        if type(part) is str
        and re.fullmatch(r"[\w\[\]-]{1,64}", part, re.ASCII)
        and not re.search(r"\d{4}", part)
        else "?"
    )

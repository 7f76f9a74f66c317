"""SQL text without the values written into it: every literal becomes `?`, comments go.

A scanner of our own, in one pass over a bounded piece of the text. It knows just enough of each dialect to
tell literals from the rest, and where a dialect leaves it in doubt where a literal ends (a backslash
before a quote, a comment inside a comment, something that is never closed), the rest of the text is left
out: what may be a value is never recorded.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

POSTGRESQL, MYSQL, SQLITE, ANSI, UNKNOWN = "postgresql", "mysql", "sqlite", "ansi", "unknown"
"""Dialects, as far as this module tells them apart. ANSI: double quotes are around names and never around text."""

MAX_TEXT = 4_096
"""Characters that are kept of a statement. X-Ray sets no limit but that of the document, 64 kB."""

_MAX_READ = 4 * MAX_TEXT
_CUT = " ..."

# What may begin a literal, a comment or a quoted name, or be a number: a digit that belongs to no name (`table1`), no
# numbered placeholder (`$1`, `?1`) and no variable (`@1`).
_INTERESTING = re.compile(r"""['"`\[\#]|\$(?:[^\W\d]\w*)?\$|--|/\*|(?<![\w$?@.])\d|(?<![\w$])\.\d""")
_NUMBER = re.compile(r"(?:[eE][+-]\d|[\w.])+")
_WORD_BEFORE = re.compile(r"[\w&]{0,16}\Z")
_PLAIN_NAME = re.compile(r"[\w $.-]{1,128}")

_known: dict[tuple[str, str], str] = {}


def sanitized(query: str | bytes, dialect: str) -> str:
    """`query` with `?` in the place of each literal, at most MAX_TEXT characters of it. Linear in time; never raises.

    Names in double quotes and backticks stay, where the dialect has them; `"..."` is text in MYSQL and UNKNOWN.
    """
    text = query[:_MAX_READ]
    if isinstance(text, (bytes, bytearray)):
        text = text.decode("utf-8", "replace")
    is_whole = len(query) <= _MAX_READ
    # A function runs the same few statements again and again.
    key = (dialect, text)
    known = _known.get(key) if is_whole else None
    if known is not None:
        return known
    result = _scanned(text, dialect, is_whole)
    if is_whole and len(text) <= 1_000:
        if len(_known) >= 100:
            _known.clear()
        _known[key] = result
    return result


def _scanned(text: str, dialect: str, is_whole: bool) -> str:
    parts: list[str] = []
    position = 0
    size = 0
    readers = _READERS.get(dialect) or _READERS[UNKNOWN]
    while size <= MAX_TEXT:
        match = _INTERESTING.search(text, position)
        if match is None:
            parts.append(text[position:])
            size += len(text) - position
            break
        start = match.start()
        parts.append(text[position:start])
        found = match[0]
        read = readers.get(found if found in _COMMON else found[0])
        replacement, position = (found, match.end()) if read is None else read(text, start)
        parts.append(replacement)
        size += start - match.pos + len(replacement)
        if position < 0:
            return "".join(parts)[:MAX_TEXT].rstrip() + _CUT
    result = "".join(parts).strip()
    if len(result) > MAX_TEXT or not is_whole:
        return result[:MAX_TEXT].rstrip() + _CUT
    return result


# What stands at `start` -> what to write for it, and where to read on; a negative position leaves out the rest.


def _quoted_text(text: str, start: int) -> tuple[str, int]:
    """'...' with doubled quotes, and in PostgreSQL's E'...' also escaped ones."""
    prefix = _WORD_BEFORE.search(text, max(0, start - 16), start)
    word = prefix[0].lower() if prefix else ""
    if word == "e":
        return "?", _end_of_escaped(text, start)
    if word in ("q", "nq", "r", "rb", "br"):  # Oracle's and BigQuery's: other rules for where it ends
        return "?", -1
    return "?", _end_of_quoted(text, start, "'")


def _double_quoted_text(text: str, start: int) -> tuple[str, int]:
    return "?", _end_of_quoted(text, start, '"')


def _end_of_quoted(text: str, start: int, quote: str) -> int:
    position = start + 1
    while True:
        end = text.find(quote, position)
        if end < 0:
            return -1
        before = end
        while before > position and text[before - 1] == "\\":
            before -= 1
        if (
            end - before
        ) % 2:  # it ends the literal or is part of it: which of the two is a setting of the server
            return -1
        if text.startswith(quote, end + 1):
            position = end + 2
            continue
        return end + 1


_ESCAPED_END = re.compile(r"\\|'")


def _end_of_escaped(text: str, start: int) -> int:
    position = start + 1
    while True:
        match = _ESCAPED_END.search(text, position)
        if match is None:
            return -1
        if match[0] == "\\" or text.startswith("'", match.end()):
            position = match.end() + 1
            continue
        return match.end()


def _dollar_quoted(text: str, start: int) -> tuple[str, int]:
    if start and (text[start - 1].isalnum() or text[start - 1] in "_$"):  # a dollar in a name
        return "$", start + 1
    tag = text[start : text.index("$", start + 1) + 1]
    end = text.find(tag, start + len(tag))
    return "?", end + len(tag) if end >= 0 else -1


def _name(text: str, start: int) -> tuple[str, int]:
    """A quoted name stays as it is if it looks like one; SQLite takes quoted text for a value where no name fits."""
    closing = "]" if text[start] == "[" else text[start]
    end = text.find(closing, start + 1)
    if end < 0:
        return "?", -1
    is_plain = _PLAIN_NAME.fullmatch(text, start + 1, end) is not None
    return (text[start : end + 1] if is_plain else "?"), end + 1


def _bracket(text: str, start: int) -> tuple[str, int]:
    """A name in SQL Server, where it may contain an apostrophe; a subscript or an array elsewhere."""
    end = text.find("]", start, start + 130)
    if end < 0 or any(quote in text[start:end] for quote in "'\"`$"):
        return "[", -1
    return ("[", start + 1) if text[start + 1 : end].isdigit() else _name(text, start)


def _comment(text: str, start: int) -> tuple[str, int]:
    end = text.find("*/", start + 2)
    # One that contains another ends here or there; MySQL runs what is in `/*! ... */`.
    if end < 0 or text[start + 2 : start + 3] == "!" or text.find("/*", start + 2, end) >= 0:
        return "", -1
    return " ", end + 2


def _line_comment(text: str, start: int) -> tuple[str, int]:
    end = text.find("\n", start)
    return ("\n", end + 1) if end >= 0 else ("", len(text))


def _mysql_dashes(text: str, start: int) -> tuple[str, int]:
    """In MySQL a comment only before white space: `5--1` is 6."""
    following = text[start + 2 : start + 3]
    return ("-", start + 1) if following and following > " " else _line_comment(text, start)


def _number(text: str, start: int) -> tuple[str, int]:
    match = _NUMBER.match(text, start)
    return "?", match.end() if match else start + 1


def _doubtful(text: str, start: int) -> tuple[str, int]:
    return "", -1


if TYPE_CHECKING:
    Read = Callable[[str, int], tuple[str, int]]

_COMMON: dict[str, Read] = {"'": _quoted_text, '"': _name, "/*": _comment, "--": _line_comment, ".": _number}
_READERS: dict[str, dict[str, Read]] = {
    POSTGRESQL: {"$": _dollar_quoted},
    SQLITE: {"`": _name, "[": _name},
    MYSQL: {'"': _double_quoted_text, "`": _name, "--": _mysql_dashes, "#": _line_comment},
    ANSI: {"[": _bracket},
    UNKNOWN: {'"': _double_quoted_text, "`": _name, "[": _bracket, "#": _doubtful, "$": _dollar_quoted},
}
for _reader in _READERS.values():
    _reader.update({**_COMMON, **dict.fromkeys("0123456789", _number), **_reader})

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
# numbered placeholder (`$1`, `?1`) and no variable (`@1`). Behind some words a password may stand without quotes.
_INTERESTING = re.compile(
    r"""['"`\[\#]|\$(?:[^\W\d]\w*)?\$|(?<![\w$])\$\.?\d|--|//|/\*|(?<![\w$?@.])\d|(?<![\w$])\.\d"""
)
_INTERESTING_WITH_PASSWORDS = re.compile(
    _INTERESTING.pattern
    + r"""|\bidentified\s+(?:with\s+\w+\s+)?by\b|\bpragma\s+(?:\w+\s*\.\s*)?\w*key\s*[=(]|\breplace\s+(?=")""",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?:[eE][+-]\d|[\w.])+")
_WORD_BEFORE = re.compile(r"[\w&]{0,16}\Z")
_PLAIN_NAME = re.compile(r"[\w $.-]{1,128}")

_known: dict[tuple[str, str], str] = {}


def sanitized(query: str | bytes, dialect: str) -> str:
    """`query` with `?` in the place of each literal, at most MAX_TEXT characters of it. Linear in time; never raises.

    Names in double quotes and backticks stay, where the dialect has them; `"..."` is text in MYSQL and UNKNOWN, and in
    SQLITE where a value may stand (`_Position`).
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
    lowered = text.lower()
    is_about_passwords = "identified" in lowered or "pragma" in lowered or "replace" in lowered
    interesting = _INTERESTING_WITH_PASSWORDS if is_about_passwords else _INTERESTING
    place = _Position() if dialect == SQLITE and '"' in text else None
    while size <= MAX_TEXT:
        match = interesting.search(text, position)
        if match is None:
            parts.append(text[position:])
            size += len(text) - position
            break
        start = match.start()
        parts.append(text[position:start])
        found = match[0]
        if place is not None:
            place.move(text, position, start)
        if place is not None and found == '"':
            replacement, position = place.quoted(text, start)
        else:
            read = readers.get(found if found in _COMMON else found[0].lower())
            replacement, position = (found, match.end()) if read is None else read(text, start)
            if place is not None and position > 0:
                place.pass_over(replacement)
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


def _maybe_tripled(text: str, start: int) -> tuple[str, int]:
    """BigQuery's triple quotes, where they end as doubled ones would; else the rest goes."""
    quote = text[start]
    replacement, end = (_quoted_text if quote == "'" else _double_quoted_text)(text, start)
    if text.startswith(quote * 3, start) and end != text.find(quote * 3, start + 3) + 3:
        return "?", -1
    return replacement, end


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
    if _TAG.match(text, start) is None:
        return _money(text, start)
    tag = text[start : text.index("$", start + 1) + 1]
    end = text.find(tag, start + len(tag))
    return "?", end + len(tag) if end >= 0 else -1


_TAG = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_NUMBERED = re.compile(r"\$\d{1,2}(?![\w.])")


def _money(text: str, start: int) -> tuple[str, int]:
    """SQL Server's `$4111.50`; up to `$99` it is a placeholder, or Snowflake's column of that number."""
    match = _NUMBERED.match(text, start)
    if match is not None:
        return match[0], match.end()
    following = text[start + 1 : start + 2]
    return _number(text, start + 1) if following.isdigit() or following == "." else ("$", start + 1)


_BEFORE_PASSWORD = re.compile(
    r"[A-Za-z]+\s+(?:with\s+\w+\s+)?(?:by\b|(?:\w+\s*\.\s*)?\w*key\s*[=(])?\s*", re.IGNORECASE
)
_PASSWORD = re.compile(r"""[^\s'"();,]+|"(?:[^"]|"")*"|""")


def _password(text: str, start: int) -> tuple[str, int]:
    """`identified by`, `pragma key =`, `replace`: what follows is a password, in quotes of any kind or none."""
    match = _BEFORE_PASSWORD.match(text, start)
    if match is None:
        return "", -1
    value = _PASSWORD.match(text, match.end())
    if value is None or not value[0]:
        return match[0], match.end()
    if "\\" in value[0] or value[0].startswith('"""'):  # where it ends depends on the server
        return match[0] + "?", -1
    return match[0] + "?", value.end()


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


def _slashes(text: str, start: int) -> tuple[str, int]:
    """Snowflake's comments. An apostrophe in one would be read as the begin of a text, elsewhere it is one."""
    end = text.find("\n", start)
    line = text[start : end if end >= 0 else len(text)]
    return ("//", start + 2) if not any(quote in line for quote in "'\"$`") else ("", -1)


def _maybe_dashes(text: str, start: int) -> tuple[str, int]:
    """A comment; where it may be none, as in MySQL, and holds a quote, the rest goes."""
    following = text[start + 2 : start + 3]
    end = text.find("\n", start)
    line = text[start : end if end >= 0 else len(text)]
    is_doubtful = following > " " and end >= 0 and any(quote in line for quote in "'\"$`/")
    return ("", -1) if is_doubtful else _line_comment(text, start)


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

_COMMON: dict[str, Read] = {
    "'": _quoted_text,
    '"': _name,
    "/*": _comment,
    "--": _line_comment,
    "//": _slashes,
    ".": _number,
    "$": _money,
    **dict.fromkeys("ipr", _password),
}
_READERS: dict[str, dict[str, Read]] = {
    POSTGRESQL: {"$": _dollar_quoted},
    SQLITE: {"`": _name, "[": _name},
    MYSQL: {'"': _double_quoted_text, "`": _name, "--": _mysql_dashes, "#": _line_comment},
    ANSI: {"[": _bracket, "$": _dollar_quoted},
    UNKNOWN: {
        "'": _maybe_tripled,
        '"': _maybe_tripled,
        "`": _name,
        "[": _bracket,
        "#": _doubtful,
        "$": _dollar_quoted,
        "--": _maybe_dashes,
    },
}
for _reader in _READERS.values():
    _reader.update({**_COMMON, **dict.fromkeys("0123456789", _number), **_reader})


# SQLite, which takes a text in double quotes for a value where no name fits

_TOKEN = re.compile(r"[^\W\d][\w$]*|\|\||[<>!=]=?|<>|[:@?$]\w*|[^\w\s]")
_NEXT = re.compile(r"\s*(\w+|\|\||[<>!=]+|[^\w\s]|\Z)")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMPARISONS = _words("= == <> != < > <= >= LIKE GLOB MATCH REGEXP IS")
_AFTER_A_NAME = _COMPARISONS | _words("IN NOT BETWEEN ISNULL NOTNULL COLLATE")
_BEFORE_A_NAME = _words(
    "FROM JOIN INTO UPDATE TABLE INDEX VIEW TRIGGER EXISTS AS COLUMN TO REFERENCES CONSTRAINT DISTINCT SELECT BY SET"
    " DETACH RENAME ADD DROP COLLATE SAVEPOINT RELEASE WITH RECURSIVE WINDOW OVER RETURNING ALL"
)
_CLAUSES = _words(
    "SELECT FROM JOIN WHERE BY HAVING LIMIT OFFSET VALUES SET INTO TABLE INDEX VIEW REFERENCES WITH RETURNING UPDATE"
    " ON PRAGMA ATTACH USING"
)
_CLAUSES_OF_NAMES = _words("SELECT FROM JOIN BY RETURNING WITH INTO UPDATE TABLE INDEX VIEW REFERENCES")
_OTHER_WORDS = _words(
    "AND OR NOT IN LIKE GLOB MATCH REGEXP IS NULL BETWEEN ESCAPE CASE WHEN THEN ELSE END DEFAULT CHECK KEY UNIQUE"
    " CONFLICT EXISTS AS COLLATE CAST FILTER OVER PRIMARY TRUE FALSE"
)


class _Position:
    """Where in a statement of SQLite's we are: what stands before, in which clause, in which kind of brackets."""

    __slots__ = ("_before", "_clause", "_first", "_holds", "_outer")

    def __init__(self) -> None:
        self._outer: list[tuple[str, str]] = []
        self._begin()

    def _begin(self) -> None:
        self._first = self._before = self._clause = ""
        self._holds = ""  # what the brackets around us hold: names, values, or an expression
        self._outer.clear()

    def move(self, text: str, start: int, end: int) -> None:
        """Go on over a piece of the text without quotes and numbers."""
        for match in _TOKEN.finditer(text, start, end):
            token = match[0].upper()
            if token == ";":
                self._begin()
                continue
            if token == "(":
                self._outer.append((self._clause, self._holds))
                self._holds = self._inside()
                self._clause = ""
            elif token == ")" and self._outer:
                self._clause, self._holds = self._outer.pop()
            elif token in _CLAUSES:
                self._clause = token
                if token in ("SELECT", "VALUES"):
                    self._holds = ""
            self._first = self._first or token
            self._before = token

    def pass_over(self, replacement: str) -> None:
        """Go on over what the scanner read itself; a comment is nothing."""
        if replacement.strip():
            self._before = replacement if replacement[:1] in "[`" else "?"

    def quoted(self, text: str, start: int) -> tuple[str, int]:
        """What to write for the `"` at `start`, and where to read on."""
        end = start + 1
        while True:
            end = text.find('"', end)
            if end < 0:
                return "?", -1
            if not text.startswith('"', end + 1):
                break
            end += 2
        is_name = _PLAIN_NAME.fullmatch(text, start + 1, end) is not None and self._takes_name(text, end + 1)
        self._before = '"'
        return (text[start : end + 1] if is_name else "?"), end + 1

    def _inside(self) -> str:
        """What brackets hold that open here."""
        before = self._before
        if before in ("IN", "VALUES", "DEFAULT") or (before == "," and self._clause == "VALUES"):
            return "values"
        if before in ("KEY", "UNIQUE", "USING", "CONFLICT"):
            return "names"
        is_a_name = before[:1] in ('"', "[", "`") or (
            before[:1].isalpha() and before not in _OTHER_WORDS and before not in _CLAUSES
        )
        if not is_a_name:
            return ""
        if self._clause in ("INTO", "TABLE", "INDEX", "VIEW", "REFERENCES", "WITH"):
            return "names"
        if self._first == "CREATE" and self._clause == "ON":
            return "names"
        return "values"  # arguments of a function

    def _takes_name(self, text: str, end: int) -> bool:
        match = _NEXT.match(text, end)
        following = match[1].upper() if match is not None else ""
        before = self._before
        if before == "." or following == ".":
            return True
        if following == "||" or before == "||":
            return False
        is_compared = following in _AFTER_A_NAME and not (
            match and self._is_compared_to_name(text, match.end())
        )
        if before == "SET" or (before == "," and self._clause == "SET" and self._holds != "values"):
            return following == "="
        if self._first in ("CREATE", "ALTER") and before == "ON":
            return True
        if before in _BEFORE_A_NAME:
            return True
        if before == "(":
            return self._holds == "names" or (self._holds == "" and is_compared)
        if before == ",":
            return self._holds == "names" or (self._holds == "" and self._clause in _CLAUSES_OF_NAMES)
        if before in ("WHERE", "AND", "OR", "ON", "HAVING", "NOT", "WHEN"):
            return is_compared
        if before[:1] in ('"', "[", "`", ")") or (before[:1].isalpha() and before not in _OTHER_WORDS):
            # An alias.
            return self._holds == "" and self._clause in ("FROM", "JOIN", "SELECT")
        return False

    @staticmethod
    def _is_compared_to_name(text: str, end: int) -> bool:
        """Whether a bare name follows: then the quoted text before the comparison may be the value."""
        match = re.compile(r"\s*([^\W\d]\w*)\s*([(.]?)").match(text, end)
        return match is not None and not match[2] and match[1].upper() not in _OTHER_WORDS

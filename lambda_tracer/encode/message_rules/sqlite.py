"""What SQLite says."""

from __future__ import annotations

import re

from .error import names_of, read, text_of
from .text import unquoted, without_numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Inner

_NAMED = (
    r"(?:no such (?:table|column|function|index|view|trigger|module|savepoint|collation sequence|tokenizer|vfs|window)"
    r"|no such (?:table|index) column|ambiguous column name|duplicate column name|unknown column|unknown database"
    r"|(?:UNIQUE|NOT NULL|CHECK|FOREIGN KEY|PRIMARY KEY) constraint failed|wrong number of arguments to function"
    r"|misuse of aggregate|misuse of window function)"
)


def message(error: BaseException, inner: Inner) -> str:
    text = text_of(error)
    code = read(error, "sqlite_errorname")
    # Before Python 3.11 there is none: what a trigger raises in its own words is no message of SQLite's.
    is_of_sqlite = (
        re.search(r"constraint failed|mismatch|\bROWID\b", text)
        or "Integrity" not in names_of(type(error))[1]
    )
    if code == "SQLITE_CONSTRAINT_TRIGGER" or not (code or is_of_sqlite):
        return "raised by a trigger"
    text = re.sub(
        r"(syntax error near|MATCH expression|special query|JSON path)\b.*", r"\1 ?", text, flags=re.DOTALL
    )
    head, colon, rest = text.partition(": ")
    is_named = colon and re.fullmatch(_NAMED, head)
    if is_named and (head == "CHECK constraint failed" or re.fullmatch(r"[\w.$/()-]+(?:, [\w.$]+)*", rest)):
        return text
    if colon and is_named:
        return f"{head}: ?"
    text = without_numbers(unquoted(text, r": syntax error"))
    head, colon, rest = text.partition(": ")
    is_known = "?" in text or rest.endswith("syntax error") or rest.startswith("type '")
    # What follows a colon may be a value, unless the head is known.
    return f"{head}: ?" if colon and not is_known else text

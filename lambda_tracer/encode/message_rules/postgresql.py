"""What PostgreSQL and its drivers say."""

from __future__ import annotations

import re

from .error import MAX_READ, args_of, read, text_of
from .text import unquoted, without_numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .protocols import Inner

_FIELDS = ("sqlstate", "message_primary", "context", "constraint_name", "table_name", "column_name")


def message(error: BaseException, inner: Inner) -> str:
    """What the server says first; its DETAIL, its CONTEXT and the LINE of the statement hold values."""
    args = args_of(error)
    fields: dict[str, Any] = {}
    if args and type(args[0]) is dict:  # pg8000
        fields = dict(zip(_FIELDS, map(args[0].get, "CMWntc"), strict=True))
    else:
        diagnostics = read(error, "diag")
        for name in _FIELDS:
            fields[name] = read(diagnostics, name) if diagnostics is not None else read(error, name)
        fields["sqlstate"] = read(error, "sqlstate") or read(error, "pgcode")
    text = fields["message_primary"] or text_of(error)
    text = text[:MAX_READ] if type(text) is str else ""
    state = fields["sqlstate"] if type(fields["sqlstate"]) is str else ""
    if state.startswith("P0") or " at RAISE" in str(fields["context"] or ""):
        text = "raised by a function of the database"  # in words of the user's own, and with values of the user's own
    text = re.sub(
        r"(query argument \$\d+(?: in element #\d+ of executemany\(\) sequence)?):.*",
        r"\1",
        text,
        flags=re.DOTALL,
    )
    text = text.strip().partition("\n")[0]
    text = without_numbers(unquoted(text, r" is out of range for type [\w ]+|: syntax error|at position \d+"))
    notes = [f"SQLSTATE {state}"] if re.fullmatch(r"\w{5}", state) else []
    for name in ("constraint", "table", "column"):
        value = fields[f"{name}_name"]
        if type(value) is str and value not in text:
            notes.append(f"{name} {value[:128]}")
    return f"{text} ({', '.join(notes)})" if notes else text

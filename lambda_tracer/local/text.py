"""Values from documents as text for one line of a terminal."""

from __future__ import annotations

import json

from rich.cells import cell_len, set_cell_size

MAX_VALUE_CHARACTERS = 2_000
"""More than any line shows; a value of megabytes must not be looked at character by character."""


def duration_text(seconds: float) -> str:
    """`0.12 ms`, `12.3 ms`, `1,234 ms`, `12.3 s`: at most nine characters up to a day."""
    milliseconds = seconds * 1000
    if abs(milliseconds) < 10:
        return f"{milliseconds:.2f} ms"
    if abs(milliseconds) < 1000:
        return f"{milliseconds:.1f} ms"
    if abs(milliseconds) < 10_000:
        return f"{milliseconds:,.0f} ms"
    return f"{seconds:,.1f} s"


def fit(text: str, width: int) -> str:
    """`text` without control characters, cut to `width` cells."""
    cleaned = clean(text)
    return cleaned if cell_len(cleaned) <= width else set_cell_size(cleaned, width)


def clean(value: object) -> str:
    """Text on one line without control characters: nothing from a document may command the terminal.

    Lone surrogates, which no terminal takes, become question marks; what no line could hold is cut off.
    """
    words = " ".join(str(value)[:MAX_VALUE_CHARACTERS].split())
    printable = "".join(character if character.isprintable() else "?" for character in words)
    return printable.encode("utf-8", "replace").decode()


def value_text(value: object) -> str:
    """A string as it is, anything else as JSON; cleaned."""
    if isinstance(value, str):
        return clean(value)
    try:
        return clean(json.dumps(value, ensure_ascii=False))
    except RecursionError:
        return "(nested too deeply)"

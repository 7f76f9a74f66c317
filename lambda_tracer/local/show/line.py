"""A line of a terminal: what of a document it may hold, how much of it, and how it is printed."""

from __future__ import annotations

import json

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from lambda_tracer.local.receive.json_value import TOO_DEEP
from lambda_tracer.local.receive.plain_text import escaped

MAX_VALUE_CHARACTERS = 2_000
"""More than any line shows; a value of megabytes must not be looked at character by character."""


def duration_text(seconds: float) -> str:
    """`0.12 ms`, `12.3 ms`, `1,234 ms`, `12.3 s`: at most nine characters up to a day, eleven beyond."""
    milliseconds = seconds * 1000
    if abs(milliseconds) < 10:
        return f"{milliseconds:.2f} ms"
    if abs(milliseconds) < 1000:
        return f"{milliseconds:.1f} ms"
    if abs(milliseconds) < 10_000:
        return f"{milliseconds:,.0f} ms"
    return f"{seconds:,.1f} s" if abs(seconds) < 100_000 else f"{seconds:.2e} s"


def fit(text: str, width: int) -> str:
    """`text` without control characters, cut to `width` cells."""
    cleaned = clean(text)
    return cleaned if cell_len(cleaned) <= width else set_cell_size(cleaned, width)


def clean(value: object) -> str:
    """Text on one line, with control characters as escapes: nothing from a document may command the terminal.

    Anything but a text is given as JSON; what no line could hold is cut off.
    """
    text = value if isinstance(value, str) else _json(value)
    return escaped(" ".join(text[:MAX_VALUE_CHARACTERS].split()))


def print_line(console: Console, line: Text) -> None:
    """Print it cut to the width of the console, never wrapped."""
    line.truncate(console.width, overflow="crop")
    line.rstrip()
    console.print(line, no_wrap=True, overflow="ignore", crop=True, soft_wrap=False)


def _json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return TOO_DEEP

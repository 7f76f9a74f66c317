"""The terminal, or whatever is in its place: how wide it is, whether it takes colour, and that it stays ours."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from rich.console import Console

DEFAULT_WIDTH = 80
MAX_WIDTH = 2_000
"""Columns."""


def open_console(stream: TextIO | None = None) -> Console:
    """A stream as it is now (standard error, where none is given), to write to."""
    stream = stream or sys.stderr
    # rich leaves bold and dim in under NO_COLOR, and colours pipes under FORCE_COLOR; ours is all or nothing.
    is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
    return Console(
        file=_own(stream),
        width=_width(),
        height=25,
        force_terminal=is_terminal,
        color_system="auto" if is_terminal else None,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )


def text_console(file: TextIO, width: int) -> Console:
    """A file to write plain text to, in lines of `width` columns."""
    return Console(
        file=file,
        width=width,
        force_terminal=False,
        color_system=None,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )


def _own(stream: TextIO) -> TextIO:
    """The stream for ourselves, whatever an inline handler does to its own."""
    return open(
        os.dup(stream.fileno()),
        "w",
        buffering=1,
        encoding=stream.encoding,
        errors="backslashreplace",
    )


def _width() -> int:
    """Of the terminal, or what COLUMNS says."""
    columns = os.environ.get("COLUMNS", "")
    is_number = columns.isascii() and columns.isdigit() and len(columns) < 6
    width = int(columns) if is_number else _terminal_width()
    return max(1, min(width or DEFAULT_WIDTH, MAX_WIDTH))


def _terminal_width() -> int:
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        try:
            return os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError):
            continue
    return 0

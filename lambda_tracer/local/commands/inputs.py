"""What commands that show traces are given: files, standard input, and a filter. What is wrong is a `UsageError`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_tracer.local.commands.usage import UsageError

if TYPE_CHECKING:
    from lambda_tracer.local.view.joined_trace import JoinedTrace

MAX_FILE_BYTES = 1_000_000_000

STANDARD_INPUT = "-"


def called(name: str) -> str:
    """How a file is named in a message."""
    return "standard input" if name == STANDARD_INPUT else name


def content_of(name: str) -> bytes:
    """All that is in a file, or comes from standard input."""
    try:
        if name == STANDARD_INPUT:
            content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise UsageError(f"{called(name)}: {reason}") from exc
    if len(content) > MAX_FILE_BYTES:
        raise UsageError(f"{called(name)}: more than {MAX_FILE_BYTES:,} bytes")
    return content


def check_once(names: list[str]) -> None:
    """Raise where standard input is to be read more than once."""
    if names.count(STANDARD_INPUT) > 1:
        raise UsageError("standard input can be read once: - was given more than once")


def filter_of(expression: str | None) -> Callable[[JoinedTrace], bool]:
    """Whether a trace matches what `--filter` says; all do where it is None."""
    from lambda_tracer.local.view.filter.match import matches
    from lambda_tracer.local.view.filter.parser import parse
    from lambda_tracer.local.view.filter.tokens import FilterError

    if expression is None:
        return lambda trace: True
    try:
        parsed = parse(expression)
    except FilterError as exc:
        raise UsageError(f"--filter: {exc}") from exc
    return lambda trace: matches(parsed, trace)

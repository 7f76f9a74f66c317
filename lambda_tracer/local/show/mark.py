"""The line under a heading that says why an invocation is drawn that was not sampled."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from lambda_tracer.local.receive.kept_segment import NOT_SAMPLED, Mark
from lambda_tracer.local.show.label import YELLOW
from lambda_tracer.local.show.line import clean, print_line


def draw_mark(mark: Mark, console: Console) -> None:
    """Print it, on as many lines as it needs."""
    for line in Text(clean(f"{NOT_SAMPLED}: {mark.told}"), style=YELLOW).wrap(console, console.width):
        print_line(console, line)

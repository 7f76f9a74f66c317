"""A trace in the terminal: its heading, its waterfall, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from rich.console import Console
from rich.text import Text

from lambda_tracer.clock import clock
from lambda_tracer.local.show.line import clean, duration_text, print_line
from lambda_tracer.local.show.mark import draw_mark
from lambda_tracer.local.show.waterfall import Waterfall
from lambda_tracer.local.view.joined_trace import JoinedTrace
from lambda_tracer.local.view.store import Store
from lambda_tracer.local.view.summary import marks_of, summary_of

QUIET_S = 0.5
"""A finished trace is printed when nothing of it has come for so long: documents come one after the other."""

PATIENCE_S = 10.0
"""One that is still in progress is printed as it is when nothing of it has come for so long."""

PROBLEMS_SHOWN = 5

_POLL_S = 0.2


def draw(trace: JoinedTrace, console: Console) -> None:
    """Print the trace."""
    summary = summary_of(trace)
    heading = Text(f"{_time(summary['start'], bool(marks_of(trace)))}  ", style="dim")
    heading.append(clean(summary["name"]), style="bold")
    if summary["duration"] is not None:
        heading.append(f"  {duration_text(summary['duration'])}")
    words = ["in_progress", "fault", "throttle", "error", "cold_start", "root_missing"]
    told = [word.replace("_", " ") for word in words if summary[word]]
    if told:
        heading.append(f"  {', '.join(told)}", style="yellow")
    trace_id = Text(clean(trace.id), style="dim")
    if heading.cell_len + 2 + trace_id.cell_len <= console.width:
        print_line(console, heading.append("  ").append_text(trace_id))
    else:  # an id that is cut off leads nowhere
        print_line(console, heading)
        print_line(console, trace_id)
    for mark in marks_of(trace):
        draw_mark(mark, console)
    Waterfall(console).draw(trace.roots())
    problems = [*trace.rejections, *(each["message"] for each in trace.other_problems)]
    for problem in problems[:PROBLEMS_SHOWN]:
        for line in Text(clean(problem), style="yellow").wrap(console, console.width):
            print_line(console, line)
    if len(problems) > PROBLEMS_SHOWN:
        print_line(console, Text(f"and {len(problems) - PROBLEMS_SHOWN:,} more problems", style="yellow"))
    print_line(console, Text(""))


def follow(store: Store, console: Console, is_wanted: Callable[[JoinedTrace], bool]) -> None:
    """Print each trace once it is finished, for ever."""
    printed: set[str] = set()
    while not store.is_closed:
        clock.sleep(_POLL_S)
        now = clock.monotonic()
        with store.lock:
            held = store.traces()
            printed.intersection_update(trace.id for trace in held)
            texts = []
            for trace in held:
                quiet_s = now - trace.changed_at
                is_due = quiet_s >= PATIENCE_S or (quiet_s >= QUIET_S and trace.is_finished)
                if is_due and trace.id not in printed:
                    printed.add(trace.id)
                    if is_wanted(trace):
                        with console.capture() as drawn:
                            draw(trace, console)
                        texts.append(drawn.get())
        # A terminal that is stopped must not stop the page: nothing is written with the lock held.
        for text in texts:
            console.file.write(text)


def _time(epoch_s: float, has_date: bool) -> str:
    """The time of day; with its date for what may be long ago."""
    try:
        return datetime.fromtimestamp(epoch_s).strftime("%Y-%m-%d %H:%M:%S" if has_date else "%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return "no time"  # the last hours of the year 9999, in a zone where they are over

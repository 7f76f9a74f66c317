"""What the user reads about an invocation: a heading, the waterfall, what X-Ray would reject, and Lambda's
REPORT lines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from lambda_tracer.local.receive.daemon import Datagram
from lambda_tracer.local.receive.documents import Document
from lambda_tracer.local.receive.kept_lines import kept_in_log
from lambda_tracer.local.receive.kept_segment import mark_of, segment_of
from lambda_tracer.local.receive.trace import Trace
from lambda_tracer.local.run.session import Outcome
from lambda_tracer.local.show.line import clean, duration_text, fit, print_line
from lambda_tracer.local.show.mark import draw_mark
from lambda_tracer.local.show.waterfall import Waterfall

NAME_SHOWN = 250
"""Characters of it."""

PROBLEMS_SHOWN = 5
"""A tracer that does something wrong does it often: the first few say what, the rest are counted."""


class Report:
    """Writes to `console`, within its width."""

    def __init__(self, console: Console, metadata: bool = False) -> None:
        self._console = console
        self._waterfall = Waterfall(console, metadata)
        self._dash = "─" if console.encoding.startswith("utf") else "-"

    def write(self, outcome: Outcome, number: int, count: int) -> None:
        """One invocation, the `number`th of `count`."""
        self._heading(outcome, number, count)
        ended_at = outcome.invocation.finished_at
        roots = outcome.trace.roots()
        kept = [] if roots else _kept(outcome)
        if roots:
            self._waterfall.draw(roots, ended_at)
        elif not kept:
            print_line(self._console, Text(_why_empty(outcome), style="dim"))
        for segment in kept:
            self._draw_kept(segment)
        if len(outcome.elsewhere):
            print_line(
                self._console,
                Text(
                    "Received meanwhile, of other traces (late, or with a trace_id of their own):", "yellow"
                ),
            )
            self._waterfall.draw(outcome.elsewhere.roots(), None)
        self._problems(outcome)
        for note in outcome.notes:
            self._warn(f"{note[:1].upper()}{note[1:]}")
        for line in _joined(_fields(outcome), self._console.width):
            print_line(self._console, Text(line))
        if outcome.silence and roots:
            self._warn(f"Received: 0 documents: {outcome.silence}")
        print_line(self._console, Text(""))

    def _draw_kept(self, segment: Document) -> None:
        mark = mark_of(segment)
        if mark is not None:
            # The request is named in the lines of the report.
            draw_mark(mark._replace(request_id=""), self._console)
        trace = Trace("")
        trace.add(segment)
        self._waterfall.draw(trace.roots(), None)

    def _heading(self, outcome: Outcome, number: int, count: int) -> None:
        which = f"Invocation {number} of {count}" if count > 1 else "Invocation"
        title = Text().append(f"{self._dash * 2} ", style="dim")
        title.append(which, style="bold").append(", ")
        title.append("cold start" if outcome.initialization else "warm")
        if outcome.is_interrupted:
            title.append(", ").append("interrupted", style="yellow")
        if outcome.invocation.error is not None:
            error_type = clean(outcome.invocation.error.get("errorType", ""))
            title.append(", ").append(fit(f"failed: {error_type}", 60), style="bold red")
        title.append(" ").append(self._dash * (self._console.width - title.cell_len - 1), style="dim")
        print_line(self._console, title)

    def _problems(self, outcome: Outcome) -> None:
        alike: dict[str, list[Datagram]] = {}
        for datagram in outcome.datagrams:
            if datagram.problems:
                alike.setdefault("; it ".join(datagram.problems[:PROBLEMS_SHOWN]), []).append(datagram)
        for problems, datagrams in list(alike.items())[:PROBLEMS_SHOWN]:
            self._warn(f"X-Ray would reject {_which(datagrams)}: it {problems}")
        if len(alike) > PROBLEMS_SHOWN:
            more = sum(len(datagrams) for datagrams in list(alike.values())[PROBLEMS_SHOWN:])
            self._warn(f"X-Ray would reject {_counted(more, 'more document')}")

    def _warn(self, text: str) -> None:
        for line in Text(clean(text), style="yellow").wrap(self._console, self._console.width):
            print_line(self._console, line)


def report_line(outcome: Outcome) -> str:
    """Lambda's REPORT of it, and its line about the trace."""
    return "\n".join(_joined(_fields(outcome), sys.maxsize))


def _kept(outcome: Outcome) -> list[Document]:
    """What the function has written into its log of an invocation that is not sampled."""
    return [segment_of(line) for line in kept_in_log(outcome.log)]


def _why_empty(outcome: Outcome) -> str:
    if outcome.is_interrupted and not outcome.has_started:
        return "No trace: it was interrupted while the function was starting."
    if outcome.tracing.is_sampled:
        return "No trace: the function did not start."
    if not outcome.tracing.trace_id:
        return "No trace: the trace header names none."
    return "No trace: the invocation is not sampled."


def _fields(outcome: Outcome) -> Iterator[str]:
    tracing = outcome.tracing
    yield f"REPORT RequestId: {outcome.invocation.request_id}"
    yield f"Duration: {duration_text(outcome.duration_s)}"
    if outcome.initialization:
        began_at, ended_at = outcome.initialization
        yield f"Init Duration: {duration_text(ended_at - began_at)}"
    if outcome.max_memory_mb is not None:
        yield f"Max Memory Used: {outcome.max_memory_mb} MB"
    if tracing.trace_id:
        yield f"XRAY TraceId: {tracing.trace_id}"
        yield f"SegmentId: {tracing.function_segment_id}" if tracing.is_sampled else "Sampled: false"
    if outcome.silence and outcome.tracing.is_sampled:
        return
    size_bytes = sum(datagram.size_bytes for datagram in outcome.datagrams)
    yield f"Received: {_counted(len(outcome.datagrams), 'document')}, {size_bytes:,} bytes"


def _which(datagrams: list[Datagram]) -> str:
    first = datagrams[0]
    name = (first.document or {}).get("name")
    which = repr(name[:NAME_SHOWN]) if isinstance(name, str) else f"of {first.size_bytes:,} bytes"
    if len(datagrams) == 1:
        return f"the document {which}"
    return f"{len(datagrams):,} documents, the first {which}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _joined(fields: Iterable[str], width: int) -> Iterator[str]:
    """The fields on as few lines as hold them, none of them cut in two."""
    line = ""
    for text in fields:
        if line and (text.startswith("XRAY ") or cell_len(line) + 2 + len(text) > width):
            yield line
            line = "  " + text if not text.startswith("XRAY ") else text
        else:
            line = f"{line}  {text}" if line else text
    yield line

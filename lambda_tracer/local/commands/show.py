"""`lambda-tracer show [FILE...]`: draw the invocations that a function has kept in its log, and traces in files.

Traces go to standard output, everything else to standard error. Exit code: 0, 1 where there was nothing to draw, 2 for
bad usage and what can't be read, 130 and 143 when interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING

from lambda_tracer.local.commands.inputs import (
    STANDARD_INPUT,
    called,
    check_once,
    content_of,
    filter_of,
)
from lambda_tracer.local.commands.streams import complain
from lambda_tracer.local.commands.usage import Parser, need
from lambda_tracer.local.run.interruption import raise_on_signals

if TYPE_CHECKING:
    from rich.console import Console

    from lambda_tracer.local.receive.kept_lines import KeptLine, KeptLines
    from lambda_tracer.local.view.joined_trace import JoinedTrace
    from lambda_tracer.local.view.store import Store

__all__ = ["add_to", "run"]

NOTHING = 1

MAX_TRACES = 1_000_000
MAX_HELD_BYTES = 200_000_000
"""Of standard input: what may be one document, and so can't be drawn before its end."""

MAX_REMEMBERED = 100_000
"""Invocations that were drawn as they came: one that comes again is not drawn again."""

_DESCRIPTION = """\
Draw the invocations that were not sampled, and that a function has written into
its log (LAMBDA_TRACER_KEEP). FILE is a log in any form that AWS gives it: of aws
logs tail, filter-log-events, get-query-results, an export of CloudWatch Logs.
Standard input is drawn as it comes. Traces that view FILE opens are drawn too."""

_EPILOG = """\
examples:
  aws logs tail /aws/lambda/payment --since 1h | lambda-tracer show
  aws logs tail /aws/lambda/payment --follow --format short | lambda-tracer show
  lambda-tracer show export/*/*.gz --filter 'annotation.Kept = "timeout"'

exit code: 0; 1 if there was nothing to draw; 2 for bad usage, or a file that
can't be read"""


def add_to(commands: argparse._SubParsersAction[Parser]) -> Parser:
    """Add `show` and all that may stand behind it."""
    show = commands.add_parser(
        "show",
        help="draw what a function has kept in its log, and traces in files",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    show.add_argument(
        "files", nargs="*", metavar="FILE", help="a log, or traces; - for standard input (default: that)"
    )
    show.add_argument("--filter", metavar="EXPRESSION", help="draw what matches X-Ray's filter expression")
    return show


def run(options: argparse.Namespace) -> int:
    """Draw what `options` name and give the exit code."""
    check_once(options.files)
    need("rich")
    is_wanted = filter_of(options.filter)
    # rich and the store only now: --help and bad usage need none of it.
    from lambda_tracer.local.show.console import open_console
    from lambda_tracer.local.view.store import Store

    raise_on_signals()
    store = Store(MAX_TRACES)
    console = open_console(sys.stdout)
    with closing(console.file):
        drawing = _Drawing(console, is_wanted)
        if options.files in ([], [STANDARD_INPUT]):
            _follow(drawing, store)
        else:
            for name in options.files:
                _open(name, content_of(name), store)
        drawing.all_of(store)
    if not drawing.drawn:
        complain(
            "there is nothing to draw: no kept line and no trace" + (" matches" if options.filter else "")
        )
        return NOTHING
    return 0


class _Drawing:
    """Draws traces on a console, each once."""

    def __init__(self, console: Console, is_wanted: Callable[[JoinedTrace], bool]) -> None:
        self.drawn = 0
        self._console = console
        self._is_wanted = is_wanted
        self._known: dict[str, None] = {}

    def all_of(self, store: Store) -> None:
        """Those of a store that were not drawn as they came, the oldest first."""
        from lambda_tracer.local.view.store import newest_first

        if store.dropped:
            complain(f"{store.dropped:,} traces are not drawn: too much memory")
        for trace in reversed(newest_first(store.traces())):
            if any(segment.id not in self._known for segment in trace.segments or trace.entries):
                self._draw(trace)

    def one(self, line: KeptLine) -> None:
        """A kept line, as it comes."""
        from lambda_tracer.local.view.intake import Intake
        from lambda_tracer.local.view.log import Log
        from lambda_tracer.local.view.store import Store

        store = Store()
        Intake(store, Log()).kept(line)
        for trace in store.traces():
            ids = [segment.id for segment in trace.segments]
            if all(own_id in self._known for own_id in ids):
                continue
            self._draw(trace)
            self._known |= dict.fromkeys(ids)
            while len(self._known) > MAX_REMEMBERED:
                del self._known[next(iter(self._known))]

    def _draw(self, trace: JoinedTrace) -> None:
        from lambda_tracer.local.view.terminal import draw

        if self._is_wanted(trace):
            self.drawn += 1
            draw(trace, self._console)


def _follow(drawing: _Drawing, store: Store) -> None:
    """Draw what comes from standard input; what may be one document is put into the store at its end."""
    from lambda_tracer.local.receive.kept_lines import GZIP, KeptLines

    if sys.stdin.isatty():
        complain("reading a log from standard input; Ctrl-C ends it")
    kept = KeptLines()
    told: set[str] = set()
    held: list[bytes] | None = None
    held_bytes = 0
    is_first = True
    for data in _lines():
        if is_first and data.strip():
            is_first = False
            held = [] if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") or data[:2] == GZIP else None
        if held is not None:
            held.append(data)
            held_bytes += len(data)
            if held_bytes > MAX_HELD_BYTES:
                held = None
        if held and held[0][:2] == GZIP:
            continue
        for line in kept.read(data.decode("utf-8", "replace").rstrip("\r\n")):
            drawing.one(line)
        if held is None:
            _tell(kept, told)
    kept.end()
    if held is None:
        _tell(kept, told)
    else:
        # What seems to be broken in a line of it may be whole in all of it.
        _open(STANDARD_INPUT, b"".join(held), store)


def _lines() -> Iterator[bytes]:
    from lambda_tracer.local.receive.kept_lines import MAX_LINE_CHARACTERS

    source = sys.stdin.buffer
    while line := source.readline(MAX_LINE_CHARACTERS):
        yield line


def _tell(kept: KeptLines, told: set[str]) -> None:
    """Say what went wrong for the first time."""
    for problem in kept.problems:
        if problem not in told:
            told.add(problem)
            complain(f"standard input: {problem}")


def _open(name: str, content: bytes, store: Store) -> None:
    """Put what is in a file into the store, and say what could not be read.

    Most files of a log have nothing that was kept, and nothing is said of these.
    """
    from lambda_tracer.local.view.files import open_file
    from lambda_tracer.local.view.intake import Intake
    from lambda_tracer.local.view.log import Log

    opened = open_file(content, Intake(store, Log()))
    if opened.refused and not opened.is_foreign:
        complain(f"{called(name)}: {opened.message}")

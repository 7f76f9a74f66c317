"""Where outcomes go: results to standard output, reports to standard error, and what else was asked for.

Made before the function can change this process: its environment, its folder, its standard output, and where modules
are found.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from lambda_tracer.local.commands.invoke_options import VIEW_PORT
from lambda_tracer.local.commands.streams import complain, write
from lambda_tracer.local.commands.usage import UsageError
from lambda_tracer.local.receive.json_value import as_json
from lambda_tracer.local.run.session import Outcome
from lambda_tracer.local.show.console import open_console
from lambda_tracer.local.show.report import Report
from lambda_tracer.local.show.result import result_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_tracer.local.view.hand_over import RunningView


class Outputs:
    """All that the options ask for. Files that can't be written are a `UsageError`, now and not after the run."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._is_json_only = options.json == "-"
        self._json = _file("--json", options.json, _json_text([])) if not self._is_json_only else None
        self._html = _file("--html", options.html, "")
        self._view = _view(options)
        if self._html or self._view:
            # What neither asks for needs none of it.
            from lambda_tracer.local.commands import outcomes

            self._outcomes = outcomes
        self._report = Report(open_console(), options.metadata)
        self._results_fd = _results_fd(options.inline)

    def result(self, outcome: Outcome) -> None:
        """What the function has answered, if it has."""
        if not self._is_json_only and not outcome.is_interrupted:
            write(self._results_fd, result_text(outcome.payload_text, os.isatty(self._results_fd)) + "\n")

    def trace(self, outcome: Outcome, number: int, count: int) -> None:
        """The report of the `number`th of `count`, and what a view gets of it."""
        self._report.write(outcome, number, count)
        if self._view is not None and outcome.tracing.trace_id:
            try:
                self._view.hand_over(self._outcomes.as_posted(outcome))
            except self._outcomes.HandOverFailed as exc:
                complain(f"--view: nothing more is handed over: {exc}")
                self._view = None
            else:
                complain(f"see it at {self._view.address_of(outcome.tracing.trace_id)}")

    def end(self, outcomes: list[Outcome]) -> None:
        """What is written of all of them together."""
        if self._is_json_only:
            write(self._results_fd, _json_text(outcomes))
        if self._json is not None:
            _write("--json", self._json, _json_text(outcomes))
        if self._html is not None:
            shown = [outcome for outcome in outcomes if outcome.tracing.trace_id]
            page = self._outcomes.html_of_invocations(map(self._outcomes.as_posted, shown))
            _write("--html", self._html, page)


def _view(options: argparse.Namespace) -> RunningView | None:
    """The view that is to get the outcomes, if one is wanted and can be had. The user is told where it is."""
    if not options.view and options.view_port is None:
        return None
    from lambda_tracer.local.commands.running_view import NoView, find_or_start

    try:
        view, pid = find_or_start(options.view_port or VIEW_PORT)
    except NoView as exc:
        complain(f"--view: {exc}")
        return None
    if pid is not None:
        complain(f"a view was started at {view.address} and stays there; kill {pid} ends it")
    else:
        complain(f"traces go to the view at {view.address}")
    return view


def _file(option: str, name: str | None, text: str) -> Path | None:
    """The file of that name, with `text` in it for the time being; None where none is asked for."""
    if not name:
        return None
    path = Path(name).absolute()
    _write(option, path, text)
    return path


def _write(option: str, path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise UsageError(f"{option}: {path}: {reason}") from exc


def _json_text(outcomes: Iterable[Outcome]) -> str:
    return as_json({"invocations": [outcome.to_dict() for outcome in outcomes]}, indent=2) + "\n"


def _results_fd(inline: bool) -> int:
    """Where results go. An inline handler prints to standard output, too: it gets standard error for it."""
    if not inline:
        return sys.stdout.fileno()
    sys.stdout.flush()
    results_fd = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    return results_fd

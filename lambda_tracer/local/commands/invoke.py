"""`lambda-tracer invoke HANDLER`: run a handler as Lambda would and show its trace.

Standard output carries the handler's results and nothing else, so that they can be piped on; the function's
log and the traces go to standard error. Exit code: 0, 1 when the function failed, 2 for bad usage or output
that can't be written, 130 and 143 when interrupted.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_tracer.local.commands.invoke_options import (
    add_to,
    check_handler,
    check_header,
    check_installed,
    check_name,
    events,
    variable,
)
from lambda_tracer.local.commands.streams import complain, write
from lambda_tracer.local.commands.usage import UsageError
from lambda_tracer.local.receive.json_value import as_json
from lambda_tracer.local.run.interruption import ignore_signals, raise_on_signals
from lambda_tracer.local.show.result import init_failure, result_text

if TYPE_CHECKING:
    from lambda_tracer.local.run.session import Outcome, Session
    from lambda_tracer.local.show.report import Report

__all__ = ["add_to", "run"]

FAILED = 1


def run(options: argparse.Namespace) -> int:
    """Run the function as `options` say and give the exit code."""
    check_handler(options.handler)
    task_root = Path(options.task_root)
    if not task_root.is_dir():
        raise UsageError(f"--task-root: no such folder: {options.task_root}")
    check_header(options.trace_header)
    check_name(options.function_name)
    environment = dict(variable(text) for text in options.env)
    given = events(options.event or ["{}"])
    check_installed(options.inline)
    # rich and what draws with it only now: --help and bad usage need none of it.
    from lambda_tracer.local.run.function import FunctionSettings
    from lambda_tracer.local.run.session import Session
    from lambda_tracer.local.show.console import open_console
    from lambda_tracer.local.show.report import Report

    settings = FunctionSettings(
        handler=options.handler,
        task_root=task_root.resolve(),
        name=options.function_name,
        timeout_s=options.timeout,
        memory_mb=options.memory,
        environment=environment,
    )
    count = options.invocations or len(given)
    # Before the function may change this process' folder.
    json_path = Path(options.json).absolute() if options.json and options.json != "-" else None
    if json_path is not None:
        _write_json(json_path, [])
    # Before the function may change this process' environment.
    report = Report(open_console(), options.metadata)
    results_fd = _results_fd(options.inline)
    raise_on_signals()
    with Session(settings, options.inline) as session:
        try:
            outcomes = _run(session, options, given, count, results_fd, report)
        finally:
            # What is being ended is ended: a Ctrl-C, or a second one, must not leave half of it behind.
            ignore_signals()
    if options.json == "-":
        write(results_fd, _json_text(outcomes) + "\n")
    elif json_path is not None:
        _write_json(json_path, outcomes)
    return FAILED if any(outcome.has_failed for outcome in outcomes) else 0


def _run(
    session: Session,
    options: argparse.Namespace,
    given: list[bytes],
    count: int,
    results_fd: int,
    report: Report,
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for number in range(1, count + 1):
        event = given[(number - 1) % len(given)]
        outcome = session.invoke(event, options.trace_header, not options.unsampled)
        outcomes.append(outcome)
        if options.json != "-":
            write(results_fd, result_text(outcome.payload_text, os.isatty(results_fd)) + "\n")
        if not outcome.has_started:
            # There is nothing to draw, and the next one would fail in the same way.
            complain(init_failure(outcome.invocation.error or {}))
            break
        report.write(outcome, number, count)
        if options.inline and (outcome.invocation.error or {}).get("errorType") == "Runtime.ExitError":
            if number < count:
                complain("the handler exited, which ends an --inline run")
            break
    return outcomes


def _json_text(outcomes: Iterable[Outcome]) -> str:
    return as_json({"invocations": [outcome.to_dict() for outcome in outcomes]}, indent=2)


def _write_json(path: Path, outcomes: Iterable[Outcome]) -> None:
    try:
        path.write_text(_json_text(outcomes) + "\n", encoding="utf-8")
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        raise UsageError(f"--json: {path}: {reason}") from exc


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

"""The command `lambda-tracer invoke HANDLER`.

Standard output carries the handler's results and nothing else, so that they can be piped on; the function's
log and the traces go to standard error. Exit code: 0, 1 when the function failed, 2 for bad usage or output
that can't be written, 130 and 143 when interrupted.

Nothing that is given ends it with a traceback. What no part of it expects is said in one line, with its place.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from lambda_tracer.clock import clock
from lambda_tracer.local.options import (
    UsageError,
    check_handler,
    check_header,
    check_installed,
    check_name,
    events,
    parser,
    variable,
)
from lambda_tracer.local.receive.json_value import as_json
from lambda_tracer.local.receive.plain_text import escaped
from lambda_tracer.local.run.interruption import Interrupted, ignore_signals, raise_on_signals
from lambda_tracer.local.show.result import init_failure, result_text

if TYPE_CHECKING:
    from lambda_tracer.local.run.session import Outcome, Session
    from lambda_tracer.local.show.report import Report

FAILED = 1
BAD_USAGE = 2

MAX_LEFT_BEHIND_S = 5.0
"""How long what an inline function has left behind may keep the process after its end."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process' own) and give its exit code."""
    _open_streams()
    exit_code = _exit_code(argv)
    if "--inline" in (sys.argv if argv is None else argv):
        threading.Thread(target=_end, args=(exit_code,), name="lambda-tracer end", daemon=True).start()
    return exit_code


def _end(exit_code: int) -> None:
    """End this process where threads that an inline function has left would keep it for ever."""
    threading.main_thread().join()
    clock.sleep(MAX_LEFT_BEHIND_S)
    _complain("what the function has left running still runs, and ends here")
    os._exit(exit_code)


def _exit_code(argv: Sequence[str] | None) -> int:
    try:
        options = parser().parse_args(argv)
        return _invoke(options)
    except UsageError as exc:
        _complain(escaped(str(exc)))
        return BAD_USAGE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Interrupted as exc:
        return exc.exit_code
    except BrokenPipeError:
        # Whoever read our output has had enough. Python would try once more to flush it at exit.
        _silence(sys.stdout)
        return 128 + 13
    except OSError as exc:
        # A disk that is full, a folder that was removed, no more files to open.
        _complain(f"{exc.strerror or exc}{f': {exc.filename}' if exc.filename else ''}")
        return BAD_USAGE
    except Exception as exc:
        place = traceback.extract_tb(exc.__traceback__)[-1]
        _complain(
            f"this is a bug in lambda-tracer, please report it: {type(exc).__name__} at "
            f"{Path(place.filename).name}:{place.lineno}"
        )
        return BAD_USAGE


def _invoke(options: argparse.Namespace) -> int:
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
        _write(results_fd, _json_text(outcomes) + "\n")
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
            _write(results_fd, result_text(outcome.payload_text, os.isatty(results_fd)) + "\n")
        if not outcome.has_started:
            # There is nothing to draw, and the next one would fail in the same way.
            _complain(init_failure(outcome.invocation.error or {}))
            break
        report.write(outcome, number, count)
        if options.inline and (outcome.invocation.error or {}).get("errorType") == "Runtime.ExitError":
            if number < count:
                _complain("the handler exited, which ends an --inline run")
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


def _write(fd: int, text: str) -> None:
    view = memoryview(text.encode("utf-8", "replace"))
    while view:
        view = view[os.write(fd, view) :]


def _complain(message: str) -> None:
    lines = "\n".join(escaped(line) for line in message.split("\n"))
    try:
        sys.stderr.write(f"lambda-tracer: {lines}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        _silence(sys.stderr)  # nobody is there to read it


def _open_streams() -> None:
    """Standard input, output and error exist, and take any text: who started us may have closed them."""
    for number, (name, mode) in enumerate([("stdin", "r"), ("stdout", "w"), ("stderr", "w")]):
        try:
            os.fstat(number)
        except OSError:
            # The lowest number that is free: all below are open already.
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False, encoding="utf-8", errors="replace"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _silence(stream: TextIO) -> None:
    """What is still in it, and what follows, goes nowhere."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        pass

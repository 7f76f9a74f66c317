"""The command `lambda-tracer invoke HANDLER`.

Standard output carries the handler's results and nothing else, so that they can be piped on; the function's
log and the traces go to standard error. Exit code: 0, 1 when the function failed, 2 for bad usage, 130 and
143 when interrupted.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from lambda_tracer.local.options import (
    UsageError,
    check_handler,
    check_header,
    check_installed,
    events,
    parser,
    variable,
)

if TYPE_CHECKING:
    from lambda_tracer.local.session import Outcome, Session

FAILED = 1
BAD_USAGE = 2


class _Interrupted(BaseException):
    """SIGTERM or SIGHUP; not an `Exception`, and not the `SystemExit` that a handler may raise."""

    def __init__(self, signal_number: int) -> None:
        self.exit_code = 128 + signal_number


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process' own) and give its exit code."""
    try:
        options = parser().parse_args(argv)
        return _invoke(options)
    except UsageError as exc:
        _complain(str(exc))
        return BAD_USAGE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except _Interrupted as exc:
        return exc.exit_code
    except BrokenPipeError:
        # Whoever read our output has had enough. Python would try once more to flush it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13


def _invoke(options: argparse.Namespace) -> int:
    check_handler(options.handler)
    task_root = Path(options.task_root)
    if not task_root.is_dir():
        raise UsageError(f"--task-root: no such folder: {options.task_root}")
    check_header(options.trace_header)
    environment = dict(variable(text) for text in options.env)
    given = events(options.event or ["{}"])
    check_installed(options.inline)
    # rich and what draws with it only now: --help and bad usage need none of it.
    from lambda_tracer.local.function import FunctionSettings
    from lambda_tracer.local.session import Session

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
    results_fd = _results_fd(options.inline)
    _raise_on_signals()
    with Session(settings, options.inline) as session:
        try:
            outcomes = _run(session, options, given, count, results_fd)
        finally:
            # What is being ended is ended: a Ctrl-C, or a second one, must not leave half of it behind.
            _ignore_signals()
    if options.json == "-":
        _write(results_fd, _json_text(outcomes) + "\n")
    elif json_path is not None:
        _write_json(json_path, outcomes)
    return FAILED if any(outcome.has_failed for outcome in outcomes) else 0


def _run(
    session: Session, options: argparse.Namespace, given: list[bytes], count: int, results_fd: int
) -> list[Outcome]:
    report = _report(options.metadata)
    outcomes: list[Outcome] = []
    for number in range(1, count + 1):
        event = given[(number - 1) % len(given)]
        outcome = session.invoke(event, options.trace_header, not options.unsampled)
        outcomes.append(outcome)
        if options.json != "-":
            _write(results_fd, _result_text(outcome.payload, os.isatty(results_fd)) + "\n")
        if not outcome.has_started:
            # There is nothing to draw, and the next one would fail in the same way.
            _complain(_init_failure(outcome.invocation.error or {}))
            break
        report(outcome, number, count)
        if options.inline and (outcome.invocation.error or {}).get("errorType") == "Runtime.ExitError":
            if number < count:
                _complain("the handler exited, which ends an --inline run")
            break
    return outcomes


def _report(metadata: bool) -> Callable[[Outcome, int, int], None]:
    from rich.console import Console

    from lambda_tracer.local.report import Report

    # rich leaves bold and dim in under NO_COLOR, and colours pipes under FORCE_COLOR; ours is all or nothing.
    is_terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
    console = Console(
        file=sys.stderr,
        force_terminal=is_terminal,
        color_system="auto" if is_terminal else None,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    return Report(console, metadata).write


def _init_failure(error: dict[str, Any]) -> str:
    """One line for why the function could not start; with the stack where the module's own code raised."""
    message = " ".join(str(error.get("errorMessage", "")).split())
    message = re.sub(r"^RequestId: \S+ Error: ", "", message)
    text = f"{error.get('errorType', 'Error')}: {message}"
    stack = error.get("stackTrace") or []
    if error.get("errorType") == "Runtime.UserCodeSyntaxError" or not isinstance(stack, list):
        return text
    shown = [str(entry).rstrip() for entry in stack if "importlib" not in str(entry).partition(",")[0]]
    return "\n".join([text, *shown])


def _result_text(payload: bytes, is_terminal: bool) -> str:
    """The payload as JSON: indented for people, on one line and otherwise untouched for programs."""
    text = payload.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return json.dumps(text, ensure_ascii=False)
    if is_terminal:
        return json.dumps(value, indent=2, ensure_ascii=False)
    return text if "\n" not in text else json.dumps(value, ensure_ascii=False)


def _json_text(outcomes: Iterable[Outcome]) -> str:
    return json.dumps({"invocations": [outcome.to_dict() for outcome in outcomes]}, indent=2)


def _write_json(path: Path, outcomes: Iterable[Outcome]) -> None:
    try:
        path.write_text(_json_text(outcomes) + "\n", encoding="utf-8")
    except OSError as exc:
        raise UsageError(f"--json: {path}: {exc.strerror}") from exc


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
    sys.stderr.write(f"lambda-tracer: {message}\n")
    sys.stderr.flush()


def _stop_signals() -> list[signal.Signals]:
    return [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _raise_on_signals() -> None:
    def interrupt(signal_number: int, frame: FrameType | None) -> NoReturn:
        raise _Interrupted(signal_number)

    for number in _stop_signals():
        signal.signal(number, interrupt)


def _ignore_signals() -> None:
    for number in (signal.SIGINT, *_stop_signals()):
        signal.signal(number, signal.SIG_IGN)

"""The command `lambda-tracer`: what all of its commands share.

Nothing that is given ends it with a traceback. What no part of it expects is said in one line, with its place. Exit
code: the command's own, 2 for bad usage or output that can't be written, 130 and 143 when interrupted.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from lambda_tracer.clock import clock
from lambda_tracer.local.commands import doctor, invoke, migrate, show, view
from lambda_tracer.local.commands.streams import complain, open_streams, silence
from lambda_tracer.local.commands.usage import NotPossible, Parser, UsageError
from lambda_tracer.local.receive.plain_text import escaped
from lambda_tracer.local.run.interruption import Interrupted

COMMANDS = (invoke, view, show, doctor, migrate)
"""Modules with `add_to(commands)`, which adds a parser, and `run(options)`, which gives the exit code."""

BAD_USAGE = 2

_DESCRIPTION = (
    "Run Python functions for AWS Lambda on this machine, and see their X-Ray traces. Nothing goes to AWS."
)

MAX_SHOWN = 200
"""Characters of arguments that nobody knows."""

MAX_LEFT_BEHIND_S = 5.0
"""How long what an inline function has left behind may keep the process after its end."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process' own) and give its exit code."""
    open_streams()
    exit_code = _exit_code(argv)
    if "--inline" in (sys.argv if argv is None else argv):
        threading.Thread(target=_end, args=(exit_code,), name="lambda-tracer end", daemon=True).start()
    return exit_code


def _end(exit_code: int) -> None:
    """End this process where threads that an inline function has left would keep it for ever."""
    threading.main_thread().join()
    clock.sleep(MAX_LEFT_BEHIND_S)
    complain("what the function has left running still runs, and ends here")
    os._exit(exit_code)


def _exit_code(argv: Sequence[str] | None) -> int:
    help_of = ""
    try:
        top = parser()
        options, unknown = top.parse_known_args(argv)
        help_of = f" (see lambda-tracer{f' {options.command}' if options.command else ''} --help)"
        if unknown:
            raise UsageError(f"unrecognized arguments: {' '.join(unknown)[:MAX_SHOWN]}")
        if not options.command:
            top.print_help(sys.stderr)
            return BAD_USAGE
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except NotPossible as exc:
        complain(escaped(str(exc)))
        return BAD_USAGE
    except UsageError as exc:
        message = escaped(str(exc))
        complain(message if "--help)" in message else message + help_of)
        return BAD_USAGE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Interrupted as exc:
        return exc.exit_code
    except BrokenPipeError:
        # Whoever read our output has had enough. Python would try once more to flush it at exit.
        silence(sys.stdout)
        return 128 + 13
    except OSError as exc:
        # A disk that is full, a folder that was removed, no more files to open.
        complain(f"{exc.strerror or exc}{f': {exc.filename}' if exc.filename else ''}")
        return BAD_USAGE
    except Exception as exc:
        place = traceback.extract_tb(exc.__traceback__)[-1]
        complain(
            f"this is a bug in lambda-tracer, please report it: {type(exc).__name__} at "
            f"{Path(place.filename).name}:{place.lineno}"
        )
        return BAD_USAGE


def parser() -> argparse.ArgumentParser:
    """The whole command line. What it refuses is raised as a `UsageError`."""
    top = Parser(prog="lambda-tracer", description=_DESCRIPTION)
    top.add_argument("--version", action="version", version=_version())
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands).set_defaults(run=command.run)
    return top


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"lambda-tracer {version('lambda-tracer')}"
    except PackageNotFoundError:
        return "lambda-tracer (run from its source)"

"""What the user may write after `lambda-tracer invoke`, and what of it can't be right.

Everything that is wrong with a command line is a `UsageError`, found before anything runs.
"""

from __future__ import annotations

import argparse
import codecs
import json
import os
import sys
from pathlib import Path

from lambda_tracer.local.commands.usage import (
    NotPossible,
    Parser,
    UsageError,
    need,
    port,
    positive_float,
    positive_int,
    quoted,
)
from lambda_tracer.local.receive.invocation import MAX_EVENT_BYTES
from lambda_tracer.local.receive.json_value import NotJSON, read_deep, read_loosely
from lambda_tracer.local.run.function import DEFAULT_MEMORY_MB, DEFAULT_TIMEOUT_S, LONGEST_TIMEOUT_S

VIEW_PORT = 2000
"""Where a view listens unless it is told otherwise."""

_MOST_READ = MAX_EVENT_BYTES + len(codecs.BOM_UTF8) + 1

_DESCRIPTION = """\
Run a Lambda handler on this machine, in the runtime client that Lambda runs,
and show its X-Ray trace. The result goes to standard output as JSON, the
function's log and the trace to standard error."""

_EPILOG = """\
examples:
  lambda-tracer invoke app.lambda_handler
  lambda-tracer invoke app.lambda_handler --event event.json -n 2
  lambda-tracer invoke app.lambda_handler --sample sqs --sample http_api
  lambda-tracer invoke src/app.lambda_handler -e '{"id": 1}' -e '{"id": 2}'
  lambda-tracer invoke app.lambda_handler --env-file .env --env TABLE=orders
  echo '{}' | lambda-tracer invoke app.lambda_handler -e - --json trace.json

exit code: 0; 1 if the function failed; 2 for bad usage; 130 or 143 if interrupted"""


def add_to(commands: argparse._SubParsersAction[Parser]) -> Parser:
    """Add `invoke` and all that may stand behind it."""
    invoke = commands.add_parser(
        "invoke",
        help="run a handler as Lambda would and show its trace",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = invoke.add_argument
    add("handler", metavar="HANDLER", help="as in Lambda: app.lambda_handler, src/app.lambda_handler")
    add(
        "-e",
        "--event",
        action="append",
        metavar="EVENT",
        help="a file, - for standard input, or JSON; may be repeated, one for each invocation (default: {})",
    )
    add(
        "--sample",
        action="append",
        dest="event",
        type=_sample,
        metavar="SOURCE",
        help="the same, with a sample event of that source: sqs, http_api...; see lambda_tracer.testing.events",
    )
    add(
        "-n",
        "--invocations",
        type=positive_int,
        metavar="N",
        help="how many in all; the events are used in turn (default: one for each event)",
    )
    add("--task-root", default=".", metavar="DIR", help="the function's folder (default: this one)")
    add(
        "--timeout",
        type=positive_float,
        metavar="SECONDS",
        help=f"the function is ended after this, as Lambda would (default: {DEFAULT_TIMEOUT_S:g}, like Lambda's; "
        "with --inline none, for debuggers)",
    )
    add(
        "--memory",
        type=positive_int,
        default=DEFAULT_MEMORY_MB,
        metavar="MB",
        help="what the function is told (default: 128)",
    )
    add("--function-name", default="", metavar="NAME", help="default: the name of the function's folder")
    add(
        "--env",
        action="append",
        default=[],
        metavar="K=V",
        help="an environment variable, or K alone for the shell's value; may be repeated",
    )
    add(
        "--env-file",
        action="append",
        default=[],
        metavar="FILE",
        help="environment variables, a line each: K=V, with quotes, # comments and export as in a .env file; may be "
        "repeated, --env wins",
    )
    sampling = invoke.add_mutually_exclusive_group()
    sampling.add_argument(
        "--trace-header", metavar="HEADER", help="continue this trace: 'Root=...;Parent=...;Sampled=1'"
    )
    sampling.add_argument(
        "--unsampled", action="store_true", help="invoke with Sampled=0: nothing is recorded"
    )
    add(
        "--json",
        metavar="FILE",
        help="write results and traces to FILE; - for standard output, in place of results",
    )
    add(
        "--html",
        metavar="FILE",
        help="write the traces to FILE, a page for the browser that needs nothing else",
    )
    add(
        "--view",
        action="store_true",
        help="hand the traces to the view that runs, or to one that is started and lives on; says its address",
    )
    add(
        "--view-port",
        type=port,
        metavar="PORT",
        help=f"the same, where the view has another port than {VIEW_PORT}",
    )
    add("--metadata", action="store_true", help="show the metadata of subsegments as well")
    add("--inline", action="store_true", help="run the handler in this process, without the runtime client")
    return invoke


def check_name(name: str) -> None:
    """Can it be part of an ARN, which is sent as an HTTP header? Lambda itself takes fewer characters."""
    if not _is_header_value(name):
        raise UsageError(f"--function-name: printable ASCII characters only: {quoted(name)}")


def check_header(header: str | None) -> None:
    """Can it be sent as an HTTP header? Beyond that anything goes, for a function may get anything."""
    if header is not None and not _is_header_value(header):
        raise UsageError(
            f"--trace-header: an HTTP header holds printable ASCII characters only: {quoted(header)}"
        )


def check_installed(inline: bool) -> None:
    """Is there what the extra `local` brings?"""
    need("rich")
    if inline:
        return
    need("awslambdaric", otherwise=", or use --inline")
    if not hasattr(os, "killpg"):
        raise NotPossible("the runtime client does not run on this system: use --inline")


def time_limit(options: argparse.Namespace) -> tuple[float, bool]:
    """Seconds that the function is told it has, and whether it is ended after them."""
    if options.timeout is not None:
        return options.timeout, True
    return (LONGEST_TIMEOUT_S, False) if options.inline else (DEFAULT_TIMEOUT_S, True)


def events(sources: list[str]) -> list[bytes]:
    """The events as JSON in UTF-8, read from where each `--event` says."""
    from_stdin = sys.stdin.buffer.read(_MOST_READ) if "-" in sources else b""
    found = []
    for source in sources:
        if source == "-":
            found.append(_checked_event(from_stdin, "standard input"))
        elif _looks_like_json(source):
            found.append(
                _checked_event(source.encode("utf-8", "surrogatepass"), f"the text {quoted(source)}")
            )
        else:
            try:
                with Path(source).open("rb") as file:
                    data = file.read(_MOST_READ)
            except (OSError, ValueError) as exc:
                reason = exc.strerror if isinstance(exc, OSError) else str(exc)
                raise UsageError(f"--event: {source}: {reason}") from exc
            found.append(_checked_event(data, source))
    return found


def _sample(source: str) -> str:
    """The sample event of a source as JSON, for `type=`. What is made of it is as if `--event` had given it."""
    from lambda_tracer.testing.events import makers

    maker = makers().get(source)
    if maker is None:
        raise argparse.ArgumentTypeError(f"expected one of {', '.join(makers())}: {quoted(source)}")
    return json.dumps(maker())


def _is_header_value(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _looks_like_json(source: str) -> bool:
    """Is it meant as JSON, rather than as the name of a file? A file of that name decides."""
    try:
        if Path(source).exists():
            return False
    except (OSError, ValueError):
        return True  # longer than a name may be, or with a NUL in it
    if source.lstrip()[:1] in ("{", "[", '"'):
        return True
    try:
        read_loosely(source)
    except NotJSON:
        return False
    return True


def _checked_event(data: bytes, where: str) -> bytes:
    data = data.removeprefix(codecs.BOM_UTF8)
    if len(data) > MAX_EVENT_BYTES:
        raise UsageError(
            f"--event: {where} is too large, RequestEntityTooLargeException: Request must be smaller than "
            f"{MAX_EVENT_BYTES} bytes for the InvokeFunction operation"
        )
    try:
        text = data.decode()
        read_deep(text)
    except UnicodeDecodeError as exc:
        raise UsageError(f"--event: {where} is not UTF-8 (byte {exc.start})") from exc
    except NotJSON as exc:
        raise UsageError(f"--event: {where} is not JSON: {exc}") from exc
    return text.encode()

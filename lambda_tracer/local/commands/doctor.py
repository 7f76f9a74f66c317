"""`lambda-tracer doctor [PATH] [HANDLER]`: what is wrong with a function's tracing, before it is deployed.

Findings go to standard output. Exit code: 0 when nothing is wrong, 1 when something is, 2 for bad usage.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from lambda_tracer.local.commands.handler_name import check_handler
from lambda_tracer.local.commands.streams import write
from lambda_tracer.local.commands.usage import Parser, UsageError, need, positive_float, quoted
from lambda_tracer.local.commands.variables import variable
from lambda_tracer.local.receive.json_value import as_json
from lambda_tracer.local.run.interruption import raise_on_signals

DEFAULT_TIMEOUT_S = 20.0

_DESCRIPTION = """\
Say what is wrong with a function's tracing before it is deployed: in its
template, its environment variables, its code and its libraries. Each finding
has a remedy. The handler is imported in a process of its own, and not called."""

_EPILOG = """\
examples:
  lambda-tracer doctor                        the functions of the templates here
  lambda-tracer doctor src app.lambda_handler
  lambda-tracer doctor template.yaml --json
  lambda-tracer doctor --explain two-tracers

exit code: 0 if nothing is wrong; 1 if something is; 2 for bad usage"""


def add_to(commands: argparse._SubParsersAction[Parser]) -> Parser:
    """Add `doctor` and all that may stand behind it."""
    doctor = commands.add_parser(
        "doctor",
        help="say what is wrong with a function's tracing",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = doctor.add_argument
    add("path", nargs="?", default=".", metavar="PATH", help="a folder or a template (default: this folder)")
    add("handler", nargs="?", default="", metavar="HANDLER", help="default: those that the templates name")
    add(
        "--timeout",
        type=positive_float,
        default=DEFAULT_TIMEOUT_S,
        metavar="SECONDS",
        help="how long a handler may take to be imported (default: 20)",
    )
    add("--env", action="append", default=[], metavar="K=V", help="an environment variable; may be repeated")
    add("--no-import", action="store_true", help="import no handler")
    add("--json", action="store_true", help="write JSON")
    add("--explain", metavar="CODE", help="say more of a finding's code, and examine nothing")
    return doctor


def run(options: argparse.Namespace) -> int:
    """Examine as `options` say and give the exit code."""
    if options.explain is not None:
        return _explain(options.explain)
    try:
        path = Path(options.path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        hint = "" if options.handler else " (a handler comes second: lambda-tracer doctor . HANDLER)"
        raise UsageError(f"PATH: no such file or folder: {options.path}{hint}") from None
    if options.handler:
        check_handler(options.handler, Path(options.path))
    environment = dict(variable(text) for text in options.env)
    need("yaml", name="PyYAML")
    # Only now: --help and bad usage need none of it.
    from lambda_tracer.local.doctor import text
    from lambda_tracer.local.doctor.examination import examine

    raise_on_signals()
    examination = examine(path, options.handler, environment, options.timeout, not options.no_import)
    if options.json:
        told = as_json(examination.to_dict(), indent=2)
    else:
        is_terminal = sys.stdout.isatty()
        colours = is_terminal and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
        width = shutil.get_terminal_size().columns if is_terminal else 0
        told = "\n".join(text.lines(examination, width, bool(colours)))
    write(sys.stdout.fileno(), told + "\n")
    return int(examination.is_wrong)


def _explain(code: str) -> int:
    from difflib import get_close_matches

    from lambda_tracer.local.doctor.explanation import explanations
    from lambda_tracer.local.doctor.finding import CODES

    found = explanations().get(code)
    if found is None:
        alike = get_close_matches(code, CODES, n=3)
        hint = f"; there is {', '.join(alike)}" if alike else ""
        raise UsageError(f"--explain: no such code: {quoted(code)}{hint}")
    write(sys.stdout.fileno(), f"{CODES[code].severity}: {code}\n\n{found}\n")
    return 0

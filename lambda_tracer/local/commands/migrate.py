"""`lambda-tracer migrate [PATH]`: move a project from Powertools' Tracer or the X-Ray SDK to lambda_tracer.

Without `--write` nothing changes: standard output has the diff, standard error the summary. Exit code: 0 when there was
nothing to do, or all of it is done or shown; 1 when there are places that a person must look at; 2 for bad usage.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_tracer.local.commands.streams import complain, write
from lambda_tracer.local.commands.usage import Parser, UsageError, need, quoted
from lambda_tracer.local.receive.plain_text import escaped

if TYPE_CHECKING:
    from lambda_tracer.local.migrate.migration import Plan
    from lambda_tracer.local.migrate.project import Project

LOOK = 1

_NEEDED = ("tree_sitter", "tree_sitter_python", "tree_sitter_toml", "yaml")
_LAYER_ARN = re.compile(r"arn:aws[\w-]*:lambda:[\w-]+:\d{12}:layer:[\w-]+:\d+")

_DESCRIPTION = """\
Move a project from Powertools' Tracer or the X-Ray SDK to lambda_tracer:
imports, names in strings, requirements. Shows what would change, and names the
places that a person must look at. Nothing is written without --write."""

_EPILOG = """\
examples:
  lambda-tracer migrate
  lambda-tracer migrate src/ > move.diff
  lambda-tracer migrate --write

exit code: 0; 1 if there are places to look at; 2 for bad usage"""


def add_to(commands: argparse._SubParsersAction[Parser]) -> Parser:
    """Add `migrate` and all that may stand behind it."""
    migrate = commands.add_parser(
        "migrate",
        help="move a project to lambda_tracer",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = migrate.add_argument
    add("path", nargs="?", default=".", metavar="PATH", help="a folder or a file (default: this folder)")
    add("--write", action="store_true", help="write the changes (default: show them)")
    add(
        "--layer",
        metavar="ARN",
        default="",
        help="the layer version that you have published: added to SAM, CloudFormation and serverless.yml beside "
        "Powertools' layer",
    )
    return migrate


def run(options: argparse.Namespace) -> int:
    """Plan the move, show or write it, and give the exit code."""
    path = Path(options.path)
    try:
        is_there = path.is_dir() or path.is_file()
    except ValueError:
        is_there = False
    if not is_there:
        raise UsageError(f"no such file or folder: {quoted(options.path)}")
    if options.layer and not _LAYER_ARN.fullmatch(options.layer):
        raise UsageError(f"--layer: expected the ARN of a layer version: {quoted(options.layer)}")
    for module in _NEEDED:
        need(module, extra="migrate")
    # What parses is loaded only now: --help and bad usage need none of it.
    from lambda_tracer.local.migrate.migration import Migration
    from lambda_tracer.local.migrate.project import Project
    from lambda_tracer.local.migrate.report import diff, summary

    project = Project(path)
    plan = Migration(project, options.layer).plan()
    exit_code = LOOK if plan.to_look_at else 0
    sys.stdout.flush()
    is_coloured = os.isatty(sys.stdout.fileno()) and not os.environ.get("NO_COLOR")
    for change in plan.changes:
        write(sys.stdout.fileno(), "".join(f"{line}\n" for line in diff(change, is_coloured=is_coloured)))
    if options.write:
        exit_code = max(exit_code, _write(project, plan))
    sys.stderr.write("".join(f"{escaped(line)}\n" for line in summary(plan, is_written=options.write)))
    return exit_code


def _write(project: Project, plan: Plan) -> int:
    from lambda_tracer.local.migrate.writing import Refused, write_file

    failed = []
    for change in plan.changes:
        try:
            write_file(project.place(change.path), change.old, change.new)
        except Refused as exc:
            complain(f"{change.path}: not written: {exc}")
            failed.append(change)
    plan.changes = [change for change in plan.changes if change not in failed]
    return LOOK if failed else 0

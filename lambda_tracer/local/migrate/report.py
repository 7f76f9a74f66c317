"""Report: what a plan looks like, as a unified diff and a summary.

Both are plain text in which nothing of the project's files can act on a terminal.
"""

from __future__ import annotations

import difflib
import io
from collections.abc import Iterator

from ..receive.plain_text import escaped
from .findings import Finding
from .infrastructure import NEEDS_PYTHON
from .migration import Change, Plan

_COLOURS = {"+": "32", "-": "31", "@": "36"}
_HARMLESS = "\t\f\v\u2028\u2029\ufeff"
"""What can't be seen, does nothing to a terminal but move on, and is in files that people have."""
_MAX_WAITING = 20
"""Paths of waiting files that the summary names one by one."""


def diff(change: Change, *, is_coloured: bool) -> Iterator[str]:
    """The lines of a unified diff that `patch -p1` takes, without line ends."""
    path = str(change.path)
    name = f"{path}\t" if " " in path else path  # else `patch` takes the first word alone
    lines = difflib.unified_diff(
        _lines(change.old), _lines(change.new), f"a/{name}", f"b/{name}", n=3, lineterm=""
    )
    for line in lines:
        text = line.removesuffix("\n")
        end = "\r" if line.endswith("\r\n") else ""
        plain = escaped(text.removesuffix(end), _HARMLESS) + end
        if line[:3] in ("+++", "---"):
            yield _coloured(plain, "1", is_coloured)
        else:
            yield _coloured(plain, _COLOURS.get(line[:1], ""), is_coloured)
        if not line.endswith("\n") and line[:1] in " +-" and line[:3] not in ("+++", "---"):
            yield "\\ No newline at end of file"


def summary(plan: Plan, *, is_written: bool) -> Iterator[str]:
    """What changes, what must be looked at, and what follows from it."""
    to_look_at = plan.to_look_at
    notes = [finding for finding in plan.findings if finding.weight == "note"]
    first = [finding for finding in to_look_at if finding.message.startswith(NEEDS_PYTHON)]
    to_look_at = [finding for finding in to_look_at if finding not in first]
    if first:
        yield "Before it is written:"
        yield from _findings(first)
    if to_look_at:
        yield "To look at:"
        yield from _findings(to_look_at)
    if plan.waiting:
        yield "Left as they are, for they run together with files above that stay on the X-Ray SDK:"
        yield from (f"  {path}" for path in plan.waiting[:_MAX_WAITING])
        if len(plan.waiting) > _MAX_WAITING:
            yield f"  and {len(plan.waiting) - _MAX_WAITING} more"
    if notes:
        yield "To know:"
        yield from _findings(notes)
    if plan.staying:
        yield (
            "One program has one recorder, so nothing of it moves before all of it can. As it is, it runs on "
            "lambda_tracer with lambda_tracer.compat.install(), or with LAMBDA_TRACER_TAKE_OVER=true and the layer's "
            "wrapper."
        )
    yield _last_line(plan, is_written)
    if first and plan.changes:
        yield f"{NEEDS_PYTHON}, and not all of this project runs on that: see above."


def _last_line(plan: Plan, is_written: bool) -> str:
    if not plan.changes:
        return "Nothing to change." if not plan.staying else "Nothing changed."
    files = _count(len(plan.changes), "file")
    return f"{files} changed." if is_written else f"{files} would change. Write them with --write."


def _findings(findings: list[Finding]) -> Iterator[str]:
    for finding in findings:
        yield f"  {finding.place}: {finding.message}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _coloured(line: str, colour: str, is_coloured: bool) -> str:
    return f"\x1b[{colour}m{line}\x1b[0m" if is_coloured and colour else line


def _lines(data: bytes) -> list[str]:
    return list(io.StringIO(data.decode("utf-8", "replace"), newline="\n"))  # as `patch` knows lines

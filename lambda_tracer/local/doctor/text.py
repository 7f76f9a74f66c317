"""An examination in words, for a terminal or a pipe: what is wrong first, then what is worth knowing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from lambda_tracer.local.receive.plain_text import escaped

from .examination import Examination
from .finding import WRONG, Finding

_INDENT = "    "
_RED, _YELLOW, _BOLD, _DIM, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[0m"


def lines(examination: Examination, width: int = 0, colours: bool = False) -> Iterator[str]:
    """Line by line. `width` is where sentences are broken, 0 for nowhere: a pipe gets them whole."""
    for finding in examination.findings:
        yield from _finding(finding, examination, width, colours)
        yield ""
    for note in examination.notes:
        yield from _wrapped(escaped(f"note: {note}"), "", width)
    yield _summary(examination)


def _finding(finding: Finding, examination: Examination, width: int, colours: bool) -> Iterator[str]:
    colour = _RED if finding.severity == WRONG else _YELLOW
    place = escaped(finding.place(examination.root))
    functions = escaped(", ".join(finding.functions))
    code = f"{_BOLD}{colour}{finding.code}{_PLAIN}" if colours else finding.code
    head = f"{finding.severity}: {code}"
    yield "  ".join(part for part in (head, place, f"({functions})" if functions else "") if part)
    yield from _wrapped(escaped(finding.what), _INDENT, width)
    yield from _wrapped(escaped(f"-> {finding.remedy}"), _INDENT, width)
    yield f"{_INDENT}{_DIM}{finding.more}{_PLAIN}" if colours else f"{_INDENT}{finding.more}"


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    if not width:
        return [indent + text]
    return textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    ) or [indent]


def _summary(examination: Examination) -> str:
    wrong = sum(each.severity == WRONG for each in examination.findings)
    others = len(examination.findings) - wrong
    named = [each for each in examination.functions if each.name or each.own_handler]
    examined = f"{_count(len(named), 'function')} examined" if named else "code read"
    done = f"{_count(len(examination.imported), 'handler')} imported"
    said = f"{wrong} wrong, {others} worth knowing" if examination.findings else "nothing wrong"
    return f"{said}: {examined}, {done}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

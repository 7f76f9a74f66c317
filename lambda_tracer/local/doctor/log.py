"""What the tracer writes into the function's log, or has written there: invocations that are kept, and log ids."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lambda_tracer import settings
from lambda_tracer.capture import keep_rule
from lambda_tracer.local.template.setting import Setting

from . import files
from .configuration import tracers
from .finding import Finding
from .function import DEFAULT_TIMEOUT_S, Function
from .source import Source, argument, constant
from .variables import number

KEEP = "LAMBDA_TRACER_KEEP"
LOG_IDS = "LAMBDA_TRACER_LOG_IDS"

_MARGIN = "LAMBDA_TRACER_TIMEOUT_MARGIN_MS"

# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html: a line of JSON is kept back if
# its "level" is below this. Ours are ERROR, and WARN for what is only slow.
_ABOVE_WARN = ("ERROR", "FATAL")

# Whatever may print what a record holds beside its message.
_PRINTS_IDS = re.compile(
    r"span_id|xray_trace_id|Formatter|formatter|structlog|loguru|jsonlogger|json_log|logging\.config|basicConfig"
    r"|\bLogger\(|makeRecord|__dict__"
)
_PRINTING_MODULES = frozenset(("structlog", "loguru", "pythonjsonlogger", "aws_lambda_powertools.logging"))

_NO_MS = re.compile(r"slow(?:[:=]?\s*\D*)?$|slow:.*", re.IGNORECASE)


class _Asked(NamedTuple):
    """What is to be kept, and where that is said."""

    rule: keep_rule.Rule
    file: Path | None
    line: int


def findings(function: Function, sources: list[Source]) -> Iterator[Finding]:
    """What is said of what is kept; without `sources`, by the function's variables alone."""
    asked: list[_Asked] = []
    given = list(_in_code(sources))
    for source, node in given:
        words = _words(node)
        if words is not None:
            yield from _unknown(words, "Tracer(keep=...)", "it raises ValueError", source.path, node.lineno)
            asked += _rule(words, source.path, node.lineno)
    setting = function.variables.get(KEEP)
    # An argument wins over the variable.
    if setting is not None and setting.text is not None and not given:
        words = [] if setting.text.strip().lower() in settings.FALSE else setting.text.split(",")
        yield from _unknown(words, KEEP, "it counts for nothing", function.file, setting.line)
        asked += _rule(words, function.file, setting.line)
    for each in asked:
        yield from _slow(function, each)
        yield from _margin(function, each)
        yield from _level(function, each)


def findings_of_ids(
    function: Function, sources: list[Source], loaded: list[str], folder: Path
) -> Iterator[Finding]:
    """What is said of log ids that nobody prints. `loaded` are the modules that the handler has imported."""
    if not function.kind or (
        function.log_format is not None and (function.log_format.text or "").lower() != "text"
    ):
        return
    asked = next(_ids(function, sources), None)
    if asked is None or any(
        name in _PRINTING_MODULES or name.partition(".")[0] in _PRINTING_MODULES for name in loaded
    ):
        return
    if any(_PRINTS_IDS.search(files.read(path) or "") for path in files.python_files(folder, [])):
        return
    file, line = asked
    yield Finding(
        "log-ids-unseen",
        "Log records get ids, but Lambda's format for text prints the message alone, and no formatter is set here.",
        "Set the function's log format to JSON, or print %(xray_trace_id)s and %(span_id)s in a formatter.",
        file,
        line,
    )


def _in_code(sources: list[Source]) -> Iterator[tuple[Source, ast.expr]]:
    for source, call in tracers(sources):
        node = argument(call, "keep")
        if node is not None and constant(node) is not None:
            yield source, node


def _words(node: ast.expr) -> list[str] | None:
    """The words that stand there; None where they are worked out."""
    if constant(node) is False:
        return []
    members = node.elts if isinstance(node, (ast.List, ast.Tuple, ast.Set)) else None
    values = [constant(member) for member in members] if members is not None else [constant(node)]
    if not all(isinstance(value, str) for value in values):
        return None
    texts = [value for value in values if isinstance(value, str)]
    return texts if members is not None else texts[0].split(",")


def _rule(words: list[str], file: Path | None, line: int) -> list[_Asked]:
    rule = keep_rule.rule_of([word for word in words if not _is_unknown(word)])
    return [] if rule is None else [_Asked(rule, file, line)]


def _is_unknown(word: str) -> bool:
    try:
        keep_rule.rule_of([word])
    except ValueError:
        return True
    return False


def _unknown(words: list[str], what: str, then: str, file: Path | None, line: int) -> Iterator[Finding]:
    for word in filter(_is_unknown, words):
        shown = word.strip()[:40]
        wanted = (
            "slow with milliseconds, as in slow:2000" if _NO_MS.fullmatch(shown) else "errors, or slow:2000"
        )
        yield Finding(
            "keep-word",
            f"{what} has the word {shown!r}: {then}.",
            f"Write {wanted}.",
            file,
            line,
        )


def _slow(function: Function, asked: _Asked) -> Iterator[Finding]:
    timeout = function.timeout or Setting(DEFAULT_TIMEOUT_S if function.kind else None, 0)
    seconds = number(timeout.text)
    slow_s = asked.rule.slow_s
    if slow_s is None or seconds is None or slow_s < seconds:
        return
    yield Finding(
        "keep-slow",
        f"slow:{slow_s * 1000:g} is not below the time-out of {seconds:g} s: no invocation takes so long.",
        "Write fewer milliseconds than the time-out has, or give the function more time.",
        asked.file,
        asked.line,
    )


def _margin(function: Function, asked: _Asked) -> Iterator[Finding]:
    margin = function.variables.get(_MARGIN)
    if margin is None or number(margin.text) != 0:
        return
    yield Finding(
        "keep-no-timeout",
        f"{_MARGIN} is 0: an invocation that times out is not kept.",
        "Take the variable away: 200 is the default.",
        function.file,
        margin.line,
    )


def _level(function: Function, asked: _Asked) -> Iterator[Finding]:
    level = function.log_level
    name = ((level.text if level is not None else None) or "").upper()
    is_json = function.log_format is not None and (function.log_format.text or "").upper() == "JSON"
    if level is None or not is_json or name not in _ABOVE_WARN:
        return
    if name == "FATAL":
        lost = "no kept invocation gets there"
    elif asked.rule.slow_s is not None:
        lost = "what is only slow is a warning, and does not get there"
    else:
        return
    yield Finding(
        "keep-level",
        f"Lambda lets lines of the level {name} and above into the log alone: {lost}.",
        "Set the level for applications to WARN or lower.",
        function.file,
        level.line,
    )


def _ids(function: Function, sources: list[Source]) -> Iterator[tuple[Path | None, int]]:
    given = [(source, argument(call, "log_ids")) for source, call in tracers(sources)]
    for source, node in given:
        if node is not None and constant(node) in (True, "w3c"):
            yield source.path, node.lineno
    setting = function.variables.get(LOG_IDS)
    if setting is None or any(node is not None for _, node in given):
        return
    if function.is_true(LOG_IDS) or (setting.text or "").strip().lower() == "w3c":
        yield function.file, setting.line

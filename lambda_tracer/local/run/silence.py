"""Silence: why no document came from a function. What can be known is looked at in the order in which it decides.

What the function's code does can't be seen from outside its process, so its own files are searched for the words that
would do it, and the text says where they stand. Nothing of the function's is run or changed for that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from lambda_tracer import settings
from lambda_tracer.local.receive.invocation import Invocation
from lambda_tracer.local.run.function import FunctionSettings
from lambda_tracer.local.run.own_files import own_python_files, text_of
from lambda_tracer.local.run.tracing import Tracing

DAEMON_ADDRESS = "AWS_XRAY_DAEMON_ADDRESS"

_SWITCHES_OFF = ("AWS_SAM_LOCAL", "AWS_CHALICE_CLI_MODE")
"""Where one of them is set, a `Tracer` is off."""

_TRACERS = ("lambda_tracer", "aws_xray_sdk", "aws_lambda_powertools", "opentelemetry", "ddtrace")
_IMPORTS_ONE = re.compile(
    rf"^[ \t]*(?:from[ \t]+|import[ \t]+(?:[\w.]+[ \t]*,[ \t]*)*)(?:{'|'.join(_TRACERS)})\b", re.MULTILINE
)
_MAKES_IT_OFF = re.compile(r"\bdisabled[ \t]*=[ \t]*True\b|\bset_sdk_enabled\([ \t]*False\b")
_SENDS_ELSEWHERE = re.compile(rf"\b{DAEMON_ADDRESS}\b|\bdaemon_address[ \t]*=")

_ADVICE = "is the handler captured, as by @tracer.capture_lambda_handler?"


def why_silent(
    function: FunctionSettings,
    tracing: Tracing,
    invocation: Invocation,
    environment: Mapping[str, str],
    daemon_address: str,
) -> str:
    """The reason, as a clause that begins with a small letter; empty where the event never reached the function.

    `environment` is the function's as far as it is known, `daemon_address` what documents were waited for at.
    """
    if invocation.started_at is None:
        return ""
    if not tracing.is_sampled:
        return _not_sampled(tracing)
    return _by_variables(function, environment, daemon_address) or _by_code(function, invocation)


def _not_sampled(tracing: Tracing) -> str:
    if not tracing.trace_id:
        return "the trace header names no trace to continue"
    if "Sampled=0" in tracing.header:
        return "the invocation is not sampled (Sampled=0)"
    return "the trace header does not say Sampled=1"


def _by_variables(function: FunctionSettings, environment: Mapping[str, str], daemon_address: str) -> str:
    address = environment.get(DAEMON_ADDRESS, "")
    if address != daemon_address:
        by = "given" if DAEMON_ADDRESS in function.environment else "set by the function"
        return f"{DAEMON_ADDRESS}={address} was {by}: documents went there, if there were any"
    for name, words in (
        ("POWERTOOLS_TRACE_DISABLED", settings.TRUE),
        ("AWS_XRAY_SDK_ENABLED", settings.FALSE),
    ):
        if environment.get(name, "").strip().lower() in words:
            return f"tracing is off by {name}={environment[name]}"
    segment = environment.get("LAMBDA_TRACER_SEGMENT", "").strip().lower()
    is_on_in_sam = bool(segment) and segment not in settings.FALSE
    for name in _SWITCHES_OFF:
        if environment.get(name) and not (name == "AWS_SAM_LOCAL" and is_on_in_sam):
            return f"tracing is off, as under another local runner, by {name}={environment[name]}"
    return ""


def _by_code(function: FunctionSettings, invocation: Invocation) -> str:
    files = [(path, text_of(path)) for path in own_python_files(str(function.task_root))]
    if not (_is_brought(function) or any(_IMPORTS_ONE.search(text) for _, text in files)):
        return f"no tracer was met: no file in {function.task_root} imports lambda_tracer or aws_xray_sdk"
    elsewhere = next(_places(function, files, _SENDS_ELSEWHERE), "")
    if elsewhere:
        return f"documents may have gone elsewhere: {elsewhere} gives a daemon's address"
    off = next(_places(function, files, _MAKES_IT_OFF), "")
    if off:
        return f"tracing may be off: see {off}"
    if invocation.is_interrupted:
        return f"it was interrupted before anything was sent; {_ADVICE}"
    if (invocation.error or {}).get("errorType") in ("Runtime.ExitError", "Sandbox.Timedout"):
        return f"its process was ended before anything was sent; {_ADVICE}"
    return f"nothing was recorded; {_ADVICE}"


def _is_brought(function: FunctionSettings) -> bool:
    """Comes a tracer by other means than an import in the function's files?"""
    wrapper = function.environment.get("AWS_LAMBDA_EXEC_WRAPPER", "")
    return bool(wrapper) or function.handler.replace("/", ".").startswith(_TRACERS)


def _places(
    function: FunctionSettings, files: list[tuple[Path, str]], words: re.Pattern[str]
) -> Iterator[str]:
    """`<file>:<line>` of where they stand."""
    for path, text in files:
        found = words.search(text)
        if found:
            yield f"{path.relative_to(function.task_root)}:{text.count(chr(10), 0, found.start()) + 1}"

"""Infrastructure as code that is looked at and never rewritten: CDK, Terraform, Chalice and Zappa.

What is looked for is the switch that has Lambda trace a function.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from .findings import Finding

_CDK = re.compile(r"\baws[-_]cdk\b")
_CDK_FUNCTION = re.compile(r"\b(?:PythonFunction|DockerImageFunction|(?<=\.)Function|new Function)\s*\(")
_CDK_OTHER = re.compile(r"NODEJS|\bJAVA_|\bDOTNET|\bGO_|\bRUBY|\bPROVIDED")
_CDK_SPREAD = re.compile(r"\*\*|\.\.\.")
_CDK_ON = re.compile(r"\btracing\s*[=:]\s*(?![\w.]*Tracing\.(?:DISABLED|PASS_THROUGH))\S")
_TERRAFORM = re.compile(
    r'^[ \t]*(?:resource\s+"aws_lambda_function"|module)\s+"[^"\n]*"(?:\s+"[^"\n]*")?\s*\{', re.MULTILINE
)
_TERRAFORM_MODULE = re.compile(r'\bsource\s*=\s*"[^"]*lambda/aws')
_TERRAFORM_ON = re.compile(
    r'\btracing_config\b(?:(?!"PassThrough")[^}])*\}|\btracing_mode\s*=\s*(?!"PassThrough")\S'
)
_TERRAFORM_RUNTIME = re.compile(r'\bruntime\s*=\s*"(?!python)[^"$]*"')
_ZAPPA_ON = re.compile(r"xray_tracing[\"']?\s*[:=]\s*true", re.IGNORECASE)
NEEDS_PYTHON = "lambda_tracer needs Python 3.10 or later"
_TESTS = frozenset(("test", "tests", "__tests__"))
_MAX_BLOCK = 20_000

OLD_RUNTIME = re.compile(r"\bpython(?:2\.7|3\.[6-9])\b|\bPYTHON_(?:2_7|3_[6-9])\b")
"""Runtimes on which lambda_tracer does not run."""

_OFF = "tracing is not switched on, so nothing is recorded"


def infrastructure_findings(
    others: Mapping[PurePosixPath, bytes], python: Mapping[PurePosixPath, bytes], *, is_moved: bool
) -> Iterator[Finding]:
    """The functions whose tracing is not switched on. What belongs to tests deploys nothing."""
    for path, raw in others.items():
        if is_test(path):
            continue
        text = raw.decode("utf-8", "replace")
        if is_moved and path.suffix in {".tf", ".ts"}:
            yield from _old_runtimes(path, text)
        if path.suffix == ".tf":
            yield from _terraform(path, text)
        elif path.suffix == ".ts" and _CDK.search(text):
            yield from _cdk(path, text, "tracing: lambda.Tracing.ACTIVE")
        elif path.match(".chalice/config.json"):
            yield from _chalice(path, text)
        elif path.name.startswith("zappa_settings.") and not _ZAPPA_ON.search(text):
            yield Finding(str(path), 0, f'{_OFF}: "xray_tracing": true')
    for path, raw in python.items():
        if b"aws_cdk" in raw and not is_test(path):
            if is_moved:
                yield from _old_runtimes(path, raw.decode("utf-8", "replace"))
            yield from _cdk(path, raw.decode("utf-8", "replace"), "tracing=lambda_.Tracing.ACTIVE")


def is_test(path: PurePosixPath) -> bool:
    """Does the file belong to tests?"""
    return not _TESTS.isdisjoint(path.parts[:-1]) or ".test." in path.name


def _old_runtimes(path: PurePosixPath, text: str) -> Iterator[Finding]:
    lines = [number for number, line in enumerate(text.splitlines(), 1) if OLD_RUNTIME.search(line)]
    if lines:
        yield Finding.of_lines(str(path), lines, NEEDS_PYTHON)


def _cdk(path: PurePosixPath, text: str, remedy: str) -> Iterator[Finding]:
    lines = []
    for found in _CDK_FUNCTION.finditer(text):
        arguments = _block(text, found.end() - 1)
        is_function = (
            "runtime" in arguments or "handler" in arguments or found[0].startswith(("Python", "Docker"))
        )
        is_known = (
            "Inline" not in arguments
            and not _CDK_SPREAD.search(arguments)
            and not _CDK_OTHER.search(arguments)
        )
        if is_function and is_known and not _CDK_ON.search(arguments):
            lines.append(text.count("\n", 0, found.start()) + 1)
    if lines:
        yield Finding.of_lines(str(path), lines, f"{_OFF}: {remedy}")


def _terraform(path: PurePosixPath, text: str) -> Iterator[Finding]:
    lines = []
    for found in _TERRAFORM.finditer(text):
        block = _block(text, found.end() - 1)
        if found[0].lstrip().startswith("module") and not _TERRAFORM_MODULE.search(block):
            continue
        if not _TERRAFORM_ON.search(block) and not _TERRAFORM_RUNTIME.search(block):
            lines.append(text.count("\n", 0, found.start()) + 1)
    if lines:
        yield Finding.of_lines(str(path), lines, f'{_OFF}: tracing_config {{ mode = "Active" }}')


def _chalice(path: PurePosixPath, text: str) -> Iterator[Finding]:
    try:
        config = json.loads(text)
    except (ValueError, RecursionError):
        yield Finding(str(path), 0, "is not JSON: left as it is")
        return
    stages = config.get("stages") if isinstance(config, dict) else None
    if not isinstance(config, dict) or config.get("xray") is True:
        return
    stages = stages if isinstance(stages, dict) else {}
    off = [
        name for name, stage in stages.items() if not (isinstance(stage, dict) and stage.get("xray") is True)
    ]
    if off or not stages:
        where = f" in {', '.join(off)}" if off else ""
        yield Finding(str(path), 0, f'{_OFF}{where}: "xray": true')


def _block(text: str, start: int) -> str:
    """From a bracket to the one that closes it."""
    depth = 0
    for index in range(start, min(len(text), start + _MAX_BLOCK)):
        if text[index] in "([{":
            depth += 1
        elif text[index] in ")]}":
            depth -= 1
            if depth == 0:
                return text[start : index + 1]
    return text[start : start + _MAX_BLOCK]

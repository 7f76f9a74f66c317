"""Migration: what a project becomes, as a whole. Nothing is written here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from . import manifests, python_file, templates
from .findings import Finding
from .names import NO_SEGMENT
from .programs import Programs
from .project import Project
from .python_file import PythonFile

_PYTHON = frozenset((".py", ".pyi", ".pyw"))
_NOT_PYTHON_YET = frozenset((".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".mustache", ".ipynb"))
_TRACES = re.compile(rb"\baws_xray_sdk\b|\b[Tt]racer\b|\baws_lambda_powertools\.tracing\b")
_MIDDLEWARES = re.compile(
    rb"POWERTOOLS_TRACE_MIDDLEWARES[\"']?\s*[:=]\s*[\"']?(?:true|1|yes|on|y|t)\b", re.IGNORECASE
)


@dataclass
class Change:
    """A file that becomes another."""

    path: PurePosixPath
    old: bytes
    new: bytes


@dataclass
class Plan:
    """`changes` in the order of their paths, and what there is to say. `waiting` are files that could move alone."""

    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    waiting: list[PurePosixPath] = field(default_factory=list)
    staying: int = 0
    moving: int = 0

    @property
    def to_look_at(self) -> list[Finding]:
        """What a person must look at."""
        return [finding for finding in self.findings if finding.weight == "look"]


class Migration:
    """Reads a project, and plans."""

    def __init__(self, project: Project, layer_arn: str = "") -> None:
        """`layer_arn`: where lambda_tracer's layer has been published, to be put beside Powertools' own."""
        self._project = project
        self._layer_arn = layer_arn
        self._python: dict[PurePosixPath, bytes] = {}
        self._others: dict[PurePosixPath, bytes] = {}
        self._plan = Plan()

    def plan(self) -> Plan:
        """What is to be done, and what is to be looked at."""
        self._read()
        files = self._parsed()
        uses = self._decided(files)
        self._plan.moving, self._plan.staying = len(uses.moving), len(uses.staying)
        for path in uses.moving:
            self._plan.findings += files[path].others
            self._change(path, files[path].raw, files[path].new)
        for path in uses.ours_already - uses.moving:
            for line in python_file.lines_with_segments(str(path), self._python[path]):
                self._plan.findings.append(Finding(str(path), line, f"this {NO_SEGMENT}"))
        installed = manifests.changed(
            {path: raw for path, raw in self._others.items() if manifests.is_manifest(path)}, uses
        )
        self._plan.findings += installed.findings
        for path, new in installed.changes.items():
            self._change(path, self._others[path], new)
        if uses.all:
            reader = templates.Reader(self._python, uses, self._layer_arn, is_installed=installed.names_ours)
            deployed = reader.read(self._others)
            self._plan.findings += deployed.findings
            for path, new in deployed.changes.items():
                self._change(path, self._others[path], new)
            is_named = installed.names_ours or deployed.names_ours
            if uses.moving and not is_named and not self._project.is_file:
                first = min(uses.moving)
                message = (
                    "no list of requirements names lambda-tracer: add it to what is installed with this file"
                )
                self._plan.findings.append(Finding(str(first), 0, message))
        self._plan.changes.sort(key=lambda change: change.path)
        self._plan.findings = sorted(set(self._plan.findings))
        return self._plan

    def _read(self) -> None:
        for path in self._project.files():
            is_python = path.suffix in _PYTHON
            is_other = (
                manifests.is_manifest(path) or templates.is_template(path) or path.suffix in _NOT_PYTHON_YET
            )
            if not is_python and not is_other:
                continue
            raw = self._project.read(path)
            if raw is None:
                continue
            if is_python:
                self._python[path] = raw
            is_template = templates.is_template(path) and templates.is_of_interest(path, raw)
            if is_template or (is_other and not templates.is_template(path)) or manifests.is_manifest(path):
                self._others[path] = raw

    def _parsed(self) -> dict[PurePosixPath, PythonFile]:
        files = {}
        for path, raw in self._python.items():
            if python_file.is_of_interest(raw):
                files[path] = PythonFile(path, raw)
        for path, raw in self._others.items():
            if path.suffix in _NOT_PYTHON_YET and python_file.is_of_interest(raw) and _TRACES.search(raw):
                self._plan.findings.append(Finding(str(path), 0, "is not Python as it stands: left as it is"))
        return files

    def _decided(self, files: dict[PurePosixPath, PythonFile]) -> manifests.Uses:
        """Which files move: none that runs together with one that can't."""
        about = {
            path
            for path, file in files.items()
            if file.is_about_tracing and (not file.unreadable or _TRACES.search(file.raw))
        }
        blocked = {path for path in about if files[path].blockers}
        staying = set(blocked)
        if any(files[path].is_wide for path in blocked) or self._middlewares_are_traced(files):
            staying = set(about)
        elif blocked:
            staying |= Programs(self._python).together_with(blocked, about)
        for path in blocked:
            self._plan.findings += files[path].blockers
        self._plan.waiting = sorted(staying - blocked)
        moving = about - staying
        return manifests.Uses(
            moving={path for path in moving if files[path].new != files[path].raw},
            staying=staying,
            ours_already={path for path, raw in self._python.items() if python_file.imports_ours(raw)},
            powertools={
                path
                for path, raw in self._python.items()
                if python_file.imports_powertools(files[path].new if path in moving else raw)
            },
        )

    def _middlewares_are_traced(self, files: dict[PurePosixPath, PythonFile]) -> bool:
        """Does a template have Powertools trace its middlewares, of which a file here has some?"""
        if not any(b"lambda_handler_decorator" in file.raw for file in files.values()):
            return False
        found = False
        for path, raw in self._others.items():
            lines = [line for line, text in enumerate(raw.splitlines(), 1) if _MIDDLEWARES.search(text)]
            if lines:
                found = True
                message = (
                    "POWERTOOLS_TRACE_MIDDLEWARES: Powertools records middlewares with a Tracer of its own, on the "
                    "X-Ray SDK. Take it out, or run all unchanged under lambda_tracer.compat"
                )
                self._plan.findings.append(Finding.of_lines(str(path), lines, message))
        return found

    def _change(self, path: PurePosixPath, old: bytes, new: bytes) -> None:
        if old != new:
            self._plan.changes.append(Change(path, old, new))

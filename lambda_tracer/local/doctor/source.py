"""Python files, read and never run: what they import, and what the names in them stand for."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from . import files

# A file without any of these words has nothing to say; most files of a large project are not even parsed.
_WORDS = re.compile(
    r"lambda_tracer|xray|[Tt]racer|ddtrace|datadog|opentelemetry|newrelic|sentry_sdk|elasticapm|lumigo|epsagon|instana"
    r"|logfire|annotation|trace_execution"
)

Decorated = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Import(NamedTuple):
    """One imported name: `aws_xray_sdk.core.xray_recorder`, a relative one with its dots, and the line."""

    name: str
    line: int


@dataclass
class Source:
    """A parsed file. `names` says what a name stands for, `made_by` what was called to make a variable.

    `calls` are all calls in it, `decorated` all functions and classes that have decorators.
    """

    path: Path
    tree: ast.Module
    imports: list[Import] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    made_by: dict[str, str] = field(default_factory=dict)
    calls: list[ast.Call] = field(default_factory=list)
    decorated: list[Decorated] = field(default_factory=list)

    def origin(self, node: ast.AST) -> str:
        """The full name of what a name or attribute refers to, a call's being that of what is called.

        `event_source` is `aws_lambda_powertools.utilities.data_classes.event_source` where it was imported from there.
        """
        attributes = []
        while isinstance(node, (ast.Attribute, ast.Call)):
            if isinstance(node, ast.Attribute):
                attributes.append(node.attr)
                node = node.value
            else:
                node = node.func
        if not isinstance(node, ast.Name):
            return ".".join(["?", *reversed(attributes)])
        return ".".join([self.names.get(node.id, node.id), *reversed(attributes)])

    def maker(self, node: ast.AST) -> str:
        """What was called to make the object that a decorator's attribute is of: `FastAPI` for `@app.get`."""
        while isinstance(node, (ast.Attribute, ast.Call)):
            node = node.value if isinstance(node, ast.Attribute) else node.func
        return self.made_by.get(node.id, "") if isinstance(node, ast.Name) else ""


def sources(paths: list[Path], notes: list[str], *, every: bool = False) -> list[Source]:
    """Those of the files that have a word of tracing in them, or all, parsed. `notes` names the ones that can't be."""
    return [
        source
        for path in paths
        if (text := files.read(path)) is not None and (every or _WORDS.search(text))
        if (source := parse(path, text, notes)) is not None
    ]


def parse(path: Path, text: str, notes: list[str]) -> Source | None:
    """A file, parsed; None for one that can't be, which `notes` then names."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        notes.append(
            f"{path.name} was not read: it is no Python that this Python knows ({type(exc).__name__})"
        )
        return None
    return _read(path, tree)


def _read(path: Path, tree: ast.Module) -> Source:
    source = Source(path, tree)
    assigned: list[ast.Assign | ast.AnnAssign] = []
    checked_only: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            source.calls.append(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.decorator_list:
            source.decorated.append(node)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            checked_only.update(id(below) for each in node.body for below in ast.walk(each))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.partition(".")[0]
                source.names[bound] = alias.name if alias.asname else bound
                source.imports.append(Import(alias.name, node.lineno))
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                full = f"{'.' * node.level}{node.module or ''}.{alias.name}"
                source.names[alias.asname or alias.name] = full
                if id(node) not in checked_only:
                    source.imports.append(Import(full, node.lineno))
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            assigned.append(node)
    for statement in assigned:
        if isinstance(statement.value, ast.Call):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    source.made_by[target.id] = source.origin(statement.value)
    return source


def argument(call: ast.Call, name: str, position: int = -1) -> ast.expr | None:
    """What a call gives for a parameter, by name or, from 0, by position."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if 0 <= position < len(call.args) else None


def constant(node: ast.AST | None) -> object:
    """The value of a literal number, text, True, False or None; `...` for anything else."""
    return node.value if isinstance(node, ast.Constant) else ...

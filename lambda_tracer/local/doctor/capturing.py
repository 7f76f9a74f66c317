"""Whether a function's handler is captured: as it is once imported, or else as its file reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from . import configuration, decorators
from .finding import Finding
from .function import Function
from .imported import Imported
from .source import Source


def findings(function: Function, sources: list[Source], imported: Imported | None) -> Iterator[Finding]:
    """What is said of the handler of a function that uses lambda_tracer."""
    name = function.own_handler
    if not name or function.has_wrapper or not configuration.tracers(sources):
        # Who calls the recorder alone records what they want to.
        return
    source, node = _definition(name, function.folder, sources)
    if imported is not None and imported.succeeded:
        if imported.is_captured:
            return
    elif node is None or source is None or _may_be_captured(source, node):
        return
    file = source.path if source is not None else function.file
    line = node.lineno if node is not None else function.handler.line if function.handler is not None else 0
    lost = "it has no subsegment, and neither a time-out, what triggered it nor its answer is recorded"
    used = [each for each in getattr(node, "decorator_list", ()) if _is_method(each)]
    if used:
        yield Finding(
            "handler-as-method",
            f"The handler {name} is decorated with capture_method: a time-out, what triggered it, its answer and the "
            "cold start are not recorded.",
            "Write capture_lambda_handler in its place.",
            file,
            used[0].lineno,
        )
        return
    yield Finding(
        "handler-not-captured",
        f"The handler {name} is not captured: {lost}.",
        "Decorate it with @tracer.capture_lambda_handler, above all other decorators.",
        file,
        line,
    )


def _definition(
    handler: str, folder: Path | None, sources: list[Source]
) -> tuple[Source | None, ast.stmt | None]:
    """Where the handler's module gives it its name."""
    module, _, attribute = handler.rpartition(".")
    path = module.replace("/", ".").replace(".", "/")
    for source in sources:
        if folder is None or source.path not in (folder / f"{path}.py", folder / path / "__init__.py"):
            continue
        for node in reversed(source.tree.body):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == attribute:
                return source, node
            if isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == attribute for target in node.targets
            ):
                return source, node
        return source, None
    return None, None


def _may_be_captured(source: Source, node: ast.stmt) -> bool:
    """Whether anything in its file captures a handler: what a file computes is only known once it is imported."""
    return any(
        decorators.captures_handler(each)
        for each in ast.walk(source.tree)
        if isinstance(each, (ast.Call, ast.Attribute))
    ) or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def _is_method(node: ast.AST) -> bool:
    target = node.func if isinstance(node, ast.Call) else node
    return isinstance(target, ast.Attribute) and target.attr in decorators.METHODS

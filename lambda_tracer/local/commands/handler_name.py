"""The name of a handler, as Lambda takes it: MODULE.FUNCTION. Who writes another is told what they may have meant."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from lambda_tracer.local.commands.usage import UsageError, quoted

MAX_FILE_BYTES = 1_000_000
"""A larger file is nobody's handler."""

_HANDLER = re.compile(r"[^\s\0./:]+(?:[./][^\s\0./:]+)*\.[^\s\0./:]+")
_FORM = "MODULE.FUNCTION, as in app.lambda_handler or src/app.lambda_handler"
_USUAL_NAMES = ("lambda_handler", "handler")


def check_handler(handler: str, task_root: Path) -> None:
    """Has it the form that Lambda asks for? Whether there is such a handler, the runtime client finds out."""
    if _HANDLER.fullmatch(handler) and not handler.endswith(".py"):
        return
    meant = suggestion(handler, task_root)
    raise UsageError(f"HANDLER must be {_FORM}: {quoted(handler)}{meant}")


def suggestion(handler: str, task_root: Path) -> str:
    """`; did you mean ...?` for what comes near to a handler that is there; else empty.

    Files are read and not run.
    """
    for path, function in _readings(handler.strip(), task_root):
        found = _handlers(task_root / path)
        names = [name for name in found if name == function] or found
        meant = f"{path.with_suffix('').as_posix()}.{names[0]}" if names else ""
        if _HANDLER.fullmatch(meant):  # what is above the task root can't be meant
            return f"; did you mean {meant}?"
    return ""


def hint(handler: str, task_root: Path, given_root: str, error: Mapping[str, object]) -> str:
    """What may help who gave a handler that could not be loaded; empty if nothing is known.

    `given_root` is the task root as it was written.
    """
    kind, message = str(error.get("errorType")), str(error.get("errorMessage"))
    folder, _, name = handler.rpartition("/")
    missing = re.search(r"No module named '([^'.\0/]+)'", message)
    if kind == "Runtime.HandlerNotFound":
        return suggestion(handler, task_root)
    if kind == "Runtime.ImportModuleError" and folder and missing:
        beside = task_root / folder / missing[1]
        if beside.with_suffix(".py").is_file() or beside.is_dir():
            return f"; did you mean {name} with --task-root {Path(given_root, folder)}?"
    return ""


def _readings(handler: str, task_root: Path) -> Iterator[tuple[Path, str]]:
    """The files, relative to the task root, that may be meant, and the function in it; empty where none is named."""
    text = handler
    if Path(text).is_absolute():
        try:
            text = str(Path(text).relative_to(task_root.resolve()))
        except ValueError:
            return
    while text.startswith("./"):
        text = text[2:]
    text = text.replace("::", ":").replace("\\", "/")
    for module, function in (
        (text.removesuffix(".py"), ""),
        text.rpartition(":")[::2],
        text.rpartition(".")[::2],
    ):
        stem = module.removesuffix(".py")
        if stem and "\0" not in stem:
            yield Path(f"{stem}.py"), function
            yield Path(f"{stem.replace('.', '/')}.py"), function


def _handlers(path: Path) -> list[str]:
    """The functions at the top of a file that take two arguments, the likeliest handler first."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return []
        module = ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return []
    functions = [
        node
        for node in module.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and len(_arguments(node)) == 2
    ]
    return [node.name for node in sorted(functions, key=_unlikely)]


def _unlikely(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[bool, bool]:
    names = _arguments(node)
    return node.name not in _USUAL_NAMES, names[1] != "context"


def _arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]

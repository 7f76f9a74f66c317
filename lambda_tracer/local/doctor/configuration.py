"""How the code makes its Tracers: what it turns off, what it names."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from lambda_tracer.patches import registry

from .finding import Finding
from .function import Function
from .libraries import DISTRIBUTIONS
from .requirements import Requirement
from .source import Source, argument, constant

_TRACERS = ("lambda_tracer.Tracer", "lambda_tracer.tracer.Tracer")
_PATCH = ("lambda_tracer.patch", "lambda_tracer.xray_recorder.patch")
_SWITCH = "set_sdk_enabled"


def tracers(sources: list[Source]) -> list[tuple[Source, ast.Call]]:
    """Where a Tracer of ours is made."""
    return [(source, call) for source in sources for call in source.calls if source.origin(call) in _TRACERS]


def findings(
    function: Function, sources: list[Source], needed: list[Requirement], used: list[str]
) -> Iterator[Finding]:
    """What is said of the Tracers; `used` are libraries that the handler has imported, by their names in `patch`."""
    made = tracers(sources)
    for source, call in made:
        if constant(argument(call, "disabled", 1)) is True:
            yield Finding(
                "tracer-disabled",
                "Tracer(disabled=True) turns recording off for the whole process.",
                "Take the argument away, and use POWERTOOLS_TRACE_DISABLED where tracing is not wanted.",
                source.path,
                call.lineno,
            )
        yield from _modules(source, call, argument(call, "patch_modules", 3), function.folder)
    for source in sources:
        for call in source.calls:
            if source.origin(call) in _PATCH:
                yield from _modules(source, call, argument(call, "modules", 0), function.folder)
            elif (
                source.origin(call).endswith(f".{_SWITCH}") and constant(argument(call, "value", 0)) is False
            ):
                yield Finding(
                    "tracer-disabled",
                    f"{_SWITCH}(False) turns recording off for the whole process.",
                    "Take the call away.",
                    source.path,
                    call.lineno,
                )
    yield from _auto_patch(made, sources, needed, used)
    yield from _service(function, made)


def _modules(
    source: Source, call: ast.Call, given: ast.expr | None, folder: Path | None
) -> Iterator[Finding]:
    members = given.elts if isinstance(given, (ast.List, ast.Tuple, ast.Set)) else [given] if given else []
    for member in members:
        name = constant(member)
        if not isinstance(name, str) or name in registry.LIBRARIES or name in registry.ALIASES:
            continue
        if _is_own(name, folder) or not name.isascii():
            continue
        yield Finding(
            "unknown-library",
            f"{name!r} is neither a library that can be patched nor a package here: it raises ValueError.",
            "Use a name from the tables of libraries.",
            source.path,
            member.lineno if member is not None else call.lineno,
        )


def _is_own(name: str, folder: Path | None) -> bool:
    top = name.partition(".")[0]
    if folder is not None and ((folder / top).is_dir() or (folder / f"{top}.py").is_file()):
        return True
    try:
        return importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def _auto_patch(
    made: list[tuple[Source, ast.Call]], sources: list[Source], needed: list[Requirement], used: list[str]
) -> Iterator[Finding]:
    """`auto_patch=False`: what is traced all the same, and what of what is used is not."""
    off = next(
        ((source, call) for source, call in made if constant(argument(call, "auto_patch", 2)) is False), None
    )
    if off is None:
        return
    traced: set[str] = set()
    for source in sources:
        for call in source.calls:
            name = source.origin(call)
            if name.endswith(".patch_all") or (
                name.endswith(".patch") and not call.args and not call.keywords
            ):
                return
            if name.endswith(".patch") and call.args and isinstance(call.args[0], (ast.List, ast.Tuple)):
                names = [constant(each) for each in call.args[0].elts]
                traced.update(registry.library_names(each for each in names if isinstance(each, str)))
    asked = [DISTRIBUTIONS[each.name] for each in needed if each.name in DISTRIBUTIONS]
    missing = [name for name in dict.fromkeys((*asked, *used)) if name not in traced and name != "threads"]
    lost = f"calls of {', '.join(missing)} are not traced" if missing else "no library's calls are traced"
    kept = f", those of {', '.join(sorted(traced))} are" if traced else ""
    yield Finding(
        "auto-patch-off",
        f"auto_patch=False: {lost}, nor what runs in threads{kept}.",
        "Leave the argument away, or name what is to be traced in patch_modules.",
        off[0].path,
        off[1].lineno,
    )


def _service(function: Function, made: list[tuple[Source, ast.Call]]) -> Iterator[Finding]:
    if not made or "POWERTOOLS_SERVICE_NAME" in function.variables or function.has_wrapper:
        return
    if any(call.args or argument(call, "service") is not None for _, call in made):
        return
    if any(keyword.arg is None for _, call in made for keyword in call.keywords):
        return
    source, call = made[0]
    yield Finding(
        "no-service",
        "The service has no name: the handler gets no annotation Service, and metadata no namespace of its own.",
        "Write Tracer(service=...), or set POWERTOOLS_SERVICE_NAME.",
        source.path,
        call.lineno,
    )

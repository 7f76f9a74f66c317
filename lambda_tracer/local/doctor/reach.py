"""The modules that a handler's module imports, and those that they import: what of a folder is one function's code.

A folder may have several functions in it, documentation and scripts. What is imported by a text is not seen.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .files import MAX_PYTHON_FILES
from .source import Source


def sources(handler: str, roots: list[Path], parsed: Callable[[Path], Source | None]) -> list[Source] | None:
    """The files that a handler reaches in the folders on its path, its own first; None where its own is not found."""
    module = handler.rpartition(".")[0].replace("/", ".")
    waiting = _files(module, roots)
    if not waiting or waiting[-1].stem not in (module.rpartition(".")[2], "__init__"):
        return None
    waiting.reverse()
    found: dict[Path, Source | None] = {}
    for path in waiting:
        if path in found or len(found) > MAX_PYTHON_FILES:
            continue
        source = found[path] = parsed(path)
        if source is None:
            continue
        package = _package(path, roots)
        for each in source.imports:
            dots = len(each.name) - len(each.name.lstrip("."))
            if dots:
                kept = package[: len(package) - dots + 1]
                waiting += _files(".".join([*kept, each.name[dots:].lstrip(".")]), roots)
            else:
                waiting += _files(each.name, roots)
    return [source for source in found.values() if source is not None]


def _files(module: str, roots: list[Path]) -> list[Path]:
    """The files of a module and of the packages that it is in. The last part may be a name in one."""
    parts = [part for part in module.split(".") if part]
    for root in roots:
        found = []
        folder = root
        for part in parts:
            if (folder / f"{part}.py").is_file():
                found.append(folder / f"{part}.py")
                break
            folder = folder / part
            if not folder.is_dir():
                break
            if (folder / "__init__.py").is_file():
                found.append(folder / "__init__.py")
        if found:
            return found
    return []


def _package(path: Path, roots: list[Path]) -> list[str]:
    """The package that a file is in, or is."""
    for root in roots:
        if path.is_relative_to(root):
            return list(path.parent.relative_to(root).parts)
    return []

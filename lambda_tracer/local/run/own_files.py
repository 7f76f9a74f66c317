"""The function's own Python files: those in its folder that no package has put there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MAX_ENTRIES = 5_000
"""Files and folders that are looked at in the function's folder."""

MAX_FILE_BYTES = 1_000_000
"""A larger file is nobody's own code."""

_NOT_OWN = {"site-packages", "dist-packages", "node_modules", "__pycache__"}


def text_of(path: Path) -> str:
    """What is in it; empty where it can't be read, or is larger than `MAX_FILE_BYTES`."""
    try:
        is_small = path.stat().st_size <= MAX_FILE_BYTES
        return path.read_text(encoding="utf-8", errors="replace") if is_small else ""
    except (OSError, ValueError):
        return ""


def own_python_files(folder: str) -> Iterator[Path]:
    """The Python files in a folder and below it that were not installed there. Links are not followed."""
    waiting = [folder]
    entries_left = MAX_ENTRIES
    while waiting:
        try:
            with os.scandir(waiting.pop()) as scan:
                entries = [entry for entry, _ in zip(scan, range(entries_left), strict=False)]
        except (OSError, ValueError):
            continue
        entries_left -= len(entries)
        names = {entry.name for entry in entries}
        if "pyvenv.cfg" in names:
            continue
        installed = _installed([entry for entry in entries if entry.name.endswith(".dist-info")])
        for entry in entries:
            if entry.name in installed or entry.name in _NOT_OWN or entry.name[:1] == ".":
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            elif entry.name.endswith(".py") and entry.is_file(follow_symlinks=False):
                yield Path(entry.path)


def _installed(distributions: list[os.DirEntry[str]]) -> set[str]:
    """What packages have put into a folder, as their lists of files say."""
    names: set[str] = set()
    for distribution in distributions:
        record: Any = Path(distribution.path, "RECORD")
        try:
            if record.stat().st_size <= MAX_FILE_BYTES:
                lines = record.read_text(encoding="utf-8", errors="replace").splitlines()
                names.update(line.partition(",")[0].partition("/")[0] for line in lines)
        except (OSError, ValueError):
            continue
    return names

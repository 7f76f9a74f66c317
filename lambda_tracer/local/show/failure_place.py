"""Where an exception came from in the user's own code: `app.py:12`, the innermost frame that is none of a library's.

A document names files without their folders. So a frame is the user's if a file of that name is in the function's
folder, beside which nothing was installed, and has a function of that name and so many lines.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lambda_tracer.local.receive.documents import mapping
from lambda_tracer.local.show.line import clean

MAX_ENTRIES = 5_000
"""Files and folders that are looked at in the function's folder."""

MAX_FILE_BYTES = 1_000_000
"""A larger file is nobody's own code."""

MAX_FRAMES = 100
"""Of one exception."""

_NOT_OWN = {"site-packages", "dist-packages", "node_modules", "__pycache__"}


class FailurePlaces:
    """Finds the places of exceptions; a folder is looked through once, for the first of them."""

    def __init__(self) -> None:
        self._files: dict[str, dict[str, list[Path]]] = {}
        self._texts: dict[Path, str] = {}

    def of(self, cause: object, exception: object) -> str:
        """`<file>:<line>` of an exception in a document's `cause`; empty where it has no frame of the user's."""
        frames = mapping(exception).get("stack")
        folder = mapping(cause).get("working_directory")
        if not isinstance(frames, list) or not isinstance(folder, str) or not folder:
            return ""
        for frame in reversed(frames[-MAX_FRAMES:]):
            path, line, label = (mapping(frame).get(key) for key in ("path", "line", "label"))
            if isinstance(path, str) and isinstance(line, int) and isinstance(label, str):
                name = os.path.basename(path)
                if any(self._has(file, line, label) for file in self._own(folder).get(name, ())):
                    return f"{clean(name)}:{line}"
        return ""

    def _own(self, folder: str) -> dict[str, list[Path]]:
        """The Python files of the user's in a folder, by name."""
        if folder not in self._files:
            found: dict[str, list[Path]] = {}
            for path in _python_files(folder):
                found.setdefault(path.name, []).append(path)
            self._files[folder] = found
        return self._files[folder]

    def _has(self, file: Path, line: int, label: str) -> bool:
        if file not in self._texts:
            try:
                is_small = file.stat().st_size <= MAX_FILE_BYTES
                self._texts[file] = file.read_text(encoding="utf-8", errors="replace") if is_small else ""
            except (OSError, ValueError):
                self._texts[file] = ""
        text = self._texts[file]
        function = label.rpartition(".")[2]
        is_in_it = function.startswith("<") or f"def {function}(" in text
        return is_in_it and 0 < line <= text.count("\n") + 1


def _python_files(folder: str) -> Iterator[Path]:
    """Those that were not installed there. Links are not followed."""
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

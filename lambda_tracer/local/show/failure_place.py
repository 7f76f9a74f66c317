"""Where an exception came from in the user's own code: `app.py:12`, the innermost frame that is none of a library's.

A document names files without their folders. So a frame is the user's if a file of that name is in the function's
folder, beside which nothing was installed, and has a function of that name and so many lines.
"""

from __future__ import annotations

import os
from pathlib import Path

from lambda_tracer.local.receive.documents import mapping
from lambda_tracer.local.run.own_files import own_python_files, text_of
from lambda_tracer.local.show.line import clean

MAX_FRAMES = 100
"""Of one exception."""


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
            for path in own_python_files(folder):
                found.setdefault(path.name, []).append(path)
            self._files[folder] = found
        return self._files[folder]

    def _has(self, file: Path, line: int, label: str) -> bool:
        if file not in self._texts:
            self._texts[file] = text_of(file)
        text = self._texts[file]
        function = label.rpartition(".")[2]
        is_in_it = function.startswith("<") or f"def {function}(" in text
        return is_in_it and 0 < line <= text.count("\n") + 1

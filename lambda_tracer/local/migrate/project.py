"""Project: the files that belong to one, and those that don't.

Left out are what git ignores, folders of tools and of what they build, and symbolic links: what they lead to is
visited where it is, if that is within the project.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

MAX_BYTES = 5_000_000
"""A larger file is no source, and not read."""

_LEFT_OUT = frozenset(
    [
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        ".env",
        "env",
        "node_modules",
        "bower_components",
        "site-packages",
        "__pycache__",
        "build",
        "dist",
        ".eggs",
        ".aws-sam",
        ".serverless",
        ".chalice-build",
        "cdk.out",
        ".terraform",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        ".idea",
        ".vscode",
    ]
)
_GIT_PATIENCE_S = 60


class Project:
    """A folder, or one file."""

    def __init__(self, root: Path) -> None:
        """`root` must exist."""
        self.is_file = root.is_file()
        self.root = root.parent if self.is_file else root
        self._only = root.name if self.is_file else ""

    def files(self) -> list[PurePosixPath]:
        """The regular files, in order, relative to the project's folder."""
        if self.is_file:
            return [PurePosixPath(self._only)]
        names = self._known_to_git()
        if names is None:
            names = list(self._walked(self.root))
        return sorted(path for path in map(PurePosixPath, names) if self._belongs(path))

    def place(self, path: PurePosixPath) -> Path:
        """Where the file is."""
        return self.root / path

    def read(self, path: PurePosixPath) -> bytes | None:
        """Its content; None where it can't be read or is too large."""
        try:
            if self.place(path).stat().st_size > MAX_BYTES:
                return None
            return self.place(path).read_bytes()
        except OSError:
            return None

    def _belongs(self, path: PurePosixPath) -> bool:
        if not _LEFT_OUT.isdisjoint(path.parts[:-1]) or any(
            part.endswith(".egg-info") for part in path.parts
        ):
            return False
        try:
            return stat.S_ISREG(self.place(path).lstat().st_mode)
        except (OSError, ValueError):
            return False

    def _walked(self, folder: Path) -> Iterator[str]:
        for here, folders, files in os.walk(folder):
            folders[:] = [
                name for name in folders if name not in _LEFT_OUT and not _is_environment(here, name)
            ]
            for name in files:
                yield Path(here, name).relative_to(folder).as_posix()

    def _known_to_git(self) -> list[str] | None:
        """What git has, or would take. None where there is no git, or no repository."""
        git = shutil.which("git")
        if git is None:
            return None
        # A repository may name programs to run; none of them is.
        quiet = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
        listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        try:
            done = subprocess.run(
                [git, *quiet, *listing],
                cwd=self.root,
                env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_GIT_PATIENCE_S,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        if done.returncode:
            return None
        names = dict.fromkeys(os.fsdecode(name) for name in done.stdout.split(b"\0") if name)
        # A folder that is ignored as a whole, and was named nevertheless, is looked at as it is.
        return list(names) or None


def _is_environment(here: str, name: str) -> bool:
    return Path(here, name, "pyvenv.cfg").exists()

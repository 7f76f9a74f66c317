"""Something that is built once for all test processes of a run."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """A folder that `build` has filled: in the first process that asks, while the others wait for it."""
    folder = factory.getbasetemp()
    if folder.name.startswith("popen-"):  # pytest-xdist gives each of its processes one, in the run's own
        folder = folder.parent
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        target, is_done = folder / name, folder / f"{name}.done"
        if not is_done.exists():
            target.mkdir()
            build(target)
            is_done.touch()
    return target


def distributions(factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution that `make dist` makes."""

    def build(folder: Path) -> None:
        command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
        ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr

    return built_once(factory, "dist", build)

"""What mypy and pyright, both in their strict mode, make of code that is traced.

The files beside this one are that code: `assert_type` says which type an expression has, and a comment that
silences an error where a mistake is made fails when there is no error to silence.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # the checkers are installed for one Python only

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
FILES = ("events", "handlers", "methods", "recorder")
PATIENCE_S = 250


def test_mypy_finds_the_types_as_they_are_meant(pytestconfig: pytest.Config) -> None:
    pytest.importorskip("mypy")
    assert pytestconfig.cache is not None

    checked = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--python-version", "3.10"),
            *("--cache-dir", str(pytestconfig.cache.mkdir("mypy"))),
            *(str(HERE / f"{name}.py") for name in FILES),
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.fixture(scope="module")
def pyright() -> list[str]:
    """The command. Skips where it cannot run: it needs Node, which it fetches when there is none."""
    pytest.importorskip("pyright")
    command = [sys.executable, "-m", "pyright"]
    try:
        tried = subprocess.run(
            [*command, "--version"],
            env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        problem = tried.stderr.strip().rpartition("\n")[2] if tried.returncode else ""
    except subprocess.TimeoutExpired:
        problem = "it did not answer"
    if problem:
        node = "there is a node on the path" if shutil.which("node") else "there is no node on the path"
        pytest.skip(f"pyright cannot run here ({problem}; {node}): pip install 'pyright[nodejs]'")
    return command


def test_pyright_finds_the_types_as_they_are_meant(pyright: list[str]) -> None:
    checked = subprocess.run(
        [*pyright, "--project", str(HERE), "--pythonpath", sys.executable],
        cwd=PROJECT,
        env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", FILES)
def test_the_checked_code_runs(name: str) -> None:
    """So that the types are true, and not only what checkers believe."""
    module = importlib.import_module(f"tests.typing.{name}")
    assert module.CHECKED

    for check in module.CHECKED:
        if asyncio.iscoroutinefunction(check):
            asyncio.run(check())
        else:
            check()

"""The example with tests of its own, run as its reader runs them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.testing import project


@pytest.mark.slow
def test_the_tests_of_the_example_pass(tmp_path: Path) -> None:
    folder = tmp_path / "tested"
    shutil.copytree(
        project.PROJECT / "examples" / "tested", folder, ignore=shutil.ignore_patterns("__pycache__")
    )

    ran = project.run(folder, "test_app.py")

    assert (ran.code, ran.outcomes) == (0, {"passed": 3}), ran.out

"""The SAM application as `sam build` builds it, and AWS as moto plays it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.layer.running import PROJECT
from tests.sam import aws as moto
from tests.shared_build import built_once

RUNTIME = "python{}.{}".format(*sys.version_info[:2])


@pytest.fixture(scope="session")
def sam() -> Path:
    """SAM's command line. It has an environment of its own: what it pins is older than what we need elsewhere."""
    found = shutil.which("sam", path=f"{PROJECT / '.ci-cache/sam/bin'}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        pytest.skip("sam is not installed: make sam")
    return Path(found)


@pytest.fixture(scope="session")
def application(sam: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder after `sam build`; its results are in .aws-sam/build."""

    def build(folder: Path) -> None:
        for name in ("bundle", "examples", "layer", "lambda_tracer"):
            shutil.copytree(
                PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "dist")
            )
        for name in ("LICENSE", "template.yaml"):
            shutil.copy(PROJECT / name, folder / name)
        # The Python that runs this is the one that sam finds.
        programs = folder / "bin"
        programs.mkdir()
        python = sys._base_executable or sys.executable  # type: ignore[attr-defined]
        for name in ("python3", RUNTIME):
            (programs / name).write_text(f'#!/bin/sh\nexec "{python}" "$@"\n')
            (programs / name).chmod(0o755)
        built = subprocess.run(
            [sam, "build", "--parameter-overrides", f"Runtime={RUNTIME}"],
            cwd=folder,
            env={
                **os.environ,
                "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
                "SAM_CLI_TELEMETRY": "0",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert built.returncode == 0, built.stderr

    return built_once(tmp_path_factory, "sam", build)


@pytest.fixture(scope="module")
def aws() -> Iterator[moto.AWS]:
    """A server that plays AWS."""
    with moto.started() as found:
        yield found

"""Functions in the real runtime client, started in other ways than `lambda-tracer invoke` starts them by itself:
by another Python, through the exec wrapper, or as Lambda's own runtime is."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local import command

PROJECT = Path(__file__).resolve().parents[2]
WRAPPER = PROJECT / "layer" / "lambda-tracer"

LAMBDA_BOOTSTRAP = """
import os
from awslambdaric import bootstrap
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient

bootstrap.run(os.environ["_HANDLER"], LambdaRuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"]))
"""
"""Stands for /var/runtime/bootstrap.py, which exists inside Lambda only: the handler comes from the environment."""

DRIVER = "import sys; sys.executable = {!r}; from lambda_tracer.local.cli import main; sys.exit(main())"


def start_through(monkeypatch: pytest.MonkeyPatch, script: Path, shell: str) -> None:
    """Have `command.invoke` start the function's process by `shell`, whose "$@" is `-m awslambdaric HANDLER`."""
    script.write_text(f"#!/bin/sh\n{shell}\n")
    script.chmod(0o755)
    monkeypatch.setattr(command, "COMMAND", [sys.executable, "-c", DRIVER.format(str(script))])


def quoted(*words: str | Path) -> str:
    """The words as a shell takes them."""
    return shlex.join(map(str, words))


def interpreters() -> list[str]:
    """The Pythons of this machine that the layer is for, one of each version: PATH's, pyenv's, BUNDLE_PYTHONS'."""
    found = {sys.version_info[:2]: sys._base_executable or sys.executable}  # type: ignore[attr-defined]
    for minor in range(10, 15):
        candidates = [shutil.which(f"python3.{minor}")]
        candidates += map(str, Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python3.{minor}"))
        named = os.environ.get("BUNDLE_PYTHONS", "").split(";")
        candidates += [path.strip() for path in named if path.strip().endswith(f"/python3.{minor}")]
        for candidate in candidates:
            if (3, minor) not in found and candidate and _runs(candidate):
                found[3, minor] = candidate
    return [found[version] for version in sorted(found)]


def _runs(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0

"""A small project of somebody's with tests, run by pytest in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parents[2]

PLUGIN = "pytest_lambda_tracer"
"""Named on the command line: in a checkout that is not installed there is no entry point."""

OFF = ("cacheprovider", "ddtrace")
"""Plugins that write files, or trace the tests themselves."""

SLOW = (
    "asyncio",
    "anyio",
    "hypothesispytest",
    "inline_snapshot",
    "pytest_cov",
    "pytest_httpx",
    "randomly",
    "syrupy",
)
"""Plugins that take their time, and nobody asks for where all are loaded."""


class Ran(NamedTuple):
    """What pytest said."""

    code: int
    out: str

    @property
    def outcomes(self) -> dict[str, int]:
        """`{"passed": 3, "failed": 1}`."""
        last = self.out.strip().splitlines()[-1]
        return {
            name: int(count) for count, name in re.findall(r"(\d+) (passed|failed|errors?|skipped)", last)
        }


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Put files into a folder; returns it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
    return folder


def run(
    folder: Path,
    *options: str,
    plugins: Sequence[str] = (),
    path: Path = PROJECT,
    interpreter: Sequence[str] = (),
    is_installed: bool = False,
) -> Ran:
    """Run pytest in a folder with our plugin and the named ones; or with ours as pytest finds it by itself."""
    command = [sys.executable, *interpreter, "-m", "pytest", "--color=no"]
    # On a build server plugins may do something else, and so they may in a process of pytest-xdist.
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("CI", "PYTEST_"))}
    environment["PYTHONPATH"] = str(path)
    if not is_installed:
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        command += [each for name in (PLUGIN, *plugins) for each in ("-p", name)]
    command += [each for name in OFF + (SLOW if is_installed else ()) for each in ("-p", f"no:{name}")]
    ran = subprocess.run(
        [*command, *options],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    return Ran(ran.returncode, ran.stdout)

"""The layer's zip, built once for all tests of a run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.layer.running import PROJECT
from tests.shared_build import built_once


def layer(factory: pytest.TempPathFactory) -> Path:
    """The zip that `make layer` makes."""

    def build(folder: Path) -> None:
        command = [sys.executable, str(PROJECT / "layer" / "build.py"), "--output", str(folder / "layer.zip")]
        ran = subprocess.run(command, check=True, capture_output=True, text=True)
        (folder / "said").write_text(ran.stderr, encoding="utf-8")

    return built_once(factory, "layer", build) / "layer.zip"


def said(layer: Path) -> str:
    """What `make layer` said on standard error."""
    return layer.with_name("said").read_text(encoding="utf-8")

"""What tests of the registry get: a library that they make up, and nothing patched afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lambda_tracer.patches.unpatch import unpatch_all
from tests.patches.registry.made_up import MadeUp


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeUp]:
    made_up = MadeUp(tmp_path, monkeypatch)
    yield made_up
    unpatch_all()
    made_up.forget()


@pytest.fixture
def library(made_up: MadeUp) -> MadeUp:
    """The package `madeup`, not imported yet, which the registry knows."""
    made_up.package()
    made_up.known()
    return made_up


@pytest.fixture(autouse=True)
def _unpatched() -> Iterator[None]:
    yield
    unpatch_all()

"""A function's folder with the handlers of `command.HANDLERS`, named `payment`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local.command import HANDLERS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`app.py` is in it."""
    function = tmp_path / "payment"
    function.mkdir()
    (function / "app.py").write_text(HANDLERS)
    return function

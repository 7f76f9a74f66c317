"""What tests of own packages get: a folder to write them to, and the package `shop`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import patch
from lambda_tracer.patches.unpatch import unpatch_all
from tests.patches.own_packages.shop import PRICES, SHOP, Application


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Application(tmp_path)
    unpatch_all()
    for name in [name for name in sys.modules if name.partition(".")[0] in ("shop", "shopping")]:
        del sys.modules[name]


@pytest.fixture
def shop(application: Application) -> Any:
    """The package `shop`, imported, then patched."""
    application.write({"shop/__init__": SHOP, "shop/prices": PRICES})
    module = importlib.import_module("shop")
    patch(["shop"])
    return module

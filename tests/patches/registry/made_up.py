"""A library that a test makes up, and its patch."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lambda_tracer import xray_recorder
from lambda_tracer.patches import replace
from lambda_tracer.patches.registry import LIBRARIES, Library

SOURCE = """
import sys

loader_while_running = __loader__
spec_loader_while_running = __spec__.loader

def call():
    return "called"

class Client:
    def method(self):
        return self
    @staticmethod
    def static():
        return "static"
    @classmethod
    def of_class(cls):
        return cls
"""


class MadeUp:
    """A library that a test makes up, on disk, and its patch: `call()` is a subsegment named by the module."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.patched: list[ModuleType] = []
        self.targets: Callable[[Any], list[tuple[Any, str]]] = lambda module: [(module, "call")]
        self._monkeypatch = monkeypatch
        monkeypatch.syspath_prepend(str(folder))

    def write(self, sources: dict[str, str]) -> None:
        """Write files, by path without `.py`; importlib is told that they are new."""
        for name, source in sources.items():
            path = self.folder / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        importlib.invalidate_caches()

    def package(self, name: str = "madeup") -> None:
        """A package with a file of data and a module in it."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "__init__.py").write_text(SOURCE)
        (folder / "extra.py").write_text(SOURCE)
        (folder / "data.txt").write_text("some data")
        importlib.invalidate_caches()

    def known(self, *modules: str, library: str = "madeup", needs: tuple[str, ...] = ()) -> None:
        """Have the registry know the library: those of its modules are patched."""
        patches = ModuleType(f"lambda_tracer.patches.{library}")
        patches.__dict__.update(targets=self._targets)
        self._monkeypatch.setitem(LIBRARIES, library, Library("", modules or (library,), needs=needs))
        self._monkeypatch.setitem(sys.modules, patches.__name__, patches)

    def forget(self) -> None:
        """Remove from `sys.modules` what tests have made up."""
        for name in [name for name in sys.modules if name.startswith("madeup")]:
            del sys.modules[name]

    def _targets(self, module: ModuleType) -> list[replace.Target]:
        make = functools.partial(self._traced, module)
        return [(owner, name, make) for owner, name in self.targets(module)]

    def _traced(self, module: ModuleType, function: Callable[..., Any]) -> Callable[..., Any]:
        self.patched.append(module)

        def traced(*args: Any, **kwargs: Any) -> Any:
            with xray_recorder.in_subsegment(function.__module__, namespace="remote"):
                return function(*args, **kwargs)

        return traced


def is_traced(module: Any) -> bool:
    """Whether `call` of a made-up library is replaced."""
    return replace.is_replaced(module, "call")

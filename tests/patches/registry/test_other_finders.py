"""Patches beside the finders, loaders and import hooks of others."""

from __future__ import annotations

import copy
import importlib
import importlib.machinery
import importlib.util
import pickle
import sys
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from typing import Any

import pytest

from lambda_tracer.patches.registry import patch
from tests.daemon import Daemon
from tests.patches.registry.made_up import MadeUp, is_traced


class AnotherTracer(MetaPathFinder):
    """Finds by all others, as Datadog's does, and changes the loader it found, as told."""

    def __init__(self, change: Callable[[Any, Any], None]) -> None:
        self._change = change
        self._finding: set[str] = set()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if not name.startswith("madeup") or name in self._finding:
            return None
        self._finding.add(name)
        try:
            spec: Any = importlib.util.find_spec(name)
            self._change(spec, spec.loader)
            return spec
        finally:
            self._finding.discard(name)


def sets_get_code(spec: Any, loader: Any) -> None:
    get_code = loader.get_code
    loader.get_code = lambda name: get_code(name).replace(co_consts=get_code(name).co_consts)


def wraps_exec_module(spec: Any, loader: Any) -> None:
    exec_module = loader.exec_module

    def theirs(module: Any) -> None:
        module.__dict__.setdefault("told", []).append("before")
        exec_module(module)
        module.told.append("after")

    loader.exec_module = theirs


def wraps_exec_module_twice(spec: Any, loader: Any) -> None:
    wraps_exec_module(spec, loader)
    wraps_exec_module(spec, loader)


class Chained:
    """A loader of somebody else's around the one that it found."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: Any) -> Any:
        return self.loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        self.loader.exec_module(module)
        module.told = ["chained"]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)


def puts_its_own_around(spec: Any, loader: Any) -> None:
    spec.loader = Chained(loader)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (sets_get_code, []),
        (wraps_exec_module, ["before", "after"]),
        (wraps_exec_module_twice, ["before", "before", "after", "after"]),
        (puts_its_own_around, ["chained"]),
    ],
)
@pytest.mark.parametrize("is_ours_first", [False, True], ids=["theirs first", "ours first"])
def test_what_others_do_with_the_loader_takes_effect(
    change: Callable[[Any, Any], None],
    told: list[str],
    is_ours_first: bool,
    library: MadeUp,
    daemon: Daemon,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patch(["madeup"])
    theirs = AnotherTracer(change)
    first, *rest = sys.meta_path
    finders = [first, theirs, *rest] if is_ours_first else [theirs, first, *rest]
    monkeypatch.setattr(sys, "meta_path", finders)

    module: Any = importlib.import_module("madeup")

    assert getattr(module, "told", []) == told
    assert module.call() == "called"
    daemon.expect_tree("madeup")
    assert type(module.__loader__) is (
        Chained if change is puts_its_own_around else importlib.machinery.SourceFileLoader
    )


def test_what_stands_in_for_the_loader_passes_for_it(
    library: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def look(spec: Any, loader: Any) -> None:
        original = importlib.machinery.PathFinder.find_spec("madeup")
        assert original is not None
        loader.noted = "by others"
        seen["noted"] = vars(loader).pop("noted")
        seen["is one"] = isinstance(loader, importlib.machinery.SourceFileLoader)
        seen["equal"] = loader == original.loader and original.loader == loader and spec == original
        seen["hash"] = hash(loader) == hash(original.loader)
        seen["copied"] = type(copy.deepcopy(spec).loader), type(copy.copy(loader))
        seen["pickled"] = pickle.loads(pickle.dumps(spec)) == original
        seen["repr"] = "SourceFileLoader" in repr(loader)
        seen["dir"] = dir(loader) == dir(original.loader)
        seen["reader"] = type(loader.get_resource_reader("madeup"))

    patch(["madeup"])
    monkeypatch.setattr(sys, "meta_path", [AnotherTracer(look), *sys.meta_path])

    module = importlib.import_module("madeup")

    assert is_traced(module)
    kind = importlib.machinery.SourceFileLoader
    assert seen.pop("copied") == (kind, kind)
    assert seen.pop("reader").__name__ == "FileReader"
    assert seen.pop("noted") == "by others"
    assert set(seen.values()) == {True}


class Legacy:
    """A finder without find_spec, as there were until Python 3.11."""

    def find_module(self, name: str, path: Any = None) -> None: ...


def test_a_finder_of_the_old_kind_changes_nothing(library: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    patch(["madeup"])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Legacy()])

    assert is_traced(importlib.import_module("madeup"))


def test_a_finder_that_gives_the_same_spec_twice_is_served(
    library: MadeUp, monkeypatch: pytest.MonkeyPatch, daemon: Daemon
) -> None:
    spec = importlib.util.find_spec("madeup")

    class Remembers(MetaPathFinder):
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
            return spec if name == "madeup" else None

    patch(["madeup"])
    monkeypatch.setattr(sys, "meta_path", [sys.meta_path[0], Remembers(), *sys.meta_path[1:]])
    importlib.import_module("madeup")
    del sys.modules["madeup"]

    module = importlib.import_module("madeup")

    module.call()
    daemon.expect_tree("madeup")
    assert type(spec.loader) is importlib.machinery.SourceFileLoader  # type: ignore[union-attr]


@pytest.mark.parametrize("is_ours_first", [False, True], ids=["theirs first", "ours first"])
def test_wrapts_import_hooks_work_beside_ours(library: MadeUp, daemon: Daemon, is_ours_first: bool) -> None:
    wrapt = pytest.importorskip("wrapt", reason="wrapt is not installed")
    told: list[str] = []
    if is_ours_first:
        patch(["madeup"])
    wrapt.register_post_import_hook(lambda module: told.append(module.__name__), "madeup")
    patch(["madeup"])

    module = importlib.import_module("madeup")

    assert told == ["madeup"]
    module.call()
    daemon.expect_tree("madeup")


class Imports(MetaPathFinder):
    """Somebody else's finder: finds nothing."""

    asked: list[str]

    def __init__(self) -> None:
        self.asked = []

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        self.asked.append(name)


def test_other_finders_are_asked(library: MadeUp, monkeypatch: pytest.MonkeyPatch) -> None:
    patch(["madeup"])
    imports = Imports()
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path[:1], imports, *sys.meta_path[1:]])

    importlib.import_module("madeup")

    assert "madeup" in imports.asked

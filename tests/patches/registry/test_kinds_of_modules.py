"""Modules that come in other ways are patched, too: lazy, zipped, built in, or replaced by themselves."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import pkgutil
import sys
import zipfile
import zipimport
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lambda_tracer.patches.registry import patch
from tests.daemon import Daemon
from tests.patches.registry.made_up import SOURCE, MadeUp, is_traced


def lazily(name: str) -> Any:
    """Import lazily, by the recipe in importlib's documentation."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    loader = importlib.util.LazyLoader(spec.loader)
    spec.loader = loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def has_run(module: ModuleType) -> bool:
    """Whether the code of a lazy module has run; asking for any attribute would make it."""
    return "call" in object.__getattribute__(module, "__dict__")


@pytest.mark.parametrize("is_lazy_first", [False, True], ids=["patched, then lazy", "lazy, then patched"])
def test_a_lazy_library_stays_lazy_and_is_patched_when_it_is_loaded(
    library: MadeUp, daemon: Daemon, is_lazy_first: bool
) -> None:
    if is_lazy_first:
        module = lazily("madeup")
        patch(["madeup"])
    else:
        patch(["madeup"])
        module = lazily("madeup")
    had_run = has_run(module)

    assert module.call() == "called"

    assert not had_run
    daemon.expect_tree("madeup")
    assert type(module.__spec__.loader) is importlib.machinery.SourceFileLoader


def test_a_library_that_a_path_hook_makes_lazy_stays_so(
    library: MadeUp, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    lazy = importlib.util.LazyLoader.factory(importlib.machinery.SourceFileLoader)  # type: ignore[arg-type]
    hook = importlib.machinery.FileFinder.path_hook((lazy, [".py"]))  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "path_hooks", [hook, *sys.path_hooks])
    monkeypatch.delitem(sys.path_importer_cache, str(library.folder), raising=False)
    patch(["madeup"])

    module = importlib.import_module("madeup")
    had_run = has_run(module)

    assert module.call() == "called"
    monkeypatch.delitem(sys.path_importer_cache, str(library.folder), raising=False)
    assert not had_run
    daemon.expect_tree("madeup")


def test_a_library_in_a_zip_file_is_patched(
    made_up: MadeUp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, daemon: Daemon
) -> None:
    archive = tmp_path / "libraries.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("madeup/__init__.py", SOURCE)
        file.writestr("madeup/data.txt", "some data")
    monkeypatch.syspath_prepend(str(archive))
    made_up.known()
    patch(["madeup"])

    module = importlib.import_module("madeup")

    assert isinstance(module.__loader__, zipimport.zipimporter)
    assert pkgutil.get_data("madeup", "data.txt") == b"some data"
    module.call()
    daemon.expect_tree("madeup")


def test_a_library_that_is_a_namespace_package_is_what_it_was(made_up: MadeUp) -> None:
    made_up.write({"madeup/inside": SOURCE})
    made_up.targets = lambda module: [(module, "call")] if hasattr(module, "call") else []
    plain = importlib.import_module("madeup")
    kind, path = type(plain.__loader__), list(plain.__path__)
    del sys.modules["madeup"]
    made_up.known("madeup", "madeup.inside")
    patch(["madeup"])

    inside = importlib.import_module("madeup.inside")
    package = sys.modules.pop("madeup")

    assert is_traced(inside)
    assert (type(package.__loader__), list(package.__path__)) == (kind, path)


def test_a_module_of_the_interpreters_own_is_patched(
    made_up: MadeUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[ModuleType] = []

    def targets(module: Any) -> list[tuple[Any, str]]:
        asked.append(module)
        return []

    made_up.known("this", library="madeup")
    made_up.targets = targets
    monkeypatch.delitem(sys.modules, "this", raising=False)
    patch(["madeup"])

    import this

    assert asked == [this]


def test_a_module_that_puts_another_object_in_its_place_is_patched_as_that(made_up: MadeUp) -> None:
    source = f"{SOURCE}\nother = type(sys)(__name__)\nother.call = call\nother.__file__ = __file__\n"
    made_up.write({"madeup": f"{source}\nsys.modules[__name__] = other\n"})
    made_up.known()
    patch(["madeup"])

    module = importlib.import_module("madeup")

    assert made_up.patched == [module]
    assert not hasattr(module, "Client")


def test_a_module_that_gives_itself_another_name_is_patched(made_up: MadeUp) -> None:
    made_up.write({"madeup": f"{SOURCE}\n__name__ = 'another'\n"})
    made_up.known()
    patch(["madeup"])

    assert is_traced(importlib.import_module("madeup"))

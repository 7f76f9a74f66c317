"""What the import system shows of a patched library is as it was: specs, loaders, data and source."""

from __future__ import annotations

import copy
import importlib
import importlib.machinery
import importlib.resources
import importlib.util
import inspect
import pickle
import pkgutil
import runpy
import sys

import pytest

from lambda_tracer.patches.registry import patch, patch_all
from lambda_tracer.patches.unpatch import unpatch_all
from tests.daemon import Daemon
from tests.patches.registry.made_up import SOURCE, MadeUp, is_traced


def test_spec_and_loader_are_the_original_ones_already_while_the_module_runs(library: MadeUp) -> None:
    patch(["madeup"])

    module = importlib.import_module("madeup")

    assert is_traced(module)
    assert module.__spec__ is not None
    loaders = (
        module.__loader__,
        module.__spec__.loader,
        module.loader_while_running,
        module.spec_loader_while_running,
    )
    assert {type(loader) for loader in loaders} == {importlib.machinery.SourceFileLoader}
    assert module.__spec__.origin == module.__file__ == str(library.folder / "madeup" / "__init__.py")
    assert inspect.getsource(module.call) == 'def call():\n    return "called"\n'


def test_what_is_not_to_be_patched_is_found_by_the_other_finders_alone(library: MadeUp) -> None:
    library.package("madeup_other")
    patch(["madeup"])

    spec = importlib.util.find_spec("madeup_other")

    assert spec is not None
    assert type(spec.loader) is importlib.machinery.SourceFileLoader


def test_there_is_one_finder_however_often_something_is_patched(library: MadeUp) -> None:
    patch(["madeup"])
    before = list(sys.meta_path)

    patch_all()
    patch(["madeup"])

    assert sys.meta_path == before


def test_a_reloaded_library_is_patched_again(library: MadeUp, daemon: Daemon) -> None:
    patch(["madeup"])
    module = importlib.import_module("madeup")
    before = module.call

    reloaded = importlib.reload(module)

    assert reloaded is module
    assert module.call is not before
    assert type(module.__loader__) is importlib.machinery.SourceFileLoader
    module.call()
    daemon.expect_tree("madeup")


@pytest.mark.parametrize("is_imported", [False, True], ids=["before its import", "after it"])
def test_data_files_are_found(library: MadeUp, is_imported: bool) -> None:
    patch(["madeup"])
    if is_imported:
        importlib.import_module("madeup")

    data = pkgutil.get_data("madeup", "data.txt")
    text = importlib.resources.files("madeup").joinpath("data.txt").read_text()

    assert (data, text) == (b"some data", "some data")
    assert [found.name for found in pkgutil.iter_modules([str(library.folder / "madeup")])] == ["extra"]
    assert is_traced(sys.modules["madeup"])


def test_a_spec_that_is_only_looked_at_is_as_without_us(library: MadeUp) -> None:
    before = importlib.util.find_spec("madeup")
    patch(["madeup"])

    spec = importlib.util.find_spec("madeup")

    assert before is not None
    assert spec is not None
    assert spec == before
    assert type(spec.loader) is importlib.machinery.SourceFileLoader
    assert vars(spec) == vars(before)
    assert copy.deepcopy(spec) == pickle.loads(pickle.dumps(spec)) == before


def test_who_looks_for_a_module_while_others_are_imported_only_looks(made_up: MadeUp) -> None:
    made_up.write(
        {
            "madeup": SOURCE,
            "madeup_other": "import importlib.util\nspec = importlib.util.find_spec('madeup')\n",
        }
    )
    made_up.known("madeup", "madeup_other")
    made_up.targets = lambda module: []
    patch(["madeup"])

    other = importlib.import_module("madeup_other")

    assert type(other.spec.loader) is importlib.machinery.SourceFileLoader


def test_what_imports_of_a_package_nobody_waits_for_look_like_is_as_without_us() -> None:
    """importlib.util is as it was when nothing is waited for any more."""
    made = importlib.util.module_from_spec
    patch_all()
    while_patched = importlib.util.module_from_spec
    unpatch_all()

    assert while_patched is not made
    assert importlib.util.module_from_spec is made


def test_the_source_of_an_imported_library_is_shown(library: MadeUp) -> None:
    patch(["madeup"])

    module = importlib.import_module("madeup")

    assert inspect.getsource(module) == SOURCE
    assert inspect.getsource(module.Client) in SOURCE


def test_a_library_can_be_run_as_a_script(library: MadeUp) -> None:
    library.known("madeup.extra")
    patch(["madeup"])

    namespace = runpy.run_module("madeup.extra", run_name="__main__")

    assert namespace["call"]() == "called"


def test_a_module_made_of_a_spec_by_hand_is_patched_too(library: MadeUp) -> None:
    patch(["madeup"])
    spec = importlib.util.find_spec("madeup")
    assert spec is not None
    assert spec.loader is not None

    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    assert is_traced(module)

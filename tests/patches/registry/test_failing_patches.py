"""A patch that fails leaves the whole library as it was."""

from __future__ import annotations

import importlib
import logging

import pytest

from lambda_tracer.patches import replace
from lambda_tracer.patches.registry import LIBRARIES, Library, patch
from lambda_tracer.patches.unpatch import unpatch, unpatch_all
from tests.logged import messages
from tests.patches.registry.made_up import SOURCE, MadeUp, is_traced


def test_a_library_that_cannot_be_patched_is_as_it_was_and_that_is_said_once(
    library: MadeUp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "lambda_tracer")
    library.targets = lambda module: [(module, "call"), (module.Client, "method"), (module, "gone")]
    patch(["madeup"])

    module = importlib.import_module("madeup")
    patch(["madeup"])

    assert not is_traced(module)
    assert not replace.is_replaced(module.Client, "method")
    message = (
        "madeup could not be patched (AttributeError: madeup has no gone of its own): it works, untraced"
    )
    assert messages(caplog) == [("WARNING", message), ("DEBUG", message)]


def test_a_class_that_refuses_leaves_the_whole_library_as_it_was(library: MadeUp) -> None:
    library.targets = lambda module: [(module, "call"), (int, "bit_length")]
    patch(["madeup"])

    module = importlib.import_module("madeup")

    assert not is_traced(module)


def test_a_library_of_which_one_module_cannot_be_patched_is_not_patched_at_all(made_up: MadeUp) -> None:
    made_up.write({"madeup/__init__": SOURCE, "madeup/second": "", "madeup/third": SOURCE})
    made_up.known("madeup", "madeup.second", "madeup.third")
    patch(["madeup"])

    package = importlib.import_module("madeup")
    was_traced = is_traced(package)
    importlib.import_module("madeup.second")
    third = importlib.import_module("madeup.third")

    assert was_traced
    assert not is_traced(package)
    assert not is_traced(third)


def test_a_library_whose_targets_cannot_be_told_is_as_it_was_and_can_be_unpatched(made_up: MadeUp) -> None:
    made_up.write({"madeup/__init__": SOURCE, "madeup/second": ""})
    made_up.known("madeup", "madeup.second")
    made_up.targets = lambda module: [(module.Client, "method")]
    patch(["madeup"])
    package = importlib.import_module("madeup")
    was_traced = replace.is_replaced(package.Client, "method")
    importlib.import_module("madeup.second")

    unpatch(["madeup"])
    unpatch_all()

    assert was_traced
    assert not replace.is_replaced(package.Client, "method")


def test_a_patch_that_cannot_be_imported_does_not_break_the_users_import(
    made_up: MadeUp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made_up.package()
    monkeypatch.setitem(LIBRARIES, "madeup", Library("", ("madeup",)))
    patch(["madeup"])

    module = importlib.import_module("madeup")

    made_up.known()  # so that it can be unpatched
    assert module.call() == "called"
    assert [level for level, _ in messages(caplog)] == ["WARNING"]

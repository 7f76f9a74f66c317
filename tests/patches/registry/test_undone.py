"""Patching again changes nothing, and unpatching gives the very same functions back."""

from __future__ import annotations

import functools
import importlib
import inspect
import threading
from types import ModuleType
from typing import Any

import pytest

from lambda_tracer import Tracer
from lambda_tracer.patches.registry import LIBRARIES, patch, patch_all
from lambda_tracer.patches.unpatch import unpatch, unpatch_all
from tests.daemon import Daemon
from tests.patches.registry.made_up import MadeUp, is_traced


@pytest.mark.parametrize("again", [1, 2, 5])
def test_patching_again_changes_nothing(library: MadeUp, daemon: Daemon, again: int) -> None:
    for _ in range(again):
        patch(["madeup"])
    module = importlib.import_module("madeup")
    patched = module.call
    for _ in range(again):
        patch(["madeup"])
        patch_all()
        Tracer()

    assert module.call is patched
    module.call()
    daemon.expect_tree("madeup")


def test_patching_again_patches_what_was_put_in_the_place_of_ours(library: MadeUp, daemon: Daemon) -> None:
    patch(["madeup"])
    module: Any = importlib.import_module("madeup")
    module.call = replaced = lambda: "another"

    patch(["madeup"])

    assert module.call is not replaced
    assert module.call() == "another"
    assert len(daemon.subsegments()) == 1


def test_unpatch_puts_the_very_same_functions_back(library: MadeUp) -> None:
    module = importlib.import_module("madeup")
    library.targets = lambda module: [
        (module, "call"),
        *((module.Client, name) for name in ("method", "static", "of_class")),
    ]
    before = [vars(owner)[name] for owner, name in library.targets(module)]

    patch(["madeup"])
    patched = [vars(owner)[name] for owner, name in library.targets(module)]
    client = module.Client()
    answers = (client.method(), client.static(), module.Client.of_class())
    unpatch(["madeup"])

    assert [type(each) for each in patched] == [type(each) for each in before]
    assert [inspect.signature(each.__func__) for each in patched[2:]] == [
        inspect.signature(each.__func__) for each in before[2:]
    ]
    assert answers == (client, "static", module.Client)
    assert not any(after is original for after, original in zip(patched, before, strict=True))
    now = [vars(owner)[name] for owner, name in library.targets(module)]
    assert all(each is original for each, original in zip(now, before, strict=True))


def functions(module: ModuleType) -> dict[tuple[str, str, str], Any]:
    """Everything callable in a module's namespace and in those of its classes."""
    found = {}
    owners: list[tuple[str, Any]] = [("", module)]
    owners += [(name, value) for name, value in vars(module).items() if issubclass(type(value), type)]
    for owner_name, owner in owners:
        for name, value in list(vars(owner).items()):
            # Not `isinstance`: Django's settings would have to be configured to tell their class.
            if callable(value) or issubclass(type(value), (staticmethod, classmethod, property)):
                found[module.__name__, owner_name, name] = value
    return found


LISTENING = ("sqlalchemy_core", "pymongo", "pynamodb")
"""Those whose patches replace no function: they listen, or have another library patched."""


@pytest.mark.parametrize("name", LIBRARIES)
def test_every_library_has_its_own_functions_back_when_it_is_unpatched(name: str) -> None:
    modules = []
    for target in LIBRARIES[name].modules:
        try:
            modules.append(importlib.import_module(target))
        except ImportError:  # an older version, or without its C extension
            continue
    if not modules:
        pytest.skip(f"{name} is not installed")
    before = {place: value for module in modules for place, value in functions(module).items()}

    patch([name])
    patched = {place: value for module in modules for place, value in functions(module).items()}
    unpatch([name])

    after = {place: value for module in modules for place, value in functions(module).items()}
    assert [place for place in before if after.get(place) is not before[place]] == []
    assert set(after) == set(before)
    assert (patched != before) == (name not in LISTENING)


def test_what_is_unpatched_before_its_import_is_not_patched_by_it(library: MadeUp) -> None:
    patch(["madeup"])

    unpatch(["madeup"])

    assert not is_traced(importlib.import_module("madeup"))


def test_unpatch_all_undoes_patch_all(library: MadeUp) -> None:
    module = importlib.import_module("madeup")
    thread_start = vars(threading.Thread)["start"]
    patch_all()
    assert is_traced(module)

    unpatch_all()

    assert not is_traced(module)
    assert vars(threading.Thread)["start"] is thread_start


def test_unpatching_what_never_was_patched_changes_nothing(library: MadeUp) -> None:
    module = importlib.import_module("madeup")
    call = module.call

    unpatch(["madeup"])
    unpatch(["madeup", "requests"])
    unpatch_all()

    assert module.call is call


def test_unpatching_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot unpatch 'no_such_library': never patched"):
        unpatch(["no_such_library"])


def test_what_somebody_else_put_around_ours_stays(library: MadeUp, daemon: Daemon) -> None:
    patch(["madeup"])
    module: Any = importlib.import_module("madeup")
    ours = module.call

    @functools.wraps(ours)
    def theirs() -> list[str]:
        return [ours()]

    module.call = theirs
    patch(["madeup"])
    unpatch(["madeup"])

    assert module.call is theirs
    assert module.call() == ["called"]
    assert daemon.datagrams() == []

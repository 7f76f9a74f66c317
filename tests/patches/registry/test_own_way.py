"""A library may be patched in a way of its own, without replacing functions."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import pytest

from lambda_tracer.patches.registry import patch
from lambda_tracer.patches.unpatch import unpatch
from tests.patches.registry.made_up import SOURCE, MadeUp


class Switch:
    """The patch of a library that replaces nothing."""

    def __init__(self) -> None:
        self.on: list[ModuleType] = []

    def patch(self, module: ModuleType) -> None:
        self.on.append(module)
        if hasattr(module, "refuses"):
            raise RuntimeError("it refuses")

    def unpatch(self, module: ModuleType) -> None:
        self.on = [each for each in self.on if each is not module]


@pytest.fixture
def switch(made_up: MadeUp, monkeypatch: pytest.MonkeyPatch) -> Switch:
    made_up.known("madeup", "madeup.extra")
    switch = Switch()
    patches = ModuleType("lambda_tracer.patches.madeup")
    patches.__dict__.update(patch=switch.patch, unpatch=switch.unpatch)
    monkeypatch.setitem(sys.modules, patches.__name__, patches)
    return switch


def test_a_patch_may_do_what_it_does_by_itself(made_up: MadeUp, switch: Switch) -> None:
    made_up.package()
    patch(["madeup"])
    package, extra = map(importlib.import_module, ("madeup", "madeup.extra"))
    on = list(switch.on)
    unpatch(["madeup"])

    assert on == [package, extra]
    assert switch.on == []


def test_what_a_patch_does_by_itself_is_undone_if_the_rest_cannot_be_done(
    made_up: MadeUp, switch: Switch
) -> None:
    made_up.write({"madeup/__init__": SOURCE, "madeup/extra": "refuses = True"})
    patch(["madeup"])
    importlib.import_module("madeup")
    was_on = len(switch.on)
    importlib.import_module("madeup.extra")

    assert was_on == 1
    assert switch.on == []

"""A library that works through another one has that patched, too."""

from __future__ import annotations

import importlib

import pytest

from lambda_tracer.patches.registry import patch
from lambda_tracer.patches.unpatch import unpatch
from tests.logged import messages
from tests.patches.registry.made_up import SOURCE, MadeUp, is_traced


@pytest.fixture
def pair(made_up: MadeUp) -> MadeUp:
    """The library `madeup_front`, which works through `madeup_back`, which is a library, too."""
    made_up.write({"madeup_front": f"import madeup_back\n{SOURCE}", "madeup_back": SOURCE})
    made_up.known(library="madeup_back")
    made_up.known(library="madeup_front", needs=("madeup_back",))
    return made_up


def test_what_a_library_needs_is_patched_and_unpatched_with_it(pair: MadeUp) -> None:
    patch(["madeup_front"])
    back = importlib.import_module("madeup_back")
    was_traced_alone = is_traced(back)
    front = importlib.import_module("madeup_front")
    were_traced = is_traced(front), is_traced(back)
    unpatch(["madeup_front"])

    assert not was_traced_alone
    assert were_traced == (True, True)
    assert (is_traced(front), is_traced(back)) == (False, False)


def test_what_a_library_needs_stays_patched_that_is_patched_for_its_own_sake(pair: MadeUp) -> None:
    front, back = map(importlib.import_module, ("madeup_front", "madeup_back"))
    patch(["madeup_back", "madeup_front"])

    unpatch(["madeup_front"])
    was_traced = is_traced(back)
    unpatch(["madeup_back"])

    assert was_traced
    assert (is_traced(front), is_traced(back)) == (False, False)


def test_a_library_is_as_it_was_if_what_it_needs_cannot_be_patched(
    pair: MadeUp, caplog: pytest.LogCaptureFixture
) -> None:
    pair.targets = lambda module: [
        (module, "call"),
        *([(module, "gone")] if module.__name__ == "madeup_back" else []),
    ]
    front, back = map(importlib.import_module, ("madeup_front", "madeup_back"))

    patch(["madeup_front"])

    assert (is_traced(front), is_traced(back)) == (False, False)
    ((_, message),) = messages(caplog)
    assert message.startswith("madeup_front could not be patched")

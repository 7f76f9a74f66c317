"""The same scenarios run on Powertools' Tracer with the X-Ray SDK and on ours, and everything that shows is compared.

`scenarios` holds the scenarios, `lab` what they work with, `run_side` the process that runs them on one side,
`normal` what is compared, `differences` where we mean to differ.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.documents import violations
from tests.parity import scenarios
from tests.parity.differences import DIFFERENCES, EVERYWHERE
from tests.parity.lab import SCENARIOS
from tests.parity.normal import Leaf, leaves, normal

for _module in pkgutil.iter_modules(scenarios.__path__):
    importlib.import_module(f"{scenarios.__name__}.{_module.name}")

SIDES = ("powertools", "lambda_tracer")
UNCHANGED = "compatible"
"""Powertools' own Tracer, on our recorder under the X-Ray SDK's names."""
PATIENCE_S = 200

Observed = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def observed() -> dict[str, Observed]:
    """What every scenario showed on either side. Both processes run at the same time."""
    for package in ("aws_lambda_powertools", "aws_xray_sdk"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install 'aws-lambda-powertools[tracer]'")
    processes = {
        side: subprocess.Popen(
            [sys.executable, "-m", "tests.parity.run_side", side],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for side in (*SIDES, UNCHANGED)
    }
    seen = {}
    try:
        for side, process in processes.items():
            output, errors = process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 0, f"the scenarios ended early on {side}:\n{errors[-4000:]}"
            seen[side] = json.loads(output)
    finally:
        for process in processes.values():
            process.kill()
            process.communicate()
    return seen


def differing(observed: dict[str, Observed], name: str, side: str = SIDES[1]) -> list[Leaf]:
    """Where a scenario shows something else on one of our sides than on theirs."""
    return list(leaves(normal(observed[SIDES[0]][name]), normal(observed[side][name])))


@pytest.mark.parametrize("name", SCENARIOS)
def test_shows_the_same_on_both_sides_but_for_what_is_listed(
    name: str, observed: dict[str, Observed]
) -> None:
    listed = {key: DIFFERENCES[key] for key in SCENARIOS[name].differs}

    found = differing(observed, name)

    unlisted = [
        leaf
        for leaf in found
        if not any(entry.is_shown_by(leaf) for entry in (*listed.values(), *EVERYWHERE.values()))
    ]
    assert not unlisted, "differences that are not listed:\n    " + "\n    ".join(map(str, unlisted))
    gone = [key for key, entry in listed.items() if not any(map(entry.is_shown_by, found))]
    assert not gone, f"listed, but no longer so: {gone}"


OF_POWERTOOLS = {
    "handlers: coroutine function as handler": "a coroutine is named by its type, not by its address",
    "handlers: generator function as handler": "a generator that a function returned is named, not consumed",
    "methods: classmethod below": "the stack goes on from where it was caught, out to the handler",
}
"""What Powertools itself does differently from our Tracer, and our recorder then from the SDK's."""


def test_powertools_unchanged_shows_the_same_on_the_compatible_names(
    observed: dict[str, Observed],
) -> None:
    unlisted = {}
    for name, scenario in SCENARIOS.items():
        listed = [*(DIFFERENCES[key] for key in scenario.differs), *EVERYWHERE.values()]
        found = differing(observed, name, UNCHANGED)
        left = [str(leaf) for leaf in found if not any(entry.is_shown_by(leaf) for entry in listed)]
        if left:
            unlisted[name] = left

    assert {name: left for name, left in unlisted.items() if name not in OF_POWERTOOLS} == {}
    assert [name for name in OF_POWERTOOLS if name not in unlisted] == []


def test_powertools_unchanged_sends_nothing_that_x_ray_would_drop(observed: dict[str, Observed]) -> None:
    broken = {
        name: rules
        for name, shown in observed[UNCHANGED].items()
        if (rules := [rule for document in shown["documents"] for rule in violations(document)])
    }

    assert broken == {}


def test_every_difference_on_the_list_is_shown_by_a_scenario() -> None:
    named = {key for scenario in SCENARIOS.values() for key in scenario.differs}

    assert named == set(DIFFERENCES)


def test_differences_that_show_everywhere_show_somewhere(observed: dict[str, Observed]) -> None:
    found = [leaf for name in SCENARIOS for leaf in differing(observed, name)]

    for key, entry in EVERYWHERE.items():
        assert any(map(entry.is_shown_by, found)), f"{key}: no longer so"


@pytest.mark.parametrize("name", SCENARIOS)
def test_sends_nothing_that_x_ray_would_drop(name: str, observed: dict[str, Observed]) -> None:
    documents = observed["lambda_tracer"][name]["documents"]

    broken = [rule for document in documents for rule in violations(document)]

    assert not broken


def test_every_scenario_sends_or_notes_something(observed: dict[str, Observed]) -> None:
    for name in SCENARIOS:
        shown = [observed[side][name] for side in SIDES]
        assert any(one["notes"] or one["documents"] for one in shown), f"{name} shows nothing at all"

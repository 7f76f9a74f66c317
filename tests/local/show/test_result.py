"""Results: on standard output alone, and with their traces in what `--json` writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.local.command import invoke, invoke_in_terminal
from tests.local.texts import MODES, strictly


def test_results_are_the_only_thing_on_standard_output(folder: Path) -> None:
    ran = invoke("app.noisy", "-n", "2", folder=folder)

    assert (ran.exit_code, ran.out) == (0, "null\nnull\n")


def test_a_terminal_gets_the_result_indented(folder: Path) -> None:
    ran = invoke_in_terminal("app.traced", folder=folder)

    assert '{\n  "ok": true\n}' in ran.out


def test_json_holds_results_and_whole_traces(folder: Path) -> None:
    ran = invoke(
        "app.traced", "-n", "2", "--event", '{"annotations": {"a": 1}}', "--json", "out.json", folder=folder
    )

    cold, warm = json.loads((folder / "out.json").read_text())["invocations"]
    assert ran.results == [{"ok": True}, {"ok": True}]
    assert (cold["cold_start"], warm["cold_start"], warm["init_duration_ms"]) == (True, False, None)
    assert (cold["failed"], cold["result"]) == (False, {"ok": True})
    assert (cold["received"]["documents"], cold["received"]["problems"]) == (1, [])
    (service,) = cold["segments"]
    (function,) = service["subsegments"]
    assert (service["origin"], function["origin"]) == ("AWS::Lambda", "AWS::Lambda::Function")
    assert [child["name"] for child in function["subsegments"]] == ["Initialization", "work"]
    assert function["subsegments"][1]["annotations"] == {"a": 1}
    assert {cold["trace_id"]} == {service["trace_id"], function["subsegments"][1]["trace_id"]}


def test_json_to_standard_output_takes_the_place_of_the_results(folder: Path) -> None:
    ran = invoke("app.traced", "--json", "-", folder=folder)

    assert json.loads(ran.out)["invocations"][0]["result"] == {"ok": True}


@MODES
@pytest.mark.parametrize(
    "expression", ["float('nan')", "[1e999]", "{'a': -1e999}", "deep(300)", "deep(5000)"]
)
def test_json_holds_json_whatever_the_result(folder: Path, expression: str, mode: list[str]) -> None:
    (folder / "returns.py").write_text(
        "def deep(levels):\n    return ('[' * levels + ']' * levels).encode()\n"
        f"def handler(event, context):\n    return {expression}\n"
    )

    ran = invoke("returns.handler", "--json", "t.json", *mode, folder=folder)

    strictly((folder / "t.json").read_text())
    assert len(ran.results) == 1
    assert ran.exit_code == 0

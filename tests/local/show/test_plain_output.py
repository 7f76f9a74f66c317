"""Plain output: whatever a function or a module holds, no terminal has to obey it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.local.command import invoke, invoke_in_terminal
from tests.local.hostile_documents import CONTROLS
from tests.local.texts import HOSTILE, MODES, seen


@MODES
@pytest.mark.parametrize("error", ["ImportError", "ValueError", "SyntaxError"])
def test_a_module_that_raises_reaches_no_terminal_as_it_is(folder: Path, error: str, mode: list[str]) -> None:
    (folder / "raises.py").write_text(f"raise {error}({HOSTILE!a})\n")

    ran = invoke_in_terminal("raises.handler", *mode, folder=folder)

    assert seen(ran.out) == set()
    assert r"\x1b]0;title\x07\x9b2J" in ran.out
    assert ran.exit_code == 1


@MODES
def test_a_result_is_the_same_value_without_what_a_terminal_obeys(folder: Path, mode: list[str]) -> None:
    value = {
        CONTROLS.replace("\ud800", "").replace("\udfff", ""): [
            HOSTILE,
            "grüß 漢字",
            "\U0001f468\u200d\U0001f469",
        ]
    }
    (folder / "returns.py").write_text(
        f"import json\ndef handler(event, context):\n"
        f"    return json.dumps({value!a}, ensure_ascii=False).encode()\n"
    )

    piped = invoke("returns.handler", *mode, folder=folder)
    shown = invoke_in_terminal("returns.handler", *mode, folder=folder)

    assert (piped.results, seen(piped.out), seen(shown.out)) == ([value], set(), set())
    assert "grüß 漢字" in piped.out


@MODES
def test_what_a_failing_handler_says_reaches_no_terminal_as_it_is(folder: Path, mode: list[str]) -> None:
    (folder / "raises.py").write_text(
        f"import logging\ndef handler(event, context):\n"
        f"    logging.warning({HOSTILE!a})\n    raise type({HOSTILE[2:8]!a}, (Exception,), {{}})({HOSTILE!a})\n"
    )

    ran = invoke_in_terminal("raises.handler", *mode, folder=folder)

    assert seen(ran.out) == {"\t"}  # as the runtime client logs
    assert ran.exit_code == 1

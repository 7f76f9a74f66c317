"""Waterfalls: what a line says, how wide and how colourful it is, and whose traces are drawn."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.local.command import invoke, invoke_in_terminal
from tests.local.texts import tree

ESCAPE = "\x1b["


def test_a_line_says_what_is_known_of_http_aws_sql_and_annotations(folder: Path) -> None:
    document = {
        "http": {
            "request": {"method": "GET", "url": "https://example.com/a"},
            "response": {"status": 503},
        },
        "aws": {"operation": "PutItem"},
        "sql": {"database_type": "PostgreSQL", "sanitized_query": "SELECT 1"},
        "annotations": {"ColdStart": True, "Service": "payment", "Count": 3},
        "metadata": {"payment": {"response": {"id": 7}}},
        "throttle": True,
    }

    ran = invoke("app.traced", "--metadata", "--event", json.dumps(document), folder=folder)

    lines = [line.strip() for line in ran.complaints]
    assert any(line.startswith("└─ work  throttle  PutItem  GET 503  PostgreSQL") for line in lines)
    start = lines.index("https://example.com/a")
    assert lines[start : start + 4] == [
        "https://example.com/a",
        "SELECT 1",
        "Count=3  ColdStart=true  Service=payment",
        'payment.response: {"id": 7}',
    ]


def test_a_line_says_how_many_records_are_not_in_the_trace(folder: Path) -> None:
    document = {"metadata": {"lambda_tracer": {"records_not_sampled": 1_204}}}

    ran = invoke("app.traced", "--event", json.dumps(document), folder=folder)

    shown = [line.strip() for line in ran.complaints if "records" in line]
    assert shown == ["records left out, not sampled by their senders: 1204"]


def test_an_exception_is_told_once_where_it_was_recorded(folder: Path) -> None:
    ran = invoke("app.failing", folder=folder)

    trace = ran.err.partition("── Invocation")[2]
    assert trace.count("ValueError: amount must be positive") == 1
    assert ran.tree == tree(
        """
        payment  fault  AWS::Lambda
        └─ payment  fault  AWS::Lambda::Function
           ├─ Initialization
           └─ checks  fault
        """
    )


def test_an_exception_that_the_tracer_did_not_record_is_told_at_the_function(folder: Path) -> None:
    (folder / "plain.py").write_text("def handler(event, context):\n    return 1 / 0\n")

    ran = invoke("plain.handler", folder=folder)

    trace = ran.err.partition("── Invocation")[2]
    assert "   │  ZeroDivisionError: division by zero  plain.py:2\n" in trace


def test_a_pipe_gets_no_escape_codes_whatever_is_in_the_names(folder: Path) -> None:
    document = {
        "name": "red \x1b[31m\x07 text\nsecond",
        "annotations": {"a": "\x1b]0;title\x07"},
        "cause": {"exceptions": [{"type": "E", "message": "\x1b[2J\ud800"}]},
        "fault": True,
    }

    ran = invoke("app.traced", "--event", json.dumps(document), folder=folder, FORCE_COLOR="1")

    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", ran.err)
    assert r"red \x1b[31m\x07 text second" in ran.err


def test_a_terminal_gets_colours_with_faults_in_red(folder: Path) -> None:
    ran = invoke_in_terminal("app.failing", folder=folder)

    assert re.search(r"\x1b\[1;31mchecks", ran.err)
    assert re.search(r"\x1b\[1;31mValueError: amount must be positive", ran.err)


def test_sql_is_in_the_colour_of_the_terminals_text(folder: Path) -> None:
    """Blue can't be read on most dark terminals, and what can be read there not on light ones."""
    event = json.dumps({"sql": {"database_type": "PostgreSQL", "sanitized_query": "SELECT 1"}})

    ran = invoke_in_terminal("app.traced", "--event", event, folder=folder)

    (line,) = [line for line in ran.complaints if "SELECT 1" in line]
    assert line.rpartition("\x1b[")[2].endswith("mSELECT 1")
    assert line.rpartition("\x1b[")[2].startswith("0m")
    assert "\x1b[34m" not in ran.err


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_a_terminal_without_colours_gets_no_escape_codes(folder: Path, variable: str) -> None:
    variables = {variable: "dumb"}

    ran = invoke_in_terminal("app.failing", columns=100, folder=folder, **variables)

    assert ran.exit_code == 1
    assert ESCAPE not in ran.err


@pytest.mark.parametrize("columns", [40, 80, 140, 200])
def test_no_line_is_wider_than_the_terminal(folder: Path, columns: int) -> None:
    nested: dict[str, object] = {"id": "1" * 16, "name": "漢字" * 80, "start_time": 2e9, "end_time": 2e9 + 1}
    for number in range(60):
        nested = {**nested, "id": f"{number:016x}", "name": "long name " * 19, "subsegments": [nested]}
    nested["annotations"] = {f"key{number}": "v" * 900 for number in range(20)}

    ran = invoke_in_terminal(
        "app.traced", "--event", json.dumps(nested), folder=folder, columns=columns, NO_COLOR="1"
    )

    drawn = ran.err.partition("── Invocation")[2].splitlines()[1:-3]
    assert len(drawn) > 60
    wide = [line for line in drawn if not line.startswith(("REPORT", "XRAY", "  "))]
    assert max(len(line) + len(re.findall("[漢字]", line)) for line in wide) <= columns


def test_many_equal_siblings_are_summed_up_but_faults_are_shown(folder: Path) -> None:
    now = {"start_time": 2e9, "end_time": 2e9 + 1}
    many = [{"id": f"{number:016x}", "name": "put", **now} for number in range(200)]
    many[150] = {**many[150], "fault": True}

    ran = invoke("app.traced", "--event", json.dumps({"subsegments": many}), folder=folder)

    below = ran.tree.partition("work\n")[2].splitlines()
    assert [line.strip("├─└│ ") for line in below] == [*["put"] * 5, "… 194 more put", "put  fault"]


def test_thousands_of_levels_are_drawn_in_part_and_written_in_full(folder: Path) -> None:
    chain = [
        {"id": f"{number + 1:016x}", "parent_id": f"{number:016x}", "name": f"level {number}"}
        for number in range(3_000)
    ]
    chain[0].pop("parent_id")
    (folder / "event.json").write_text(json.dumps(chain))

    ran = invoke(
        "app.several", "-e", "event.json", "--timeout", "60", "--json", "t.json", folder=folder, COLUMNS="80"
    )

    written = (folder / "t.json").read_text()
    assert ran.exit_code == 0
    assert written.count('"name": "level ') == 3_000
    assert "… and so on: 3,003 segments and subsegments in all" in ran.err


def test_where_the_encoding_has_no_lines_the_tree_is_drawn_in_ascii(folder: Path) -> None:
    ran = invoke("app.traced", folder=folder, PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert ran.err.isascii()
    assert re.search(r"^`- payment  AWS::Lambda::Function +[\d.]+ ms #+$", ran.err, re.MULTILINE)
    assert re.search(r"^   `- work ", ran.err, re.MULTILINE)


def test_powertools_tracer_is_shown_as_well(folder: Path) -> None:
    pytest.importorskip("aws_lambda_powertools.tracing")
    (folder / "power.py").write_text(
        "from aws_lambda_powertools import Tracer\n"
        "tracer = Tracer(service='payment', auto_patch=False)\n"
        "@tracer.capture_method\n"
        "def charge():\n"
        "    return 3\n"
        "@tracer.capture_lambda_handler\n"
        "def handler(event, context):\n"
        "    return charge()\n"
    )

    ran = invoke("power.handler", "--timeout", "30", folder=folder)

    assert ran.results == [3]
    assert ran.tree.partition("Initialization\n")[2] == "   └─ ## handler\n      └─ ## power.charge"
    assert "ColdStart=true  Service=payment" in ran.err


def test_the_sdks_recorder_is_shown_as_well(folder: Path) -> None:
    pytest.importorskip("aws_xray_sdk")
    (folder / "sdk.py").write_text(
        "from aws_xray_sdk.core import xray_recorder\n"
        "@xray_recorder.capture('inner')\n"
        "def inner():\n"
        "    xray_recorder.put_annotation('by', 'the SDK')\n"
        "def handler(event, context):\n"
        "    with xray_recorder.in_subsegment('outer'):\n"
        "        inner()\n"
    )

    ran = invoke("sdk.handler", "--timeout", "30", "-n", "2", folder=folder)

    assert (
        ran.tree.rpartition("payment  AWS::Lambda\n")[2]
        == tree(
            """
            └─ payment  AWS::Lambda::Function
               └─ outer
                  └─ inner
            """
        ).lstrip()
    )
    assert "by=the SDK" in ran.err
    assert "X-Ray would reject" not in ran.err


@pytest.mark.parametrize("columns", ["0", "1", "-5", "²", "x", "9" * 5_000, "99999"])
def test_any_number_of_columns_is_drawn_in(folder: Path, columns: str) -> None:
    ran = invoke("app.traced", folder=folder, COLUMNS=columns)

    assert (ran.exit_code, ran.results) == (0, [{"ok": True}])
    assert "lambda-tracer:" not in ran.err

"""Kept lines are found wherever they stand in a log, and become a segment; what is broken breaks nothing."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from lambda_tracer.local.receive import kept_lines
from lambda_tracer.local.receive.documents import problems_of
from lambda_tracer.local.receive.kept_lines import CUT_OFF, KeptLines, unpacked
from lambda_tracer.local.receive.kept_segment import mark_of, segment_of
from lambda_tracer.local.receive.trace import Trace, every_node
from tests.local import kept_logs


def found(text: str) -> tuple[list[dict[str, Any]], dict[str, int]]:
    lines = KeptLines()
    kept = [line for text in text.split("\n") for line in lines.read(text)]
    lines.end()
    return kept, lines.problems


def test_a_kept_line_is_found_in_every_form_of_a_log_line_by_line(kept_line: str) -> None:
    kept = json.loads(kept_line)
    forms = kept_logs.forms(kept_line)
    # It is known by its first key, where the whole is not there yet.
    del forms["Insights, as JSON with sorted keys"]

    assert {name: found(text) for name, text in forms.items()} == {name: ([kept], {}) for name in forms}


def test_what_only_speaks_of_it_is_passed_over() -> None:
    for text in (
        "from lambda_tracer import Tracer",
        '{"lambda_tracer": {"kept": {}}}',
        '{"lambda_tracer": "kept?"}',
        'in a text: lambda_tracer "kept"',
        '{\n"lambda_tracer": "other",\n}',
    ):
        assert found(text) == ([], {})


def test_a_line_that_is_cut_off_is_counted_and_the_others_are_found(kept_line: str) -> None:
    forms = kept_logs.forms(kept_line)
    for name in ("as it is written", "tail --format json", "filter-log-events", "Insights, as CSV"):
        text = forms[name]
        begin = text.index("lambda_tracer") + 40
        for end in range(begin, text.index("LookupError", begin), 29):
            kept, problems = found(f"{text[:end]}\n{kept_line}\n{kept_line}")

            assert len(kept) == 2, (name, end)
            assert problems == {CUT_OFF: 1}
    indented = json.dumps(json.loads(kept_line), indent=4)
    kept, problems = found(f"{indented[:300]}\n{indented}\n{indented}")
    assert (len(kept), problems) == (2, {CUT_OFF: 1})


@pytest.mark.parametrize(
    "hostile",
    [
        '{"lambda_tracer":"kept","a":' * 20_000,
        '{"lambda_tracer":"kept"' * 50_000,
        '"' + '\\"' * 200_000 + 'lambda_tracer\\":\\"kept\\"',
        '"x' * 100_000 + '""lambda_tracer"":""kept""',
        "{" * 300_000 + '\\"lambda_tracer\\":\\"kept\\"',
        '"' + "\\" * 200_001 + '"lambda_tracer\\":\\"kept\\"',
        '{"lambda_tracer":"kept","a":' + "[" * 200_000,
        '{"lambda_tracer":"kept","a":1' + "0" * 5_000 + "}",
        '{"awslogs": {"data": "H4sI!"}}' * 1_000,
    ],
    ids=range(9),
)
def test_no_line_takes_more_time_than_its_length(hostile: str) -> None:
    """What would take the square of it would take hours."""
    found(hostile)
    found("{\n" + '"lambda_tracer": "kept",\n' + hostile)


def test_what_is_packed_is_unpacked_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    two = gzip.compress(b"one\n") + gzip.compress(b"two\n")

    assert unpacked(two) == (b"one\ntwo\n", True)
    assert unpacked(two[:-8]) == (b"one\ntwo\n", False)
    assert unpacked(b"\x1f\x8bnothing") == (b"", False)
    assert unpacked(gzip.compress(b"0" * 1_000_000), 1_000) == (b"0" * 1_000, False)
    assert unpacked(b"plain") == (b"plain", True)
    bomb = json.dumps({"awslogs": {"data": "x" * 40}})
    monkeypatch.setattr(kept_lines, "MAX_LINE_CHARACTERS", 30)
    assert found(bomb) == ([], {kept_lines.TOO_LONG: 1})


def test_it_becomes_the_segment_that_the_function_would_have_had(kept_line: str) -> None:
    line = json.loads(kept_line)
    segment = segment_of({**line, "left_out": 3, "segments_left_out": 1})
    trace = Trace(segment["trace_id"])
    trace.add(segment)

    [root] = trace.roots()
    [charge] = root.children[0].children
    assert problems_of(segment) == []
    assert (root.name, charge.name.rpartition(".")[2]) == ("payment", "charge")
    assert (root.is_orphan, root.document["fault"], segment["origin"]) == (
        False,
        True,
        "AWS::Lambda::Function",
    )
    assert segment["start_time"] == root.children[0].start
    mark = mark_of(segment)
    assert mark is not None
    assert mark.told == (
        "an exception left the handler; request ed2791d9-0000; 1 subsegment left out; "
        "3 invocations before it not written"
    )
    assert segment_of(json.loads(kept_line))["id"] == segment["id"], "a line that comes again is the same"
    retry = {**line, "segments": [{**line["segments"][0], "id": "0" * 16}]}
    assert segment_of(retry)["id"] != segment["id"]


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"segments": None, "reason": 7, "xray_trace_id": None, "duration_ms": "x", "timestamp": 1e400},
        {"segments": [1, None, {}, {"annotations": [1], "http": "x", "start_time": "now", "id": 3}]},
        {"segments": [{"start_time": 1e300, "end_time": -5}], "duration_ms": True, "left_out": -1},
        {"reason": "quota", "function_name": "x" * 1_000, "left_out": 10**400, "timestamp": "2026-13-01T"},
    ],
    ids=range(5),
)
def test_a_line_may_hold_anything(odd: dict[str, Any]) -> None:
    segment = segment_of({"lambda_tracer": "kept", **odd})
    trace = Trace(segment["trace_id"])
    trace.add(segment)

    assert list(every_node(trace.roots()))
    mark = mark_of(segment)
    assert mark is not None
    assert mark.told
    assert segment["end_time"] >= segment["start_time"] >= 0
    assert len(segment["name"]) <= 200

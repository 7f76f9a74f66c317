"""Documents: every one is received, what X-Ray would reject is said, and what belongs together becomes a tree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.local.command import invoke

ROOT = "1-6afff803-a8d924bb6b80d998d67e49e4"


def test_documents_that_name_their_parents_become_one_tree_in_any_order(folder: Path) -> None:
    late, early = {"start_time": 2e9, "end_time": 2e9 + 3}, {"start_time": 2e9 - 9, "end_time": 2e9 + 9}
    documents = [
        {"id": "3" * 16, "parent_id": "2" * 16, "name": "grandchild", **late},
        {"id": "2" * 16, "parent_id": "1" * 16, "name": "child", **early},
        {"id": "1" * 16, "name": "still running", "in_progress": True, "end_time": None, **early},
        {"id": "1" * 16, "name": "parent", "subsegments": [{"id": "4" * 16, "name": "embedded", **early}]},
        {"id": "5" * 16, "parent_id": "f" * 16, "name": "orphan", **early},
    ]

    ran = invoke("app.several", "--event", json.dumps(documents), "-n", "2", folder=folder, COLUMNS="160")

    assert ran.tree.partition("Initialization\n")[2].partition("\npayment")[0].splitlines()[:5] == [
        "   └─ parent",
        "      ├─ child",
        "      │  └─ grandchild",
        "      └─ embedded",
        "orphan  (its parent ffffffffffffffff was not received)",
    ]


def test_parents_in_a_ring_are_drawn_as_orphans(folder: Path) -> None:
    ring = [
        {"id": "1" * 16, "parent_id": "2" * 16, "name": "one"},
        {"id": "2" * 16, "parent_id": "1" * 16, "name": "two"},
    ]

    ran = invoke("app.several", "--event", json.dumps(ring), folder=folder)

    assert ran.tree.partition("Initialization\n")[2] == (
        "one  (its parent 2222222222222222 was not received)\n└─ two"
    )


def test_another_tracers_trace_and_its_late_documents_are_shown_apart(folder: Path) -> None:
    ran = invoke("app.traced", "--event", json.dumps({"trace_id": ROOT}), folder=folder)

    assert "Received meanwhile, of other traces" in ran.err
    assert ran.tree.splitlines()[-1].startswith("work  (its parent ")


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"id": "short"}, "'work': it has no id of 16 hex digits"),
        ({"trace_id": "1-2-3"}, "'work': it has no trace_id of the form 1-8hex-24hex"),
        ({"end_time": None}, "'work': it has no end_time and is not in_progress"),
        (
            {"annotations": {"a-b": 1}},
            "'work': it has the annotation key 'a-b' (letters, digits, _ and . only)",
        ),
        (
            {"annotations": {"a": [1]}},
            "'work': it has the annotation 'a' that is no string, number or boolean",
        ),
        ({"metadata": {"a": 1}}, "'work': it has the metadata namespace 'a' that is not an object"),
        ({"metadata": {"a": {"b": "x" * 64_000}}}, "bytes, more than 64,000"),
        ({"name": "<lambda>"}, "'<lambda>': it has a name with characters outside X-Ray's alphabet"),
        (
            {"subsegments": [{"name": "inner"}]},
            "it has no id of 16 hex digits in its subsegment 'inner'",
        ),
    ],
)
def test_what_x_ray_would_reject_is_said(folder: Path, document: dict[str, object], problem: str) -> None:
    (folder / "event.json").write_text(json.dumps(document))

    ran = invoke("app.traced", "--event", "event.json", folder=folder, COLUMNS="300")

    assert ran.exit_code == 0
    (said,) = [line for line in ran.complaints if line.startswith("X-Ray would reject the document")]
    assert problem in said


@pytest.mark.parametrize(
    ("datagram", "problem"),
    [
        ("no header", 'does not begin with the line {"format":"json","version":1}'),
        ('{"format":"json","version":1}\nno json', "is not JSON"),
        ('{"format":"json","version":1}\n[]', "is not a JSON object"),
    ],
)
def test_a_datagram_that_is_no_document_is_said(folder: Path, datagram: str, problem: str) -> None:
    ran = invoke("app.raw", "--event", json.dumps(datagram), folder=folder, COLUMNS="200")

    assert f"X-Ray would reject the document of {len(datagram)} bytes: it {problem}" in ran.err


def test_every_one_of_many_documents_is_received(folder: Path) -> None:
    (folder / "burst.py").write_text(
        "from app import *\n"
        "def handler(event, context):\n"
        "    for number in range(2_000):\n"
        "        send(subsegment(f'step {number}'))\n"
    )

    ran = invoke("burst.handler", "--timeout", "60", "--json", "t.json", folder=folder)

    assert "Received: 2,000 documents" in ran.err
    assert "… 1,901 more subsegments" in ran.err
    function = json.loads((folder / "t.json").read_text())["invocations"][0]["segments"][0]["subsegments"][0]
    assert len(function["subsegments"]) == 2_001

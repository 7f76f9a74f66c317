"""What a segment may be told, and what its document says of it."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_tracer import xray_recorder
from tests.daemon import Daemon


def test_texts_are_cut_and_what_is_none_is_left_out(
    outside: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    with xray_recorder.in_segment("s") as segment:
        segment.set_user("u" * 300)
        segment.set_user(5)
        segment.set_service({"version": 7, "runtime": "r" * 300})

    (document,) = outside.documents()
    assert document["user"] == "u" * 250
    assert document["service"] == {"version": "7", "runtime": "r" * 250}
    assert [record.message for record in caplog.records] == [
        "user left out: it must be str, not <builtins.int>"
    ]


def test_a_rule_stands_beside_the_sdk(outside: Daemon) -> None:
    with xray_recorder.in_segment("s") as segment:
        segment.set_rule_name("mine")

    (document,) = outside.documents()
    assert document["aws"]["xray"]["sampling_rule_name"] == "mine"
    assert document["aws"]["xray"]["sdk"]


def test_once_it_has_ended_it_does_not_change(outside: Daemon) -> None:
    segment: Any = xray_recorder.begin_segment("s")
    below: Any = xray_recorder.begin_subsegment("below")
    assert (segment.subsegments, segment.ready_to_send()) == ([below], False)
    segment.close()
    for change in (segment.set_user, segment.set_service, segment.set_rule_name):
        change("late")
    assert not segment.ready_to_send()
    below.close()

    assert segment.ready_to_send()
    assert "user" not in outside.subsegment("s")
    segment.close()


def test_a_document_of_what_is_open_is_that_of_a_segment(outside: Daemon) -> None:
    with xray_recorder.in_segment("s") as segment:
        document = segment.to_dict()

    assert document["in_progress"]
    assert {"trace_id", "service", "aws"} <= set(document)
    assert not {"type", "parent_id", "namespace"} & set(document)
    outside.expect_tree("s")


def test_a_large_one_is_cut_and_says_so(outside: Daemon) -> None:
    with xray_recorder.in_segment("s") as segment:
        segment.set_user("u" * 250)
        segment.put_metadata("large", ["x" * 30_000 for _ in range(4)])

    (document,) = outside.documents()
    assert document["user"] == "u" * 250
    assert "cut" in document["metadata"]["lambda_tracer"]

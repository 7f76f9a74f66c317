"""What X-Ray would not take, told with the name of who it is about."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_tracer import Tracer
from lambda_tracer.testing.traces import Traces
from tests.daemon import Daemon
from tests.testing.sent import ROOT, AllSent, Sent, made, sent

A, B = "a" * 16, "b" * 16


def test_what_the_recorder_sends_is_valid(daemon: Daemon) -> None:
    tracer = Tracer(service="payment")

    @tracer.capture_method
    def charge() -> str:
        return "ä" * 100_000

    @tracer.capture_lambda_handler
    def lambda_handler(event: object, context: object) -> None:
        charge()
        with pytest.raises(ZeroDivisionError):
            tracer.capture_method(lambda: 1 / 0)()

    lambda_handler({}, None)
    traces = sent(daemon)

    traces.assert_valid()
    assert traces.check() == []


@pytest.mark.parametrize(
    ("documents", "problem"),
    [
        (
            [{"id": A, "name": "what?"}],
            f"the document of what? ({A}) would be dropped: it has a name with characters outside X-Ray's alphabet",
        ),
        (
            [{"id": A, "name": "big", "metadata": {"a": {"b": "x" * 64_000}}}],
            f"the document of big ({A}) would be dropped: it has 64,",
        ),
        ([{"id": A, "name": "late", "parent_id": B}], f"the parent of late ({A}) was never sent"),
        (
            [{"id": A, "name": "back", "start_time": 2.0, "end_time": 1.0}],
            f"back ({A}) ends before it starts",
        ),
        (
            [{"id": A, "name": "one"}, {"id": A, "name": "two"}],
            f"the id of two ({A}) is that of another subsegment, too",
        ),
        (
            [{"id": A, "name": "a", "subsegments": [{"id": A, "name": "a", "start_time": 1, "end_time": 1}]}],
            f"the id of a ({A}) is that of another subsegment, too",
        ),
        (
            [{"id": A, "name": "lost", "trace_id": ROOT[:-1] + "0"}],
            f"the document of lost ({A}) belongs to another trace than its invocation",
        ),
    ],
)
def test_a_problem_is_told_with_who_has_it(documents: list[dict[str, Any]], problem: str) -> None:
    traces = made(*documents)

    [told] = traces.check()
    assert told.startswith(problem)
    with pytest.raises(AssertionError) as error:
        traces.assert_valid()
    assert str(error.value) == f"X-Ray would not take what was sent:\n  {told}"


def test_a_child_may_come_before_its_parent_and_an_open_one_again() -> None:
    traces = made(
        {"id": B, "name": "child", "parent_id": A},
        {"id": A, "name": "parent", "in_progress": True},
        {"id": A, "name": "parent", "end_time": 1_700_000_001.0},
    )

    traces.assert_valid()


def test_what_is_no_json_is_told_by_its_number() -> None:
    traces = Traces(AllSent([Sent(["{", "[]"])]))

    assert traces.check() == [
        "document 1 would be dropped: it is no JSON object",
        "document 2 would be dropped: it is no JSON object",
    ]
    assert (traces.tree, traces.documents) == ("", [])


def test_a_trace_that_is_too_large_is_told() -> None:
    documents = [
        {"id": f"{number:016x}", "name": "large", "metadata": {"a": {"b": "x" * 60_000}}}
        for number in range(9)
    ]

    [told] = made(*documents).check()
    assert told.startswith("the trace has 54")
    assert told.endswith("bytes: X-Ray keeps 500,000, and drops the rest")


def test_many_problems_are_counted() -> None:
    documents = [{"id": f"{number:016x}", "name": "?"} for number in range(25)]

    problems = made(*documents).check()

    assert (len(problems), problems[-1]) == (21, "and 5 more")

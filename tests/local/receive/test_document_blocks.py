"""What AWS's schema for segment documents objects to in a document's blocks, and what it leaves open."""

from __future__ import annotations

from typing import Any

from lambda_tracer.local.receive.documents import problems_of

FRAME = {"path": "app.py", "line": 3, "label": "handler"}
EXCEPTION = {"id": "0" * 16, "type": "E", "message": "m", "remote": True, "skipped": 0, "stack": [FRAME]}

FINE: list[dict[str, Any]] = [
    {"user": "u" * 250, "namespace": "remote", "precursor_ids": ["a"]},
    {
        "http": {
            "request": {"url": "u" * 250, "traced": True},
            "response": {"status": 200, "content_length": 0.5},
        }
    },
    {"http": {}, "aws": {"operation": "GetItem", "key": 7, "xray": {}}, "sql": {}, "service": {"runtime": 1}},
    {"cause": {"exceptions": [EXCEPTION, {}], "paths": [], "working_directory": "/"}},
    {"cause": "0" * 16},
]

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"user": 7}, "has user that is no text"),
    ({"user": "u" * 251}, "has user of 251 characters, more than 250"),
    ({"precursor_ids": [1]}, "has precursor_ids that is no list of texts"),
    ({"http": {"request": []}}, "has http.request that is not an object"),
    ({"http": {"request": {"url": "u" * 251}}}, "has http.request.url of 251 characters, more than 250"),
    (
        {"http": {"request": {"x_forwarded_for": 1}}},
        "has http.request.x_forwarded_for that is not true or false",
    ),
    ({"http": {"response": {"status": "200"}}}, "has http.response.status that is no number"),
    ({"http": {"response": {"content_length": True}}}, "has http.response.content_length that is no number"),
    ({"aws": {"region": None}}, "has aws.region that is no text"),
    ({"sql": {"user": "u" * 251}}, "has sql.user of 251 characters, more than 250"),
    ({"cause": {"exceptions": {}}}, "has cause.exceptions that is no list"),
    ({"cause": {"exceptions": [1]}}, "has an exception that is not an object"),
    ({"cause": {"exceptions": [{"message": 1}]}}, "has cause.exceptions.message that is no text"),
    ({"cause": {"exceptions": [{"stack": 1}]}}, "has an exception with a stack that is no list"),
    ({"cause": {"exceptions": [{"stack": [1]}]}}, "has a frame of a stack that is not an object"),
    (
        {"cause": {"exceptions": [{"stack": [{"line": "3"}]}]}},
        "has cause.exceptions.stack.line that is no whole number",
    ),
]


def document(**more: Any) -> dict[str, Any]:
    begun = {
        "trace_id": "1-00000000-" + "0" * 24,
        "id": "0" * 16,
        "name": "app",
        "start_time": 1.0,
        "end_time": 2.0,
    }
    return {**begun, **more}


def test_what_the_schema_allows_has_no_problem() -> None:
    assert [problems_of(document(**more)) for more in FINE] == [[]] * len(FINE)


def test_what_it_does_not_allow_is_said_of_segments_and_of_what_is_in_them() -> None:
    for more, problem in WRONG:
        assert problems_of(document(**more)) == [problem]
        inner = {**document(**more), "name": "inner"}
        assert problems_of(document(subsegments=[inner])) == [f"{problem} in its subsegment 'inner'"]

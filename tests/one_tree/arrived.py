"""What arrived of programs, in the lines in which the oracle says what must."""

from __future__ import annotations

from collections.abc import Iterator

from tests.documents import Document
from tests.one_tree import program
from tests.one_tree.oracle import line


def facts_of(subsegments: list[Document], runs: dict[str, str]) -> Iterator[str]:
    names = {part["id"]: part["name"].removeprefix(f"## {program.__name__}.") for part in subsegments}
    exceptions = {
        exception["id"]: f"{exception['type']} {exception.get('message', '')}".strip()
        for part in subsegments
        if isinstance(part.get("cause"), dict)
        for exception in part["cause"]["exceptions"]
    }
    for part in subsegments:
        cause = part.get("cause")
        if isinstance(cause, dict):
            cause = cause["exceptions"][0]["id"]
        yield line(
            runs[part["trace_id"]],
            names[part["id"]],
            names.get(part["parent_id"], ""),
            part.get("fault", False),
            exceptions[cause] if cause else "",
            set(part.get("annotations", ())),
            part.get("in_progress", False),
        )


def differences(expected: list[str], arrived: list[str]) -> list[str]:
    wanted, came = set(expected), set(arrived)
    return sorted(f"{'expected' if each in wanted else 'arrived '} {each}" for each in wanted ^ came)


def times_that_are_wrong(subsegments: list[Document]) -> list[str]:
    starts = {part["id"]: part["start_time"] for part in subsegments}
    return [
        part["name"]
        for part in subsegments
        if part.get("end_time", part["start_time"]) < part["start_time"]
        or part["start_time"] < starts.get(part["parent_id"], 0.0)
    ]

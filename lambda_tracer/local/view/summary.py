"""A summary: what a list shows of a trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lambda_tracer.local.receive.documents import mapping
from lambda_tracer.local.receive.kept_segment import Mark, mark_of
from lambda_tracer.local.view.joined_trace import MISSING, SEGMENT, Entry, JoinedTrace

MAX_VALUES = 20
"""Of one annotation in a trace."""

MAX_ANNOTATIONS = 100
MAX_TEXT = 1_000


def summary_of(trace: JoinedTrace) -> dict[str, Any]:
    """The summary, for JSON. It is made once for each change of the trace."""
    return trace.once(_summary)


def _summary(trace: JoinedTrace) -> dict[str, Any]:
    entries = [entry for entry in trace.entries if entry.kind != MISSING]
    tops = top_entries(trace)
    is_finished = trace.is_finished
    start = start_of(trace)
    users = (entry.node.document.get("user") for entry in entries)
    return {
        "id": trace.id,
        "revision": trace.revision,
        "name": name_of(trace),
        "start": start,
        "duration": end_of(trace) - start if is_finished and entries else None,
        "in_progress": not is_finished,
        **{flag: any(entry.has(flag) for entry in tops) for flag in ("fault", "error", "throttle")},
        "cold_start": any(is_cold_start(entry) for entry in entries),
        "kept": [{**mark._asdict(), "word": mark.word, "told": mark.told} for mark in marks_of(trace)],
        "root_missing": any(entry.kind == MISSING for entry in trace.entries),
        "documents": trace.documents,
        "subsegments": sum(entry.kind != SEGMENT for entry in entries),
        "problems": len(trace.problems),
        "http": next(filter(None, map(http_of, tops)), None),
        "services": list(
            dict.fromkeys(
                entry.service for entry in trace.entries if entry.parent is None or entry.kind == SEGMENT
            )
        ),
        "annotations": _annotations(entries),
        "user": next((user[:MAX_TEXT] for user in users if isinstance(user, str)), None),
        "has_invocation": bool(trace.invocations),
    }


def top_entries(trace: JoinedTrace) -> list[Entry]:
    """Who answers for the trace as a whole: the segments nobody is above; where none came, what is below the parents
    that are missing."""
    tops = [entry for entry in trace.entries if entry.parent is None and entry.kind != MISSING]
    if tops:
        return tops
    return [entry for entry in trace.entries if entry.parent is not None and entry.parent.kind == MISSING]


def name_of(trace: JoinedTrace) -> str:
    """The name of the root segment, else that of the service that the first one belongs to."""
    return next((entry.service for entry in trace.entries), trace.id)


def marks_of(trace: JoinedTrace) -> list[Mark]:
    """Of its segments that were kept and not sampled."""
    return trace.once(_marks)


def _marks(trace: JoinedTrace) -> list[Mark]:
    marks = (mark_of(entry.node.document) for entry in trace.entries if entry.kind == SEGMENT)
    return [mark for mark in marks if mark is not None][:MAX_VALUES]


def start_of(trace: JoinedTrace) -> float:
    """Epoch seconds: the earliest start; 0 where nothing has one."""
    return trace.once(_start)


def _start(trace: JoinedTrace) -> float:
    return min((entry.start for entry in trace.entries if entry.start), default=0.0)


def end_of(trace: JoinedTrace) -> float:
    """Epoch seconds: the latest end or start that is known."""
    return trace.once(_end)


def _end(trace: JoinedTrace) -> float:
    return max((entry.start if entry.end is None else entry.end for entry in trace.entries), default=0.0)


def is_cold_start(entry: Entry) -> bool:
    """Whether an `Initialization` is below a function's segment, or the annotation `ColdStart` says so."""
    document = entry.node.document
    if entry.node.name == "Initialization" and entry.parent is not None and entry.parent.kind != SEGMENT:
        return entry.parent.kind == MISSING
    return (
        entry.node.name == "Initialization" or mapping(document.get("annotations")).get("ColdStart") is True
    )


def http_of(entry: Entry) -> dict[str, Any] | None:
    """Method, URL and status of the request that it answers or makes; None where there is none."""
    http = mapping(entry.node.document.get("http"))
    request, response = mapping(http.get("request")), mapping(http.get("response"))
    found = {"method": request.get("method"), "url": request.get("url"), "status": response.get("status")}
    return found if any(value is not None for value in found.values()) else None


def annotations_of(entry: Entry) -> Iterator[tuple[str, str | int | float | bool]]:
    """Keys and values, as far as X-Ray indexes them."""
    for key, value in mapping(entry.node.document.get("annotations")).items():
        if isinstance(value, (str, int, float)):
            yield key, value


def _annotations(entries: list[Entry]) -> dict[str, list[Any]]:
    found: dict[str, dict[tuple[type, Any], None]] = {}
    for entry in entries:
        for key, value in annotations_of(entry):
            if key in found or len(found) < MAX_ANNOTATIONS:
                values = found.setdefault(key, {})
                if len(values) < MAX_VALUES:
                    values[type(value), value[:MAX_TEXT] if isinstance(value, str) else value] = None
    return {key: [value for _, value in values] for key, values in found.items()}

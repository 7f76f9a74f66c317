"""Trace events: a trace in the format of Chrome's profiler, which Perfetto and speedscope open.

https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU. A service is a process there. Within
one, what runs at the same time is on threads of its own, since a thread's events have to be in each other.
"""

from __future__ import annotations

from typing import Any

from lambda_tracer.local.receive.documents import mapping
from lambda_tracer.local.view.joined_trace import MISSING, Entry, JoinedTrace
from lambda_tracer.local.view.summary import end_of, start_of

MAX_THREADS = 200
"""Of one service; what does not fit is put on the last one."""

_FLAGS = ("fault", "error", "throttle")


def trace_events_of(trace: JoinedTrace) -> dict[str, Any]:
    """The events; times are microseconds from the beginning of the trace."""
    began_at, ended_at = start_of(trace), end_of(trace)
    services: dict[str, int] = {}
    threads: dict[int, list[list[float]]] = {}
    events: list[dict[str, Any]] = []
    entries = [entry for entry in trace.entries if entry.kind != MISSING]
    for entry in sorted(entries, key=lambda entry: (entry.start, -_until(entry, ended_at))):
        process = services.setdefault(entry.service, len(services) + 1)
        thread = _thread(threads.setdefault(process, []), entry.start, _until(entry, ended_at))
        events.append(
            {
                "ph": "X",
                "name": entry.node.name,
                "cat": str(entry.node.document.get("namespace") or entry.kind),
                "ts": round((entry.start - began_at) * 1e6, 1),
                "dur": round((_until(entry, ended_at) - entry.start) * 1e6, 1),
                "pid": process,
                "tid": thread,
                "args": _args(entry),
            }
        )
    names: list[dict[str, Any]] = [
        {"ph": "M", "name": "process_name", "pid": process, "args": {"name": name}}
        for name, process in services.items()
    ]
    other = {"trace_id": trace.id, "start_time": began_at}
    return {"traceEvents": names + events, "displayTimeUnit": "ms", "otherData": other}


def _until(entry: Entry, ended_at: float) -> float:
    return max(entry.start, ended_at) if entry.end is None else entry.end


def _thread(threads: list[list[float]], start: float, end: float) -> int:
    """The number of the first thread with room: nothing is open there, or what is encloses this."""
    for number, open_until in enumerate(threads, 1):
        while open_until and open_until[-1] <= start:
            open_until.pop()
        if not open_until or open_until[-1] >= end or number == MAX_THREADS:
            open_until.append(end)
            return number
    threads.append([end])
    return len(threads)


def _args(entry: Entry) -> dict[str, Any]:
    document = entry.node.document
    found: dict[str, Any] = {"id": entry.id}
    found |= {flag: True for flag in _FLAGS if entry.has(flag)}
    if entry.end is None:
        found["in_progress"] = True
    for name in ("http", "aws", "sql", "cause", "annotations", "metadata"):
        if mapping(document.get(name)):
            found[name] = document[name]
    return found

"""The critical path: what the duration of a trace was spent on, and would have to become faster for it to be shorter.

From the end backwards, at each moment the child that ended last, and where none ran, its parent.
"""

from __future__ import annotations

from lambda_tracer.local.view.joined_trace import Entry


def critical_path(entries: list[Entry], now: float) -> list[str]:
    """Ids, in the order of `entries`. What is in progress ends at `now`, epoch seconds."""
    children: dict[int, list[Entry]] = {}
    tops = []
    for entry in entries:
        if entry.parent is None:
            tops.append(entry)
        else:
            children.setdefault(id(entry.parent), []).append(entry)
    if not tops:
        return []
    on_path: set[int] = set()
    latest = max(tops, key=lambda entry: _end(entry, now))
    waiting = [(latest, _end(latest, now))]
    while waiting:
        entry, window_end = waiting.pop()
        on_path.add(id(entry))
        until = window_end
        for child in sorted(children.get(id(entry), ()), key=lambda child: _end(child, now), reverse=True):
            end = _end(child, now)
            # One that was still running when its sibling began was not what that had to wait for.
            was_waited_for = end <= until or until == window_end
            if was_waited_for and child.start < until and end > entry.start:
                waiting.append((child, min(end, until)))
                until = child.start
    return [entry.id for entry in entries if id(entry) in on_path]


def _end(entry: Entry, now: float) -> float:
    return max(entry.start, now) if entry.end is None else entry.end

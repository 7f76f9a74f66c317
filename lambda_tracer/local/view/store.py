"""The store: traces in memory, up to a number and a size, and what changed since when.

Every change has a revision. They grow, also from one run of the command to the next, so that a page that was open
meanwhile is not told that nothing has happened.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.documents import Document
from lambda_tracer.local.view.joined_trace import JoinedTrace, is_plain
from lambda_tracer.local.view.size import Size

MAX_TRACES = 1_000
MAX_BYTES = 200_000_000
"""Of memory, as it is estimated: several times what was received."""

MAX_ID_CHARACTERS = 100
"""What X-Ray takes has 35; a longer one is no id of a trace."""

MAX_REMEMBERED = 10_000
"""Traces that were let go of, of which a page that comes back is told."""


@dataclass(frozen=True)
class Changes:
    """What happened since a revision, up to `revision`."""

    revision: int
    is_cleared: bool
    """Whatever was known is to be forgotten first."""
    dropped: list[str]
    traces: list[JoinedTrace]
    """In the order in which they changed last."""


class Store:
    """Traces by id. Hold `lock` while a trace is read; what comes in meanwhile waits."""

    def __init__(self, max_traces: int = MAX_TRACES, max_bytes: int = MAX_BYTES) -> None:
        self.max_traces = max_traces
        self.max_bytes = max_bytes
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.memory_bytes = 0
        self.dropped = 0
        """Traces that were let go of because of the limits."""
        self.is_closed = False
        self._first_revision = self.revision = int(clock.now() * 1000)
        self._cleared_at = self._first_revision
        self._traces: dict[str, JoinedTrace] = {}
        """In the order in which they changed last."""
        self._dropped: deque[tuple[int, str]] = deque()

    def __len__(self) -> int:
        return len(self._traces)

    def add(self, document: Document, size: Size, problems: list[str]) -> str | None:
        """Keep a document, and give the id of its trace; None where it names none that could be one."""
        trace_id = document.get("trace_id")
        if not is_trace_id(trace_id):
            return None
        with self.changed:
            self._change(trace_id, lambda trace: trace.add(document, size, problems))
        return trace_id

    def add_invocation(self, trace_id: str, invocation: dict[str, Any]) -> None:
        """Keep what an invocation answered, logged and reported beside its trace."""
        with self.changed:
            self._change(trace_id, lambda trace: trace.add_invocation(invocation))

    def get(self, trace_id: str) -> JoinedTrace | None:
        """The trace of that id."""
        return self._traces.get(trace_id)

    def traces(self) -> list[JoinedTrace]:
        """All of them, the one that changed last at the end."""
        with self.lock:
            return list(self._traces.values())

    def clear(self) -> None:
        """Forget everything."""
        with self.changed:
            self.revision += 1
            self._cleared_at = self.revision
            self._traces.clear()
            self._dropped.clear()
            self.memory_bytes = self.dropped = 0
            self.changed.notify_all()

    def close(self) -> None:
        """Wake whoever waits for a change: none comes any more."""
        with self.changed:
            self.is_closed = True
            self.changed.notify_all()

    def changes_since(self, revision: int) -> Changes:
        """What happened after `revision`; with the lock held."""
        is_cleared = not self._cleared_at <= revision <= self.revision
        dropped: list[str] = []
        if (
            not is_cleared
            and self._dropped
            and self._dropped[0][0] > revision + 1
            and len(self._dropped) == MAX_REMEMBERED
        ):
            is_cleared = True  # more was let go of than is remembered
        if is_cleared:
            return Changes(self.revision, True, [], list(self._traces.values()))
        for at, trace_id in reversed(self._dropped):
            if at <= revision:
                break
            if trace_id not in self._traces:
                dropped.append(trace_id)
        changed: list[JoinedTrace] = []
        for trace in reversed(self._traces.values()):
            if trace.revision <= revision:
                break
            changed.append(trace)
        return Changes(self.revision, False, dropped[::-1], changed[::-1])

    def _change(self, trace_id: str, change: Callable[[JoinedTrace], object]) -> None:
        trace = self._traces.pop(trace_id, None) or JoinedTrace(trace_id)
        before = trace.memory_bytes
        change(trace)
        self.memory_bytes += trace.memory_bytes - before
        self.revision += 1
        trace.revision = self.revision
        trace.changed_at = clock.monotonic()
        self._traces[trace_id] = trace
        while len(self._traces) > 1 and (
            len(self._traces) > self.max_traces or self.memory_bytes > self.max_bytes
        ):
            self._drop_oldest()
        self.changed.notify_all()

    def _drop_oldest(self) -> None:
        oldest = self._traces.pop(next(iter(self._traces)))
        self.memory_bytes -= oldest.memory_bytes
        self.dropped += 1
        self._dropped.append((self.revision, oldest.id))
        if len(self._dropped) > MAX_REMEMBERED:
            self._dropped.popleft()


def is_trace_id(value: object) -> TypeGuard[str]:
    """Whether it could be the id of a trace, well-formed or not: something that an address can hold."""
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARACTERS and is_plain(value)


def newest_first(traces: Iterable[JoinedTrace]) -> list[JoinedTrace]:
    """By the time at which they start."""
    from lambda_tracer.local.view.summary import start_of

    return sorted(traces, key=lambda trace: (start_of(trace), trace.id), reverse=True)

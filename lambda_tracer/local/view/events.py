"""Server-sent events: what a page that stays open is told of changes, as they happen.

https://html.spec.whatwg.org/multipage/server-sent-events.html. The id of an event is the revision of the store, so a
page that was away (`Last-Event-ID`) is told what it has missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.json_value import quick_json
from lambda_tracer.local.view.joined_trace import JoinedTrace
from lambda_tracer.local.view.store import Store
from lambda_tracer.local.view.summary import summary_of

COMMENT_S = 15.0
"""A comment is sent after so much silence, to find out whether anybody is there."""

PAUSE_S = 0.1
"""Between two looks at the store: what changes meanwhile is told once."""

MAX_PAUSE_S = 2.0

Matches = Callable[[JoinedTrace], bool]


class Events:
    """What one page is told: of `store`'s changes after `revision`, those of traces that match."""

    def __init__(self, store: Store, matches: Matches, revision: int | None) -> None:
        self._store = store
        self._matches = matches
        self._shown: set[str] = set()
        # Nothing is known of what a page that comes back is showing: what does not match, it is told to take away.
        self._is_shown_known = revision is None
        self._revision = store.revision if revision is None else revision

    def send(self, send: Callable[[bytes], None]) -> None:
        """Send them until the store is closed; `send` raises when nobody is there any more."""
        send(b": lambda-tracer view\n\n")
        while True:
            with self._store.changed:
                if not self._store.is_closed and self._store.revision == self._revision:
                    self._store.changed.wait(COMMENT_S)
                if self._store.is_closed:
                    return
            begin = clock.monotonic()
            with self._store.lock:
                text = "".join(self._changes())
            send(text.encode("ascii") if text else b": still here\n\n")
            # Working out the summary of a huge trace that grows takes its time: no more than a third of all.
            clock.sleep(min(max(PAUSE_S, 2 * (clock.monotonic() - begin)), MAX_PAUSE_S))

    def _changes(self) -> Iterator[str]:
        changes = self._store.changes_since(self._revision)
        self._revision = changes.revision
        if changes.is_cleared:
            self._shown.clear()
            self._is_shown_known = True
            yield _event("cleared", {})
        if changes.dropped:
            self._shown.difference_update(changes.dropped)
            yield _event("dropped", {"ids": changes.dropped})
        for trace in changes.traces:
            if self._matches(trace):
                self._shown.add(trace.id)
                summary = summary_of(trace)
            elif trace.id in self._shown or not self._is_shown_known:
                self._shown.discard(trace.id)
                summary = None
            else:
                continue
            # They come in the order of their revisions: whoever is cut off in between goes on from here.
            yield f"id: {trace.revision}\n"
            yield _event("trace", {"id": trace.id, "revision": trace.revision, "summary": summary})


def _event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {quick_json(data)}\n\n"

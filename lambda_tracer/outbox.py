"""Where finished documents wait for their parents, and when they leave.

X-Ray allows a trace that arrives in few full documents five times the size of one that trickles in, a burst
of small datagrams overruns the daemon's socket buffer, and sending is a third of what a subsegment costs. So
a finished subsegment is encoded at once and waits inside its open parent. It leaves

- inside its parent, when the outermost one closes: as a rule, an invocation is one datagram;
- by itself, when what waits beside it would pass MAX_WAITING_BYTES (the oldest go, just enough to make room), when the
  oldest has waited MAX_WAITING_S, when documents would nest deeper than MAX_NESTING, or when its parent has gone.

Nothing that closed is dropped because of its neighbours' size.
"""

from __future__ import annotations

from _thread import allocate_lock
from time import monotonic

from . import document, guard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .invocation import Invocation
    from .recorder import Recorder
    from .subsegment import Subsegment

    Waiting = tuple[str, int]  # a closed document, and the levels of subsegments in it

MAX_WAITING_BYTES = 48_000
"""What waits in one open parent: leaves it room for what it has to say itself."""

MAX_WAITING_S = 5.0
"""How much finished work a crash may take with it."""

MAX_NESTING = 50
"""Levels of subsegments in one document."""

_lock = allocate_lock()


class Outbox:
    """What one recorder has finished and not yet sent. Safe to use from any thread."""

    __slots__ = ("_recorder",)

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def put(self, subsegment: Subsegment) -> None:
        """Take a subsegment that has ended, with all that waits inside it."""
        invocation = subsegment.invocation
        if invocation.open.pop(subsegment.id, None) is None:
            return  # a forked parent's, which sends it
        try:
            text = document.encode(subsegment)
        except BaseException as error:  # the values' own code, of which any may be called
            text = document.bare(subsegment)
            guard.failed(error)
        # Let go of what was captured: an exception's frames would form a cycle with it and outlive the call.
        subsegment.captured = ()
        leaving: list[str] = []
        with _lock:
            subsegment.accepts_children = False
            if subsegment.waiting:
                text, height = _join(subsegment, text, leaving)
            else:
                text += "}"
                height = 1
            parent = subsegment.parent
            size = len(text) + 1
            if parent is None or not parent.accepts_children or size > MAX_WAITING_BYTES:
                leaving.append(document.standalone(text, invocation.trace_id, subsegment.parent_id))
                if not invocation.open:
                    invocation.waiting_since = None
            else:
                if parent.waiting_bytes + size > MAX_WAITING_BYTES:
                    _make_room(parent, size, leaving)
                if parent.waiting is None:
                    parent.waiting = []
                parent.waiting.append((text, height))
                parent.waiting_bytes += size
                now = monotonic()
                if invocation.waiting_since is None:
                    invocation.waiting_since = now
                elif now - invocation.waiting_since > MAX_WAITING_S:
                    leaving += _take_all(invocation)
        if leaving:
            self.send(invocation, leaving)
        if parent is None and invocation.open:
            for left in _below(subsegment, list(invocation.open.values())):
                self.leave_behind(left)

    def leave_behind(self, subsegment: Subsegment) -> None:
        """Send an open subsegment as in progress: those above it are gone, and perhaps nobody will ever close it.

        When somebody does, its whole document replaces this one.
        """
        with _lock:
            if not subsegment.accepts_children:
                return
            leaving = _take(subsegment)
            subsegment.accepts_children = False
        self.send(subsegment.invocation, leaving)
        self.send_in_progress(subsegment)

    def send_in_progress(self, subsegment: Subsegment, fault_cause: Mapping[str, Any] | None = None) -> None:
        """Send a subsegment as it is now, unless it has ended meanwhile; as a fault if there is a cause."""
        text = document.closed(document.encode(subsegment, in_progress=True, fault_cause=fault_cause), [])
        text = document.standalone(text, subsegment.invocation.trace_id, subsegment.parent_id)
        with (
            _lock
        ):  # under the lock: its whole document, which must be the last, passes through it before it is sent
            if subsegment.end_time is None:
                subsegment.is_announced = True
                self.send(subsegment.invocation, [text])

    def flush(self, invocation: Invocation) -> None:
        """Send all that waits, now."""
        with _lock:
            leaving = _take_all(invocation)
        self.send(invocation, leaving)

    def absorb(self, subsegment: Subsegment) -> bool:
        """Let a subsegment that has just ended go without a trace: what waits in it waits in its parent instead.

        False if it has to be sent after all: something that is open below it refers to it.
        """
        parent, invocation = subsegment.parent, subsegment.invocation
        if any(other.parent is subsegment for other in list(invocation.open.values())):
            return False
        leaving: list[str] = []
        with _lock:
            waiting, size = subsegment.waiting, subsegment.waiting_bytes
            if waiting and (parent is None or not parent.accepts_children):
                return False
            invocation.open.pop(subsegment.id, None)
            subsegment.accepts_children = False
            subsegment.waiting, subsegment.waiting_bytes = None, 0
            if waiting and parent is not None:
                _make_room(parent, size, leaving)
                parent.waiting = [*(parent.waiting or ()), *waiting]
                parent.waiting_bytes += size
        self.send(invocation, leaving)
        return True

    def send(self, invocation: Invocation, documents: list[str]) -> None:
        """Send finished documents, or let the invocation hold them while there is no trace to send them to."""
        if invocation.holds_documents:
            invocation.hold(documents)
            return
        emitter = self._recorder.emitter
        send = getattr(emitter, "send", None)
        for text in documents:
            try:
                if send is None:  # an emitter made for the X-Ray SDK
                    emitter.send_entity(_Entity(text))
                elif send(text) is False:
                    invocation.lose("not_sent", len(text))
            except Exception as error:  # somebody else's emitter: the other documents are still to be sent
                invocation.lose("not_sent", len(text))
                guard.warn_once(
                    "emitter", "the emitter raised %s: this part of the trace is lost", type(error).__name__
                )


class _Entity:
    """A document as the X-Ray SDK's emitters take it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def serialize(self) -> str:
        return self._text


def after_fork() -> None:
    """In a forked child: the lock may have been held by a thread that does not exist here."""
    global _lock
    _lock = allocate_lock()


def _join(subsegment: Subsegment, text: str, leaving: list[str]) -> Waiting:
    """The subsegment's own text and its children as one document; children that do not fit in it leave."""
    size = len(text) + subsegment.waiting_bytes + len(',"subsegments":[]}')
    kept: list[str] = []
    height = 1
    for child_text, child_height in subsegment.waiting or ():
        if size > document.MAX_DOCUMENT_BYTES or child_height >= MAX_NESTING:
            leaving.append(document.standalone(child_text, subsegment.invocation.trace_id, subsegment.id))
            size -= len(child_text) + 1
        else:
            kept.append(child_text)
            height = max(height, child_height + 1)
    subsegment.waiting = None
    subsegment.waiting_bytes = 0
    return document.closed(text, kept), height


def _make_room(parent: Subsegment, size: int, leaving: list[str]) -> None:
    """Let the oldest that wait in `parent` leave until `size` more bytes may wait beside the rest."""
    leave = 0
    waiting = parent.waiting or []
    while parent.waiting_bytes + size > MAX_WAITING_BYTES:
        oldest, _ = waiting[leave]
        leaving.append(document.standalone(oldest, parent.invocation.trace_id, parent.id))
        parent.waiting_bytes -= len(oldest) + 1
        leave += 1
    parent.waiting = waiting[leave:]


def _take(subsegment: Subsegment) -> list[str]:
    """What waits in a subsegment, as documents of their own."""
    taken = [
        document.standalone(text, subsegment.invocation.trace_id, subsegment.id)
        for text, _ in subsegment.waiting or ()
    ]
    subsegment.waiting = None
    subsegment.waiting_bytes = 0
    return taken


def _take_all(invocation: Invocation) -> list[str]:
    invocation.waiting_since = None
    return [text for subsegment in list(invocation.open.values()) for text in _take(subsegment)]


def _below(ancestor: Subsegment, opened: list[Subsegment]) -> list[Subsegment]:
    """Those of the open subsegments that are below `ancestor`. Each is looked at once, however deep they nest."""
    is_below = {id(ancestor): True}
    for subsegment in opened:
        path = []
        at: Subsegment | None = subsegment
        while at is not None and id(at) not in is_below:
            path.append(at)
            at = at.parent
        answer = at is not None and is_below[id(at)]
        is_below.update((id(passed), answer) for passed in path)
    return [subsegment for subsegment in opened if is_below[id(subsegment)]]

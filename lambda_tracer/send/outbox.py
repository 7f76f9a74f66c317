"""Where finished documents wait for their parents, and when they leave.

X-Ray allows a trace that arrives in few full documents five times the size of one that trickles in, a burst
of small datagrams overruns the daemon's socket buffer, and sending is a third of what a subsegment costs. So
a finished subsegment is encoded at once and waits inside its open parent. It leaves

- inside its parent, when the outermost one closes: as a rule, an invocation is one datagram;
- by itself, when what waits beside it would pass MAX_WAITING_BYTES (the oldest go, just enough to make room), when the
  oldest has waited MAX_WAITING_S, when documents would nest deeper than MAX_NESTING, or when its parent has gone.

Nothing that closed is dropped because of its neighbours' size.

There is no lock: between any two steps of this a signal handler or a finalizer of the user's may run on the same
thread, which would wait for ever. Lists are handed from one to another by single operations of C code (`pour`), so
that each document is in one place, whoever else is at work; and what an exception from outside interrupts is put back
to where the next one who comes finds it. At worst a document is sent twice, which X-Ray takes for one.
"""

from __future__ import annotations

from _thread import get_ident

from .. import guard, xray
from ..clock import clock
from ..encode import document
from ..trace.subsegment import opened_in
from .emitter import UDPEmitter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    from ..trace.invocation import Invocation
    from ..trace.subsegment import Subsegment, Waiting
    from . import entity

    class HasEmitter(Protocol):
        """A recorder, as far as an outbox knows it."""

        emitter: Any
        """What documents are sent by: `send(document)`, or the X-Ray SDK's `send_entity(entity)`."""

else:
    entity = guard.Late("lambda_tracer.send.entity")  # only for emitters made for the X-Ray SDK

MAX_WAITING_BYTES = 48_000
"""What waits in one open parent: leaves it room for what it has to say itself."""

MAX_WAITING_S = 5.0
"""How much finished work a crash may take with it."""

MAX_NESTING = 50
"""Levels of subsegments in one document."""

_FIRST = (0,)

_announcing: tuple[Invocation, int] | None = None
"""The invocation of which the watching thread is sending an unfinished subsegment, and that thread.

What others finish in this moment is sent by it, behind: of two documents of one subsegment the later one holds.
"""


class Outbox:
    """What one recorder has finished and not yet sent. Safe to use from any thread, and in the middle of itself."""

    __slots__ = ("_recorder",)

    def __init__(self, recorder: HasEmitter) -> None:
        self._recorder = recorder

    def put(self, subsegment: Subsegment) -> None:
        """Take a subsegment that has ended, with all that waits inside it.

        Interrupted from outside, it is taken when its parent, or whatever comes next, is.
        """
        invocation = subsegment.invocation
        children: list[Waiting] = []
        kept: tuple[list[Any], Waiting | str] | None = None  # where its document is going to be, and that
        try:
            if invocation.open.pop(subsegment.id, None) is None:
                return  # a forked parent's, which sends it, or taken already
            try:
                text = (
                    document.bare(subsegment)
                    if guard.loading and guard.is_loading()
                    else document.encode(subsegment)
                )
            except BaseException as error:  # the values' own code, of which any may be called
                guard.pass_on(error)
                text = document.bare(subsegment)
                guard.failed(error)
            parent = subsegment.parent
            subsegment.accepts_children = False
            if subsegment.waiting:
                pour(subsegment.waiting, children)
            if children:  # which another thread may have let go meanwhile
                text, height = _join(subsegment, text, children)
            else:
                text += "}"
                height = 1
            size = len(text) + 1
            if parent is None or not parent.accepts_children or size > MAX_WAITING_BYTES:
                alone = document.standalone(text, invocation.trace_id, subsegment.parent_id, subsegment.type)
                kept = invocation.outgoing, alone
                invocation.outgoing.append(alone)
                subsegment.is_stored = True
                if not invocation.open:
                    invocation.waiting_since = None
            else:
                if parent.waiting_bytes + size > MAX_WAITING_BYTES:
                    make_room(parent, size)
                inside = text, height
                kept = parent.waiting, inside
                parent.waiting.append(inside)
                subsegment.is_stored = True
                parent.waiting_bytes += size
                if not parent.accepts_children:  # it has been closed in this moment
                    let_go(parent)
                else:
                    now = clock.monotonic()
                    if invocation.waiting_since is None:
                        invocation.waiting_since = now
                    elif now - invocation.waiting_since > MAX_WAITING_S:
                        _let_all_go(invocation)
            if invocation.records is not None:
                invocation.records.stored(subsegment.id, kept[1])
            # Let go of what was captured: an exception's frames would form a cycle with it and outlive the call.
            subsegment.captured = ()
        except BaseException:
            if kept is not None and any(each is kept[1] for each in kept[0]):
                subsegment.is_stored = True
            if not subsegment.is_stored:
                subsegment.waiting.extend(reversed(children))
                invocation.open[subsegment.id] = subsegment
            raise
        if invocation.outgoing:
            self.dispatch(invocation)
        if parent is None and invocation.open:
            for left in _below(subsegment, opened_in(invocation)):
                self.leave_behind(left)

    def leave_behind(self, subsegment: Subsegment) -> None:
        """Send an open subsegment as in progress: those above it are gone, and perhaps nobody will ever close it.

        When somebody does, its whole document replaces this one.
        """
        if subsegment.end_time is not None:  # what put it here was interrupted
            self.put(subsegment)
            return
        if not subsegment.accepts_children:
            return
        subsegment.accepts_children = False
        let_go(subsegment)
        self.dispatch(subsegment.invocation)
        self.send_in_progress(subsegment)

    def send_in_progress(
        self, subsegment: Subsegment, fault_cause: Mapping[str, Any] | None = None, *, is_brief: bool = False
    ) -> None:
        """Send a subsegment as it is now, unless it has ended meanwhile; as a fault if there is a cause.

        `is_brief`: without metadata, whose encoding may take its time.
        """
        text = document.alone(subsegment, True, fault_cause, is_brief)
        if subsegment.end_time is None:
            subsegment.is_announced = True
            self.send(subsegment.invocation, [text])

    def announce(
        self, subsegment: Subsegment, fault_cause: Mapping[str, Any] | None = None, *, is_brief: bool = False
    ) -> None:
        """`send_in_progress` beside the threads that work on it: for the watching thread, which nothing interrupts."""
        global _announcing
        invocation = subsegment.invocation
        try:
            _announcing = (invocation, get_ident())
            self.send_in_progress(subsegment, fault_cause, is_brief=is_brief)
        finally:
            _announcing = None
            self.dispatch(invocation)

    def flush(self, invocation: Invocation) -> None:
        """Send all that waits, now."""
        _let_all_go(invocation)
        self.dispatch(invocation)

    def send(self, invocation: Invocation, documents: list[str]) -> None:
        """Send finished documents, or let the invocation hold them while there is no trace to send them to."""
        invocation.outgoing.extend(documents)
        self.dispatch(invocation)

    def dispatch(self, invocation: Invocation) -> None:
        """Send what is to leave, unless another thread is about to."""
        if not invocation.outgoing or not (
            type(self._recorder.emitter) is UDPEmitter or guard.can_load(entity)
        ):
            return  # who comes next sends it
        announcing = _announcing
        if announcing is not None and announcing[0] is invocation and announcing[1] != get_ident():
            return
        leaving: list[str] = []
        try:
            pour(invocation.outgoing, leaving)
            keeper = invocation.keeper
            if keeper is not None:
                documents = leaving[::-1]
                leaving.clear()
                keeper.hold(documents)
            while leaving:
                self._send(invocation, leaving[-1])
                leaving.pop()
        except BaseException:
            invocation.outgoing[:0] = leaving[::-1]
            raise

    def _send(self, invocation: Invocation, text: str) -> None:
        emitter = self._recorder.emitter
        try:
            is_sent = emitter.send(text) if type(emitter) is UDPEmitter else entity.send_by(emitter, text)
            if is_sent is False:
                invocation.lose("not_sent", len(text))
        except Exception as error:  # somebody else's emitter: the other documents are still to be sent
            guard.pass_on(error)
            invocation.lose("not_sent", len(text))
            guard.warn_once(
                "emitter", "the emitter raised %s: this part of the trace is lost", type(error).__name__
            )


def after_fork() -> None:
    """In a forked child: a thread that was sending does not exist here."""
    global _announcing
    _announcing = None


def pour(source: list[Any], target: list[Any]) -> None:
    """Move all of `source` to the end of `target`, last one first.

    In C code from the taking to the putting: nothing can come between, and two threads share without taking one twice.
    """
    while source:
        try:
            target.extend(map(source.pop, (-1,) * len(source)))
        except IndexError as error:  # another thread took some
            guard.pass_on(error)


def _join(subsegment: Subsegment, text: str, children: list[Waiting]) -> Waiting:
    """The subsegment's own text and its children as one document; children that do not fit in it leave."""
    texts, heights = zip(*children, strict=True)
    size = len(text) + sum(map(len, texts)) + len(texts) + len(',"subsegments":[]}')
    height = max(heights) + 1
    if size <= xray.MAX_DOCUMENT_BYTES and height <= MAX_NESTING:  # as a rule
        return document.closed(text, texts[::-1]), height
    invocation = subsegment.invocation
    kept: list[str] = []
    leaving: list[str] = []
    height = 1
    for child_text, child_height in reversed(children):
        if size > xray.MAX_DOCUMENT_BYTES or child_height >= MAX_NESTING:
            leaving.append(document.standalone(child_text, invocation.trace_id, subsegment.id))
            size -= len(child_text) + 1
        else:
            kept.append(child_text)
            height = max(height, child_height + 1)
    invocation.outgoing.extend(leaving)
    return document.closed(text, kept), height


def make_room(parent: Subsegment, size: int) -> None:
    """Let the oldest that wait in `parent` leave until `size` more bytes may wait beside the rest."""
    while parent.waiting_bytes + size > MAX_WAITING_BYTES and parent.waiting:
        oldest: list[Waiting] = []
        try:
            oldest.extend(map(parent.waiting.pop, _FIRST))
            ((text, _),) = oldest
            parent.invocation.outgoing.append(
                document.standalone(text, parent.invocation.trace_id, parent.id)
            )
            parent.waiting_bytes -= len(text) + 1
        except BaseException as error:
            if type(error) is IndexError and not oldest:  # another thread took it
                guard.pass_on(error)
                break
            parent.waiting[:0] = oldest
            raise
    if not parent.waiting:
        parent.waiting_bytes = 0


def let_go(subsegment: Subsegment) -> None:
    """Let what waits in a subsegment leave, as documents of their own."""
    moved: list[Waiting] = []
    invocation = subsegment.invocation
    try:
        pour(subsegment.waiting, moved)
        subsegment.waiting_bytes = 0
        while moved:
            invocation.outgoing.append(document.standalone(moved[-1][0], invocation.trace_id, subsegment.id))
            moved.pop()
    except BaseException:
        subsegment.waiting.extend(reversed(moved))
        raise


def _let_all_go(invocation: Invocation) -> None:
    invocation.waiting_since = None
    for subsegment in opened_in(invocation):
        let_go(subsegment)


def _below(ancestor: Subsegment, opened: list[Subsegment]) -> list[Subsegment]:
    """Those of the open subsegments that are below `ancestor`. Each is looked at once, however deep they nest."""
    is_below = {id(ancestor): True}
    for subsegment in opened:
        passed = []
        at: Subsegment | None = subsegment
        while at is not None and id(at) not in is_below:
            passed.append(id(at))
            at = at.parent
        is_below.update(dict.fromkeys(passed, at is not None and is_below[id(at)]))
    return [subsegment for subsegment in opened if is_below[id(subsegment)]]

"""Absorption: a subsegment that has just ended goes without a trace, and what waits in it waits in its parent."""

from __future__ import annotations

from ..encode import document
from . import outbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..trace.subsegment import Subsegment, Waiting


def absorb(subsegment: Subsegment) -> None:
    """Move what waits in a subsegment, which nobody counts among the open ones any more, into its parent."""
    parent, invocation = subsegment.parent, subsegment.invocation
    moved: list[Waiting] = []
    try:
        outbox.pour(subsegment.waiting, moved)
        if moved and parent is not None:
            size = subsegment.waiting_bytes
            outbox.make_room(parent, size)
            parent.waiting_bytes += size
            parent.waiting.extend(reversed(moved))
            if not parent.accepts_children:
                outbox.let_go(parent)
    except BaseException:
        invocation.outgoing.extend(
            [document.standalone(text, invocation.trace_id, subsegment.parent_id) for text, _ in moved]
        )
        raise
    subsegment.recorder.send(invocation, [])

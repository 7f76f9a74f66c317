"""Corrections of documents that are finished: what turned out to have failed becomes a fault.

A document that waits is changed where it waits, also inside one that has taken it in. One that has left is sent again:
of two documents of one subsegment X-Ray shows the later one.
"""

from __future__ import annotations

from ..encode import document
from ..trace.subsegment import opened_in
from .outbox import let_go, pour

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..trace.invocation import Invocation
    from ..trace.subsegment import Waiting
    from .outbox import Outbox

    Finished = tuple[str, str | None]
    """The id of a subsegment's parent, and its document, if that has been kept."""

_BEGINNING = '{"id":"'
"""Of a document that is not alone. In a text within it, quotation marks are escaped."""

_ID_DIGITS = 16


def mark_faults(outbox: Outbox, invocation: Invocation, finished: Mapping[str, Finished]) -> int:
    """Make faults of finished subsegments, by their ids. Returns how many have left without having been kept."""
    wanted = dict(finished)
    for subsegment in opened_in(invocation):
        moved: list[Waiting] = []
        try:
            pour(subsegment.waiting, moved)
            for number, (text, height) in enumerate(moved):
                changed = _with_faults(text, wanted)
                subsegment.waiting_bytes += len(changed) - len(text)
                moved[number] = changed, height
        finally:
            subsegment.waiting.extend(reversed(moved))
            if not subsegment.accepts_children:  # it has been closed in this moment
                let_go(subsegment)
    again = []
    for id_, (parent_id, kept) in wanted.items():
        if kept is not None:
            text = kept.replace(f'"id":"{id_}"', f'"id":"{id_}","fault":true', 1)
            is_alone = not text.startswith(_BEGINNING)
            again.append(text if is_alone else document.standalone(text, invocation.trace_id, parent_id))
    outbox.send(invocation, again)
    return len(wanted) - len(again)


def _with_faults(text: str, wanted: dict[str, Finished]) -> str:
    """A document with those in it as faults that are wanted, which then are no more."""
    parts = text.split(_BEGINNING)
    for number, part in enumerate(parts[1:], start=1):
        id_, rest = part[:_ID_DIGITS], part[_ID_DIGITS:]
        if id_ in wanted and rest.startswith('","name":'):
            parts[number] = f'{id_}","fault":true{rest[1:]}'
            del wanted[id_]
    return _BEGINNING.join(parts)

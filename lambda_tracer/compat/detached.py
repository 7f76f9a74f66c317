"""Detached: the trace of a segment that code makes itself. It is kept as objects, and nothing in it is ever sent.

Where an invocation runs, what the recorder opens is recorded in that, and only counts as below such a segment. Where
none does, in tests, the context works for the segment's own trace.
"""

from __future__ import annotations

from .. import settings
from ..trace import running
from ..trace.context import see
from ..trace.header import TraceHeader
from ..trace.invocation import Invocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_KEPT = 100
"""Subsegments that an entity keeps in `subsegments`: one that nobody ends would grow with each invocation."""

is_met = False
"""Whether anybody has made an entity by hand in this process. Until then no subsegment asks for such a segment."""


class Nowhere:
    """Where the documents of such a trace go."""

    def hold(self, documents: list[str]) -> None:
        """Drop them."""

    def end(self, begun: Invocation) -> None:
        """Nothing is held."""


class Detached(Invocation):
    """An invocation that is nobody's: nothing in it is sent."""

    __slots__ = ()
    keeper = Nowhere()


def detached(header: TraceHeader, *, is_sampled: bool = False) -> Detached:
    """The trace that a header says, with its Parent above what has no parent."""
    global is_met
    is_met = True
    made = Detached(None)
    made._header = header
    made.trace_id, made.parent_id = header.root or "", header.parent or ""
    made.is_sampled = is_sampled
    return made


def runs_in_invocation() -> bool:
    """Whether this is Lambda, or a trace header says that it is to be taken for it."""
    return bool(settings.trace_header()) or settings.in_lambda()


def enter(segment: Any) -> None:
    """Have this context work for the trace of a segment of one's own, unless an invocation runs."""
    if not runs_in_invocation():
        running.bind(segment.invocation)
        see(None)


def leave() -> None:
    """Have this context work for whatever runs again."""
    if isinstance(running.bound_to(), Detached):
        running.bind(None)
        see(None)


def told(entity: Any, below: list[Any]) -> dict[str, Any]:
    """The document of an entity that keeps what is below it."""
    import json

    document: dict[str, Any] = json.loads(entity.recorder.document_of(entity))
    if below:
        document["subsegments"] = [each.to_dict() for each in below]
    return document

"""Detached: the trace of what code makes itself. It is kept as objects, and nothing in it is ever sent.

Where an invocation runs, what the recorder opens is recorded in that, and only counts as below a segment that code has
begun. Where none does, the context works for that segment's own trace, see `own_segments`.
"""

from __future__ import annotations

from .. import settings
from ..trace import running
from ..trace.context import place, see
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


NOWHERE = Nowhere()


class Detached(Invocation):
    """An invocation that is nobody's: nothing in it is sent."""

    __slots__ = ()
    keeper = NOWHERE


def is_unsent(invocation: Invocation) -> bool:
    """Whether nothing in it is sent: what is below a segment or entity that was made by hand."""
    return invocation.keeper is NOWHERE


def detached(header: TraceHeader, *, is_sampled: bool = False) -> Detached:
    """The trace that a header says, with its Parent above what has no parent."""
    meet()
    made = Detached(None)
    made._header = header
    made.trace_id, made.parent_id = header.root or "", header.parent or ""
    made.is_sampled = is_sampled
    return made


def meet() -> None:
    """Somebody makes an entity by hand."""
    global is_met
    is_met = True


def innermost() -> Any:
    """The current subsegment, recorded or not; None where that is none, but a segment may be."""
    current = place()[1]
    return None if current is None or current.type == "segment" else current


def runs_in_invocation() -> bool:
    """Whether this is Lambda, or a trace header says that it is to be taken for it."""
    return bool(settings.trace_header()) or settings.in_lambda()


def leave() -> None:
    """Have this context work for whatever runs again."""
    working_for = running.bound_to()
    if working_for is not None and (working_for.is_of_context or isinstance(working_for, Detached)):
        running.bind(None)
        see(None)


def told(entity: Any, below: list[Any]) -> dict[str, Any]:
    """The document of an entity that keeps what is below it."""
    import json

    document: dict[str, Any] = json.loads(entity.recorder.document_of(entity))
    if below:
        document["subsegments"] = [each.to_dict() for each in below]
    return document

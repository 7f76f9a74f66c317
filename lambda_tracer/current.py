"""Where this context is in the trace: the running invocation, and the current subsegment in it.

A context variable and not a stack: every task and every copied context has its own value, and closing out of order
leaves nothing to repair. `seen` holds the subsegment that this context opened or inherited last; it may have ended, or
belong to an earlier invocation: current is its nearest open ancestor in the running one. Threads begin with
an empty context; `carried` takes the place along.
"""

from __future__ import annotations

from . import invocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import ContextVar
    from typing import TypeAlias

    from .invocation import Invocation
    from .subsegment import Subsegment
    from .unrecorded import UnrecordedSubsegment

    AnySubsegment: TypeAlias = "Subsegment | UnrecordedSubsegment"
else:
    from _contextvars import ContextVar  # the C module alone: one less to import

seen: ContextVar[AnySubsegment | None] = ContextVar("lambda_tracer_subsegment", default=None)

# The invocation that this context works for, whatever runs by now: set in threads, which may outlive their invocation.
bound: ContextVar[Invocation | None] = ContextVar("lambda_tracer_invocation", default=None)


def place() -> tuple[Invocation, AnySubsegment | None]:
    """The running invocation and the current subsegment in it, None when none is open."""
    running = bound.get() or invocation.current()
    subsegment = seen.get()
    while subsegment is not None and subsegment.end_time is not None:
        subsegment = subsegment.parent
    return running, subsegment if subsegment is not None and subsegment.invocation is running else None


def is_outermost() -> bool:
    """Whether this context has opened and inherited nothing: a quick answer for what an unsampled call asks."""
    return seen.get() is None and bound.get() is None

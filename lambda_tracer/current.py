"""Where this context is in the trace: the running invocation, and the current subsegment in it.

A context variable and not a stack: every task and every copied context has its own value, and closing out of order
leaves nothing to repair. `seen` holds the subsegment that this context opened or inherited last; it may have ended, or
belong to an earlier invocation: current is its nearest open ancestor in the running one. Threads begin with
an empty context; `Carried` takes the place along.
"""

from __future__ import annotations

from contextvars import ContextVar

from . import invocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .invocation import Invocation
    from .subsegment import Subsegment
    from .unrecorded import UnrecordedSubsegment

    AnySubsegment = Subsegment | UnrecordedSubsegment

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


class Carried:
    """A place in the trace, taken along to another thread by `Recorder.carry`."""

    __slots__ = ("_invocation", "_subsegment")

    def __init__(self, running: Invocation, subsegment: AnySubsegment | None) -> None:
        self._invocation = running
        self._subsegment = subsegment

    def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call `function` there: what it opens is below the subsegment that was current, in that invocation.

        It stays in that invocation even when the next one has begun. The thread is afterwards where it was
        before.
        """
        was_bound = bound.set(self._invocation)
        was_seen = seen.set(self._subsegment)
        try:
            return function(*args, **kwargs)
        finally:
            seen.reset(was_seen)
            bound.reset(was_bound)

"""Where this context is in the trace: the running invocation, and the current subsegment in it.

A context variable and not a stack: every task and every copied context has its own value, and closing out of order
leaves nothing to repair. `seen` holds the subsegment that this context opened or inherited last; it may have ended, or
belong to an earlier invocation: current is its nearest open ancestor in the running one. Threads begin with
an empty context; `Carried` takes the place along.
"""

from __future__ import annotations

from functools import partial

from ..guard import pass_on
from . import running
from .collection import letters, variable
from .running import bind, bound, bound_to

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context, ContextVar, Token
    from typing import Any, Protocol, TypeAlias

    from .invocation import Invocation
    from .subsegment import Subsegment
    from .unrecorded import UnrecordedSubsegment

    AnySubsegment: TypeAlias = "Subsegment | UnrecordedSubsegment"

    class HandlersCall(Protocol):
        """A call of the Lambda handler: the `id` of the frame of ours that makes it, and whether it is over."""

        frame_id: int
        has_ended: bool

        def is_over(self) -> bool:
            """Whether another invocation has begun, in which this call is nobody's outermost handler."""

else:
    from _contextvars import Context, ContextVar  # the C module alone: one less to import

seen: ContextVar[AnySubsegment | None]
seen, see, last_seen = variable("lambda_tracer_subsegment")

_get_bound, _get_seen = bound.get, seen.get  # taken once: see `recording`

in_handler: ContextVar[HandlersCall | None] = ContextVar("lambda_tracer_in_handler", default=None)
"""The outermost call of a captured handler that runs in this context, or ran last: it begins the invocation."""

_BUILTIN = type(len)


def place() -> tuple[Invocation, AnySubsegment | None]:
    """The running invocation and the current subsegment in it, None when none is open."""
    if "a" in letters:
        runs, subsegment = bound_to() or running.current(), last_seen()
    else:
        runs, subsegment = _get_bound() or running.current(), _get_seen()
    while subsegment is not None and subsegment.end_time is not None:
        subsegment = subsegment.parent
    return runs, subsegment if subsegment is not None and subsegment.invocation is runs else None


def is_outermost() -> bool:
    """Whether this context has opened and inherited nothing: a quick answer for what an unsampled call asks."""
    if "a" in letters:
        return last_seen() is None and bound_to() is None
    return _get_seen() is None and _get_bound() is None


class Carried:
    """A place in the trace, taken along to another thread by `Recorder.carry`."""

    __slots__ = ("_invocation", "_subsegment")

    def __init__(self, running: Invocation | None, subsegment: AnySubsegment | None) -> None:
        """`running` is the invocation to work for; None for whichever runs."""
        self._invocation = running
        self._subsegment = subsegment

    def run(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Call `function` there: what it opens is below the subsegment that was current, in that invocation.

        It stays in that invocation even when the next one has begun. The thread is afterwards where it was
        before.
        """
        # Set within the block: an exception from outside may come between any two of these.
        was_bound, was_seen = bound_to(), last_seen()
        context = was_bound_there = None
        try:
            bind(self._invocation)
            see(self._subsegment)
            context = _own_context(function)
            was_bound_there = None if context is None else self._bind(context)
            return function(*args, **kwargs)
        finally:
            see(was_seen)
            bind(was_bound)
            if context is not None and was_bound_there is not None:
                context.run(bound.reset, was_bound_there)

    def _bind(self, context: Context) -> Token[Invocation | None] | None:
        """Have what runs in that context work for this invocation, unless it works for one already."""
        if context.get(bound) is not None:
            return None
        try:
            return context.run(bound.set, self._invocation)
        except RuntimeError as error:  # somebody else is in it: the function is about to be told the same
            pass_on(error)
            return None


NOWHERE = Carried(None, None)
"""What work brings along that was handed over outside invocations, to a thread that may be bound to one."""


def _own_context(function: Any) -> Context | None:
    """The context that `function` is going to run in by itself: that of `Context.run`, bare or in a partial.

    `asyncio.to_thread` makes one. It knows the current subsegment, but not that its work may outlive the invocation.
    """
    if type(function) is partial:
        function = function.func
    context = getattr(function, "__self__", None) if type(function) is _BUILTIN else None
    return context if type(context) is Context and function.__name__ == "run" else None

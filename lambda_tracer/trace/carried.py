"""Carried: a place in the trace, taken along by work that is handed to another thread."""

from __future__ import annotations

from functools import partial

from ..guard import pass_on
from .context import bind, bound, bound_to, last_seen, see

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context, Token
    from typing import Any

    from .context import AnySubsegment
    from .invocation import Invocation
else:
    from _contextvars import Context

_BUILTIN = type(len)


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

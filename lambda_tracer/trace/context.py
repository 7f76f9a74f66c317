"""Where this context is in the trace: the running invocation, and the current subsegment in it.

A context variable and not a stack: every task and every copied context has its own value, and closing out of order
leaves nothing to repair. `seen` holds the subsegment that this context opened or inherited last; it may have ended, or
belong to an earlier invocation: current is its nearest open ancestor in the running one. Threads begin with
an empty context; `carried` takes the place along.
"""

from __future__ import annotations

import sys

from . import invocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextvars import ContextVar
    from typing import Any, TypeAlias

    from .invocation import Invocation
    from .subsegment import Subsegment
    from .unrecorded import UnrecordedSubsegment

    AnySubsegment: TypeAlias = "Subsegment | UnrecordedSubsegment"
else:
    from _contextvars import ContextVar  # the C module alone: one less to import

seen: ContextVar[AnySubsegment | None] = ContextVar("lambda_tracer_subsegment", default=None)

# The invocation that this context works for, whatever runs by now: set in threads, which may outlive their invocation.
bound: ContextVar[Invocation | None] = ContextVar("lambda_tracer_invocation", default=None)


_letters: set[str] = set()  # of the last phase of a collection: "start" has an a, "stop" has none

if sys.version_info >= (3, 12):
    see, last_seen = seen.set, seen.get
    bind, bound_to = bound.set, bound.get

    def _collection() -> object:
        return None

    def stand_around() -> None:
        """Nothing: nobody has to know of collections."""

else:
    # Before 3.12 a collection may begin while the table of a context's variables is being changed or copied. What runs
    # in it (a finalizer, a signal handler within that) and sets a variable frees the table that is being worked on: the
    # process dies of it. So what is done in a collection has its place beside the variables.
    import gc
    from _thread import _local
    from functools import partial

    _began: dict[str, object] = {}  # by phase, an object for the last collection in any thread
    _began_here = _local()  # the same for the last one in this thread
    _aside_seen: Any = (None, None)  # the collection, and what is in the place of `seen` in it
    _aside_bound: Any = (None, None)

    # Called with the phase and that object, of which `_letters` gets the keys. All are C code: no signal handler comes
    # between. But there may be others' callbacks in Python: ours are the first to be told that a collection starts, and
    # the last to be told that it stops.
    _first = [partial(_letters.update), partial(_began.__setitem__), partial(setattr, _began_here)]
    _last = [partial(_letters.intersection_update), partial(_letters.update)]
    gc.callbacks[:] = [*_first, *gc.callbacks, *_last]

    def stand_around() -> None:
        """Be the first and the last again to be told of a collection, if others have come since."""
        callbacks = gc.callbacks
        if not callbacks or callbacks[0] is not _first[0] or callbacks[-1] is not _last[-1]:
            others = [each for each in callbacks if not any(each is ours for ours in (*_first, *_last))]
            callbacks[:] = [*_first, *others, *_last]

    def _collection() -> object:
        """What tells the collection that runs in this thread from others; None where none does."""
        begun = _began.get("start")
        return begun if getattr(_began_here, "start", None) is begun else None

    def see(subsegment: AnySubsegment | None) -> None:
        """Have this context see that subsegment last."""
        global _aside_seen
        collection = _collection() if "a" in _letters else None
        if collection is None:
            seen.set(subsegment)
        else:
            _aside_seen = collection, subsegment

    def last_seen() -> AnySubsegment | None:
        """What this context saw last."""
        collection = _collection() if "a" in _letters else None
        if collection is not None and _aside_seen[0] is collection:
            aside: AnySubsegment | None = _aside_seen[1]
            return aside
        return seen.get()

    def bind(running: Invocation | None) -> None:
        """Have this context work for that invocation; None for whichever runs."""
        global _aside_bound
        collection = _collection() if "a" in _letters else None
        if collection is None:
            bound.set(running)
        else:
            _aside_bound = collection, running

    def bound_to() -> Invocation | None:
        """The invocation that this context works for."""
        collection = _collection() if "a" in _letters else None
        if collection is not None and _aside_bound[0] is collection:
            aside: Invocation | None = _aside_bound[1]
            return aside
        return bound.get()


def is_collecting() -> bool:
    """Whether this runs in a collection, in which no context variable may be set (see above)."""
    return "a" in _letters and _collection() is not None


def place() -> tuple[Invocation, AnySubsegment | None]:
    """The running invocation and the current subsegment in it, None when none is open."""
    if "a" in _letters:
        running, subsegment = bound_to() or invocation.current(), last_seen()
    else:
        running, subsegment = bound.get() or invocation.current(), seen.get()
    while subsegment is not None and subsegment.end_time is not None:
        subsegment = subsegment.parent
    return running, subsegment if subsegment is not None and subsegment.invocation is running else None


def is_outermost() -> bool:
    """Whether this context has opened and inherited nothing: a quick answer for what an unsampled call asks."""
    if "a" in _letters:
        return last_seen() is None and bound_to() is None
    return seen.get() is None and bound.get() is None

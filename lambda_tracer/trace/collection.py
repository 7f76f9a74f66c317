"""Whether this thread is in the middle of a garbage collection, in which no context variable may be set.

Before Python 3.12 a collection may begin while the table of a context's variables is being changed or copied. What runs
in it (a finalizer, a signal handler within that) and sets a variable frees the table that is being worked on: the
process dies of it. So what is set in a collection has its place beside the variables. Later versions begin
collections between two bytecodes alone, and nobody has to know of them.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import ContextVar
    from typing import Any

    Variable = tuple[ContextVar[Any], Callable[[Any], object], Callable[[], Any]]
else:
    from _contextvars import ContextVar  # the C module alone: one less to import

letters: set[str] = set()
"""Of the last phase of a collection: "start" has an a, "stop" has none. No a, no collection: a quick answer."""

if sys.version_info >= (3, 12):

    def variable(name: str) -> Variable:
        """A context variable of that name, None at first, and how it is set and read: within collections, too."""
        kept: ContextVar[Any] = ContextVar(name, default=None)
        return kept, kept.set, kept.get

    def stand_around() -> None:
        """Nothing: nobody has to know of collections."""

    def is_collecting() -> bool:
        """No: whatever runs may set context variables."""
        return False

else:
    import gc
    from _thread import _local
    from functools import partial

    _began: dict[str, object] = {}  # by phase, an object for the last collection in any thread
    _began_here = _local()  # the same for the last one in this thread

    # Called with the phase and that object, of which `letters` gets the keys. All are C code: no signal handler comes
    # between. But there may be others' callbacks in Python: ours are the first to be told that a collection starts, and
    # the last to be told that it stops.
    _first = [partial(letters.update), partial(_began.__setitem__), partial(setattr, _began_here)]
    _last = [partial(letters.intersection_update), partial(letters.update)]
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

    def is_collecting() -> bool:
        """Whether this runs in a collection, in which no context variable may be set."""
        return "a" in letters and _collection() is not None

    class _Aside:
        """A context variable, and what is in its place while a collection runs."""

        __slots__ = ("_aside", "_kept")

        def __init__(self, kept: ContextVar[Any]) -> None:
            self._kept = kept
            self._aside: tuple[object, Any] = (None, None)

        def set(self, value: Any) -> None:
            collection = _collection() if "a" in letters else None
            if collection is None:
                self._kept.set(value)
            else:
                self._aside = collection, value

        def get(self) -> Any:
            collection = _collection() if "a" in letters else None
            if collection is not None and self._aside[0] is collection:
                return self._aside[1]
            return self._kept.get()

    def variable(name: str) -> Variable:
        """A context variable of that name, None at first, and how it is set and read: within collections, too."""
        kept: ContextVar[Any] = ContextVar(name, default=None)
        aside = _Aside(kept)
        return kept, aside.set, aside.get

"""Threads: work that another thread does is below the subsegment that started it.

Wraps: `threading.Thread.start`, to take the place in the trace along, and `ThreadPoolExecutor.submit`,
through which `map`, `loop.run_in_executor` and boto3's transfers go; a pool's thread works for many
submitters, so each piece of work brings its own place. Records: nothing. Never records: anything. Propagates:
the current subsegment and its invocation alone, not the rest of the caller's context.
"""

from __future__ import annotations

import sys
import types

from .. import recording
from ..trace.context import NOWHERE
from . import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `threading` or `concurrent.futures.thread`."""
    if module.__name__ == "threading":
        return [(module.Thread, "start", _start)]
    return [(module.ThreadPoolExecutor, "submit", _submit)]


def _start(start: Callable[..., None]) -> Callable[..., None]:
    def start_in_place(self: Any) -> None:
        carried = recording.default.carry()
        if carried is None:
            return start(self)
        attributes = vars(self)
        # Not Thread.run, which subclasses override, but this thread's: whatever context it is given, it
        # begins there.
        before = {"run": attributes["run"]} if "run" in attributes else {}
        run = self.run
        ours: Any = None

        def run_in_place(*args: Any, **kwargs: Any) -> Any:
            put_back()
            # Others call what they find here as `run()`, as `run(thread)`, or as the function of a bound method.
            return carried.run(run, *(each for each in args if each is not self), **kwargs)

        def put_back() -> None:
            nonlocal ours
            if ours is not None and attributes.get("run") is ours:  # somebody else's may stand around it
                attributes.pop("run")
                attributes.update(before)
            ours = None  # it holds this function, which holds it

        # A bound method, as the thread's own is.
        ours = attributes["run"] = types.MethodType(run_in_place, self)
        try:
            start(self)
        except BaseException:
            put_back()
            raise

    return start_in_place


def _submit(submit: Callable[..., Any]) -> Callable[..., Any]:
    def submit_in_place(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        if _is_of_interpreters(self):
            return submit(self, fn, *args, **kwargs)
        # The pool's thread may be bound to the invocation that it was started in.
        carried = recording.default.carry() or NOWHERE
        return submit(self, carried.run, fn, *args, **kwargs)

    return submit_in_place


def _is_of_interpreters(executor: Any) -> bool:
    """Whether each of the pool's threads has an interpreter of its own (Python 3.14), for which work is pickled."""
    module = sys.modules.get("concurrent.futures.interpreter")
    return module is not None and isinstance(executor, module.InterpreterPoolExecutor)

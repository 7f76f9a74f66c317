"""Threads: work that another thread does is below the subsegment that started it.

Wraps: `threading.Thread.start`, to take the place in the trace along, and `ThreadPoolExecutor.submit`,
through which `map`, `loop.run_in_executor` and boto3's transfers go; a pool's thread works for many
submitters, so each piece of work brings its own place. Records: nothing. Never records: anything. Propagates:
the current subsegment and its invocation alone, not the rest of the caller's context.
"""

from __future__ import annotations

from ..carried import NOWHERE
from ..recorder import xray_recorder
from . import replacing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def patch(module: ModuleType) -> None:
    """Patch `threading` or `concurrent.futures.thread`."""
    replacing.replace(_targets(module))


def unpatch(module: ModuleType) -> None:
    """Undo `patch`."""
    replacing.restore((owner, name) for owner, name, _ in _targets(module))


def _targets(module: ModuleType) -> list[tuple[Any, str, Callable[[Any], Any]]]:
    if module.__name__ == "threading":
        return [(module.Thread, "start", _start)]
    return [(module.ThreadPoolExecutor, "submit", _submit)]


def _start(start: Callable[..., None]) -> Callable[..., None]:
    def start_in_place(self: Any) -> None:
        carried = xray_recorder.carry()
        if carried is None:
            return start(self)
        attributes = vars(self)
        # Not Thread.run, which subclasses override, but this thread's: whatever context it is given, it
        # begins there.
        before = {"run": attributes["run"]} if "run" in attributes else {}
        run = self.run

        def run_in_place() -> None:
            attributes.pop("run", None)
            attributes.update(before)
            carried.run(run)

        attributes["run"] = run_in_place
        try:
            start(self)
        except BaseException:
            if attributes.get("run") is run_in_place:
                attributes.pop("run")
                attributes.update(before)
            raise

    return start_in_place


def _submit(submit: Callable[..., Any]) -> Callable[..., Any]:
    def submit_in_place(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        # The pool's thread may be bound to the invocation that it was started in.
        carried = xray_recorder.carry() or NOWHERE
        return submit(self, carried.run, fn, *args, **kwargs)

    return submit_in_place

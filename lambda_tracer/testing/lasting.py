"""Lasting: what captures need that takes longer than most tests, done once for those that follow each other.

That is replacing functions in libraries and putting them back, milliseconds where much is imported, and the thread that
watches handlers.
"""

from __future__ import annotations

import sys

from ..clock import clock
from ..patches import registry, undo, unpatch
from ..send import watchdog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..outside import Switchable

    Wish = tuple[Switchable, tuple[str, ...] | None]
    """A Tracer, and what it would have patched in Lambda: None for all libraries."""

    State = tuple[undo.State, frozenset[str], dict[str, tuple[str, ...]]]


STOP_S = 1.0
"""How long a test waits for that thread to end, which may be stuck in an emitter of the user's."""


class Lasting:
    """What Tracers wish to have patched is, from `begin` to `undo`. In between, captures come and go."""

    def __init__(self) -> None:
        self._before: State | None = None
        self._stops_watching = False
        self._as_wished: State | None = None
        self._wishes: list[tuple[int, tuple[str, ...] | None]] = []

    def begin(self, wishes: Sequence[Wish]) -> None:
        """Have all that is wished patched, and nothing else that has not been patched before."""
        needed: dict[tuple[int, tuple[str, ...] | None], Switchable] = {}
        for tracer, modules in wishes:
            needed.setdefault((id(tracer.provider), modules), tracer)
        if self._before is not None and self._wishes == list(needed):
            return
        self.undo()
        self._stops_watching = not watchdog.is_running()
        self._before = _state()
        self._wishes = list(needed)
        try:
            for (_, modules), tracer in needed.items():
                tracer.patch(modules)
        except BaseException:
            self.undo()
            raise
        self._as_wished = _state()

    def end(self) -> None:
        """Take back what was patched beyond that by a test itself, or put back what it has unpatched."""
        if self._as_wished is not None:
            _restore(self._as_wished)

    def undo(self) -> None:
        """Put back the functions that were there, and end the thread if there was none."""
        before, self._before = self._before, None
        if before is not None:
            self._as_wished = None
            if self._stops_watching:
                stop_watching()
            _restore(before)


def stop_watching() -> None:
    """End the thread that watches handlers, and wait for that: the next handler starts another."""
    until = clock.monotonic() + STOP_S
    while watchdog.is_running() and clock.monotonic() < until:
        watchdog.ask_to_stop()
        clock.sleep(0.0001)


between_tests = Lasting()
"""What the fixture of pytest leaves to the next test of this process."""


def _state() -> State:
    return undo.state(), frozenset(registry.registered.values()), _own_patched()


def _restore(state: State) -> None:
    """Patch and unpatch until all is as when that was the state."""
    of_hook, libraries, own = state
    now, own_now = frozenset(registry.registered.values()), _own_patched()
    unpatch.unpatch([*(now - libraries), *(own_now.keys() - own.keys())])
    registry.patch(libraries - now)
    for name in own.keys() - own_now.keys():
        registry.patch([name], ignore_module_patterns=own[name])
    undo.reset(of_hook)


def _own_patched() -> dict[str, tuple[str, ...]]:
    """The user's own packages that are patched, with the patterns of what is left out."""
    own_packages = sys.modules.get("lambda_tracer.patches.own_packages")
    return {} if own_packages is None else own_packages.patched()

"""The clock: what the tracer tells the time by, and pauses with, whatever a test of the user's does to `time`.

Tests patch `time.time`, freeze it, or let it run in leaps. What the tracer asks of it must not use up a list of
answers that a test prepared, and what a test has it raise must not reach the user. So the functions are taken once,
when this module is imported. They are attributes of an object and no globals of a module, since freezegun looks
through the globals of all modules for them.
"""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Clock:
    """`now` gives epoch seconds, `monotonic` seconds since whenever, `sleep` waits for seconds."""

    __slots__ = ("_originals", "monotonic", "now", "sleep")

    now: Callable[[], float]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    _originals: dict[str, Callable[..., Any]]

    def __init__(self) -> None:
        self.now = time.time
        self.monotonic = time.monotonic
        self.sleep = time.sleep
        self._originals = {"now": self.now, "monotonic": self.monotonic, "sleep": self.sleep}

    def renew(self) -> None:
        """Go round time-machine, which changes the functions themselves, by the way that it offers."""
        hatch = getattr(sys.modules.get("time_machine"), "escape_hatch", None)
        real = getattr(hatch, "time", None)
        for name, original in self._originals.items():
            escape = getattr(real, "time" if name == "now" else name, None)
            if callable(escape):
                setattr(self, name, _escaping(hatch, escape, original))


def _escaping(hatch: Any, escape: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    """`original`, by way of `escape` while somebody travels; that raises, in recent versions, when nobody does."""

    def call(*args: float) -> Any:
        return escape(*args) if hatch.is_travelling() else original(*args)

    return call


clock = Clock()
"""The one that the package uses."""

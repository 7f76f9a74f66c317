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


class Clock:
    """`now` gives epoch seconds, `monotonic` seconds since whenever, `sleep` waits for seconds."""

    __slots__ = ("monotonic", "now", "sleep")

    now: Callable[[], float]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]

    def __init__(self) -> None:
        self.now = time.time
        self.monotonic = time.monotonic
        self.sleep = time.sleep

    def renew(self) -> None:
        """Go round time-machine, which changes the functions themselves, by the way that it offers."""
        machine = sys.modules.get("time_machine")
        real = getattr(getattr(machine, "escape_hatch", None), "time", None)
        for name in self.__slots__:
            if callable(getattr(real, name if name != "now" else "time", None)):
                setattr(self, name, getattr(real, name if name != "now" else "time"))


clock = Clock()
"""The one that the package uses."""

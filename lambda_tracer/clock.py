"""The clock: what the tracer tells the time by, and pauses with, whatever a test of the user's does to `time`.

Tests patch `time.time`, freeze it, or let it run in leaps. What the tracer asks of it must not use up a list of
answers that a test prepared, and what a test has it raise must not reach the user. So the functions are taken once,
when this module is imported, and from a new copy of `time` where a test has patched it by then. They are attributes of
an object and no globals of a module, since freezegun looks through the globals of all modules for them.
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

    __slots__ = ("monotonic", "now", "sleep")

    now: Callable[[], float]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Take the functions anew."""
        module = _genuine()
        self.now = module.time
        self.monotonic = module.monotonic
        self.sleep = module.sleep

    def renew(self) -> None:
        """Go round time-machine, which changes the functions themselves, by the way that it offers."""
        hatch = getattr(sys.modules.get("time_machine"), "escape_hatch", None)
        real = getattr(hatch, "time", None)
        for name, its_name in (("now", "time"), ("monotonic", "monotonic")):
            escape = getattr(real, its_name, None)
            if callable(escape) and type(getattr(self, name)) is not _Beside:
                setattr(self, name, _Beside(hatch, escape, getattr(self, name)))


class _Beside:
    """The time beside a time machine, which lets it through while somebody travels and else may raise ValueError."""

    __slots__ = ("_escape", "_is_travelling", "_time")

    def __init__(self, hatch: Any, escape: Callable[[], float], time: Callable[[], float]) -> None:
        self._is_travelling = getattr(hatch, "is_travelling", lambda: True)
        self._escape = escape
        self._time = time

    def __call__(self) -> float:
        return self._escape() if self._is_travelling() else self._time()


def _genuine() -> Any:
    """The module `time`, or one made anew where it has been patched already."""
    if {type(time.time), type(time.monotonic), type(time.sleep)} == {type(len)}:
        return time
    import _imp
    from importlib.machinery import BuiltinImporter

    spec = BuiltinImporter.find_spec("time")
    if spec is None:  # not part of the interpreter, as it is in CPython
        return time
    made = _imp.create_builtin(spec)
    _imp.exec_builtin(made)
    return made


clock = Clock()
"""The one that the package uses."""

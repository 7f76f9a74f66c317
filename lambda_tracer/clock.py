"""The clock: what the tracer tells the time by, and pauses with, whatever a test of the user's does to `time`.

Tests patch `time.time`, freeze it, or let it run in leaps. What the tracer asks of it must not use up a list of
answers that a test prepared, and what a test has it raise must not reach the user. So the functions are taken once,
when this module is imported, and from a new copy of `time` where a test has patched it by then. They are attributes of
an object and no globals of a module, since freezegun looks through the globals of all modules for them.
"""

from __future__ import annotations

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

"""Time travel: the clock goes round time-machine, which changes the functions of `time` themselves.

Only tests use that, so this is loaded where it has been imported.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..clock import Clock


def renew(clock: Clock) -> None:
    """Have a clock go round time-machine, by the way that it offers."""
    hatch = getattr(sys.modules.get("time_machine"), "escape_hatch", None)
    real = getattr(hatch, "time", None)
    for name, its_name in (("now", "time"), ("monotonic", "monotonic")):
        escape = getattr(real, its_name, None)
        if callable(escape) and type(getattr(clock, name)) is not _Beside:
            setattr(clock, name, _Beside(hatch, escape, getattr(clock, name)))


class _Beside:
    """The time beside a time machine, which lets it through while somebody travels and else may raise ValueError."""

    __slots__ = ("_escape", "_is_travelling", "_time")

    def __init__(self, hatch: Any, escape: Callable[[], float], time: Callable[[], float]) -> None:
        self._is_travelling = getattr(hatch, "is_travelling", lambda: True)
        self._escape = escape
        self._time = time

    def __call__(self) -> float:
        return self._escape() if self._is_travelling() else self._time()

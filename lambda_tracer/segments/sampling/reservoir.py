"""Reservoir: so many a second, whatever the share of the rest. And Quota: the one that X-Ray gives by and by.

Neither has a lock, since a signal handler may begin a segment in the middle of either: a count goes up in one step.
"""

from __future__ import annotations

from itertools import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal


class Tally:
    """A number that threads count up at the same time. `total` may lag behind for a moment."""

    __slots__ = ("_steps", "total")

    def __init__(self) -> None:
        self._steps: Iterator[int] = count(1)
        self.total = 0

    def add(self) -> int:
        """Count one more, and return which that is: no two calls are the same one."""
        number = next(self._steps)
        self.total = number
        return number


class PerSecond:
    """How many have been taken in the second that runs."""

    __slots__ = ("_seconds",)

    def __init__(self) -> None:
        self._seconds: dict[int, Tally] = {}

    def take(self, now: int, limit: float) -> bool:
        """Whether one more may be taken of `limit` in the second `now`; then it is."""
        tally = self.of(now)
        return tally.total < limit and tally.add() - 1 < limit

    def of(self, now: int) -> Tally:
        """What was taken in that second."""
        tally = self._seconds.get(now)
        if tally is None:
            tally = self._seconds.setdefault(now, Tally())  # threads that come together share it
            for other in list(self._seconds):
                if abs(other - now) > 1:
                    self._seconds.pop(other, None)
        return tally


class Reservoir:
    """`per_second` are taken each second."""

    __slots__ = ("_taken", "per_second")

    def __init__(self, per_second: float) -> None:
        """`per_second` is not negative."""
        self.per_second = per_second
        self._taken = PerSecond()

    def take(self, now: int) -> bool:
        """Whether one more is taken in the second `now`, epoch seconds."""
        return self._taken.take(now, self.per_second)

    def used(self, now: int) -> int:
        """How many were taken in that second."""
        return self._taken.of(now).total


class Quota:
    """What X-Ray lets one process take each second until a time; without that, one a second is borrowed."""

    __slots__ = ("_borrowed", "_taken", "per_second", "until")

    def __init__(self) -> None:
        self.per_second: float | None = None
        self.until: float | None = None
        self._taken = PerSecond()
        self._borrowed = PerSecond()

    def is_in_force(self, now: int) -> bool:
        """Whether X-Ray's word holds."""
        return (
            self.per_second is not None
            and self.per_second >= 0
            and self.until is not None
            and self.until >= now
        )

    def take(self, now: int, can_borrow: bool) -> Literal["take", "borrow", ""]:
        """How one more is recorded in the second `now`; empty where it is not by this."""
        if self.is_in_force(now):
            return "take" if self._taken.take(now, self.per_second or 0) else ""
        return "borrow" if can_borrow and self._borrowed.take(now, 1) else ""

"""Rate: so many segments each second, and a share of the rest; and how that is written: `1/s+5%`."""

from __future__ import annotations

from os import urandom

from ...guard import pass_on
from .reservoir import Reservoir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def chance() -> float:
    """A number from 0 to 1, the latter left out. Forked processes have each their own."""
    return int.from_bytes(urandom(6), "big") / (1 << 48)


class Rate:
    """So many each second, and a share of the rest."""

    __slots__ = ("reservoir", "share")

    def __init__(self, per_second: float, share: float) -> None:
        """`share`: 0 for none, 1 for all."""
        self.reservoir = Reservoir(per_second)
        self.share = share

    def takes(self, now: float, draw: Callable[[], float] = chance) -> bool:
        """Whether one more is taken at `now`, epoch seconds. `draw` gives numbers from 0 to 1."""
        if self.reservoir.per_second and self.reservoir.take(int(now)):
            return True
        return self.share >= 1 or (self.share > 0 and draw() < self.share)


def read(text: str) -> Rate | None:
    """`0.05`, `5%`, `1/s` or `1/s+5%` as a Rate; None for anything else."""
    first, plus, rest = text.replace(" ", "").partition("+")
    try:
        if not first.endswith("/s"):
            return None if plus else _with_share(0, first)
        return _with_share(int(first[:-2]), rest if plus else "0")
    except ValueError as error:
        pass_on(error)
        return None


def _with_share(per_second: int, text: str) -> Rate | None:
    share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    return Rate(per_second, share) if 0 <= share <= 1 and per_second >= 0 else None

"""The decision whether a segment of our own is recorded: that of the trace header it came with, else one made here.

`LAMBDA_TRACER_SAMPLING` makes it: a share from 0 to 1 (`0.05` or `5%`), or so many a second and a share of the rest
(`1/s+5%`, X-Ray's default). `use` puts something else in the place of that: sampling rules, say.
"""

from __future__ import annotations

from os import urandom

from ... import settings
from ...clock import clock
from ...guard import pass_on, warn_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from ...trace.header import TraceHeader

    Decision: TypeAlias = tuple[bool, str | None]
    """Whether it is recorded, and the name of the rule that says so, if that is one of X-Ray's."""

    Decider: TypeAlias = "Callable[[Request, str], Decision]"

ALL = "1.0"
"""Every segment is recorded."""

XRAYS_DEFAULT = "1/s+5%"
"""What the X-Ray SDK does where nobody has given it rules."""


class Request:
    """What is known of the work ahead, for rules: the segment's name, and of an HTTP request host, method and path."""

    __slots__ = ("host", "method", "path", "service", "service_type")

    def __init__(
        self, service: str, host: str = "", method: str = "", path: str = "", service_type: str = ""
    ) -> None:
        """`service_type` is the segment's origin, `AWS::EC2::Instance` say. Empty texts are not known."""
        self.service = service
        self.host = host
        self.method = method
        self.path = path
        self.service_type = service_type


class Rate:
    """So many each second, and a share of the rest."""

    __slots__ = ("_second", "_taken", "per_second", "share")

    def __init__(self, per_second: int, share: float) -> None:
        """`share` is from 0 to 1."""
        self.per_second = per_second
        self.share = share
        self._second = 0
        self._taken = 0

    def takes(self) -> bool:
        """Whether one more is taken. Threads that ask at the same moment may each take the last one of a second."""
        if self.per_second:
            now = int(clock.now())
            if now != self._second:
                self._second, self._taken = now, 0
            if self._taken < self.per_second:
                self._taken += 1
                return True
        return self.share >= 1 or (self.share > 0 and chance() < self.share)


def decide(header: TraceHeader, request: Request, default: str = ALL) -> Decision:
    """Whether what `header` and `request` ask for is recorded. `default` holds where the environment says nothing."""
    if header.sampled in (0, 1):
        return header.sampled == 1, None
    return _decider(request, default)


def by_rate(request: Request, default: str = ALL) -> Decision:
    """As `LAMBDA_TRACER_SAMPLING` says, else `default`."""
    text = settings.sampling() or default
    rate = _rates.get(text)
    if rate is None:
        rate = read(text)
        if rate is None:
            warn_once(
                "LAMBDA_TRACER_SAMPLING",
                "LAMBDA_TRACER_SAMPLING is neither a share such as 0.05 nor one such as 1/s+0.05: %s holds",
                default,
            )
            rate = _rates.get(default) or read(default) or Rate(0, 1.0)
            _rates[default] = rate
        if len(_rates) < 100:
            _rates[text] = rate
    return rate.takes(), None


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


def chance() -> float:
    """A number from 0 to 1, the latter left out. Forked processes have each their own."""
    return int.from_bytes(urandom(6), "big") / (1 << 48)


_rates: dict[str, Rate] = {}
_decider: Decider = by_rate


def use(decider: Decider) -> None:
    """Have `decider(request, default)` decide where no trace header does; it must not raise."""
    global _decider
    _decider = decider


def reset() -> None:
    """Decide as `LAMBDA_TRACER_SAMPLING` says, with nothing taken yet."""
    _rates.clear()
    use(by_rate)

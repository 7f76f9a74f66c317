"""The decision whether a segment of our own is recorded: that of the trace header it came with, else one made here.

`LAMBDA_TRACER_SAMPLING` makes it: a share from 0 to 1 (`0.05` or `5%`), or so many a second and a share of the rest
(`1/s+5%`, X-Ray's default), or `xray`: the rules that X-Ray keeps. Where that is not set, what `use` was given does.
"""

from __future__ import annotations

from ... import settings
from ...clock import clock
from ...guard import Late, can_load, warn_once
from .rate import Rate, read
from .request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from ...trace.header import TraceHeader
    from . import sampler
    from .local_rules import LocalRules
    from .request import Decision

    Decider: TypeAlias = "Callable[[Request, str], Decision]"
else:
    sampler = Late("lambda_tracer.segments.sampling.sampler")  # where it is asked for

__all__ = ["ALL", "XRAY", "XRAYS_DEFAULT", "Request", "decide", "reset", "use"]

ALL = "1.0"
"""Every segment is recorded."""

XRAYS_DEFAULT = "1/s+5%"
"""What the X-Ray SDK does where nobody has given it rules."""

XRAY = "xray"
"""What `LAMBDA_TRACER_SAMPLING` is where X-Ray's own rules are to hold."""


def decide(header: TraceHeader, request: Request, default: str = ALL) -> Decision:
    """Whether what `header` and `request` ask for is recorded. `default` holds where nothing else says."""
    if header.sampled in (0, 1):
        return header.sampled == 1, None
    said = settings.sampling()
    if said.lower() == XRAY:
        return central().decide(request) if can_load(sampler) else by_rate(XRAYS_DEFAULT)
    return by_rate(said, default) if said or _decider is None else _decider(request, default)


def by_rate(text: str, default: str = ALL) -> Decision:
    """As a rate says that is written down; as `default` does where that is none."""
    rate = _rates.get(text or default)
    if rate is None:
        rate = read(text or default)
        if rate is None:
            warn_once(
                "LAMBDA_TRACER_SAMPLING",
                "LAMBDA_TRACER_SAMPLING is neither a share such as 0.05 nor one such as 1/s+0.05, nor xray: %s holds",
                default,
            )
            rate = _rates.get(default) or read(default) or Rate(0, 1.0)
            _rates[default] = rate
        if len(_rates) < 100:
            _rates[text or default] = rate
    return rate.takes(clock.now()), None


_rates: dict[str, Rate] = {}
_decider: Decider | None = None
_rules: LocalRules | None = None
_central: sampler.CentralSampler | None = None
_address = ""


def use(decider: Decider) -> None:
    """Have `decider(request, default)` decide where neither a header nor the environment does; it must not raise."""
    global _decider
    _decider = decider


def use_rules(rules: LocalRules) -> None:
    """Have these rules decide so. Where X-Ray's own are to hold, they do as long as those are not known."""
    global _rules
    _rules = rules
    if _central is not None:
        _central.local = rules
    use(lambda request, default: rules.decide(request))


def central() -> sampler.CentralSampler:
    """What decides by the rules that X-Ray keeps: one for the process."""
    global _central
    if _central is None:
        _central = sampler.CentralSampler(_rules, _address)
    return _central


def ask_at(daemon_address: str) -> None:
    """Have X-Ray's rules be asked for there, unless `AWS_XRAY_DAEMON_ADDRESS` says where."""
    global _address
    _address = daemon_address
    if _central is not None:
        _central.daemon_address = daemon_address


def reset() -> None:
    """Decide as `LAMBDA_TRACER_SAMPLING` says, with nothing taken yet."""
    global _decider, _rules, _central, _address
    if _central is not None:
        _central.poller.stop()
    _rates.clear()
    _decider = _rules = _central = None
    _address = ""

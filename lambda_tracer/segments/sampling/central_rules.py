"""CentralRules: the sampling rules that X-Ray keeps for all who send to it, and what it lets this process take by each.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sampling.html. What X-Ray answers is read here, and what it
wants to know is put together here; `poller` asks.
"""

from __future__ import annotations

from .pattern import allows
from .rate import chance
from .reservoir import Quota, Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .request import Decision, Request

TTL_S = 3600
"""Rules that X-Ray has not confirmed for so long hold no more."""

REPORT_S = 10.0
"""How often X-Ray is told the counts of a rule, unless it says how often."""

DEFAULT = "Default"
"""The rule that each account has: it is for all requests that no other is for."""


class CentralRule:
    """One rule: which requests, how many of them, and how many there have been."""

    __slots__ = (
        *("can_borrow", "host", "is_default", "method", "name", "path", "priority", "quota", "rate"),
        *("borrowed", "report_at", "reported", "report_s", "requests", "sampled", "service", "service_type"),
    )

    def __init__(
        self,
        name: str,
        priority: int,
        rate: float,
        reservoir_size: int,
        *,
        host: str | None = None,
        method: str | None = None,
        path: str | None = None,
        service: str | None = None,
        service_type: str | None = None,
    ) -> None:
        """The texts but `name` are patterns with `*` and `?`; one that is None is for no request that has such."""
        self.name = name
        self.priority = priority
        self.rate = rate
        self.can_borrow = bool(reservoir_size)
        self.host = host
        self.method = method
        self.path = path
        self.service = service
        self.service_type = service_type
        self.is_default = name == DEFAULT
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what was counted, and what X-Ray lets this process take."""
        self.quota = Quota()
        self.requests, self.borrowed, self.sampled = Tally(), Tally(), Tally()
        self.reported = (0, 0, 0)
        self.report_s = REPORT_S
        self.report_at = 0.0

    def go_on_from(self, other: CentralRule) -> None:
        """Take over what was counted by an earlier version of the same rule, and its quota."""
        for name in ("quota", "requests", "borrowed", "sampled", "reported", "report_s", "report_at"):
            setattr(self, name, getattr(other, name))

    def applies(self, request: Request) -> bool:
        """Whether a request is one of the rule's. What is not known of it is an empty text."""
        return (
            allows(self.host, request.host)
            and allows(self.method, request.method)
            and allows(self.path, request.path)
            and allows(self.service, request.service)
            and allows(self.service_type, request.service_type)
        )

    def takes(self, now: float, draw: Callable[[], float] = chance) -> bool:
        """Count one more request, and say whether it is recorded."""
        self.requests.add()
        how = self.quota.take(int(now), self.can_borrow)
        if how == "borrow":
            self.borrowed.add()
        elif how or draw() < self.rate:
            self.sampled.add()
        else:
            return False
        return True

    def counts(self) -> tuple[int, int, int]:
        """Requests, those borrowed and those recorded otherwise, since X-Ray was told last."""
        was = self.reported
        now = self.requests.total, self.borrowed.total, self.sampled.total
        return max(now[0] - was[0], 0), max(now[1] - was[1], 0), max(now[2] - was[2], 0)

    def have_been_reported(self, counts: tuple[int, int, int]) -> None:
        """X-Ray has been told these."""
        was = self.reported
        self.reported = was[0] + counts[0], was[1] + counts[1], was[2] + counts[2]


class CentralRules:
    """Rules in their order, of which the first that applies decides."""

    def __init__(self) -> None:
        self.rules: tuple[CentralRule, ...] = ()
        self.loaded_at: float | None = None

    def rule_for(self, request: Request, now: float) -> CentralRule | None:
        """The rule by which it is recorded, or not; None where there is none, or all are too old."""
        if self.loaded_at is None or now > self.loaded_at + TTL_S:
            return None
        return next((rule for rule in self.rules if rule.is_default or rule.applies(request)), None)

    def decide(self, request: Request, now: float, draw: Callable[[], float] = chance) -> Decision | None:
        """Whether what is asked for is recorded, and by which rule; None where no rule says. `now`: epoch seconds."""
        rule = self.rule_for(request, now)
        if rule is None:
            return None
        return (True, rule.name) if rule.takes(now, draw) else (False, None)

    def load(self, rules: Iterable[CentralRule], now: float) -> None:
        """Let these rules hold from now on. One that was there before goes on where it was."""
        before = {rule.name: rule for rule in self.rules}
        fresh = sorted(rules, key=lambda rule: (rule.priority, rule.name))
        for rule in fresh:
            if rule.name in before:
                rule.go_on_from(before[rule.name])
        self.rules = tuple(fresh)
        self.loaded_at = now

    def begin_anew(self) -> None:
        """What a forked process does: its counts are its own, and its parent's quota is not."""
        for rule in self.rules:
            rule.begin_anew()

    def due(self, at: float) -> list[tuple[CentralRule, tuple[int, int, int]]]:
        """Rules that X-Ray is to be told counts of, with these. `at` is by a clock that never leaps."""
        waiting = [(rule, rule.counts()) for rule in self.rules if at >= rule.report_at]
        return [(rule, counts) for rule, counts in waiting if counts[0]]

    def load_targets(self, targets: Iterable[Any], at: float) -> None:
        """What X-Ray lets this process take by each rule from now on. Parts that are no such thing are left out.

        `at`: see `due`.
        """
        rules = {rule.name: rule for rule in self.rules}
        for target in targets:
            rule = rules.get(_text(target, "RuleName") or "")
            if rule is None:
                continue
            rate = _number(target, "FixedRate")
            per_second = _number(target, "ReservoirQuota")
            until = _number(target, "ReservoirQuotaTTL")
            interval = _number(target, "Interval")
            if rate is not None:
                rule.rate = rate
            if per_second is not None:
                rule.quota.per_second = per_second
            if until is not None:
                rule.quota.until = int(until)
            if interval is not None and interval > 0:
                rule.report_s = interval
            rule.report_at = at + rule.report_s


def read_rule(record: Any) -> CentralRule | None:
    """One of X-Ray's rules, as GetSamplingRules has it; None for one that can't be held to here.

    These are rules of another version, for one resource, or by attributes of requests.
    """
    rule = record.get("SamplingRule") if isinstance(record, dict) else None
    if not isinstance(rule, dict) or rule.get("Version") != 1 or rule.get("ResourceARN") != "*":
        return None
    if rule.get("Attributes") or not rule.get("ServiceType"):
        return None
    name, host, method, path, service, service_type = (
        _text(rule, key)
        for key in ("RuleName", "Host", "HTTPMethod", "URLPath", "ServiceName", "ServiceType")
    )
    priority, rate, size = (_number(rule, key) for key in ("Priority", "FixedRate", "ReservoirSize"))
    if not name or priority is None or rate is None or size is None:
        return None
    return CentralRule(
        name,
        int(priority),
        rate,
        int(size),
        host=host,
        method=method,
        path=path,
        service=service,
        service_type=service_type,
    )


def _text(found: Any, key: str) -> str | None:
    value = found.get(key) if isinstance(found, dict) else None
    return value if isinstance(value, str) else None


def _number(found: dict[str, Any], key: str) -> float | None:
    value = found.get(key)
    return value if isinstance(value, (int, float)) and 0 <= value < 1e12 else None

"""CentralSampler: X-Ray's rules where its daemon gives them, local ones elsewhere. And `asking`: the user's sampler."""

from __future__ import annotations

from ... import settings
from ...clock import clock
from ...guard import pass_on, warn_once
from ...send.emitter import DEFAULT_ADDRESS
from .central_rules import CentralRules
from .local_rules import LocalRules
from .poller import Poller
from .rate import chance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .request import Decision, Request


class CentralSampler:
    """Decides by the rules that X-Ray keeps, as soon as its daemon has given them; by `local` until then."""

    def __init__(self, local: LocalRules | None = None, daemon_address: str = "") -> None:
        """`local` rules hold where X-Ray's are not known; without them one a second and 5 % of the rest are recorded.

        `daemon_address`: see `address`.
        """
        self.local = local or LocalRules()
        self.rules = CentralRules()
        self.daemon_address = daemon_address
        self.poller = Poller(self.rules, self.address)

    def address(self) -> str:
        """Where the daemon is: `AWS_XRAY_DAEMON_ADDRESS`, else `daemon_address`, else X-Ray's default."""
        return settings.daemon_address() or self.daemon_address or DEFAULT_ADDRESS

    def decide(
        self, request: Request, now: float | None = None, draw: Callable[[], float] = chance
    ) -> Decision:
        """Whether what is asked for is recorded, and by which of X-Ray's rules. `now`: epoch seconds.

        In Lambda nobody is asked for rules: no thread runs while a sandbox is frozen.
        """
        now = clock.now() if now is None else now
        if not settings.in_lambda():
            self.poller.see_to_it()
        return self.rules.decide(request, now, draw) or self.local.decide(request, now, draw)


def fields_of(request: Request) -> dict[str, str]:
    """What is known of a request as the X-Ray SDK's samplers are told it."""
    told = {
        "service": request.service,
        "host": request.host,
        "method": request.method,
        "path": request.path,
        "service_type": request.service_type,
    }
    return {name: value for name, value in told.items() if value}


def asking(sampler: Any) -> Callable[[Request, str], Decision]:
    """Has an object of the user's decide by its `should_trace(sampling_req)`, as in the X-Ray SDK.

    It answers whether, or by the name of a rule. Where it raises, X-Ray's default holds.
    """
    instead = LocalRules()

    def decide(request: Request, default: str) -> Decision:
        try:
            answer = sampler.should_trace(fields_of(request))
            return bool(answer), answer if isinstance(answer, str) and answer else None
        except Exception as error:  # the user's
            pass_on(error)
            warn_once(
                "sampler",
                "a sampler raised (%s): one segment a second is recorded, and a twentieth of the rest",
                type(error).__name__,
            )
        return instead.decide(request)

    return decide

"""LocalSampler, DefaultSampler, and what local rules are made of: real outside Lambda, where segments are our own.

In Lambda nobody asks them: the trace header says what is sampled.
"""

from __future__ import annotations

from .. import settings
from ..clock import clock
from ..guard import Late
from .emitter import DaemonConfig
from .exceptions import InvalidSamplingManifestError
from .no_effect import LAMBDA_SAMPLES, has_no_effect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    from ..segments.sampling import decision, local_rules, reservoir, sampler
    from ..segments.sampling.request import Decision, Request
    from ..trace.header import TraceHeader

    ReadT = TypeVar("ReadT")
else:
    decision = Late("lambda_tracer.segments.sampling.decision")
    local_rules = Late("lambda_tracer.segments.sampling.local_rules")
    reservoir = Late("lambda_tracer.segments.sampling.reservoir")
    sampler = Late("lambda_tracer.segments.sampling.sampler")

SUPPORTED_RULE_VERSION = (1, 2)
local_sampling_rule = {"version": 2, "default": {"fixed_target": 1, "rate": 0.05}, "rules": []}

_FIELDS = ("service", "host", "method", "path", "service_type")


class LocalSampler:
    """Decides by rules in a dict. In Lambda its answer is yes."""

    __module__ = "aws_xray_sdk.core.sampling.local.sampler"

    def __init__(self, rules: Any = None) -> None:
        """`rules` as X-Ray documents them; see `load_local_rules`. Without them one a second and 5 % of the rest."""
        self.load_local_rules(local_sampling_rule if rules is None else rules)

    def load_local_rules(self, rules: Any) -> None:
        """Decide by these from now on. Raises InvalidSamplingManifestError, unless this is Lambda."""
        self.rules = rules
        self._read = None if settings.in_lambda() else _checked(lambda: local_rules.LocalRules(rules))

    def should_trace(self, sampling_req: Mapping[str, Any] | None = None) -> Any:
        """Whether a request is recorded, of which `host`, `method` and `path` may be known."""
        return self._read is None or self._read.decide(request_of(sampling_req))[0]


class DefaultSampler:
    """Decides by the rules that X-Ray keeps, as soon as its daemon has given them; by local ones until then.

    In Lambda its answer is yes.
    """

    __module__ = "aws_xray_sdk.core.sampling.sampler"

    def __init__(self) -> None:
        self._central = None if settings.in_lambda() else sampler.CentralSampler()
        self._origin = ""

    def should_trace(self, sampling_req: Mapping[str, Any] | None = None) -> Any:
        """The name of the rule by which a request is recorded, True where a local one says so; else False."""
        if self._central is None:
            return True
        if not settings.global_sdk_config.sdk_enabled():
            return False
        asked = request_of(sampling_req)
        asked.service_type = asked.service_type or self._origin
        is_sampled, rule = self._central.decide(asked)
        return rule or is_sampled

    def start(self) -> None:
        """Have the daemon asked for rules, in a thread; the first decision does that, too."""
        if self._central is not None and settings.global_sdk_config.sdk_enabled():
            self._central.poller.see_to_it()

    def load_local_rules(self, rules: Any) -> None:
        """Decide by these as long as X-Ray's are not known. Raises InvalidSamplingManifestError, unless in Lambda."""
        if self._central is not None:
            self._central.local = _checked(lambda: local_rules.LocalRules(rules))

    def load_settings(
        self, daemon_config: Any = None, context: Any = None, origin: str | None = None
    ) -> None:
        """Ask at the TCP side of `daemon_config`. `origin` is what segments come from, for rules by service type."""
        self._origin = origin or ""
        if self._central is not None and daemon_config is not None:
            ip, port = daemon_config.tcp_ip, daemon_config.tcp_port
            self._central.daemon_address = f"tcp:{f'[{ip}]' if ':' in ip else ip}:{port}"

    @property
    def xray_client(self) -> Any:
        """None: the daemon is asked without a client."""
        return None

    @xray_client.setter
    def xray_client(self, client: Any) -> None:
        has_no_effect("DefaultSampler.xray_client", "the daemon is asked for rules")


class SamplingRule:
    """One local rule, of version 2 or 1."""

    __module__ = "aws_xray_sdk.core.sampling.local.sampling_rule"

    FIXED_TARGET, RATE = "fixed_target", "rate"
    HOST, METHOD, PATH, SERVICE_NAME = "host", "http_method", "url_path", "service_name"

    def __init__(self, rule_dict: dict[str, Any], version: int = 2, default: bool = False) -> None:
        """`default`: whether it is the one for all requests. Raises InvalidSamplingManifestError, unless in Lambda."""
        if settings.in_lambda():
            has_no_effect("sampling rules", LAMBDA_SAMPLES)
            return
        host_key = self.SERVICE_NAME if version == 1 else self.HOST
        self._rule = _checked(lambda: local_rules.read_rule(rule_dict, "rule", host_key, is_default=default))
        self.host, self.method, self.path = self._rule.host, self._rule.method, self._rule.path
        self.fixed_target, self.rate = rule_dict[self.FIXED_TARGET], rule_dict[self.RATE]
        self.reservoir = Reservoir(self.fixed_target)

    def applies(self, host: str | None, method: str | None, path: str | None) -> bool:
        """Whether such a request is one of the rule's. What is not known is never against that."""
        return self._rule.applies(host or "", method or "", path or "")


class Reservoir:
    """So many a second."""

    __module__ = "aws_xray_sdk.core.sampling.local.reservoir"

    def __init__(self, traces_per_sec: float = 0) -> None:
        """`traces_per_sec` are taken each second."""
        self.traces_per_sec = traces_per_sec
        if settings.in_lambda():
            has_no_effect("sampling rules", LAMBDA_SAMPLES)
        else:
            self._taken = reservoir.Reservoir(traces_per_sec)

    def take(self) -> bool:
        """Whether one more is taken in this second."""
        return self._taken.take(int(clock.now()))

    @property
    def used_this_sec(self) -> int:
        """How many were taken in this second."""
        return self._taken.used(int(clock.now()))


def configure(recorder: Any, rules: Any, sampler_given: Any, daemon_address: str | None) -> None:
    """Have a recorder decide so from now on: by `rules`, a dict or the path of a file.

    Its sampler gets them: X-Ray's own rules come before them, unless that is a LocalSampler. Raises
    InvalidSamplingManifestError, and what opening and reading the file raises.
    """
    if sampler_given or rules or daemon_address:
        used = recorder.sampler
        if isinstance(used, DefaultSampler) and daemon_address:
            used.load_settings(DaemonConfig(daemon_address), origin=recorder._origin)
        if rules:
            used.load_local_rules(rules if isinstance(rules, dict) else _in_file(rules))
        decision.use(sampler.asking(used))


def request_of(sampling_req: Mapping[str, Any] | None) -> Request:
    """What samplers are asked with, as we have it."""
    given = sampling_req or {}
    known = {name: given[name] for name in _FIELDS if isinstance(given.get(name), str)}
    return decision.Request(**{"service": "", **known})


def decide(recorder: Any, header: TraceHeader, request: Request) -> Decision:
    """Whether a segment of a recorder's is recorded, and by which of X-Ray's rules.

    The decision in `header` holds, else `LAMBDA_TRACER_SAMPLING`, else the recorder's sampler decides.
    """
    request.service_type = request.service_type or recorder._origin or ""
    if header.sampled in (0, 1) or settings.sampling():
        return decision.decide(header, request, decision.XRAYS_DEFAULT)
    return sampler.asking(recorder.sampler)(request, decision.XRAYS_DEFAULT)


def _in_file(path: Any) -> Any:
    import json

    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _checked(read: Callable[[], ReadT]) -> ReadT:
    try:
        return read()
    except local_rules.InvalidRules as error:
        raise InvalidSamplingManifestError(str(error)) from None

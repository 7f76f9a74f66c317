"""What the X-Ray SDK samples and streams by. In Lambda the trace header says what is sampled, so it has no effect."""

from __future__ import annotations

from . import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TTL = 3600
DEFAULT_INTERVAL = 300
SUPPORTED_RULE_VERSION = (1, 2)
local_sampling_rule = {"version": 2, "default": {"fixed_target": 1, "rate": 0.05}, "rules": []}


class LocalSampler:
    """A sampler, which nobody asks. Its own answer is yes."""

    __module__ = "aws_xray_sdk.core.sampling.local.sampler"

    def __init__(self, rules: Any = None) -> None:
        """`rules` are kept."""
        self.rules = rules

    def should_trace(self, sampling_req: Any = None) -> bool:
        """Yes."""
        return True

    def load_local_rules(self, rules: Any) -> None:
        """Keep rules."""
        self.rules = rules


class DefaultSampler(LocalSampler):
    """The sampler by rules that X-Ray keeps: the same, since nobody fetches them."""

    __module__ = "aws_xray_sdk.core.sampling.sampler"

    xray_client: Any = None

    def start(self) -> None:
        """Does nothing: no thread polls for rules."""

    def load_settings(self, daemon_config: Any, context: Any, origin: Any = None) -> None:
        """Does nothing."""


class DefaultStreaming:
    """When documents leave, which nobody asks: lambda_tracer sends few full ones."""

    __module__ = "aws_xray_sdk.core.streaming.default_streaming"

    def __init__(self, streaming_threshold: int = 30) -> None:
        """`streaming_threshold` is kept."""
        self.streaming_threshold = streaming_threshold

    def is_eligible(self, segment: Any) -> bool:
        """Never."""
        return False

    def stream(self, entity: Any, callback: Any) -> None:
        """Does nothing."""


class Unneeded:
    """A part of the SDK's sampling that has no work here; making one is logged once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes anything."""
        say.has_no_effect(type(self).__name__, say.LAMBDA_SAMPLES)


class SamplingRule(Unneeded):
    """A rule."""


class Reservoir(Unneeded):
    """What a rule may take a second."""


class ReservoirDecision:
    """What a reservoir may say."""

    TAKE, BORROW, NO = "take", "borrow", "no"


class RuleCache(Unneeded):
    """The rules that are known."""


class RulePoller(Unneeded):
    """What fetches rules."""


class TargetPoller(Unneeded):
    """What fetches what rules may take."""


class ServiceConnector(Unneeded):
    """What asks X-Ray for rules."""

"""What of the X-Ray SDK has no effect in Lambda, and is accepted: sampling, streaming, plugins. Each is said once."""

from __future__ import annotations

from ..guard import warn_once
from .exceptions import MissingPluginNames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType
    from typing import Any

LAMBDA_OWNS_SEGMENTS = "in Lambda the segment belongs to Lambda"
LAMBDA_SAMPLES = "in Lambda the trace header says what is sampled"
TTL = 3600
DEFAULT_INTERVAL = 300
SUPPORTED_RULE_VERSION = (1, 2)
local_sampling_rule = {"version": 2, "default": {"fixed_target": 1, "rate": 0.05}, "rules": []}
EC2, EC2_ORIGIN = "ec2", "AWS::EC2::Instance"
ECS, ECS_ORIGIN = "ecs", "AWS::ECS::Container"
BEANSTALK, BEANSTALK_ORIGIN = "elastic_beanstalk", "AWS::ElasticBeanstalk::Environment"
BEANSTALK_CONF = "/var/elasticbeanstalk/xray/environment.conf"
IMDS_URL = "http://169.254.169.254/latest/"

module_prefix = "aws_xray_sdk.core.plugins."
PLUGIN_MAPPING = {
    "ec2plugin": "ec2_plugin",
    "ecsplugin": "ecs_plugin",
    "elasticbeanstalkplugin": "elasticbeanstalk_plugin",
}
runtime_context = None


def has_no_effect(what: str, why: str) -> None:
    """Log once that something is accepted and changes nothing. `what` is a name of the SDK's."""
    warn_once(f"compat {what}", "%s: accepted, without effect: %s", what, why)


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
    """A part of the SDK's sampling that has no work here: a rule, a reservoir, what fetches rules. Said once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes anything."""
        has_no_effect("sampling rules", LAMBDA_SAMPLES)


class ReservoirDecision:
    """What a reservoir may say."""

    TAKE, BORROW, NO = "take", "borrow", "no"


def initialize() -> None:
    """Does nothing, and is logged once."""
    has_no_effect("plugins", LAMBDA_OWNS_SEGMENTS)


def get_plugin_modules(plugins: Iterable[str]) -> tuple[ModuleType, ...]:
    """The modules of plugins by their names. Raises MissingPluginNames where none is named."""
    names = [name.lower() for name in plugins or ()]
    if not names:
        raise MissingPluginNames("no plugin was named")
    import sys

    found = []
    for name in names:
        module = module_prefix + PLUGIN_MAPPING.get(name, name)
        __import__(module)
        found.append(sys.modules[module])
    return tuple(found)

"""The plugins of the X-Ray SDK, by which segments say where they were recorded. In Lambda they do nothing."""

from __future__ import annotations

import sys

from .. import settings
from ..guard import Late
from .exceptions import MissingPluginNames
from .no_effect import LAMBDA_OWNS_SEGMENTS, has_no_effect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType
    from typing import Any

    from ..segments.plugins import ec2, ecs, elastic_beanstalk, host
else:
    ec2 = Late("lambda_tracer.segments.plugins.ec2")
    ecs = Late("lambda_tracer.segments.plugins.ecs")
    elastic_beanstalk = Late("lambda_tracer.segments.plugins.elastic_beanstalk")
    host = Late("lambda_tracer.segments.plugins.host")

IMDS_URL = "http://169.254.169.254/latest/"

module_prefix = "aws_xray_sdk.core.plugins."
PLUGIN_MAPPING = {
    "ec2plugin": "ec2_plugin",
    "ecsplugin": "ecs_plugin",
    "elasticbeanstalkplugin": "elasticbeanstalk_plugin",
}
runtime_context = None
"""What a plugin has found: each module of the SDK's gets its own, once it is initialized."""


def initialize_ec2() -> None:
    """Ask the metadata service of an EC2 instance, for a second at most."""
    if _is_of_use():
        _module("ec2_plugin").runtime_context = ec2.read()


def initialize_ecs() -> None:
    """See which ECS container this is."""
    if _is_of_use():
        _module("ecs_plugin").runtime_context = ecs.read() or None


def initialize_beanstalk() -> None:
    """Read what Elastic Beanstalk says of the environment, in the file that the module's CONF_PATH names."""
    if _is_of_use():
        module = _module("elasticbeanstalk_plugin")
        module.runtime_context = elastic_beanstalk.read(module.CONF_PATH) or None


def get_plugin_modules(plugins: Iterable[str]) -> tuple[ModuleType, ...]:
    """The modules of plugins by their names. Raises MissingPluginNames where none is named, ImportError for others."""
    names = [name.lower() for name in plugins or ()]
    if not names:
        raise MissingPluginNames("no plugin was named")
    return tuple(_module(PLUGIN_MAPPING.get(name, name)) for name in names)


def describe(recorder: Any, plugins: Iterable[str]) -> None:
    """Have the segments of a recorder say what plugins find now; nothing any more where none is named."""
    names = tuple(plugins)
    if not names:
        vars(recorder).pop("_aws_metadata", None)
        vars(recorder).pop("_origin", None)
        host.reset()
        return
    for plugin in get_plugin_modules(names):
        plugin.initialize()
        found = plugin.runtime_context
        if found:
            recorder._aws_metadata = {**recorder._aws_metadata, plugin.SERVICE_NAME: found}
            recorder._origin = plugin.ORIGIN
            host.describe(plugin.SERVICE_NAME, plugin.ORIGIN, found)


def _is_of_use() -> bool:
    if settings.in_lambda():
        has_no_effect("plugins", LAMBDA_OWNS_SEGMENTS)
        return False
    return True


def _module(short_name: str) -> Any:
    name = module_prefix + short_name
    __import__(name)
    return sys.modules[name]

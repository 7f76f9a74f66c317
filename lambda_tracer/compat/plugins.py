"""The X-Ray SDK's plugins, which say on a segment where it ran. In Lambda the segment is Lambda's."""

from __future__ import annotations

from . import say
from .exceptions import MissingPluginNames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

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


def initialize() -> None:
    """Does nothing, and is logged once."""
    say.has_no_effect("plugins", say.LAMBDA_OWNS_SEGMENTS)


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

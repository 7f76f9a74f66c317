"""Where this process runs, as the plugins say that were named: each segment has it."""

from __future__ import annotations

from ...guard import Late, warn_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from . import ec2, ecs, elastic_beanstalk
else:
    ec2 = Late("lambda_tracer.segments.plugins.ec2")
    ecs = Late("lambda_tracer.segments.plugins.ecs")
    elastic_beanstalk = Late("lambda_tracer.segments.plugins.elastic_beanstalk")

PLUGINS: dict[str, Any] = {
    "ec2plugin": ec2,
    "ec2_plugin": ec2,
    "ecsplugin": ecs,
    "ecs_plugin": ecs,
    "elasticbeanstalkplugin": elastic_beanstalk,
    "elasticbeanstalk_plugin": elastic_beanstalk,
}
"""By what `configure(plugins=...)` calls them, in small letters."""

blocks: dict[str, dict[str, Any]] = {}
"""What the `aws` block of a segment has besides."""

origin: str | None = None
"""Where segments come from: as the last plugin says that has found something."""


def use(names: Iterable[Any]) -> None:
    """Have these plugins read what they are for, now; none forgets what others found."""
    found = list(names) if not isinstance(names, str) else [names]
    if not found:
        reset()
    for name in found:
        plugin = PLUGINS.get(name.lower()) if isinstance(name, str) else None
        if plugin is None:
            warn_once(
                "plugin",
                "plugins: EC2Plugin, ECSPlugin and ElasticBeanstalkPlugin are known, others left out",
            )
        else:
            describe(plugin.SERVICE_NAME, plugin.ORIGIN, plugin.read())


def describe(service_name: str, comes_from: str, found: dict[str, Any] | None) -> None:
    """Have segments say what a plugin found, if it found anything."""
    global blocks, origin
    if found:
        blocks = {**blocks, service_name: found}
        origin = comes_from


def reset() -> None:
    """Have segments say nothing of where they were recorded."""
    global blocks, origin
    blocks, origin = {}, None

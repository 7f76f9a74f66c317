"""Of an ECS container: its host name, and its id and ARN where its metadata or control groups tell them.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
"""

from __future__ import annotations

import json
import re
import socket

from ... import surroundings
from ...guard import pass_on, warn_once
from ..exchange import NoAnswer, address_in, exchange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SERVICE_NAME = "ecs"
ORIGIN = "AWS::ECS::Container"
CONTROL_GROUPS = "/proc/self/cgroup"

FIELDS = {"container_id": "DockerId", "container_arn": "ContainerARN"}
"""What X-Ray calls it, and how the metadata do."""

_ID = re.compile(r"/ecs/(?:[^/\n]*/)*([0-9a-f]{64}|[0-9a-f]{32}-[0-9]+)$", re.MULTILINE)


def read(control_groups: str = CONTROL_GROUPS) -> dict[str, Any]:
    """What X-Ray knows of containers. `control_groups`: the file that names those of this process."""
    told = {"container": socket.gethostname()}
    url = surroundings.ecs_metadata_url()
    if url:
        told.update(_metadata(url))
    else:
        told.update(_by_control_groups(control_groups))
    return {name: value for name, value in told.items() if value}


def _metadata(url: str) -> dict[str, str]:
    try:
        address, path = address_in(url)
        found = json.loads(exchange(address, "GET", path or "/"))
        return {name: found[called] for name, called in FIELDS.items() if isinstance(found.get(called), str)}
    except (NoAnswer, ValueError, AttributeError, RecursionError) as error:
        pass_on(error)
        reason = str(error) if type(error) is NoAnswer else type(error).__name__
        warn_once("plugin ecs", "plugin ECSPlugin: the container's metadata say nothing (%s)", reason)
        return {}


def _by_control_groups(path: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = _ID.search(file.read(65_536))
    except OSError as error:
        pass_on(error)
        return {}
    return {"container_id": found[1]} if found else {}

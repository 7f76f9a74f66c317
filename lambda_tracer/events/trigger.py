"""What triggered an invocation, as its event says: known by a few keys, and told in names, numbers and ages.

An event is looked at and never asked: only plain dicts, lists and texts are read, as JSON gives them, and no method of
theirs that somebody else has written. No value of a payload leaves here, and no ARN.

This module decides which source it was. What each of them says is in `http`, `batch` and `services`, which are loaded
with the first event of their kind.
"""

from __future__ import annotations

from ..guard import Late, can_load
from .facts import MAX_KEYS, Facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from . import batch, http, services

    Reader = Callable[[dict[str, Any], Facts], bool]
else:
    http = Late("lambda_tracer.events.http")
    batch = Late("lambda_tracer.events.batch")
    services = Late("lambda_tracer.events.services")

_ROOMS = {"http": http, "batch": batch, "services": services}

_MARKS = {
    "requestContext": "http",
    "httpMethod": "http",
    "raw_path": "http",
    "Records": "batch",
    "records": "batch",
    "eventSource": "batch",
    "tasks": "batch",
    "detail-type": "services",
    "info": "services",
    "awslogs": "services",
    "triggerSource": "services",
    "methodArn": "services",
    "authorizationToken": "services",
    "configRuleName": "services",
    "StackId": "services",
    "CodePipeline.job": "services",
    "bot": "services",
    "Details": "services",
    "alarmArn": "services",
    "SecretId": "services",
    "getObjectContext": "services",
    "actionGroup": "services",
    "StateMachine": "services",
}
"""Keys of events, and the module that can tell what an event with such a key is."""

_readers: dict[str, Reader] = {}


def facts_of(event: object) -> Facts | None:
    """What an event says of its source; None for one that is empty, or no object of JSON.

    An object that has no known mark, or too many keys, is an invocation that somebody made directly.
    """
    facts = Facts()
    if type(event) is list:  # AppSync's resolver of a batch, or nothing of AWS's
        first = event[0] if event else None
        if type(first) is dict and _read(first, facts) and facts.annotations["Trigger"] == "appsync":
            facts.annotations["BatchSize"] = len(event)
            return facts
        return None
    if type(event) is not dict or not event:
        return None
    is_known = _read(event, facts)
    if is_known is None:
        return None
    if not is_known:
        facts.annotations["Trigger"] = "direct"
    return facts


def _read(event: dict[str, Any], facts: Facts) -> bool | None:
    """Whether the event is of a known source, and is in `facts` now; None for one that is no object of JSON."""
    if len(event) > MAX_KEYS:
        return False
    rooms: list[str] = []
    for key in event:
        if type(key) is not str:
            return None
        room = _MARKS.get(key)
        if room is not None and room not in rooms:
            rooms.append(room)
    for room in rooms:
        reader = _readers.get(room) or _load(room)
        if reader is not None and reader(event, facts):
            return True
    return False


def _load(room: str) -> Reader | None:
    module = _ROOMS[room]
    if not can_load(module):
        return None
    reader: Reader = module.read
    _readers[room] = reader
    return reader

"""What triggered an invocation, as its event says: known by a few keys, and told in names, numbers and ages.

An event is looked at and never asked: only plain dicts, lists and texts are read, as JSON gives them, and no method of
theirs that somebody else has written. That its keys are texts is seen to at the top; below, they are taken for JSON's.
No value of a payload leaves here, and no ARN.

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
    if type(event) is not dict:
        return _of_batch(event) if type(event) is list and event else None
    if not event:
        return None
    facts = Facts()
    if len(event) <= MAX_KEYS:
        rooms: tuple[str, ...] = ()
        for key in event:
            if type(key) is not str:
                return None
            if key in _MARKS and _MARKS[key] not in rooms:
                rooms += (_MARKS[key],)
        for room in rooms:
            reader = _readers[room] if room in _readers else _load(room)
            if reader is not None and reader(event, facts):
                return facts
    facts.annotations = {"Trigger": "direct"}
    return facts


def _of_batch(events: list[Any]) -> Facts | None:
    """EventBridge Pipes and AppSync's resolver of a batch send a list, and nothing else of AWS's does."""
    first = events[0]
    if type(first) is not dict:
        return None
    if "eventSource" in first:
        facts = Facts()
        return facts if can_load(batch) and batch.read_piped(events, facts) else None
    found = facts_of(first)
    if found is None or found.annotations["Trigger"] != "appsync":
        return None
    found.annotations["BatchSize"] = len(events)
    return found


def _load(room: str) -> Reader | None:
    module = _ROOMS[room]
    if not can_load(module):
        return None
    reader: Reader = module.read
    _readers[room] = reader
    return reader

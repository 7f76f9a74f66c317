"""Root causes: from the service that was asked first down to what failed, or took the time.

https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html shows their form; how X-Ray finds them is not told.
Here a fault (an error) is a root cause if nothing below it has one, and the time goes down the longest child each time.
"""

from __future__ import annotations

from typing import Any

from lambda_tracer.local.receive.documents import mapping, text
from lambda_tracer.local.view.calls import calls_of
from lambda_tracer.local.view.joined_trace import MISSING, SEGMENT, Entry, JoinedTrace

MAX_CAUSES = 10
"""Of one kind in one trace."""

MIN_COVERAGE = 0.1
"""What took less of the whole is not told as a cause of its length."""


def root_causes_of(trace: JoinedTrace) -> dict[str, list[dict[str, Any]]]:
    """By `fault`, `error` and `responsetime`."""
    return trace.once(_root_causes)


def _root_causes(trace: JoinedTrace) -> dict[str, list[dict[str, Any]]]:
    entries = trace.entries
    inferred = {id(visit.entry): visit.type for visit in calls_of(trace).visits if visit.is_inferred}
    found = {flag: _failures(entries, flag, inferred) for flag in ("fault", "error")}
    slowest = _slowest(entries)
    root = slowest[0] if slowest else None
    cause = {"Services": _services(slowest, inferred, root), "ClientImpacting": True}
    return {**found, "responsetime": [cause] if slowest else []}


def _failures(entries: list[Entry], flag: str, inferred: dict[int, str]) -> list[dict[str, Any]]:
    has_below: set[int] = set()
    for entry in entries:
        if entry.has(flag):
            parent = entry.parent
            while parent is not None and id(parent) not in has_below:
                has_below.add(id(parent))
                parent = parent.parent
    causes = []
    for entry in entries:
        if entry.has(flag) and id(entry) not in has_below:
            path = _path(entry)
            causes.append({"Services": _services(path, inferred, None), "ClientImpacting": path[0].has(flag)})
            if len(causes) == MAX_CAUSES:
                break
    return causes


def _slowest(entries: list[Entry]) -> list[Entry]:
    children: dict[int, list[Entry]] = {}
    for entry in entries:
        if entry.parent is not None:
            children.setdefault(id(entry.parent), []).append(entry)
    tops = [entry for entry in entries if entry.parent is None]
    if not tops:
        return []
    entry = max(tops, key=lambda top: top.duration)
    least = entry.duration * MIN_COVERAGE
    path = [entry] if entry.kind != MISSING else []
    while below := children.get(id(entry)):
        entry = max(below, key=lambda child: child.duration)
        if entry.duration < least:
            break
        path.append(entry)
    return path


def _path(entry: Entry) -> list[Entry]:
    path = []
    current: Entry | None = entry
    while current is not None:
        if current.kind != MISSING:
            path.append(current)
        current = current.parent
    return path[::-1]


def _services(path: list[Entry], inferred: dict[int, str], root: Entry | None) -> list[dict[str, Any]]:
    """The services on a path, each with its entities; with their share of the time of `root`, if it is given."""
    services: list[dict[str, Any]] = []
    for entry in path:
        if entry.kind == SEGMENT or not services:
            services.append(_service(entry.service, entry.node.document.get("origin"), False))
        services[-1]["EntityPath"].append(_entity(entry, root))
        if id(entry) in inferred:
            services.append(_service(entry.node.name, inferred[id(entry)], True))
            services[-1]["EntityPath"].append({**_entity(entry, root), "Remote": False})
    return services


def _service(name: str, service_type: object, is_inferred: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"Name": name, "Names": [name], "Inferred": is_inferred, "EntityPath": []}
    if isinstance(service_type, str) and service_type:
        found["Type"] = service_type
    return found


def _entity(entry: Entry, root: Entry | None) -> dict[str, Any]:
    document = entry.node.document
    is_remote = document.get("namespace") in ("aws", "remote")
    entity: dict[str, Any] = {"Name": entry.node.name, "Remote": is_remote}
    if root is not None:
        entity["Coverage"] = min(1.0, entry.duration / root.duration) if root.duration else 1.0
        return entity
    exceptions = mapping(document.get("cause")).get("exceptions")
    entity["Exceptions"] = [
        {"Name": text(mapping(item).get("type")), "Message": text(mapping(item).get("message"))}
        for item in (exceptions if isinstance(exceptions, list) else [])[:MAX_CAUSES]
    ]
    return entity

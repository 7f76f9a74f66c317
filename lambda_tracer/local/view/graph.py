"""The service map: services with the calls between them, summed up over traces."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lambda_tracer.local.view.calls import Calls
from lambda_tracer.local.view.joined_trace import Entry

MAX_DURATIONS = 1_000
"""Different ones that are kept of a service or an edge."""


@dataclass(eq=False)
class Statistics:
    """How a number of visits or calls went. What is in progress is counted as ok, with no time."""

    count: int = 0
    ok: int = 0
    error: int = 0
    fault: int = 0
    throttle: int = 0
    total_time: float = 0.0
    """Seconds."""
    start: float | None = None
    end: float | None = None
    durations: dict[float, int] = field(default_factory=dict)
    """How often each, in seconds to the millisecond."""

    def add(self, entry: Entry) -> None:
        """One more."""
        self.count += 1
        # A throttled call is an error as well; a fault says more than either.
        is_fault = entry.has("fault")
        is_error = not is_fault and (entry.has("error") or entry.has("throttle"))
        self.fault += is_fault
        self.error += is_error
        self.throttle += not is_fault and entry.has("throttle")
        self.ok += not is_fault and not is_error
        self.total_time += entry.duration
        self.start = entry.start if self.start is None else min(self.start, entry.start)
        end = entry.start + entry.duration
        self.end = end if self.end is None else max(self.end, end)
        rounded = round(entry.duration, 3)
        if rounded in self.durations or len(self.durations) < MAX_DURATIONS:
            self.durations[rounded] = self.durations.get(rounded, 0) + 1

    def to_dict(self) -> dict[str, Any]:
        """What the page gets."""
        names = ("count", "ok", "error", "fault", "throttle", "total_time")
        return {name: getattr(self, name) for name in names}


@dataclass(eq=False)
class Service:
    """A service: what has one name and type."""

    id: int
    name: str
    type: str
    is_root: bool = False
    statistics: Statistics = field(default_factory=Statistics)


class Graph:
    """Services by name and type, and edges by the two they join."""

    def __init__(self) -> None:
        self.services: dict[tuple[str, str], Service] = {}
        self.edges: dict[tuple[int, int], Statistics] = {}

    @classmethod
    def of(cls, traces: Iterable[Calls]) -> Graph:
        """That of all of them."""
        graph = cls()
        for calls in traces:
            graph.add(calls)
        return graph

    def add(self, calls: Calls) -> None:
        """One more trace."""
        for visit in calls.visits:
            service = self._service(visit.name, visit.type)
            service.is_root = service.is_root or visit.is_root
            service.statistics.add(visit.entry)
        for call in calls.calls:
            source = self._service(call.source.name, call.source.type)
            target = self._service(call.target.name, call.target.type)
            self.edges.setdefault((source.id, target.id), Statistics()).add(call.entry)

    def _service(self, name: str, service_type: str) -> Service:
        key = (name, service_type)
        if key not in self.services:
            self.services[key] = Service(len(self.services), name, service_type)
        return self.services[key]

    def to_dict(self) -> dict[str, Any]:
        """What the page gets."""
        return {
            "services": [
                {
                    "id": service.id,
                    "name": service.name,
                    "type": service.type,
                    "root": service.is_root,
                    **service.statistics.to_dict(),
                }
                for service in self.services.values()
            ],
            "edges": [
                {"from": source, "to": target, **statistics.to_dict()}
                for (source, target), statistics in self.edges.items()
            ],
        }

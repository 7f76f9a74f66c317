"""GetTraceGraph and GetServiceGraph: the service map, of traces or of a time.

https://docs.aws.amazon.com/xray/latest/api/API_Service.html
"""

from __future__ import annotations

from typing import Any

from lambda_tracer.local.view.calls import calls_of
from lambda_tracer.local.view.graph import Graph, Service, Statistics
from lambda_tracer.local.view.joined_trace import JoinedTrace
from lambda_tracer.local.view.store import Store
from lambda_tracer.local.view.summary import end_of, start_of
from lambda_tracer.local.view.xray_api.arguments import Arguments, InvalidRequest, text, texts, times

MAX_TRACES = 1_000
"""In one call of GetTraceGraph."""

DEFAULT_GROUP = "Default"


def get_trace_graph(arguments: Arguments, store: Store) -> dict[str, Any]:
    """The services in the traces that are given."""
    ids = texts(arguments, "TraceIds", MAX_TRACES)
    with store.lock:
        return {"Services": _services([trace for trace in map(store.get, ids) if trace is not None])}


def get_service_graph(arguments: Arguments, store: Store) -> dict[str, Any]:
    """The services in all traces of a time."""
    start, end = times(arguments)
    group = text(arguments, "GroupName") or text(arguments, "GroupARN").rpartition("/")[2]
    if group not in ("", DEFAULT_GROUP):
        raise InvalidRequest("There are no groups here, but Default")
    with store.lock:
        traces = [trace for trace in store.traces() if start_of(trace) < end and end_of(trace) >= start]
        services = _services(traces)
    return {
        "StartTime": arguments["StartTime"],
        "EndTime": arguments["EndTime"],
        "Services": services,
        "ContainsOldGroupVersions": False,
    }


def _services(traces: list[JoinedTrace]) -> list[dict[str, Any]]:
    graph = Graph.of(calls_of(trace) for trace in traces)
    edges: dict[int, list[dict[str, Any]]] = {}
    for (source, target), statistics in graph.edges.items():
        edges.setdefault(source, []).append(_edge(target, statistics))
    services = [_service(service, edges.get(service.id, [])) for service in graph.services.values()]
    roots = [service for service in graph.services.values() if service.is_root]
    return services + [_client(len(services) + number, root) for number, root in enumerate(roots)]


def _service(service: Service, edges: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ReferenceId": service.id,
        "Name": service.name,
        "Names": [service.name],
        "State": "active",
        **_times(service.statistics),
        "Edges": edges,
        "SummaryStatistics": _statistics(service.statistics),
        "DurationHistogram": _histogram(service.statistics),
        "ResponseTimeHistogram": _histogram(service.statistics),
    }
    if service.is_root:
        found["Root"] = True
    if service.type:
        found["Type"] = service.type
    return found


def _client(reference_id: int, root: Service) -> dict[str, Any]:
    """Who asks a service that nothing in the traces asks."""
    return {
        "ReferenceId": reference_id,
        "Name": root.name,
        "Names": [root.name],
        "Type": "client",
        "State": "unknown",
        **_times(root.statistics),
        "Edges": [_edge(root.id, root.statistics)],
    }


def _edge(target: int, statistics: Statistics) -> dict[str, Any]:
    return {
        "ReferenceId": target,
        **_times(statistics),
        "SummaryStatistics": _statistics(statistics),
        "ResponseTimeHistogram": _histogram(statistics),
        "Aliases": [],
    }


def _times(statistics: Statistics) -> dict[str, Any]:
    return {"StartTime": statistics.start or 0.0, "EndTime": statistics.end or 0.0}


def _statistics(statistics: Statistics) -> dict[str, Any]:
    return {
        "OkCount": statistics.ok,
        "ErrorStatistics": {
            "ThrottleCount": statistics.throttle,
            "OtherCount": statistics.error - statistics.throttle,
            "TotalCount": statistics.error,
        },
        "FaultStatistics": {"OtherCount": statistics.fault, "TotalCount": statistics.fault},
        "TotalCount": statistics.count,
        "TotalResponseTime": round(statistics.total_time, 3),
    }


def _histogram(statistics: Statistics) -> list[dict[str, Any]]:
    return [{"Value": value, "Count": count} for value, count in statistics.durations.items()]

"""GetTraceSummaries: traces by time and filter expression, each with what X-Ray's summaries say.

https://docs.aws.amazon.com/xray/latest/api/API_GetTraceSummaries.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.documents import TRACE_ID, mapping
from lambda_tracer.local.view.calls import Visit, calls_of
from lambda_tracer.local.view.filter.match import arns_of, is_partial, matches
from lambda_tracer.local.view.filter.parser import parse
from lambda_tracer.local.view.filter.tokens import FilterError
from lambda_tracer.local.view.joined_trace import MISSING, Entry, JoinedTrace
from lambda_tracer.local.view.root_causes import root_causes_of
from lambda_tracer.local.view.store import Store
from lambda_tracer.local.view.summary import annotations_of, end_of, start_of, top_entries
from lambda_tracer.local.view.xray_api.arguments import (
    Arguments,
    InvalidRequest,
    position_in,
    text,
    times,
    token_for,
)

PAGE = 100
"""Summaries in one answer."""

MAX_VALUES = 100
"""Of one annotation, and users, in one summary."""

CLOCKS_APART_S = 30 * 86_400
"""What is further from a trace's start than this is no time that its id was made at."""


def get_trace_summaries(arguments: Arguments, store: Store) -> dict[str, Any]:
    """One page of summaries, the latest first."""
    start, end = times(arguments)
    is_wanted = _filter(text(arguments, "FilterExpression"))
    is_in_range = _range(text(arguments, "TimeRangeType") or "TraceId", start, end)
    position = position_in(arguments)
    with store.lock:
        in_range = [trace for trace in store.traces() if is_in_range(trace)]
        found = sorted((trace for trace in in_range if is_wanted(trace)), key=_order, reverse=True)
        rest = [trace for trace in found if not position or _order(trace) < position]
        page = rest[:PAGE]
        answer: dict[str, Any] = {
            "TraceSummaries": [trace.once(_summary) for trace in page],
            "ApproximateTime": clock.now(),
            "TracesProcessedCount": len(in_range),
        }
    if len(rest) > len(page):
        answer["NextToken"] = token_for(_order(page[-1]))
    return answer


def _order(trace: JoinedTrace) -> str:
    """By the time at which it began, then by its id."""
    return f"{int(_begun_at(trace)):012}{trace.id}"


def _begun_at(trace: JoinedTrace) -> float:
    """The time in the id; that of its first segment where the id has none, as those of OpenTelemetry may not."""
    start = start_of(trace)
    if TRACE_ID.fullmatch(trace.id):
        at = int(trace.id[2:10], 16)
        if abs(at - start) < CLOCKS_APART_S:
            return at
    return start


def _range(kind: str, start: float, end: float) -> Callable[[JoinedTrace], bool]:
    if kind == "TraceId":
        return lambda trace: int(start) <= _begun_at(trace) < end
    if kind in ("Event", "Service"):
        return lambda trace: start_of(trace) < end and end_of(trace) >= start
    raise InvalidRequest("TimeRangeType must be TraceId, Event or Service")


def _filter(expression: str) -> Callable[[JoinedTrace], bool]:
    if not expression.strip():
        return lambda trace: True
    try:
        parsed = parse(expression)
    except FilterError as exc:
        raise InvalidRequest(f"Invalid filter expression: {exc}") from exc
    return lambda trace: matches(parsed, trace)


def _summary(trace: JoinedTrace) -> dict[str, Any]:
    entries = [entry for entry in trace.entries if entry.kind != MISSING]
    tops = top_entries(trace)
    visits = calls_of(trace).visits
    causes = root_causes_of(trace)
    arns = dict.fromkeys(arn for entry in entries for arn in arns_of(entry))
    found: dict[str, Any] = {
        "Id": trace.id,
        "StartTime": start_of(trace),
        "Duration": round(end_of(trace) - start_of(trace), 3),
        "HasFault": any(top.has("fault") for top in tops),
        "HasError": any(top.has("error") for top in tops),
        "HasThrottle": any(top.has("throttle") for top in tops),
        "IsPartial": is_partial(trace),
        "Http": _http(tops),
        "Annotations": _annotations(entries),
        "Users": _users(entries),
        "ServiceIds": list({(visit.name, visit.type): _service_id(visit) for visit in visits}.values()),
        "ResourceARNs": [{"ARN": arn} for arn in arns],
        "InstanceIds": [{"Id": value} for value in _of_ec2(entries, "instance_id")],
        "AvailabilityZones": [{"Name": value} for value in _of_ec2(entries, "availability_zone")],
        "FaultRootCauses": causes["fault"],
        "ErrorRootCauses": causes["error"],
        "ResponseTimeRootCauses": causes["responsetime"],
        "Revision": trace.documents,
        "MatchedEventTime": start_of(trace),
    }
    if tops and tops[0].end is not None:
        found["ResponseTime"] = round(tops[0].duration, 3)
    entry_point = next((visit for visit in visits if visit.is_root), None)
    if entry_point is not None:
        found["EntryPoint"] = _service_id(entry_point)
    return found


def _service_id(visit: Visit) -> dict[str, Any]:
    """X-Ray's ServiceId of a service."""
    found: dict[str, Any] = {"Name": visit.name, "Names": [visit.name]}
    account = mapping(visit.entry.node.document.get("aws")).get("account_id")
    if isinstance(account, str):
        found["AccountId"] = account
    if visit.type:
        found["Type"] = visit.type
    return found


def _http(tops: list[Entry]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for top in tops:
        http = mapping(top.node.document.get("http"))
        request, response = mapping(http.get("request")), mapping(http.get("response"))
        for name, value, kind in (
            ("HttpURL", request.get("url"), str),
            ("HttpMethod", request.get("method"), str),
            ("UserAgent", request.get("user_agent"), str),
            ("ClientIp", request.get("client_ip"), str),
            ("HttpStatus", response.get("status"), int),
        ):
            if isinstance(value, kind):
                found.setdefault(name, value)
    return found


def _annotations(entries: list[Entry]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, dict[tuple[type, Any], dict[str, Any]]] = {}
    for entry in entries:
        for key, value in annotations_of(entry):
            values = found.setdefault(key, {})
            if len(values) >= MAX_VALUES and (type(value), value) not in values:
                continue
            told = {"AnnotationValue": _annotation_value(value), "ServiceIds": []}
            _put_service(values.setdefault((type(value), value), told)["ServiceIds"], entry)
    return {key: list(values.values()) for key, values in found.items()}


def _annotation_value(value: str | int | float | bool) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BooleanValue": value}
    return {"StringValue": value} if isinstance(value, str) else {"NumberValue": value}


def _users(entries: list[Entry]) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        user = entry.node.document.get("user")
        if isinstance(user, str) and (user in found or len(found) < MAX_VALUES):
            _put_service(found.setdefault(user, []), entry)
    return [{"UserName": user, "ServiceIds": services} for user, services in found.items()]


def _put_service(services: list[dict[str, Any]], entry: Entry) -> None:
    service = {"Name": entry.service, "Names": [entry.service]}
    if service not in services:
        services.append(service)


def _of_ec2(entries: list[Entry], key: str) -> list[str]:
    blocks = (mapping(mapping(entry.node.document.get("aws")).get("ec2")) for entry in entries)
    return list(dict.fromkeys(block[key] for block in blocks if isinstance(block.get(key), str)))

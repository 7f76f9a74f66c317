"""What an expression matches: a trace as a whole, and within it services, edges and root causes."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any as Anything

from lambda_tracer.local.receive.documents import is_number, mapping
from lambda_tracer.local.view.calls import Visit, calls_of
from lambda_tracer.local.view.filter.expression import (
    All,
    Any,
    Edge,
    Expression,
    Keyword,
    Name,
    Not,
    RootCause,
    RootCauseJSON,
    Service,
    Value,
)
from lambda_tracer.local.view.joined_trace import MISSING, Entry, JoinedTrace
from lambda_tracer.local.view.root_causes import root_causes_of
from lambda_tracer.local.view.summary import annotations_of, end_of, start_of, top_entries

_COMPARE: dict[str, Callable[[Anything, Anything], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "contains": lambda value, wanted: wanted in value,
    "beginswith": lambda value, wanted: value.startswith(wanted),
    "endswith": lambda value, wanted: value.endswith(wanted),
}

_FLAGS = ("fault", "error", "throttle")

_HTTP = {
    "http.status": ("response", "status"),
    "http.url": ("request", "url"),
    "http.method": ("request", "method"),
    "http.useragent": ("request", "user_agent"),
    "http.clientip": ("request", "client_ip"),
}

Values = Callable[[str, str], Sequence[Value]]
"""What there is under a keyword and, of an annotation, its key. There may be several, of several segments."""


def matches(expression: Expression, trace: JoinedTrace) -> bool:
    """Whether it is true of `trace`."""
    found = trace.once(_of_trace)
    return _Matcher(trace).is_true(expression, lambda name, key: found.get((name, key), ()))


class _Matcher:
    def __init__(self, trace: JoinedTrace) -> None:
        self._trace = trace

    def is_true(self, expression: Expression, values: Values) -> bool:
        """Whether it is true of what has these values."""
        match expression:
            case All(terms):
                return all(self.is_true(term, values) for term in terms)
            case Any(terms):
                return any(self.is_true(term, values) for term in terms)
            case Not(term):
                return not self.is_true(term, values)
            case Keyword():
                return _is_true(expression, values)
            case Service():
                return self._has_service(expression)
            case Edge():
                return self._has_edge(expression)
            case RootCause():
                return self._has_root_cause(expression)
            case RootCauseJSON(pattern):
                causes = [cause for listed in root_causes_of(self._trace).values() for cause in listed]
                return any(_has(cause, wanted) for cause in causes for wanted in pattern)

    def _has_service(self, expression: Service) -> bool:
        return any(
            _is_named(visit, expression.name)
            and (expression.filter is None or self.is_true(expression.filter, _of_part(visit.entry, visit)))
            for visit in calls_of(self._trace).visits
        )

    def _has_edge(self, expression: Edge) -> bool:
        return any(
            _is_named(call.source, expression.source)
            and _is_named(call.target, expression.target)
            and (
                expression.filter is None
                or self.is_true(expression.filter, _of_part(call.entry, call.target))
            )
            for call in calls_of(self._trace).calls
        )

    def _has_root_cause(self, expression: RootCause) -> bool:
        for cause in root_causes_of(self._trace)[expression.cause]:
            parts = list(_parts(cause, expression.part))
            if expression.filter is None and parts:
                return True
            for index, part in enumerate(parts):
                values = _of_cause(part, index, is_last=index == len(parts) - 1)
                if expression.filter is not None and self.is_true(expression.filter, values):
                    return True
        return False


def _is_true(keyword: Keyword, values: Values) -> bool:
    found = values(keyword.name, keyword.key)
    if not keyword.operator:
        # Of what is true or false, that; everything else is asked for being there.
        return any(value is not False for value in found)
    compare = _COMPARE[keyword.operator]
    return any(_is_comparable(value, keyword.value) and compare(value, keyword.value) for value in found)


def _is_comparable(value: Value, wanted: Value) -> bool:
    """A number is not compared with a text; nor `true` with 1, which Python takes for the same."""
    if isinstance(value, (bool, str)) or isinstance(wanted, (bool, str)):
        return type(value) is type(wanted)
    return True


def _of_trace(trace: JoinedTrace) -> dict[tuple[str, str], list[Value]]:
    entries = [entry for entry in trace.entries if entry.kind != MISSING]
    tops = top_entries(trace)
    flags: dict[str, Value] = {flag: any(top.has(flag) for top in tops) for flag in _FLAGS}
    found: dict[tuple[str, str], list[Value]] = {(flag, ""): [value] for flag, value in flags.items()}
    found["ok", ""] = [not any(flags.values())]
    found["partial", ""] = [is_partial(trace)]
    found["responsetime", ""] = [top.duration for top in tops[:1] if top.end is not None]
    found["duration", ""] = [end_of(trace) - start_of(trace)] if trace.is_finished else []
    for name in _HTTP:
        found[name, ""] = [value for top in tops for value in _http(top, name)]
    for entry in entries:
        document = entry.node.document
        ec2 = mapping(mapping(document.get("aws")).get("ec2"))
        _put(found, "user", document.get("user"))
        _put(found, "availabilityzone", ec2.get("availability_zone"))
        _put(found, "instance.id", ec2.get("instance_id"))
        for arn in arns_of(entry):
            _put(found, "resource.arn", arn)
        for key, value in annotations_of(entry):
            found.setdefault(("annotation", key), []).append(value)
    return found


def _put(found: dict[tuple[str, str], list[Value]], name: str, value: object) -> None:
    if isinstance(value, str):
        found.setdefault((name, ""), []).append(value)


def is_partial(trace: JoinedTrace) -> bool:
    """Whether a segment of it has not ended, or what is above everything never came."""
    return not trace.is_finished or any(entry.kind == MISSING for entry in trace.entries)


def arns_of(entry: Entry) -> Iterator[str]:
    """Of the resources that it ran on."""
    document = entry.node.document
    for arn in (document.get("resource_arn"), mapping(document.get("aws")).get("function_arn")):
        if isinstance(arn, str):
            yield arn


def _of_part(entry: Entry, visit: Visit) -> Values:
    """Of a service or an edge, as `entry` tells it."""

    def values(name: str, key: str) -> Sequence[Value]:
        document = entry.node.document
        ec2 = mapping(mapping(document.get("aws")).get("ec2"))
        match name:
            case "fault" | "error" | "throttle":
                return [entry.has(name)]
            case "ok":
                return [not any(entry.has(flag) for flag in _FLAGS)]
            case "partial":
                return [entry.end is None]
            case "responsetime" | "duration":
                return [] if entry.end is None else [entry.duration]
            case "root":
                return [visit.is_root]
            case "inferred":
                return [visit.is_inferred]
            case "name":
                return [visit.name]
            case "type":
                return [visit.type]
            case "resource.arn":
                return list(arns_of(entry))
            case "user":
                return _texts(document.get("user"))
            case "availabilityzone":
                return _texts(ec2.get("availability_zone"))
            case "instance.id":
                return _texts(ec2.get("instance_id"))
        return list(_http(entry, name))

    return values


def _of_cause(part: dict[str, Anything], index: int, is_last: bool) -> Values:
    """Of a service, an entity or an exception in a root cause."""
    found: dict[str, Anything] = {name.lower(): value for name, value in part.items()}
    found |= {"index": float(index), "first": index == 0, "last": is_last}

    def values(name: str, key: str) -> Sequence[Value]:
        return [found[name]] if name in found else []

    return values


def _texts(value: object) -> list[Value]:
    return [value] if isinstance(value, str) else []


def _http(entry: Entry, name: str) -> Iterator[Value]:
    block, key = _HTTP[name]
    value = mapping(mapping(entry.node.document.get("http")).get(block)).get(key)
    if (name == "http.status" and is_number(value)) or (name != "http.status" and isinstance(value, str)):
        yield value


def _is_named(visit: Visit, name: Name) -> bool:
    if name.name is not None and name.name != visit.name:
        return False
    if name.type is not None and name.type != visit.type:
        return False
    aws = mapping(visit.entry.node.document.get("aws"))
    return name.account_id is None or name.account_id == aws.get("account_id")


def _parts(cause: dict[str, Anything], part: str) -> Iterator[dict[str, Anything]]:
    for service in cause["Services"]:
        if part == "service":
            yield service
            continue
        for entity in service["EntityPath"]:
            if part == "entity":
                yield entity
            else:
                yield from entity.get("Exceptions", ())


def _has(value: object, wanted: object) -> bool:
    """Whether `value` has what `wanted` has: what an object leaves out may be anything, lists are as long."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            key in value and _has(value[key], item) for key, item in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(value, list) and len(value) == len(wanted) and all(map(_has, value, wanted))
    return bool(value == wanted)

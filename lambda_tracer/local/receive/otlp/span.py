"""Spans: what an `ExportTraceServiceRequest` holds, read from protobuf or from JSON.

The numbers of the fields are those of
https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lambda_tracer.local.receive.documents import mapping, mappings
from lambda_tracer.local.receive.otlp.wire import WireError, double, fields, message, number, signed

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5
KINDS = {1: "INTERNAL", 2: "SERVER", 3: "CLIENT", 4: "PRODUCER", 5: "CONSUMER"}
"""What the API calls the kinds."""

ERROR = 2

MAX_LEVELS = 20
"""Of lists and maps in each other, in a value."""

_INT = re.compile(r"-?[0-9]{1,20}")

Attributes = dict[str, Any]


@dataclass
class Event:
    """Something that happened in a span."""

    time_ns: int = 0
    name: str = ""
    attributes: Attributes = field(default_factory=dict)


@dataclass
class Link:
    """Another span that has to do with it."""

    trace_id: str = ""
    span_id: str = ""
    attributes: Attributes = field(default_factory=dict)


@dataclass
class Span:
    """Ids are hexadecimal digits, times nanoseconds since 1970; 0 for one that is not there."""

    trace_id: str = ""
    span_id: str = ""
    parent_id: str = ""
    name: str = ""
    kind: int = INTERNAL
    start_ns: int = 0
    end_ns: int = 0
    attributes: Attributes = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    status: int = 0
    status_message: str = ""
    resource: Attributes = field(default_factory=dict)
    scope: str = ""
    size_bytes: int = 0


def read_protobuf(request: bytes) -> Iterator[Span]:
    """The spans of a request in protobuf; a `WireError` if it is none."""
    for key, value in fields(request):
        if key == 1:
            yield from _of_resource(message(value))


def _of_resource(data: bytes) -> Iterator[Span]:
    resource: Attributes = {}
    parts = list(fields(data))
    for key, value in parts:
        if key == 1:
            resource = _attributes(value for key, value in fields(message(value)) if key == 1)
    for key, value in parts:
        if key == 2:
            yield from _of_scope(message(value), resource)


def _of_scope(data: bytes, resource: Attributes) -> Iterator[Span]:
    scope = ""
    parts = list(fields(data))
    for key, value in parts:
        if key == 1:
            names = [_text(value) for key, value in fields(message(value)) if key == 1]
            scope = names[-1] if names else ""
    for key, value in parts:
        if key == 2:
            yield _span(message(value), resource, scope)


def _span(data: bytes, resource: Attributes, scope: str) -> Span:
    span = Span(resource=resource, scope=scope, size_bytes=len(data))
    attributes = []
    for key, value in fields(data):
        match key:
            case 1:
                span.trace_id = message(value).hex()
            case 2:
                span.span_id = message(value).hex()
            case 4:
                span.parent_id = message(value).hex()
            case 5:
                span.name = _text(value)
            case 6:
                span.kind = number(value)
            case 7:
                span.start_ns = number(value)
            case 8:
                span.end_ns = number(value)
            case 9:
                attributes.append(value)
            case 11:
                span.events.append(_event(message(value)))
            case 13:
                span.links.append(_link(message(value)))
            case 15:
                for of_status, part in fields(message(value)):
                    if of_status == 2:
                        span.status_message = _text(part)
                    elif of_status == 3:
                        span.status = number(part)
    span.attributes = _attributes(attributes)
    return span


def _event(data: bytes) -> Event:
    parts = list(fields(data))
    return Event(
        next((number(value) for key, value in parts if key == 1), 0),
        next((_text(value) for key, value in parts if key == 2), ""),
        _attributes(value for key, value in parts if key == 3),
    )


def _link(data: bytes) -> Link:
    parts = list(fields(data))
    return Link(
        next((message(value).hex() for key, value in parts if key == 1), ""),
        next((message(value).hex() for key, value in parts if key == 2), ""),
        _attributes(value for key, value in parts if key == 4),
    )


def _attributes(values: Any, levels: int = MAX_LEVELS) -> Attributes:
    found: Attributes = {}
    for pair in values:
        name, content = "", b""
        for key, value in fields(message(pair)):
            if key == 1:
                name = _text(value)
            elif key == 2:
                content = message(value)
        found[name] = _value(content, levels)
    return found


def _value(data: bytes, levels: int) -> Any:
    if levels == 0:
        return "(nested too deeply)"
    found: Any = None
    for key, value in fields(data):
        match key:
            case 1:
                found = _text(value)
            case 2:
                found = bool(number(value))
            case 3:
                found = signed(number(value))
            case 4:
                found = double(number(value))
            case 5:
                found = [
                    _value(message(item), levels - 1) for key, item in fields(message(value)) if key == 1
                ]
            case 6:
                found = _attributes((item for key, item in fields(message(value)) if key == 1), levels - 1)
            case 7:
                found = base64.b64encode(message(value)).decode("ascii")
    return found


def _text(value: int | bytes) -> str:
    return message(value).decode("utf-8", "replace")


def read_json(request: object) -> Iterator[Span]:
    """The spans of a request in JSON, as https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding has it."""
    for of_resource in _listed(mapping(request), "resourceSpans"):
        resource = _attributes_json(mapping(of_resource.get("resource")))
        for of_scope in _listed(of_resource, "scopeSpans"):
            scope = str(mapping(of_scope.get("scope")).get("name") or "")
            for data in _listed(of_scope, "spans"):
                status = mapping(data.get("status"))
                yield Span(
                    trace_id=_id(data.get("traceId")),
                    span_id=_id(data.get("spanId")),
                    parent_id=_id(data.get("parentSpanId")),
                    name=str(data.get("name") or ""),
                    kind=_number(data.get("kind")) or INTERNAL,
                    start_ns=_number(data.get("startTimeUnixNano")),
                    end_ns=_number(data.get("endTimeUnixNano")),
                    attributes=_attributes_json(data),
                    events=[
                        Event(
                            _number(item.get("timeUnixNano")),
                            str(item.get("name") or ""),
                            _attributes_json(item),
                        )
                        for item in _listed(data, "events")
                    ],
                    links=[
                        Link(_id(item.get("traceId")), _id(item.get("spanId")), _attributes_json(item))
                        for item in _listed(data, "links")
                    ],
                    status=_number(status.get("code")),
                    status_message=str(status.get("message") or ""),
                    resource=resource,
                    scope=scope,
                )


def _listed(of: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return mappings(of.get(name))


def _id(value: object) -> str:
    """Hexadecimal digits; some senders write base64, as JSON of protobuf does elsewhere."""
    text = value if isinstance(value, str) else ""
    if len(text) in (24, 12) and text.endswith("="):
        try:
            return base64.b64decode(text, validate=True).hex()
        except binascii.Error:
            return text
    return text.lower()


def _number(value: object) -> int:
    """Numbers of 64 bits are texts in it; 0 for what is none."""
    if isinstance(value, str) and _INT.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return value if 0 <= value < 1 << 64 else 0


def _attributes_json(of: dict[str, Any], levels: int = MAX_LEVELS, name: str = "attributes") -> Attributes:
    return {
        str(pair.get("key")): _value_json(mapping(pair.get("value")), levels) for pair in _listed(of, name)
    }


def _value_json(value: dict[str, Any], levels: int) -> Any:
    if levels == 0:
        return "(nested too deeply)"
    if "intValue" in value:
        number_text = str(value["intValue"])
        return int(number_text) if _INT.fullmatch(number_text) else number_text
    if "arrayValue" in value:
        return [_value_json(item, levels - 1) for item in _listed(mapping(value["arrayValue"]), "values")]
    if "kvlistValue" in value:
        return _attributes_json(mapping(value["kvlistValue"]), levels - 1, "values")
    return next(
        (value[key] for key in ("stringValue", "boolValue", "doubleValue", "bytesValue") if key in value),
        None,
    )


def read_base64(text: bytes) -> list[Span]:
    """The spans of a request in protobuf, in base64."""
    try:
        request = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as exc:
        raise WireError(f"it is not base64: {exc}") from exc
    return list(read_protobuf(request))

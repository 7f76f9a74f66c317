"""A subsegment -> the JSON of one X-Ray document, within X-Ray's limits.

X-Ray drops a document that breaks its rules without telling anybody, so none leaves here that does. When a
subsegment is larger than a document may be, its largest metadata values give way first, then exception stacks, then SQL
text, then the rest of the `aws` block; a marker says what was cut and how big it was. Id, name, times, flags and
annotations always arrive.

A document is built as text, field by field. It comes out open, without its last brace: what waits inside the
subsegment is added by `closed`, and what only a document of its own needs (trace, parent, type) by
`standalone`.

Rules: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quote

from ..clock import clock
from ..guard import Late
from ..safe import safe_str
from ..xray import MAX_ANNOTATION_BYTES, MAX_ANNOTATION_TEXT, MAX_DOCUMENT_BYTES, MAX_HTTP_TEXT
from . import name as names
from .blocks import blocks_of, metadata_of
from .json_text import dumps
from .limits import MAX_VALUE_BYTES
from .marker import Marker, described

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from ..trace.subsegment import Subsegment
    from . import links, segment_fields, shrink
else:
    links = Late("lambda_tracer.encode.links")  # most have none
    segment_fields = Late("lambda_tracer.encode.segment_fields")  # in Lambda there are no segments of ours
    shrink = Late("lambda_tracer.encode.shrink")  # few are so large


_MAX_TIME = 1e11
"""Epoch seconds, in the year 5138: no clock says that, and what is more was meant as something else."""

FEW_ENTRIES = 5
"""Values of metadata that need no bounds but each its own."""

_REQUEST_TEXTS = ("url", "method", "user_agent", "client_ip")
_RESPONSE_NUMBERS = ("status", "content_length")
_fields: dict[tuple[str, str], str] = {}
_NAMESPACES = {name: f',"namespace":"{name}"' for name in ("local", "remote", "aws")}


def encode(
    subsegment: Subsegment,
    in_progress: bool = False,
    fault_cause: Mapping[str, Any] | None = None,
    is_brief: bool = False,
) -> str:
    """The subsegment as open JSON text of at most MAX_DOCUMENT_BYTES, without what waits inside it.

    `in_progress`: as one that is still open. `fault_cause`: as a fault with that cause, whatever its own is.
    `is_brief`: without metadata but our own.
    """
    # A name is cleaned once: a function traces the same few again and again.
    name = subsegment.name
    quoted = (names.known.get(name) if type(name) is str else None) or names.quoted_name(name)
    start, end = subsegment.start_time, None if in_progress else subsegment.end_time
    namespace = subsegment.namespace
    of = (_NAMESPACES.get(namespace) if type(namespace) is str else None) or _what_it_is(subsegment)
    if end is None or start < 1.0 or end < 1.0:
        text = f'{{"id":"{subsegment.id}","name":{quoted},{_times(start, end)}{of}'
    else:  # from whole numbers, in which a float's shortest digits need not be sought
        began, ended = str(int(start * 1e6)), str(int(end * 1e6))
        text = (
            f'{{"id":"{subsegment.id}","name":{quoted},"start_time":{began[:-6]}.{began[-6:]},'
            f'"end_time":{ended[:-6]}.{ended[-6:]},"in_progress":false{of}'
        )
    if subsegment.fault or fault_cause:
        text += ',"fault":true'
    if subsegment.error:
        text += ',"error":true'
    if subsegment.throttle:
        text += ',"throttle":true'
    if subsegment.given_http:
        text += _http(subsegment.given_http)
    if subsegment.links:
        text += links.field_of(subsegment.links)
    left_out = cut_bytes = 0
    if subsegment.given_annotations:
        annotations, left_out = annotations_text(subsegment.given_annotations)
        text += annotations
    cause, sql, aws = fault_cause or subsegment.cause, subsegment.sql, subsegment.given_aws
    captured = () if is_brief else subsegment.captured
    invocation = subsegment.invocation
    metadata: list[list[str]] = []
    for namespace, key, value in captured:
        shown = dumps(value, True)  # captured; a call without names is a third faster
        if type(shown) is Marker:
            cut_bytes += shown.size - len(shown)
        elif len(captured) == 1 and not (
            subsegment.given_metadata or cause or sql or aws or left_out or invocation.losses
        ):
            # As a rule: there is what the function returned and nothing else, and it fits.
            whole = f"{text}{_fields.get((namespace, key)) or _field(namespace, key)}{shown}}}}}"
            if len(whole) <= MAX_DOCUMENT_BYTES:
                # The one letter is found in a fifth of the time.
                return shrink.without_lone_surrogates(whole) if "\\" in whole and "\\ud" in whole else whole
        metadata.append([namespace, key, shown])
    if subsegment.given_metadata and is_brief:
        metadata = [
            ["lambda_tracer", key, dumps(value)]
            for key, value in list(subsegment.given_metadata.get("lambda_tracer", {}).items())
        ]
    elif subsegment.given_metadata:
        if sum(map(len, subsegment.given_metadata.values())) > FEW_ENTRIES:
            cut_bytes += shrink.add_metadata(subsegment.given_metadata, metadata)
        else:
            for namespace, values in list(subsegment.given_metadata.items()):
                for key, value in list(values.items()):
                    shown = dumps(value)
                    metadata.append([namespace, key, shown])
                    if type(shown) is Marker:
                        cut_bytes += shown.size - len(shown)
    if left_out:
        metadata.append(["lambda_tracer", "annotations_left_out", str(left_out)])
    blocks = ""
    if cause or sql or aws:
        blocks = blocks_of(cause, sql, aws)
        if type(blocks) is Marker:
            cut_bytes += blocks.size - len(blocks)
    if cut_bytes:
        invocation.lose("cut", cut_bytes)
    if subsegment.parent is None and invocation.losses:
        metadata += [["lambda_tracer", *item] for item in described(invocation.losses).items()]
    rest = (metadata_of(metadata) if metadata else "") + blocks
    if len(text) + len(rest) > MAX_DOCUMENT_BYTES:
        room = MAX_DOCUMENT_BYTES - len(text)
        rest = shrink.fitting(room, len(rest), subsegment, bool(cut_bytes), metadata, cause, sql, aws)
    text += rest
    if "\\ud" in text:  # a character beyond 16 bits, or a lone half of one
        text = shrink.without_lone_surrogates(text)
    return text


def _field(namespace: str, key: str) -> str:
    """What stands before the only value of the metadata, which a function's calls have in common."""
    field = f',"metadata":{{{quote(namespace[:MAX_VALUE_BYTES])}:{{{quote(key[:MAX_VALUE_BYTES])}:'
    if len(_fields) < 1_000 and len(field) < 1_000:  # names made up at run time must not fill the memory
        _fields[namespace, key] = field
    return field


def _times(start: float, end: float | None) -> str:
    """When it was open, in epoch seconds with microseconds; without an end, that it still is.

    For what is still open, and for times that no clock says but that somebody may have set.
    """
    ended = '"in_progress":true' if end is None else f'"end_time":{end:.6f},"in_progress":false'
    # To the microsecond what the finished document says, which takes the place of this one.
    began = int(start * 1e6) / 1e6 if 1 <= start < _MAX_TIME else start
    return f'"start_time":{began:.6f},{ended}'


def alone(
    subsegment: Subsegment,
    in_progress: bool,
    fault_cause: Mapping[str, Any] | None = None,
    is_brief: bool = False,
) -> str:
    """A document of its own, without what waits inside the subsegment; for the arguments see `encode`."""
    text = encode(subsegment, in_progress, fault_cause, is_brief)
    return standalone(closed(text, ()), subsegment.invocation.trace_id, subsegment.parent_id, subsegment.type)


def bare(subsegment: Subsegment) -> str:
    """What arrives of a subsegment even when describing the rest of it failed: the same open text, of its identity."""
    text = f'{{"id":"{subsegment.id}","name":{quote(names.clean_name(subsegment.name))}'
    for key, value in (("start_time", subsegment.start_time), ("end_time", subsegment.end_time)):
        is_time = isinstance(value, (int, float)) and 0 <= value < _MAX_TIME
        text += f',"{key}":{value if is_time else clock.now():.6f}'
    text += ',"in_progress":false'
    for flag in ("fault", "error", "throttle"):
        if getattr(subsegment, flag) is True:
            text += f',"{flag}":true'
    return text


def closed(text: str, children: Sequence[str]) -> str:
    """An open text with its last brace, and between them the finished subsegments that wait inside it."""
    if children:
        return f'{text},"subsegments":[{",".join(children)}]}}'
    return text + "}"


def standalone(text: str, trace_id: str, parent_id: str, kind: str = "subsegment") -> str:
    """A closed text as a document of its own, which names the trace and the parent it belongs to."""
    if kind == "segment":
        return segment_fields.standalone(text, trace_id, parent_id)
    return f'{{"trace_id":"{trace_id}","parent_id":"{parent_id}","type":"subsegment",{text[1:]}'


def _what_it_is(subsegment: Subsegment) -> str:
    """What is known of a segment alone; or a namespace that is none of the usual ones."""
    if subsegment.type == "segment":
        return segment_fields.fields_of(subsegment)
    namespace: object = subsegment.namespace
    text = namespace if type(namespace) is str else "" if namespace is None else safe_str(namespace)
    return f',"namespace":{quote(text[:MAX_HTTP_TEXT])}' if text else ""


def annotations_text(annotations: Mapping[str, Any]) -> tuple[str, int]:
    """The annotations that fit, as a field of a document, and how many are left out."""
    kept = ""
    left_out = 0
    for key, value in list(annotations.items()):
        if isinstance(value, str):
            item = f",{quote(key)}:{quote(value[:MAX_ANNOTATION_TEXT])}"
        elif value is True or value is False:
            item = f",{quote(key)}:{'true' if value else 'false'}"
        else:
            item = f",{quote(key)}:{_number(value)}"
        if len(kept) + len(item) > MAX_ANNOTATION_BYTES:
            left_out += 1
        else:
            kept += item
    return f',"annotations":{{{kept[1:]}}}', left_out


def _number(value: int | float) -> str:
    """A number that JSON has and X-Ray can hold; as text if it can't."""
    text = dumps(value)
    return text if text[0] == '"' or abs(value) < 1e308 else quote(text[:MAX_ANNOTATION_TEXT])


def _http(http: Mapping[str, Any]) -> str:
    # Spelled out: the encoder for any value takes four times as long.
    parts = ""
    given = http.get("request")
    if given:
        request = ""
        for key in _REQUEST_TEXTS:
            value = given.get(key)
            if value is not None:
                text = value if type(value) is str else safe_str(value)
                request += f',"{key}":{quote(text[:MAX_HTTP_TEXT])}'
        value = given.get("x_forwarded_for")
        if value is not None:
            is_forwarded = "true" if value is True or shrink.is_true(value) else "false"
            request += f',"x_forwarded_for":{is_forwarded}'
        if request:
            parts = f',"request":{{{request[1:]}}}'
    given = http.get("response")
    if given:
        response = ""
        for key in _RESPONSE_NUMBERS:
            value = given.get(key)
            if type(value) in (int, float):
                response += f',"{key}":{int(value)}'
        if response:
            parts += f',"response":{{{response[1:]}}}'
    return f',"http":{{{parts[1:]}}}' if parts else ""

"""Requests: the spans of a document, packed into as few datagrams as hold them.

A datagram is the line that X-Ray's daemon expects before each document, `T1S`, and an `ExportTraceServiceRequest` in
base64. So AWS's distribution of OpenTelemetry sends spans from Lambda; no page of AWS describes it.
"""

from __future__ import annotations

from binascii import b2a_base64
from json import dumps, loads

from ... import surroundings
from ...encode import shrink
from ...guard import failed, pass_on
from ...xray import PREAMBLE
from .message import attributes, field, text
from .span import COMMON, exceptions_in, span, with_all_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

MAX_REQUEST_BYTES = 49_104
"""In base64 and with what stands before it, 65,505 bytes; a UDP datagram holds 65,507."""

_HEAD = PREAMBLE.encode() + b"T1S"
_FRAME_BYTES = 8
"""Keys and lengths of the two messages around the spans."""

_ANNOTATION_BYTES = 30
"""Keys and lengths of an annotation in a span, at most."""

_LEFT_OUT = "annotations_left_out"
_TRIES = 5
_LARGE = ("metadata", "cause", "sql", "aws", "subsegments")


class Requests:
    """Makes requests of documents. What the environment says of the function is read once, when this is made."""

    def __init__(self) -> None:
        facts: dict[str, Any] = dict(surroundings.function_facts())
        function = facts.get("faas.name", "unknown_service")
        service = facts.setdefault("service.name", function)
        if "faas.name" in facts:
            facts |= {"cloud.provider": "aws", "cloud.platform": "aws_lambda"}
        facts |= {"telemetry.sdk.language": "python", "telemetry.sdk.name": "lambda_tracer"}
        self._resource = field(b"\x0a", attributes(b"\x0a", facts))
        self._scope = field(b"\x0a", field(b"\x0a", b"lambda_tracer"))
        local = {
            f"{COMMON}service": service,
            f"{COMMON}operation": f"{function}/FunctionHandler",
            f"{COMMON}environment": "lambda:default",
        }
        self._common = attributes(b"\x4a", local)
        self._room = MAX_REQUEST_BYTES - len(self._resource) - len(self._scope) - _FRAME_BYTES

    def send(self, datagram: bytes, send: Callable[[bytes], bool]) -> bool:
        """Send what a document's datagram says as spans, by `send`; as the document where they can't be made."""
        datagrams = [datagram]
        try:
            datagrams = self.datagrams(datagram)
        except Exception as error:
            failed(error)
        sent = [send(each) for each in datagrams]
        return all(sent)

    def datagrams(self, datagram: bytes) -> list[bytes]:
        """The datagrams that say what one with a subsegment's document says; that one, if it holds anything else."""
        try:
            document = loads(datagram[len(PREAMBLE) :])
        except ValueError as error:
            pass_on(error)
            return [datagram]
        if type(document) is not dict or document.get("type") != "subsegment":
            return [datagram]
        known = exceptions_in(document)
        groups: list[list[bytes]] = [[]]
        size = 0
        for subsegment, parent_id in with_all_below(document):
            of_span = self._fitting(subsegment, document["trace_id"], parent_id, known)
            if size + len(of_span) > self._room:
                groups.append([])
                size = 0
            groups[-1].append(of_span)
            size += len(of_span)
        return [_HEAD + b2a_base64(self._request(group), newline=False) for group in groups if group]

    def _request(self, spans: list[bytes]) -> bytes:
        return field(b"\x0a", self._resource + field(b"\x12", self._scope + b"".join(spans)))

    def _fitting(
        self, document: Mapping[str, Any], trace_id: str, parent_id: str, known: Mapping[str, Any]
    ) -> bytes:
        """The field of a span, cut as a document is: its largest values give way first, its identity never."""

        def of(*blocks: Mapping[str, Any]) -> bytes:
            whole = {name: value for block in blocks for name, value in block.items()}
            return field(b"\x12", span(whole, trace_id, parent_id, self._common, known))

        found = of(document)
        if len(found) <= self._room:
            return found
        rest = {name: value for name, value in document.items() if name not in _LARGE}
        room = self._room - len(of(rest))
        for _ in range(_TRIES):
            entries = [
                [namespace, key, dumps(value)]
                for namespace, values in document.get("metadata", {}).items()
                for key, value in values.items()
            ]
            cut = shrink.cut(room, entries, document.get("cause"), document.get("sql"), document.get("aws"))
            found = of(rest, loads(f"{{{cut[1:]}}}"))
            excess = len(found) - self._room
            if excess <= 0:
                return found
            room -= excess
        # It is the annotations, whose keys are sent twice: the first ones that fit stay.
        kept: dict[str, Any] = {}
        size = len(of(rest, {"annotations": {}})) + _ANNOTATION_BYTES * 3
        given = rest.get("annotations", {})
        for key, value in given.items():
            size += 2 * len(key) + len(text(str(value))) + _ANNOTATION_BYTES
            if size > self._room:
                break
            kept[key] = value
        note = {"metadata": {"lambda_tracer": {_LEFT_OUT: len(given) - len(kept)}}}
        return of(rest, {"annotations": kept}, note)

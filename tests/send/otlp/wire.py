"""Both wires: the documents that the recorder made, and the spans of them, as protobuf and the local view read them."""

from __future__ import annotations

import base64
import json
import socket
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from lambda_tracer import UDPEmitter
from lambda_tracer.local.receive.documents import body_of
from lambda_tracer.local.receive.otlp.received import in_text
from lambda_tracer.send.otlp.request import MAX_REQUEST_BYTES
from tests.documents import Document, flatten

HEAD = b'{"format":"json","version":1}\nT1S'
ADOT = Path(__file__).parents[2] / "local" / "view" / "adot_datagrams.txt"
MAX_UDP_BYTES = 65_507


class Wire:
    """A recorder's emitter that sends as `UDPEmitter` does, to a socket of the loopback, and keeps the documents."""

    def __init__(self, receiver: socket.socket) -> None:
        self.receiver = receiver
        self.sent: list[Document] = []
        self.emitter = UDPEmitter()

    def send(self, document: str) -> bool:
        self.sent.append(json.loads(document))
        return self.emitter.send(document)

    def datagrams(self) -> list[bytes]:
        """What has arrived since the last call. On the loopback it is there when it is sent."""
        found = []
        try:
            while True:
                found.append(self.receiver.recv(65_535, socket.MSG_DONTWAIT))
        except BlockingIOError:
            return found

    def spans(self) -> list[Any]:
        """Protobuf's own reading of it."""
        found = []
        for datagram in self.datagrams():
            of_resource = parsed(datagram).resource_spans
            found += [span for each in of_resource for scope in each.scope_spans for span in scope.spans]
        return found

    def documents(self) -> list[Document]:
        """The view's reading of it."""
        return [
            received.document
            for datagram in self.datagrams()
            for received in in_text(body_of(datagram) or b"")
        ]


def parsed(datagram: bytes) -> Any:
    assert datagram.startswith(HEAD)
    assert len(datagram) <= MAX_UDP_BYTES
    request = ExportTraceServiceRequest()
    data = base64.b64decode(datagram[len(HEAD) :], validate=True)
    assert len(data) <= MAX_REQUEST_BYTES
    request.ParseFromString(data)
    return request


def values(attributes: Any) -> dict[str, Any]:
    """Attributes of protobuf's as values of Python's; no name comes twice."""
    found = {attribute.key: value(attribute.value) for attribute in attributes}
    assert len(found) == len(attributes)
    return found


def value(any_value: Any) -> Any:
    kind = any_value.WhichOneof("value")
    if kind == "array_value":
        return [value(item) for item in any_value.array_value.values]
    return getattr(any_value, kind)


def flat(documents: list[Document]) -> list[Document]:
    """Each subsegment as the document of its own that a span is."""
    found = []
    for document in documents:
        top, *below = flatten(document)
        found += [top, *({**each, "type": "subsegment"} for each in below)]
    return sorted(found, key=lambda each: str(each["id"]))


def alike(documents: list[Document]) -> list[Document]:
    """What counts: with times in microseconds, and without what is said by being left out."""
    found = []
    for document in flat(documents):
        document = json.loads(json.dumps(document))
        for key in ("start_time", "end_time"):
            if key in document:
                document[key] = round(document[key] * 1e6)
        if document.get("namespace") == "local":
            del document["namespace"]
        if document.get("in_progress") is False:
            del document["in_progress"]
        sql = document.get("sql", {})
        if "database_type" in sql:
            sql["database_type"] = sql["database_type"].lower().removesuffix("3")
        cause = document.get("cause")
        for exception in cause["exceptions"] if isinstance(cause, dict) else ():
            exception.setdefault("message", "")
            exception.setdefault("stack", [])
        found.append(document)
    return found

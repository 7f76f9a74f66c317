"""A view that runs, documents to send to it, and what it answers."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from lambda_tracer.local.view.view import View

Document = dict[str, Any]

PATIENCE_S = 60
"""Of a machine that does much else meanwhile."""


class Here:
    """A view on a port of its own, with what a sender and a client do with it."""

    def __init__(self) -> None:
        self.view = View(port=0)
        self.port = self.view.port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def close(self) -> None:
        self.view.close()
        self._socket.close()

    def send_raw(self, datagram: bytes) -> None:
        self._socket.sendto(datagram, ("127.0.0.1", self.port))

    def send(self, *documents: Document) -> None:
        """By UDP, and not before they have arrived."""
        before = {trace.id: trace.documents for trace in self.view.store.traces()}
        for document in documents:
            self.send_raw(b'{"format": "json", "version": 1}\n' + json.dumps(document).encode())
        for trace_id in {document["trace_id"] for document in documents}:
            count = sum(document["trace_id"] == trace_id for document in documents)
            self.await_documents(trace_id, before.get(trace_id, 0) + count)

    def await_documents(self, trace_id: str, count: int) -> None:
        give_up_at = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_at:
            trace = self.view.store.get(trace_id)
            if trace is not None and trace.documents >= count:
                return
            time.sleep(0.005)
        raise AssertionError(f"{trace_id} has not arrived")

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """One request; underscores in the names of headers stand for hyphens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """The JSON at a path that has some."""
        response, body = self.ask("GET", path)
        assert response.status == 200, (response.status, body)
        return json.loads(body)

    def matching(self, expression: str) -> list[str]:
        """The names of the traces that match."""
        found = self.get(f"/api/traces?filter={quote(expression)}")
        return sorted(summary["name"] for summary in found["traces"])


class Events:
    """What a page that stays open has been told."""

    def __init__(self, stream: Any) -> None:
        self._lines: Iterator[bytes] = stream

    def next(self) -> tuple[str, Any]:
        """Name and data of the next one; its id is kept."""
        name = ""
        for line in self._lines:
            key, _, value = line.decode().rstrip("\n").partition(": ")
            if key == "id":
                self.last_id = value
            elif key == "event":
                name = value
            elif key == "data":
                return name, json.loads(value)
        raise AssertionError("the stream has ended")


@contextmanager
def events(here: Here, query: str = "", last_id: str = "") -> Iterator[Events]:
    """What a page is told from now on, or from where `last_id` was told."""
    with socket.create_connection(("127.0.0.1", here.port), timeout=PATIENCE_S) as connection:
        resume = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        head = f"GET /api/events{query} HTTP/1.1\r\nHost: localhost:{here.port}\r\n{resume}\r\n"
        connection.sendall(head.encode())
        stream = connection.makefile("rb")
        assert b" 200 " in stream.readline()
        while stream.readline().strip():
            pass
        assert stream.readline() == b": lambda-tracer view\n", "it is there before the first event"
        yield Events(stream)


def new_id() -> str:
    return os.urandom(8).hex()


def new_trace_id(now: float | None = None) -> str:
    return f"1-{int(now or time.time()):08x}-{os.urandom(12).hex()}"


def segment(name: str, trace_id: str, begin: float = 0.0, end: float | None = 1.0, **more: Any) -> Document:
    """A segment; times are seconds from the time in the trace's id."""
    return {**_entity(name, int(trace_id[2:10], 16), begin, end), "trace_id": trace_id, **more}


def subsegment(
    name: str, parent: Document, begin: float = 0.0, end: float | None = 1.0, **more: Any
) -> Document:
    """A document of its own below `parent`."""
    trace_id = parent["trace_id"]
    own = {"trace_id": trace_id, "parent_id": parent["id"], "type": "subsegment"}
    return {**_entity(name, int(trace_id[2:10], 16), begin, end), **own, **more}


def embedded(document: Document) -> Document:
    """The same as it stands in another one's "subsegments"."""
    return {key: value for key, value in document.items() if key not in ("trace_id", "parent_id", "type")}


def _entity(name: str, at: float, begin: float, end: float | None) -> Document:
    document: Document = {"id": new_id(), "name": name, "start_time": at + begin}
    return {**document, "in_progress": True} if end is None else {**document, "end_time": at + end}


def payment(order: str = "A-1001", **of_handler: Any) -> list[Document]:
    """A function's trace: Lambda's two segments, and a handler with a call of DynamoDB and one of a shop."""
    trace_id = new_trace_id()
    flags = {flag: True for flag in ("fault", "error") if of_handler.get(flag)}
    service = segment("payment", trace_id, 0, 1, origin="AWS::Lambda", **flags)
    function = segment(
        "payment", trace_id, 0.1, 1, origin="AWS::Lambda::Function", parent_id=service["id"], **flags
    )
    handler = subsegment("## handler", function, 0.2, 1, annotations={"Order": order}, **of_handler)
    table = subsegment("DynamoDB", handler, 0.3, 0.5, namespace="aws", aws={"operation": "GetItem"})
    shop = subsegment(
        "shop.example", handler, 0.5, 0.9, namespace="remote", http={"response": {"status": 404}}, error=True
    )
    handler["subsegments"] = [embedded(table), embedded(shop)]
    return [service, function, handler]

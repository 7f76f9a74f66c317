"""A view with traces of a shop in it, and a browser that looks at its page."""

from __future__ import annotations

import json
import shutil
import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from lambda_tracer.local.view.view import View
from tests.local.view_page import shop
from tests.local.view_page.browser import Browser

CHROMIUM = shutil.which("chromium")


class Shop:
    """A running view, and what sends to it."""

    def __init__(self, port: int = 0) -> None:
        self.view = View(port)
        self.address = self.view.address
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.ids: dict[str, str] = {}

    def send(self, documents: list[shop.Document], name: str = "") -> str:
        """Documents of one trace, as a daemon gets them; the id of the trace."""
        for document in documents:
            datagram = b'{"format": "json", "version": 1}\n' + json.dumps(document).encode()
            self._socket.sendto(datagram, ("127.0.0.1", self.view.port))
            time.sleep(0.0003)  # a burst would overrun the receiver's buffer
        trace_id = str(documents[0]["trace_id"])
        self.ids[name or trace_id] = trace_id
        self.wait_for(trace_id, sum(1 for _ in documents))
        return trace_id

    def send_all(self) -> None:
        """Six traces: cold and warm, with a fault, with many equal subsegments, without a root, unfinished."""
        self.send(shop.checkout(), "cold")
        self.send(shop.checkout(shop.STARTED + 9, cold=False, order="A-1003"), "warm")
        self.send(shop.declined(), "declined")
        self.send(shop.batch(), "batch")
        self.send(shop.without_root(), "without root")
        self.send(shop.unfinished(), "unfinished")

    def wait_for(self, trace_id: str, documents: int) -> None:
        for _ in range(300):
            if any(
                each["id"] == trace_id and each["documents"] >= documents
                for each in self.get("/api/traces")["traces"]
            ):
                return
            time.sleep(0.05)
        raise AssertionError(f"{trace_id} has not arrived")

    def get(self, path: str) -> Any:
        """What the server answers."""
        with urllib.request.urlopen(self.address.rstrip("/") + path) as answer:
            return json.load(answer)

    def post(self, path: str, body: Any) -> None:
        """Send JSON to the server, as a command does."""
        request = urllib.request.Request(
            self.address.rstrip("/") + path, json.dumps(body).encode(), method="POST"
        )
        urllib.request.urlopen(request).close()

    def page(self, name: str, query: str = "", node: str = "") -> str:
        """The address of a trace, or of its subsegment of a name."""
        path = f"{self.address}#/trace/{self.ids[name]}"
        return path + (f"/{self.node(name, node)}" if node else "") + query

    def node(self, trace: str, name: str) -> str:
        """The id of the first subsegment of a name."""
        return str(
            next(
                each["id"]
                for each in self.get(f"/api/traces/{self.ids[trace]}")["nodes"]
                if each["name"] == name
            )
        )

    def __enter__(self) -> Shop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, stack: TracebackType | None
    ) -> None:
        self._socket.close()
        self.view.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One for all tests here: it takes a second to start. While it is there, its thread has an event loop that runs."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with Browser(Path(CHROMIUM)) as browser:
        yield browser


@pytest.fixture(scope="module")
def shop_view() -> Iterator[Shop]:
    with Shop() as running:
        running.send_all()
        yield running

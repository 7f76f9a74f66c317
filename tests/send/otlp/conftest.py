"""A wire on which spans are sent, and an invocation on it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import HTTPServer
from typing import Any

import pytest

from lambda_tracer import UDPEmitter, patch, unpatch_all, xray_recorder
from tests.conftest import Invoke
from tests.send.otlp.shop import EVENT, Shop, pay, tracer
from tests.send.otlp.wire import Wire


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        receiver.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{receiver.getsockname()[1]}")
        monkeypatch.setenv("LAMBDA_TASK_ROOT", "/var/task")
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop")
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_VERSION", "7")
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        monkeypatch.setenv("LAMBDA_TRACER_WIRE", "otlp")
        yield receiver


@pytest.fixture
def wire(receiver: socket.socket, invoke: Invoke) -> Iterator[Wire]:
    """What the shared recorder sends, in a sampled invocation."""
    invoke()
    wire = Wire(receiver)
    xray_recorder.emitter.reset()
    xray_recorder.configure(emitter=wire)
    yield wire
    wire.emitter.reset()


@pytest.fixture
def emitter(receiver: socket.socket) -> Iterator[UDPEmitter]:
    emitter = UDPEmitter()
    yield emitter
    emitter.reset()


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def paid(wire: Wire, shop: str) -> Iterator[Wire]:
    """The wire behind an invocation of `pay`."""
    patch(["requests", "sqlite3", "boto3"])

    @tracer.capture_lambda_handler
    def lambda_handler(event: object, context: object) -> dict[str, Any]:
        return pay(shop)

    lambda_handler(EVENT, None)
    yield wire
    unpatch_all()

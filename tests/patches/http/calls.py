"""Calls of patched HTTP clients: a server for them, what was recorded, and which header arrived."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import TraceHeader, Tracer
from lambda_tracer.patches.http import ignored
from lambda_tracer.patches.unpatch import unpatch_all
from tests.daemon import Daemon
from tests.documents import Document
from tests.patches.http.server import HttpServer, Tls, serving, serving_tls

NAME = "X-Amzn-Trace-Id"


class Patched:
    """Applies patches for one test."""

    @pytest.fixture(autouse=True)
    def _unpatched_afterwards(self) -> Iterator[None]:
        yield
        unpatch_all()
        ignored.reset()

    @pytest.fixture
    def server(self) -> Iterator[HttpServer]:
        with serving() as server:
            yield server

    @pytest.fixture
    def tls(self, tmp_path: Path) -> Iterator[Tls]:
        with serving_tls(tmp_path) as tls:
            yield tls


def the_call(daemon: Daemon) -> Document:
    """The one subsegment that has arrived and describes an HTTP call."""
    calls = [subsegment for subsegment in daemon.subsegments() if "http" in subsegment]
    assert len(calls) == 1, f"{len(calls)} HTTP calls were recorded"
    return calls[0]


def trace_header(received: Any) -> TraceHeader:
    (value,) = received.trace_headers
    return TraceHeader.from_header_str(value)


def parent_of(server: HttpServer) -> str | None:
    """The Parent that the last request named."""
    return trace_header(server.last).parent


def traceparent_of(received: Any) -> str:
    """What `traceparent` is to say where the trace header says what it says."""
    header = trace_header(received)
    assert header.root is not None
    return f"00-{header.root[2:].replace('-', '')}-{header.parent}-0{header.sampled}"


def w3c(received: Any) -> list[tuple[str, str]]:
    """W3C's header lines of a request."""
    return [line for line in received.headers if line[0] in ("traceparent", "tracestate", "baggage")]


def with_incoming(call: Callable[[], Any], **headers: str) -> Any:
    """Make a call in a handler that is called with an HTTP request which had these headers."""
    tracer = Tracer(auto_patch=False)

    @tracer.capture_lambda_handler(capture_response=False)
    def handler(event: dict[str, Any], context: None) -> Any:
        return call()

    request = {"http": {"method": "GET", "path": "/"}}
    return handler({"version": "2.0", "requestContext": request, "headers": headers}, None)


def unused_port() -> int:
    """A port on which nobody listens: the system gives it to nobody else for a while after it was closed."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def run_program(lines: list[str]) -> None:
    """Run Python lines in a process of their own, in the environment of this one."""
    program = "\n".join(["from lambda_tracer import guard; guard.reraise = True", *lines])
    result = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr

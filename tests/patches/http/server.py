"""A real HTTP server on the loopback for the tests of HTTP clients, in the clear and with TLS."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

PATIENCE_S = 10.0


class Received(NamedTuple):
    """A request as it arrived: its target, and every header line with the name in lower case."""

    method: str
    target: str
    headers: list[tuple[str, str]]

    @property
    def trace_headers(self) -> list[str]:
        return [value for name, value in self.headers if name == "x-amzn-trace-id"]


class HttpServer:
    """What a test sees of the server. The first part of the path says what it does:

    `/status/404` answers with that status, `/redirect/302/<path>` with that status and a location,
    `/flaky/2/<key>` with 503 twice and then 200; `/slow` does not answer, `/hangup` closes the
    connection, `/nonsense` answers with what is no HTTP, `/stream` sends the second half of its body only
    after `release`, `/echo` with the trace headers that it got. Everything else is answered with 200. The
    body is the request's target as JSON.
    """

    def __init__(self, certificate: Any = None) -> None:
        self.received: list[Received] = []
        self.released = threading.Event()
        self.failures: dict[str, int] = {}
        self._server = _Server(self)
        self.scheme = "http"
        if certificate is not None:
            import ssl

            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.scheme = "https"
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"{self.scheme}://{self.authority}{path}"

    def release(self) -> None:
        """Let those that wait go on."""
        self.released.set()

    @property
    def last(self) -> Received:
        return self.received[-1]

    def close(self) -> None:
        self.release()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # one may be waiting for a client that keeps its connection
    request_queue_size = 64

    def __init__(self, state: HttpServer) -> None:
        self.state = state
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that give up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        state = self.server.state
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        headers = [(name.lower(), value) for name, value in self.headers.items()]
        state.received.append(Received(self.command, self.path, headers))
        url = urlsplit(self.path)
        action, _, rest = url.path[1:].partition("/")
        first, _, rest = rest.partition("/")
        if action == "status":
            self._answer(int(first))
        elif action == "redirect":
            location = parse_qs(url.query).get("to", [f"/{rest}"])[0]
            self._answer(int(first), ("Location", location))
        elif action == "flaky":
            failures = state.failures.get(rest, 0)
            state.failures[rest] = failures + 1
            self._answer(503 if failures < int(first) else 200)
        elif action == "slow":
            state.released.wait(PATIENCE_S)
        elif action == "hangup":
            self.close_connection = True
        elif action == "nonsense":
            self.wfile.write(b"this is no HTTP\r\n\r\n")
            self.close_connection = True
        elif action == "stream":
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"first")
            self.wfile.flush()
            state.released.wait(PATIENCE_S)
            self.wfile.write(b"-last")
        elif action == "echo":
            self._answer(200, body=json.dumps({"trace headers": state.last.trace_headers}).encode())
        else:
            self._answer(200)

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET

    def _answer(self, status: int, *headers: tuple[str, str], body: bytes | None = None) -> None:
        if body is None:
            body = b"" if status in (204, 205, 304) else json.dumps({"target": self.path}).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """The test's output is not the place."""


@contextmanager
def serving(certificate: Any = None) -> Iterator[HttpServer]:
    server = HttpServer(certificate)
    try:
        yield server
    finally:
        server.close()


class Tls(NamedTuple):
    """A server with a certificate for 127.0.0.1, and the file of the authority that a client is to trust."""

    server: HttpServer
    authority: Path


@contextmanager
def serving_tls(folder: Path) -> Iterator[Tls]:
    trustme = pytest.importorskip("trustme", reason="trustme is not installed: pip install trustme")
    authority = trustme.CA()
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    with serving(authority.issue_cert("127.0.0.1", "localhost")) as server:
        yield Tls(server, file)

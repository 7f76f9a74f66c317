"""The TCP side: connections with requests, read within bounds, each answered in a thread of its own.

Connections that do nothing, or too slowly, are closed: after a time, or when there is no room for another one.
"""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.http_connection import BadRequest, Connection, Disconnected, Request
from lambda_tracer.local.view.access import check_access

MAX_CONNECTIONS = 200
"""At a time. For another one, the one is closed that has waited longest for a request."""

MAX_STREAMS = 50
"""Pages that stay open. Browsers have six for one server."""

MAX_BODY_BYTES = 50_000_000
"""A file that is opened may be large; a call of X-Ray's API has a few MB at most."""

IDLE_S = 60.0
"""Between two requests."""

REQUEST_S = 30.0
"""From the first byte of a request to its last, and the same for sending the answer."""

_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Answer:
    """What is answered at once."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stream:
    """What is answered bit by bit: `run` gets what sends a piece, and returns when there is nothing more to send."""

    run: Callable[[Callable[[bytes], None]], None]
    content_type: str


Respond = Callable[[Request], "Answer | Stream"]


class HTTPServer:
    """Serves on the loopback's `port` (0: a free one) until `close`."""

    def __init__(self, port: int, respond: Respond) -> None:
        self.respond = respond
        self._server = _Server(port, self)
        self.port: int = self._server.server_address[1]
        self._is_closed = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._server.serve_forever, args=(0.05,), name="lambda-tracer view http", daemon=True
            ),
            threading.Thread(target=self._watch, name="lambda-tracer view idle connections", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop serving; whoever is still connected loses the connection."""
        self._is_closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.end_all()
        for thread in self._threads:
            thread.join(timeout=2)

    def _watch(self) -> None:
        while not self._is_closed.wait(0.5):
            self._server.end_overdue()


_Received = socket.socket | tuple[bytes, socket.socket]
"""The second is for datagrams, which `socketserver` serves as well."""


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, owner: HTTPServer) -> None:
        self.owner = owner
        self._lock = threading.Lock()
        self._handlers: dict[_Handler, None] = {}
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: _Received, client_address: object) -> None:
        """Serve it in a thread of its own, and make room for it where there are too many."""
        with self._lock:
            idle = [handler for handler in self._handlers if handler.is_idle]
            count = len(self._handlers)
        if count >= MAX_CONNECTIONS:
            if not idle:
                self.shutdown_request(request)
                return
            min(idle, key=lambda handler: handler.since).end()
        super().process_request(request, client_address)

    def begin(self, handler: _Handler) -> None:
        """It is there."""
        with self._lock:
            self._handlers[handler] = None

    def finish(self, handler: _Handler) -> None:
        """It is gone."""
        with self._lock:
            self._handlers.pop(handler, None)

    def may_stream(self) -> bool:
        """Whether there is room for one more that stays."""
        with self._lock:
            return sum(handler.is_streaming for handler in self._handlers) < MAX_STREAMS

    def end_overdue(self) -> None:
        """End those whose time is over."""
        now = clock.monotonic()
        with self._lock:
            overdue = [handler for handler in self._handlers if handler.ends_at < now]
        for handler in overdue:
            handler.end()

    def end_all(self) -> None:
        """End every connection."""
        with self._lock:
            handlers = list(self._handlers)
        for handler in handlers:
            handler.end()

    def handle_error(self, request: _Received, client_address: object) -> None:
        """A client that breaks its connection off is no news."""


class _Handler(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    def setup(self) -> None:
        """Take the time from here."""
        self.is_idle = True
        self.is_streaming = False
        self.since = clock.monotonic()
        self.ends_at = self.since + REQUEST_S
        self.server.begin(self)

    def finish(self) -> None:
        """Forget it."""
        self.server.finish(self)

    def end(self) -> None:
        """Close the connection, from another thread."""
        try:
            self.request.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is closed

    def handle(self) -> None:
        """Answer one request after the other, until the client or a request that can't be read ends it."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self.request.settimeout(IDLE_S)
        connection = Connection(self.request, admit=self._admit)
        try:
            is_last = False
            while not is_last:
                request = connection.read()
                self._pause(REQUEST_S, is_idle=False)
                is_last = self._reply(connection, request)
                self._pause(IDLE_S, is_idle=True)
        except BadRequest as exc:
            body = (
                b'{"message": "'
                + str(exc).replace("\\", "").replace('"', "'").encode("ascii", "replace")
                + b'"}'
            )
            connection.reply(exc.status, body, {**_head("application/json"), "Connection": "close"})
            connection.drain()
        except (Disconnected, OSError):
            pass  # it has gone
        finally:
            connection.close()

    def _admit(self, method: str, path: str, headers: dict[str, str]) -> int:
        self._pause(REQUEST_S, is_idle=False)
        check_access(method, path, headers, self.server.owner.port)
        return MAX_BODY_BYTES

    def _pause(self, limit_s: float, is_idle: bool) -> None:
        self.since = clock.monotonic()
        self.ends_at = self.since + limit_s
        self.is_idle = is_idle

    def _reply(self, connection: Connection, request: Request) -> bool:
        """Answer `request`; whether it was the last one."""
        answer = self.server.owner.respond(request)
        if isinstance(answer, Stream) and request.method == "HEAD":
            answer = Answer(200, content_type=answer.content_type)
        if isinstance(answer, Stream) and not self.server.may_stream():
            answer = Answer(503, b'{"message": "too many pages are open"}')
        if isinstance(answer, Stream):
            self.is_streaming = True
            self.ends_at = float("inf")
            lines = [f"{name}: {value}" for name, value in _head(answer.content_type).items()]
            head = "\r\n".join(["HTTP/1.1 200 OK", *lines, "Connection: close", "", ""])
            self.request.sendall(head.encode("ascii"))
            answer.run(self.request.sendall)
            return True
        is_last = request.is_last or request.method == "HEAD"
        ending = {"Connection": "close"} if is_last else {}
        body = b"" if request.method == "HEAD" else answer.body
        # Of what has no content, the type would be a lie.
        headers = dict(_SECURITY) if answer.status == 204 else _head(answer.content_type)
        connection.reply(answer.status, body, {**headers, **answer.headers, **ending})
        return is_last


def _head(content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type, **_SECURITY}

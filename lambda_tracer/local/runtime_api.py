"""The Lambda Runtime API, served on a free port of the loopback.

What a runtime client speaks: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, plus the two
calls that clients make for SnapStart (`restore/next`, `restore/error`). `next` hands out what was
submitted, in order, one invocation to one worker; any number of workers may ask at a time, and an answer is
matched by its request id.

What happens is told through `events`, a queue the caller gives: `Ready`, `InitFailed`, and the `Invocation`
itself once it is answered.
"""

from __future__ import annotations

import collections
import json
import socket
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from typing import Any

MAX_RESPONSE_BYTES = 6_291_556
"""Lambda's limit for a synchronous response, 6 MB and a little; above, the function has failed."""

_PREFIX = "/2018-06-01/runtime/"
_IDLE_POLL_S = 0.2


@dataclass(eq=False)
class Invocation:
    """One event on its way through the function; times are epoch seconds. Made by the caller, filled by the
    API."""

    event: bytes
    trace_header: str
    timeout_s: float
    arn: str
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started_at: float | None = None
    """When a worker got it; None while it waits."""
    finished_at: float | None = None
    response: bytes | None = None
    error: dict[str, Any] | None = None
    """What Lambda would answer for a failed one: errorType, errorMessage, stackTrace where there is one."""
    cause: dict[str, Any] | None = None
    """The runtime client's description of the exception for X-Ray, where it gave one."""

    def fail(self, error_type: str, message: str) -> None:
        """End it with an error that Lambda itself reports, not the function."""
        self.finished_at = time.time()
        self.cause = {"exceptions": [{"type": error_type, "message": message, "remote": False}]}
        self.error = {
            "errorType": error_type,
            "errorMessage": f"RequestId: {self.request_id} Error: {message}",
        }


@dataclass(frozen=True)
class Ready:
    """A worker asked for its first invocation: the function's module is imported, initialization is over."""

    at: float


@dataclass(frozen=True)
class InitFailed:
    """A worker could not find or import the handler; `error` is what Lambda would answer."""

    error: dict[str, Any]
    at: float


class RuntimeAPI:
    """Serves from the moment it is made until `close`. `address` is for AWS_LAMBDA_RUNTIME_API."""

    def __init__(self, events: SimpleQueue[Any] | None = None) -> None:
        self.events: SimpleQueue[Any] = SimpleQueue() if events is None else events
        self._changed = threading.Condition()
        self._waiting: collections.deque[Invocation] = collections.deque()
        self._running: dict[str, Invocation] = {}
        self._closed = False
        self._server = _Server(self)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="lambda-tracer runtime API", daemon=True
        ).start()

    def submit(self, invocation: Invocation) -> None:
        """Queue it for the next worker that asks. It appears in `events` when the worker has answered."""
        with self._changed:
            self._waiting.append(invocation)
            self._changed.notify()

    def forget(self, invocation: Invocation) -> bool:
        """Whoever had it is gone: an answer that still comes is refused. False: the answer is there
        already."""
        with self._changed:
            if invocation in self._waiting:
                self._waiting.remove(invocation)
                return True
            return self._running.pop(invocation.request_id, None) is not None

    def close(self) -> None:
        """Stop serving; workers that wait for an invocation lose their connection."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def hand_out(self, connection: socket.socket) -> Invocation | None:
        """Wait for an invocation for the worker at `connection`; None if it has gone away meanwhile."""
        with self._changed:
            while not self._closed and not _is_gone(connection):
                if self._waiting:
                    invocation = self._waiting.popleft()
                    self._running[invocation.request_id] = invocation
                    invocation.started_at = time.time()
                    return invocation
                self._changed.wait(_IDLE_POLL_S)
        # It may have swallowed the wake-up call of a worker that is alive.
        with self._changed:
            self._changed.notify()
        return None

    def take_back(self, invocation: Invocation) -> None:
        """It never reached the worker: the next one gets it."""
        with self._changed:
            if self._running.pop(invocation.request_id, None) is not None:
                invocation.started_at = None
                self._waiting.appendleft(invocation)
                self._changed.notify()

    def answer(self, request_id: str) -> Invocation | None:
        """The invocation that this answer is for, which is no longer running; None: nobody waits for the
        answer."""
        with self._changed:
            return self._running.pop(request_id, None)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, api: RuntimeAPI) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A killed worker breaks its connection off; that is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "lambda-tracer"
    disable_nagle_algorithm = True
    # Buffered: head and body leave in one packet, not in two with a delayed acknowledgement in between.
    wbufsize = -1
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """The function's log is no place for ours."""

    def do_GET(self) -> None:
        if self.path == _PREFIX + "invocation/next":
            self._next()
        elif self.path == _PREFIX + "restore/next":
            self._reply(200, b"")
        else:
            self._refuse(404, "NotFound", "no such path")

    def do_POST(self) -> None:
        body = self._body()
        parts = self.path.removeprefix(_PREFIX).split("/") if self.path.startswith(_PREFIX) else []
        if parts in (["init", "error"], ["restore", "error"]):
            self.server.api.events.put(InitFailed(_error(body, self.headers), time.time()))
            self._accept()
        elif len(parts) == 3 and parts[0] == "invocation" and parts[2] in ("response", "error"):
            self._answered(parts[1], body, is_error=parts[2] == "error")
        else:
            self._refuse(404, "NotFound", "no such path")

    def _next(self) -> None:
        api = self.server.api
        api.events.put(Ready(time.time()))
        invocation = api.hand_out(self.connection)
        if invocation is None or invocation.started_at is None:
            self.close_connection = True
            return
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((invocation.started_at + invocation.timeout_s) * 1000)),
            "Lambda-Runtime-Trace-Id": invocation.trace_header,
            "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
        }
        try:
            self._reply(200, invocation.event, headers)
        except OSError:
            api.take_back(invocation)
            raise

    def _answered(self, request_id: str, body: bytes, is_error: bool) -> None:
        finished_at = time.time()
        invocation = self.server.api.answer(request_id)
        if invocation is None:
            self._refuse(400, "InvalidRequestID", "no such invocation is running")
            return
        too_large = not is_error and len(body) > MAX_RESPONSE_BYTES
        if too_large:
            message = (
                f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
            )
            invocation.error = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
        elif is_error:
            invocation.error = _error(body, self.headers)
            invocation.cause = _json_object(self.headers.get("Lambda-Runtime-Function-XRay-Error-Cause", ""))
        else:
            invocation.response = body
        invocation.finished_at = finished_at
        # Told before the worker hears of it, so that a worker which exits at once has not "exited without
        # an answer".
        self.server.api.events.put(invocation)
        if too_large:
            self._refuse(413, "RequestEntityTooLarge", "the response is too large")
        else:
            self._accept()

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return b"".join(chunks)

    def _accept(self) -> None:
        self._reply(202, b'{"status":"OK"}', {"Content-Type": "application/json"})

    def _refuse(self, status: int, error_type: str, message: str) -> None:
        body = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
        self._reply(status, body, {"Content-Type": "application/json"})

    def _reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _is_gone(connection: socket.socket) -> bool:
    """Has the other side closed? A worker that waits for `next` has nothing to say, so the only news is its
    end."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _error(body: bytes, headers: Any) -> dict[str, Any]:
    error = _json_object(body)
    if error is None:
        error_type = headers.get("Lambda-Runtime-Function-Error-Type", "Runtime.Unknown")
        error = {"errorType": error_type, "errorMessage": body.decode("utf-8", "replace")}
    return error


def _json_object(text: str | bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None

"""The Lambda Runtime API, served on a free port of the loopback.

What a runtime client speaks: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, plus the two
calls that clients make for SnapStart (`restore/next`, `restore/error`). `next` hands out what was
submitted, in order, one invocation to one worker; any number of workers may ask at a time, and an answer is
matched by its request id.

What happens is told through `events`, a queue the caller gives: `Ready`, `InitFailed`, and the `Invocation`
itself once it is answered.

It serves one process and what that has started. Where the system tells who is at the other end (`peers`), everyone
else is refused. Everywhere an answer needs the id of an invocation that runs, which only who got it knows; a failed
initialization is told before the first `next` or never; and what was connected to an earlier process is cut off.
"""

from __future__ import annotations

import collections
import json
import socket
import socketserver
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.events import Event, InitFailed, Ready
from lambda_tracer.local.receive.http_connection import BadRequest, Connection, Disconnected, Request
from lambda_tracer.local.receive.invocation import MAX_PAYLOAD_BYTES, Invocation
from lambda_tracer.local.receive.json_value import NotJSON, read

MAX_CONNECTIONS = 128
"""At a time. A function that holds more open must not use up the files that this process may open."""

_PREFIX = "/2018-06-01/runtime/"
_JSON = {"Content-Type": "application/json"}
_IDLE_POLL_S = 0.2


class RuntimeAPI:
    """Serves from the moment it is made until `close`. `address` is for AWS_LAMBDA_RUNTIME_API.

    `serves` says whether a connection is of the process that is to be served, by default any is. `workers` is how
    many invocations may run at a time, by default any number.
    """

    def __init__(
        self,
        events: SimpleQueue[Event] | None = None,
        serves: Callable[[socket.socket], bool] | None = None,
        workers: int | None = None,
    ) -> None:
        self.events: SimpleQueue[Event] = SimpleQueue() if events is None else events
        self.serves = serves
        self._workers = workers
        self._changed = threading.Condition()
        self._waiting: collections.deque[Invocation] = collections.deque()
        self._running: dict[str, Invocation] = {}
        self._process_number = 0
        self._is_initializing = True
        self._refused = 0
        self._closed = False
        self._server = _Server(self)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="lambda-tracer runtime API", daemon=True
        ).start()

    def expect_process(self) -> None:
        """A new process is about to start: whatever an earlier one still says is not listened to."""
        with self._changed:
            self._process_number += 1
            self._is_initializing = True
            self._running.clear()
            try:
                while True:
                    self.events.get_nowait()
            except Empty:
                pass

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

    def take_refused(self) -> int:
        """How many requests were refused since the last call, as those of strangers or out of turn."""
        with self._changed:
            refused, self._refused = self._refused, 0
        return refused

    def close(self) -> None:
        """Stop serving; workers that wait for an invocation lose their connection."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def connected(self, connection: socket.socket) -> int | None:
        """The number of the process that `connection` belongs to; None if it is not to be served."""
        number = self._process_number
        return number if self.serves is None or self.serves(connection) else None

    def is_expected(self, process_number: int) -> bool:
        """Whether that process is the one to be served."""
        return process_number == self._process_number

    def count_refused(self) -> None:
        """One more request that was refused."""
        with self._changed:
            self._refused += 1

    def ready(self, process_number: int) -> bool:
        """A worker asks for an invocation; False if it is not its turn."""
        with self._changed:
            if process_number != self._process_number or self._closed:
                return False
            if self._workers is not None and len(self._running) >= self._workers:
                return False
            self._is_initializing = False
            self.events.put(Ready(clock.now()))
            return True

    def init_failed(self, process_number: int, error: dict[str, Any]) -> bool:
        """A worker could not be initialized; False if it is not its turn to say so."""
        with self._changed:
            if process_number != self._process_number or not self._is_initializing:
                return False
            self._is_initializing = False
            self.events.put(InitFailed(error, clock.now()))
            return True

    def is_initializing(self, process_number: int) -> bool:
        """Whether that process has not asked for an invocation yet."""
        with self._changed:
            return process_number == self._process_number and self._is_initializing

    def hand_out(self, connection: socket.socket, process_number: int) -> Invocation | None:
        """Wait for an invocation for the worker at `connection`; None if it has gone away meanwhile."""
        with self._changed:
            while not self._closed and process_number == self._process_number and not _is_gone(connection):
                if self._waiting:
                    invocation = self._waiting.popleft()
                    self._running[invocation.request_id] = invocation
                    invocation.started_at = clock.now()
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


_Received = socket.socket | tuple[bytes, socket.socket]
"""The second is for datagrams, which `socketserver` serves as well."""


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, api: RuntimeAPI) -> None:
        self.api = api
        self.free = threading.Semaphore(MAX_CONNECTIONS)
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: _Received, client_address: object) -> None:
        """Serve it in a thread of its own, as long as there are not too many."""
        if not self.free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self.free.release()
            raise

    def process_request_thread(self, request: _Received, client_address: object) -> None:
        """What runs in that thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.free.release()

    def handle_error(self, request: _Received, client_address: object) -> None:
        """A killed worker breaks its connection off; that is no news."""


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Answer one request after the other, until the client or a request that can't be read ends it."""
        api = self.server.api
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self._connection = Connection(self.request, MAX_PAYLOAD_BYTES)
        number = api.connected(self.request)
        try:
            if number is None:
                api.count_refused()
                self._refuse(403, "AccessDenied", "the function's own processes are served, and no others")
                return
            self._process_number = number
            is_last = False
            while not is_last:
                request = self._connection.read()
                if not api.is_expected(number):
                    return  # another process runs by now
                self._serve(request)
                is_last = request.is_last
        except BadRequest as exc:
            api.count_refused()
            self._refuse(exc.status, "InvalidRequest", str(exc))
            self._connection.drain()
        except Disconnected:
            pass
        finally:
            self._connection.close()

    def _serve(self, request: Request) -> None:
        parts = request.path.removeprefix(_PREFIX).split("/") if request.path.startswith(_PREFIX) else []
        match request.method, parts:
            case "GET", ["invocation", "next"]:
                self._next()
            case "GET", ["restore", "next"]:
                if self.server.api.is_initializing(self._process_number):
                    self._reply(200, b"")
                else:
                    self._refuse_out_of_turn()
            case "POST", ["init" | "restore", "error"]:
                if self.server.api.init_failed(self._process_number, _error(request)):
                    self._accept()
                else:
                    self._refuse_out_of_turn()
            case "POST", ["invocation", request_id, "response" | "error" as kind]:
                self._answered(request_id, request, is_error=kind == "error")
            case _:
                self._refuse(404, "NotFound", "no such path")

    def _next(self) -> None:
        api = self.server.api
        if not api.ready(self._process_number):
            self._refuse_out_of_turn()
            return
        invocation = api.hand_out(self.request, self._process_number)
        if invocation is None or invocation.started_at is None:
            raise Disconnected
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

    def _answered(self, request_id: str, request: Request, is_error: bool) -> None:
        finished_at = clock.now()
        invocation = self.server.api.answer(request_id)
        if invocation is None:
            self.server.api.count_refused()
            self._refuse(400, "InvalidRequestID", "no such invocation is running")
            return
        is_too_large = request.body_bytes > MAX_PAYLOAD_BYTES
        if is_too_large:
            invocation.refuse_response()
        elif is_error:
            invocation.error = _error(request)
            invocation.cause = _object(request.headers.get("lambda-runtime-function-xray-error-cause", ""))
        else:
            invocation.response = request.body
        invocation.finished_at = finished_at
        # Told before the worker hears of it, so that a worker which exits at once has not "exited without
        # an answer".
        self.server.api.events.put(invocation)
        if is_too_large:
            self._refuse(413, "RequestEntityTooLarge", "the response is too large")
        else:
            self._accept()

    def _accept(self) -> None:
        self._reply(202, b'{"status":"OK"}', _JSON)

    def _refuse_out_of_turn(self) -> None:
        self.server.api.count_refused()
        self._refuse(403, "InvalidStateTransition", "it is not the time for this request")

    def _refuse(self, status: int, error_type: str, message: str) -> None:
        self._reply(status, json.dumps({"errorType": error_type, "errorMessage": message}).encode(), _JSON)

    def _reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self._connection.reply(status, body, headers or {})


def _is_gone(connection: socket.socket) -> bool:
    """Has the other side closed? A worker that waits for `next` has nothing to say, so the only news is its
    end."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _error(request: Request) -> dict[str, Any]:
    error = _object(request.body)
    if error is None:
        error_type = request.headers.get("lambda-runtime-function-error-type", "Runtime.Unknown")
        error = {"errorType": error_type, "errorMessage": request.body.decode("utf-8", "replace")}
    return error


def _object(text: str | bytes) -> dict[str, Any] | None:
    try:
        value = read(text)
    except NotJSON:
        return None
    return value if isinstance(value, dict) else None

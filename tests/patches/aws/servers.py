"""What AWS clients talk to in tests: moto, which behaves as AWS does, and a stand-in that answers as it is told.

The stand-in is for what moto cannot be made to do (throttle, fail, hang, run a Lambda function without Docker), and for
looking at the headers that arrive.
"""

from __future__ import annotations

import atexit
import functools
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

REQUEST_ID = "REQUEST-0001"
"""The request id in each of the stand-in's answers."""

_MOTO = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()  # ends with the process that started this one
"""


@functools.cache
def moto() -> str:
    """The URL of a moto server, one for the process; started on first use, ended with the process."""
    process = subprocess.Popen(
        [sys.executable, "-c", _MOTO],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def end() -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()

    atexit.register(end)
    return f"http://127.0.0.1:{int(process.stdout.readline())}"


class Received(NamedTuple):
    """One request as it arrived; header names in small letters."""

    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


class Answer(NamedTuple):
    """What to answer. `body` is sent as JSON, as it is when it is bytes, or piece by piece when it is an iterator."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = {}  # noqa: RUF012  # a default of a tuple, never changed


def error(status: int, code: str) -> Answer:
    """An error as the JSON protocols have it."""
    return Answer(status, {"__type": f"com.amazonaws#{code}", "message": f"the service says {code}"})


class Service:
    """The stand-in: answers every request with `answer`, or with what that returns for the request."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Answer | Callable[[Received], Answer] = described
        self._ended = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:  # the client gave up
                    self.close_connection = True

            def do_POST(self) -> None:
                if self.headers.get("Expect") == "100-continue":  # S3's clients send no body before
                    self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                size = int(self.headers.get("Content-Length") or 0)
                names = self.headers.keys()  # one that is there twice has both values
                headers = {name.lower(): ", ".join(self.headers.get_all(name, ())) for name in names}
                request = Received(self.path, headers, self.rfile.read(size), self.command)
                service.received.append(request)
                answer = service.answer(request) if callable(service.answer) else service.answer
                headers = {"x-amzn-RequestId": REQUEST_ID, "Content-Type": "application/x-amz-json-1.0"}
                headers |= answer.headers
                is_streamed = isinstance(answer.body, Iterator)
                body = b""
                if is_streamed:
                    self.protocol_version = "HTTP/1.1"  # which has chunks
                    headers |= {"Transfer-Encoding": "chunked", "Connection": "close"}
                else:
                    is_raw = isinstance(answer.body, bytes)
                    body = answer.body if is_raw else json.dumps(answer.body or {}).encode()
                    headers["Content-Length"] = str(len(body))
                self.send_response(answer.status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                if is_streamed:
                    for piece in answer.body:
                        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    self.wfile.write(b"0\r\n\r\n")

            do_GET = do_PUT = do_DELETE = do_POST

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the requests are looked at by the test."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def hang(self, request: Received) -> Answer:
        """An `answer` that does not come before the test is over."""
        self._ended.wait()
        return Answer()

    def trace_headers(self) -> list[dict[str, str]]:
        """The trace header of each request, in its parts; an empty dict for one without."""
        values = [request.headers.get("x-amzn-trace-id", "") for request in self.received]
        return [dict(part.split("=", 1) for part in value.split(";") if part) for value in values]

    def close(self) -> None:
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def described(request: Received) -> Answer:
    """The answer to DynamoDB's DescribeTable: there is a table of that name, whatever it is."""
    table = json.loads(request.body or b"{}").get("TableName", "")
    key = {"AttributeName": "id", "KeyType": "HASH"}
    return Answer(
        body={
            "Table": {
                "TableName": table,
                "TableStatus": "ACTIVE",
                "KeySchema": [key],
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            }
        }
    )


@contextmanager
def running_service() -> Iterator[Service]:
    service = Service()
    try:
        yield service
    finally:
        service.close()

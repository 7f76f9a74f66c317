"""A stand-in for the X-Ray daemon: a UDP socket on a free port of the loopback that keeps what it is sent.

A document that was sent before `take` was called is in what `take` returns. No waiting for silence is
needed: a datagram of our own goes into the same socket, and when it comes out, everything before it has
come out.
"""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import dataclass

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.documents import Document, body_of, read_datagram
from lambda_tracer.local.receive.otlp.received import in_text, is_spans
from lambda_tracer.local.receive.otlp.wire import WireError

_RECEIVE_BUFFER_BYTES = 16 * 1024 * 1024
_SO_RCVBUFFORCE = 33
"""Linux: like SO_RCVBUF, beyond net.core.rmem_max (208 kB, three full documents), for who may. Missing in
`socket`."""

_MARK_TIMEOUT_S = 2.0

MAX_KEPT = 100_000
"""Datagrams until they are taken. What comes beyond is counted."""

MAX_KEPT_BYTES = 256 * 1024 * 1024


def bound_socket(host: str, port: int) -> socket.socket:
    """A UDP socket with room for bursts, on `port` (0: a free one) of `host`."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        try:
            made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER_BYTES)
        except OSError:
            pass  # not Linux, or not root: the ordinary request above stands
        made.bind((host, port))
    except BaseException:
        made.close()
        raise
    return made


@dataclass(frozen=True)
class Datagram:
    """One datagram, or one of the spans in it: the document (None: not readable) and what X-Ray would reject it for
    (empty: nothing)."""

    document: Document | None
    size_bytes: int
    problems: list[str]


def _read(data: bytes) -> list[Datagram]:
    body = body_of(data)
    if body is None or not is_spans(body):
        document, problems = read_datagram(data)
        return [Datagram(document, len(data), problems)]
    try:
        return [Datagram(*each) for each in in_text(body)]
    except WireError as exc:
        return [Datagram(None, len(data), [f"holds spans that can't be read: {exc}"])]


class Daemon:
    """Receives from the moment it is made, in a thread of its own, until `close`."""

    def __init__(self) -> None:
        self._socket = bound_socket("127.0.0.1", 0)
        self.host: str
        self.port: int
        self.host, self.port = self._socket.getsockname()
        # Made now: a function in this process may use up all files there can be.
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._lock = threading.Lock()
        self._received: list[bytes] = []
        self._received_bytes = 0
        self._dropped = 0
        self._mark = b"mark " + os.urandom(16)
        self._mark_seen = threading.Event()
        self._thread = threading.Thread(target=self._receive, name="lambda-tracer daemon", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """For AWS_XRAY_DAEMON_ADDRESS: `host:port`."""
        return f"{self.host}:{self.port}"

    def take(self) -> list[Datagram]:
        """Everything sent to `address` since the last call, in the order of arrival."""
        self._wait_for_mark()
        with self._lock:
            received, self._received = self._received, []
            self._received_bytes = 0
        datagrams = []
        for data in received:
            datagrams += _read(data)
        return datagrams

    def take_dropped(self) -> int:
        """How many datagrams were not kept since the last call."""
        with self._lock:
            dropped, self._dropped = self._dropped, 0
        return dropped

    def close(self) -> None:
        """Stop receiving and give the port back."""
        self._mark_seen.clear()
        self._closing = True
        self._send(self._mark)
        self._thread.join(timeout=1)
        self._sender.close()
        self._socket.close()

    _closing = False

    def _wait_for_mark(self) -> None:
        self._mark_seen.clear()
        give_up_at = clock.monotonic() + _MARK_TIMEOUT_S
        while clock.monotonic() < give_up_at:
            self._send(self._mark)
            # A full buffer drops our mark like any other datagram: then it is sent again.
            if self._mark_seen.wait(timeout=0.1):
                return

    def _send(self, data: bytes) -> None:
        try:
            self._sender.sendto(data, (self.host, self.port))
        except OSError:
            pass  # it is sent again

    def _receive(self) -> None:
        while not self._closing:
            try:
                data = self._socket.recv(65_535)
            except OSError:
                continue  # of one datagram; there may be others
            if data == self._mark:
                self._mark_seen.set()
                continue
            with self._lock:
                if len(self._received) < MAX_KEPT and self._received_bytes + len(data) <= MAX_KEPT_BYTES:
                    self._received.append(data)
                    self._received_bytes += len(data)
                else:
                    self._dropped += 1

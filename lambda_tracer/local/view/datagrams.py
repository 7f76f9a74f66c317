"""The UDP side: a socket that is read as fast as datagrams come, and a queue in which they wait to be looked at."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from lambda_tracer.local.receive.daemon import bound_socket
from lambda_tracer.local.view.log import Log

MAX_WAITING_BYTES = 64_000_000
"""That were received and not looked at. What comes beyond is counted in the log."""


class Datagrams:
    """Hands each datagram to `take`, in a thread of its own, until `close`."""

    def __init__(self, host: str, port: int, take: Callable[[bytes], None], log: Log) -> None:
        self._socket = bound_socket(host, port)
        self.host: str
        self.port: int
        self.host, self.port = self._socket.getsockname()
        self._take = take
        self._log = log
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._is_closing = False
        self._threads = [
            threading.Thread(target=target, name=f"lambda-tracer view {target.__name__}", daemon=True)
            for target in (self._receive, self._hand_over)
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Stop receiving; what waits is still handed over."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        # A datagram of our own wakes the thread that waits for one.
        waker = bound_socket("127.0.0.1", 0)
        waker.sendto(b"", ("127.0.0.1" if self.host == "0.0.0.0" else self.host, self.port))
        waker.close()
        for thread in self._threads:
            thread.join(timeout=2)
        self._socket.close()

    def _receive(self) -> None:
        while not self._is_closing:
            try:
                data = self._socket.recv(65_535)
            except OSError:
                continue  # of one datagram; there may be others
            if not data:
                continue
            with self._changed:
                is_kept = self._waiting_bytes + len(data) <= MAX_WAITING_BYTES
                if is_kept:
                    self._waiting.append(data)
                    self._waiting_bytes += len(data)
                    self._changed.notify()
            if not is_kept:
                self._log.refuse(f"a datagram of {len(data):,} bytes", "too many wait to be looked at")

    def _hand_over(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    if self._is_closing:
                        return
                    self._changed.wait()
                data = self._waiting.popleft()
                self._waiting_bytes -= len(data)
            try:
                self._take(data)
            except Exception as exc:
                # One datagram must not end it for all that follow.
                self._log.refuse(f"a datagram of {len(data):,} bytes", f"{type(exc).__name__}: {exc}")

"""The daemon's host name, resolved in a thread of its own, and what is sent meanwhile.

The first one who sends waits for that a moment, nobody else does.
"""

from __future__ import annotations

import _socket as sockets
from _thread import allocate_lock, start_new_thread

from ..guard import pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

RESOLVE_WAIT_S = 1.0
"""How long the first one who sends waits for a host name to be resolved, once in the life of an emitter."""

AGAIN_S = 10.0
"""After how long a resolver that has not answered is asked once more."""

MAX_PENDING_BYTES = 1_000_000
"""What may wait for a host name to be resolved."""


class HostNames:
    """The addresses of the host names that one emitter sends to. Safe to use from any thread, without a lock."""

    def __init__(
        self, send: Callable[[str], object], cannot_resolve: Callable[[BaseException], None]
    ) -> None:
        """`send` gets each document that was kept, and is not to raise."""
        self._send = send
        self._cannot_resolve = cannot_resolve
        self._addresses: dict[str, str] = {}
        self._asked_at: float | None = None  # while the answer is awaited
        self._has_waited = False
        self._pending: list[str] = []
        self._pending_bytes = 0

    def address_of(self, host: str, port: int, now: float) -> str | None:
        """The address, if it is known, that takes no time to find out, or this is the first to wait for it.

        `now` is of the monotonic clock.
        """
        if host in self._addresses or (self._asked_at is not None and now - self._asked_at < AGAIN_S):
            return self._addresses.get(host)
        done = allocate_lock()
        done.acquire()
        self._asked_at = now
        try:
            start_new_thread(self._resolve, (host, port, done))
        except RuntimeError as error:  # no thread can be started
            pass_on(error)
            self._resolve(host, port, done)
        if not self._has_waited:
            self._has_waited = True
            done.acquire(True, RESOLVE_WAIT_S)
        return self._addresses.get(host)

    def keep(self, document: str) -> bool:
        """Keep a document until the address is known; False if none is awaited, or too much is kept already."""
        if self._asked_at is None or self._pending_bytes >= MAX_PENDING_BYTES:
            return False
        self._pending_bytes += len(document)
        self._pending.append(document)
        if self._asked_at is None:  # it has been resolved in this moment
            self._send_pending()
        return True

    def after_fork(self) -> None:
        """In a forked child: nobody resolves here, and its parent sends what is kept."""
        self._asked_at = None
        self._pending = []

    def _resolve(self, host: str, port: int, done: Any) -> None:
        try:
            found = sockets.getaddrinfo(host, port, 0, sockets.SOCK_DGRAM)
            self._addresses[host] = str(found[0][4][0])
        except Exception as error:
            pass_on(error)
            self._cannot_resolve(error)
        finally:
            self._asked_at = None
            done.release()
            self._send_pending()

    def _send_pending(self) -> None:
        for _ in range(len(self._pending)):  # and no more: one may be kept again
            try:
                document = self._pending.pop(0)
            except IndexError as error:  # another thread took it
                pass_on(error)
                break
            self._send(document)
        self._pending_bytes = 0

"""UDPEmitter: finished documents -> the X-Ray daemon, over one connected, non-blocking UDP socket.

It has no lock: several threads may send at the same time, and a signal handler in the middle of sending. A host name is
resolved in a thread of its own. The first one who sends waits for that a moment, nobody else does; what is sent
meanwhile leaves when the address is known.
"""

from __future__ import annotations

import _socket as sockets  # the C module alone: `socket` would cost 1.9 ms of cold start
from _thread import allocate_lock, start_new_thread
from os import getpid

from .. import settings
from ..clock import clock
from ..guard import Late, can_load, failed, pass_on, warn_once
from ..xray import PREAMBLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

    from .otlp import request as otlp
else:
    Any = object  # for type hints, as in `tracer`
    otlp = Late("lambda_tracer.send.otlp.request")  # only where spans are wanted

DEFAULT_ADDRESS = "127.0.0.1:2000"
"""Where the daemon listens when nothing says otherwise."""

BURST_BYTES = 132_000
"""What is sent at once before the sender pauses. A default socket buffer of 208 kB holds three or four datagrams of
48 kB or some hundred small ones, and what does not fit is dropped without a word."""

PAUSE_S = 0.0005
LONGEST_PAUSE = 10
LONG_BURST_S = 0.1
"""The pause, and how many times as long it gets while bursts follow each other within so many seconds: the reader has
to be given the processor."""

READ_BYTES_PER_S = 5e6
"""What a reader is reckoned to take meanwhile. It could take a hundred times as much, but does not always run."""

BETWEEN_INVOCATIONS_BYTES = 8_192
"""What it is reckoned to have taken when the next invocation's first document comes: a round trip lies between."""

_RETRIES = 3

_HOST_NAME_ERRORS = (UnicodeError, TypeError)  # what the socket says of names that no encoding has

RETRY_S = 10.0
"""How long an address that cannot be reached (a host name that does not resolve) is left alone."""

RESOLVE_WAIT_S = 1.0
"""How long the first one who sends waits for a host name to be resolved, once in the life of an emitter."""

MAX_PENDING_BYTES = 1_000_000
"""What may wait for a host name to be resolved."""


class InvalidDaemonAddressException(ValueError):
    """A daemon address that cannot be read was passed to `set_daemon_address` or `configure`."""


class Count:
    """A number that an emitter keeps, to be read under a name that subclasses and their instances may use otherwise."""

    def __init__(self, kept_as: str) -> None:
        self._kept_as = kept_as

    def __get__(self, emitter: object, owner: object = None) -> Any:
        return self if emitter is None else getattr(emitter, self._kept_as)


class UDPEmitter:
    """Sends documents to the X-Ray daemon. Never blocks for longer than a pause, never raises while sending.

    `sent` and `failed` count documents.
    """

    sent = Count("_sent")
    failed = Count("_failed")

    def __init__(self, daemon_address: str | None = None) -> None:
        """`daemon_address` is as `set_daemon_address` takes it; the default is `127.0.0.1:2000`.

        Whatever is given, `AWS_XRAY_DAEMON_ADDRESS` wins, read when the first document is sent.
        """
        self._sent = 0
        self._failed = 0
        self._given_address: str | None = None
        self._socket: socket.socket | None = None
        self._sends_spans = False
        self._requests: otlp.Requests | None = None
        self._pid = getpid()
        self._is_unreadable = False
        self._retry_at = 0.0
        self._resolved: dict[str, str] = {}  # addresses by host name
        self._resolving_since: float | None = None
        self._has_waited = False
        self._pending: list[tuple[bytes, str]] = []  # what waits for a name to be resolved
        self._pending_bytes = 0
        self._unread_bytes = 0.0  # what the daemon may not have taken yet, by our reckoning
        self._last_trace = ""
        self._last_pause = 0.0
        self._pauses = 0
        self._last_send = 0.0
        self.set_daemon_address(daemon_address)

    def set_daemon_address(self, address: str | None) -> None:
        """Send to `address`, unless `AWS_XRAY_DAEMON_ADDRESS` is set: that wins. None changes nothing.

        `host:port`, or `tcp:host:port udp:host:port` in either order, of which the UDP half is used. Raises
        InvalidDaemonAddressException for anything else.
        """
        if address:
            parse_daemon_address(address)
            self._given_address = address
            self.reset()

    @property
    def ip(self) -> str | None:
        """The host that documents are sent to; None when the address cannot be read."""
        address = self._address()
        return address[0] if address else None

    @property
    def port(self) -> int | None:
        """The UDP port that documents are sent to; None when the address cannot be read."""
        address = self._address()
        return address[1] if address else None

    def reset(self) -> None:
        """Close the socket; the next document opens a new one to the address that is then in force."""
        self._close()
        self._is_unreadable = False
        self._retry_at = 0.0

    def _close(self) -> None:
        opened, self._socket = self._socket, None
        if opened is not None:
            opened.close()

    def send_entity(self, entity: Any) -> None:
        """Send what `entity.serialize()` returns: the X-Ray SDK's name for it."""
        document = entity.serialize()
        if document:
            self.send(document)

    def send(self, document: str) -> bool:
        """Send one document (ASCII JSON text); False when it could not be."""
        datagram = (PREAMBLE + document).encode("ascii")
        is_sent = False
        try:
            opened = self._socket
            if opened is None or self._pid != getpid():
                opened = self._open()
            if opened is not None:
                deliver = self._deliver_spans if self._sends_spans else self._deliver
                is_sent = deliver(opened, datagram, document[:48])
            elif self._resolving_since is not None and self._pending_bytes < MAX_PENDING_BYTES:
                self._pending_bytes += len(datagram)
                self._pending.append((datagram, document[:48]))
                if self._resolving_since is None:  # it has been resolved in this moment
                    self._send_pending()
                return True
        except (OSError, *_HOST_NAME_ERRORS) as error:
            pass_on(error)
            _say_not_sent(error)
        if is_sent:
            self._sent += 1
        else:
            self._failed += 1
        return is_sent

    def _open(self) -> socket.socket | None:
        if self._pid != getpid():  # a forked worker has a socket of its own
            self._close()
            self._pid = getpid()
            self._resolving_since = None
            self._pending = []
        now = clock.monotonic()
        if self._is_unreadable or now < self._retry_at:
            return None
        address = self._address()
        if address is None:
            self._is_unreadable = True
            return None
        host, port = address
        ip = host if _is_ip(host) else self._resolved.get(host) or self._resolve(host, port, now)
        if ip is None:
            return None
        opened: Any = sockets.socket(sockets.AF_INET6 if ":" in ip else sockets.AF_INET, sockets.SOCK_DGRAM)
        try:
            opened.connect((ip, port))
            opened.setblocking(False)
            self._sends_spans, self._requests = settings.sends_spans(), None
            if self._socket is None:
                self._socket = opened
        except BaseException as error:
            if isinstance(error, OSError):
                self._retry_at = now + RETRY_S
            raise
        finally:
            if self._socket is not opened:  # it failed, or another thread was faster
                opened.close()
        return self._socket

    def _resolve(self, host: str, port: int, now: float) -> str | None:
        """Have the name resolved, and give the address if that takes no time, or this is the first to wait."""
        since = self._resolving_since
        if since is not None and now - since < RETRY_S:
            return None
        done = allocate_lock()
        done.acquire()
        self._resolving_since = now
        try:
            start_new_thread(self._resolve_there, (host, port, done))
        except RuntimeError as error:  # no thread can be started
            pass_on(error)
            self._resolve_there(host, port, done)
        if not self._has_waited:
            self._has_waited = True
            done.acquire(True, RESOLVE_WAIT_S)
        return self._resolved.get(host)

    def _resolve_there(self, host: str, port: int, done: Any) -> None:
        try:
            found = sockets.getaddrinfo(host, port, 0, sockets.SOCK_DGRAM)
            self._resolved[host] = str(found[0][4][0])
        except Exception as error:
            pass_on(error)
            self._retry_at = clock.monotonic() + RETRY_S
            _say_not_sent(error)
        finally:
            self._resolving_since = None
            done.release()
            self._send_pending()

    def _send_pending(self) -> None:
        while self._pending:
            try:
                datagram, trace = self._pending.pop(0)
                opened = self._socket or self._open()
                deliver = self._deliver_spans if self._sends_spans else self._deliver
                is_sent = opened is not None and deliver(opened, datagram, trace)
            except (IndexError, OSError, *_HOST_NAME_ERRORS) as error:
                pass_on(error)
                is_sent = False
            if is_sent:
                self._sent += 1
            else:
                self._failed += 1
        self._pending_bytes = 0

    def _deliver(self, opened: socket.socket, datagram: bytes, trace: str) -> bool:
        self._pace(len(datagram), trace)
        for attempt in range(_RETRIES):
            try:
                opened.send(datagram)
                return True
            except ConnectionRefusedError as error:
                pass_on(error)
                # The kernel reports that an *earlier* datagram found nobody; this one has not been sent yet.
                continue
            except BlockingIOError as error:
                pass_on(error)
                clock.sleep(PAUSE_S * (attempt + 1))
        warn_once("send", "the X-Ray daemon does not take documents: this part of the trace is lost")
        return False

    def _deliver_spans(self, opened: socket.socket, datagram: bytes, trace: str) -> bool:
        """`_deliver` of what a document's datagram says as spans; as the document where they can't be made."""
        datagrams = [datagram]
        try:
            requests = self._requests
            if requests is None and can_load(otlp):
                requests = self._requests = otlp.Requests()
            if requests is not None:
                datagrams = requests.datagrams(datagram)
        except Exception as error:
            failed(error)
        is_sent = True
        for each in datagrams:
            is_sent = self._deliver(opened, each, trace) and is_sent
        return is_sent

    def _pace(self, size: int, trace: str) -> None:
        now = clock.monotonic()
        taken = (now - self._last_send) * READ_BYTES_PER_S
        if trace != self._last_trace:
            self._last_trace = trace
            taken += BETWEEN_INVOCATIONS_BYTES
        # The kernel charges the receiver's buffer about the next power of two.
        cost = max(1024, 1 << (size + 400).bit_length())
        unread = max(0.0, self._unread_bytes - taken) + cost
        if unread > BURST_BYTES:
            self._pauses = (
                min(self._pauses + 1, LONGEST_PAUSE) if now - self._last_pause < LONG_BURST_S else 1
            )
            clock.sleep(PAUSE_S * self._pauses)
            now = self._last_pause = clock.monotonic()
            unread = cost
        self._unread_bytes = unread
        self._last_send = now

    def _address(self) -> tuple[str, int] | None:
        address = settings.daemon_address()
        if address is None:
            address = self._given_address or DEFAULT_ADDRESS
        try:
            return parse_daemon_address(address)
        except InvalidDaemonAddressException as error:
            pass_on(error)
            warn_once("address", "AWS_XRAY_DAEMON_ADDRESS: %s; no trace is sent", error)
            return None


def _say_not_sent(error: BaseException) -> None:
    warn_once(
        "send",
        "cannot send to the X-Ray daemon (%s): this part of the trace is lost",
        type(error).__name__,
    )


def _is_ip(host: str) -> bool:
    """Whether a host is a numeric address, for which nobody has to be asked."""
    if ":" in host:
        return True
    try:
        sockets.inet_aton(host)  # "10.0.0.256" is a name, of which the resolver would be asked
    except (OSError, *_HOST_NAME_ERRORS) as error:
        pass_on(error)
        return False
    return True


def parse_daemon_address(address: str, side: str = "udp") -> tuple[str, int]:
    """The host and port that `address` names for a `side`, `udp` or `tcp`.

    `host:port`, `[IPv6]:port`, or several of these marked `udp:` and `tcp:` with space between them. Raises
    InvalidDaemonAddressException.
    """
    parts = address.split() if isinstance(address, str) else []
    marked = {
        kind: rest for kind, _, rest in (part.partition(":") for part in parts) if kind in ("udp", "tcp")
    }
    if len(parts) == 1 and not marked:
        target = parts[0]
    elif len(marked) == len(parts) and side in marked:
        target = marked[side]
    else:
        raise InvalidDaemonAddressException("expected host:port, or tcp:host:port udp:host:port")
    host, _, port = target.partition("]:") if target.startswith("[") else target.partition(":")
    port = port.partition(":")[0]
    host = host.lstrip("[")
    if not host or len(port) > 5 or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise InvalidDaemonAddressException("expected host:port with a port from 1 to 65535")
    return host, int(port)

"""UDPEmitter: finished documents -> the X-Ray daemon, over one connected, non-blocking UDP socket.

It has no lock: several threads may send at the same time, and a signal handler in the middle of sending. What is sent
while a host name is resolved (see `host_name`) leaves when the address is known.
"""

from __future__ import annotations

import _socket as sockets  # the C module alone: `socket` would cost 1.9 ms of cold start
from os import getpid

from .. import settings
from ..clock import clock
from ..guard import Late, can_load, pass_on, warn_once
from ..xray import PREAMBLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import Any

    from . import daemon_address, host_name
    from .otlp import request as otlp
else:
    Any = object  # for type hints, as in `tracer`
    # Lambda gives a number and a port.
    daemon_address = Late("lambda_tracer.send.daemon_address")
    host_name = Late("lambda_tracer.send.host_name")
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
        self._host_names: host_name.HostNames | None = None
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
            if can_load(daemon_address):  # else it is read when the first document is sent
                daemon_address.parse_daemon_address(address)
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
            elif self._host_names is not None and self._host_names.keep(document):
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
            if self._host_names is not None:
                self._host_names.after_fork()
        now = clock.monotonic()
        if self._is_unreadable or now < self._retry_at:
            return None
        address = self._address()
        if address is None:
            self._is_unreadable = can_load(daemon_address)
            return None
        host, port = address
        ip: str | None = host
        if not _is_ip(host):
            if self._host_names is None and can_load(host_name):
                self._host_names = host_name.HostNames(self.send, self._cannot_resolve)
            ip = None if self._host_names is None else self._host_names.address_of(host, port, now)
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

    def _cannot_resolve(self, error: BaseException) -> None:
        self._retry_at = clock.monotonic() + RETRY_S
        _say_not_sent(error)

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
        """`_deliver` of what a document's datagram says as spans."""
        if not can_load(otlp):
            return self._deliver(opened, datagram, trace)
        self._requests = self._requests or otlp.Requests()
        return self._requests.send(datagram, lambda each: self._deliver(opened, each, trace))

    def _pace(self, size: int, trace: str) -> None:
        now = clock.monotonic()
        taken = (now - self._last_send) * READ_BYTES_PER_S
        if trace != self._last_trace:
            self._last_trace = trace
            taken += BETWEEN_INVOCATIONS_BYTES
        # The kernel charges the receiver's buffer about the next power of two.
        cost = 1 << (size + 400 | 512).bit_length()  # 1024 at least
        before = self._unread_bytes - taken
        unread = before + cost if before > 0 else cost
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
        host, _, port = address.partition(":")
        is_port = port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65_536
        if is_port and len(address.split()) == 1 and _is_ip(host):
            return host, int(port)
        return daemon_address.in_environment(address) if can_load(daemon_address) else None


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

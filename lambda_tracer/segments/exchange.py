"""One HTTP request to a neighbour of this machine's and its answer: the X-Ray daemon, a metadata service.

It is made of a socket, without `http.client`: patches of that, ours or others', would record it.
"""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from ..clock import clock
from ..guard import pass_on

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ANSWER_BYTES = 2_000_000
"""More is no answer that anybody waits for here. All of X-Ray's rules are far smaller."""

TIMEOUT_S = 1.0


class NoAnswer(Exception):
    """Nobody answered, or not with success. Its text is for the log."""


def exchange(
    address: tuple[str, int],
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> bytes:
    """The body of the answer to `method path`, which must come within `timeout_s` in all. Raises NoAnswer."""
    try:
        return _body(_answer(address, _request(address, method, path, body, headers or {}), timeout_s))
    except (OSError, UnicodeError, ValueError) as error:
        pass_on(error)
        raise NoAnswer(type(error).__name__) from None


def address_in(url: str) -> tuple[tuple[str, int], str]:
    """Host and port of an `http:` URL, and its path without a slash at the end. Raises ValueError for any other."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError("no http: URL")
    return (parts.hostname, parts.port or 80), parts.path.rstrip("/")


def _request(
    address: tuple[str, int], method: str, path: str, body: bytes, headers: Mapping[str, str]
) -> bytes:
    host, port = address
    # HTTP/1.0: what is answered ends with the connection, and never comes in chunks.
    lines = [f"{method} {path} HTTP/1.0", f"Host: {f'[{host}]' if ':' in host else host}:{port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _answer(address: tuple[str, int], request: bytes, timeout_s: float) -> bytes:
    until = clock.monotonic() + timeout_s
    with socket.create_connection(address, timeout_s) as opened:
        opened.sendall(request)
        answer = bytearray()
        while True:
            opened.settimeout(max(until - clock.monotonic(), 0.001))
            read = opened.recv(65_536)
            if not read:
                return bytes(answer)
            answer += read
            if len(answer) > MAX_ANSWER_BYTES:
                raise NoAnswer("the answer is too long")
            if _is_whole(answer):
                return bytes(answer)
            if clock.monotonic() > until:
                raise NoAnswer("TimeoutError")


def _is_whole(answer: bytearray) -> bool:
    """Whether a body has come whose length was told: the other side need not close the connection."""
    head, end, body = answer.partition(b"\r\n\r\n")
    told = _length(bytes(head)) if end else None
    return told is not None and len(body) >= told


def _body(answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1:2]
    if not head.startswith(b"HTTP/") or not status:
        raise NoAnswer("what answers does not speak HTTP")
    if status != [b"200"]:
        raise NoAnswer(f"status {status[0][:3].decode('ascii', 'replace')}")
    told = _length(head)
    if told is not None and len(body) < told:
        raise NoAnswer("the answer is cut off")
    return body


def _length(head: bytes) -> int | None:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return None

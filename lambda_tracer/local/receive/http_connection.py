"""An HTTP connection as a server sees it: requests read within bounds, whatever bytes come, and answers.

The standard library's server refuses a header of more than 64 kB, and the runtime client sends up to a megabyte in
one. It takes a body that was cut off for a whole one, and keeps of a body as much as comes.
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

MAX_REQUEST_LINE_BYTES = 8_192
MAX_HEAD_BYTES = 2 * 1024 * 1024
"""Of all headers together; one alone, the runtime client's description of an exception, has up to half of it."""

MAX_HEADERS = 200
DRAIN_S = 1.0
MAX_DRAINED_BYTES = 16 * 1024 * 1024
"""How long, and how much, is read of what a client goes on sending after it was refused."""

_MAX_CHUNK_LINE_BYTES = 1_024
_PIECE_BYTES = 65_536

_REQUEST_LINE = re.compile(r"([A-Z]{1,20}) (\S+) HTTP/1\.([01])")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)


class Disconnected(Exception):
    """The other side is gone, in the middle of a request or between two."""


class BadRequest(Exception):
    """What came is no request, or more than there is room for; nothing after it can be read."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Request:
    """One request. The names of `headers` are in small letters."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    """At most as much of it as was to be kept."""
    body_bytes: int
    """The size of the whole."""
    is_last: bool
    """The client wants the connection closed after the answer."""


Admit = Callable[[str, str, dict[str, str]], int]
"""Judges a request by its method, path and headers: how many bytes its body may have, or a `BadRequest`."""


class Connection:
    """Reads from a socket and writes to it. Of a body `max_body_bytes` are kept, and the rest is passed over.

    With `admit`, which is asked before anything of a body is read, a larger body than it allows is refused by 413.
    """

    def __init__(
        self, connection: socket.socket, max_body_bytes: int = 0, admit: Admit | None = None
    ) -> None:
        self.socket = connection
        self._max_body_bytes = max_body_bytes
        self._admit = admit
        self._reader = connection.makefile("rb")

    def read(self) -> Request:
        """The next request, when it is there in full; `Disconnected` or `BadRequest` if none comes."""
        line = self._line(MAX_REQUEST_LINE_BYTES, 414).decode("latin-1")
        found = _REQUEST_LINE.fullmatch(line)
        if not found:
            raise BadRequest(400, "no request line of HTTP/1")
        method, path, minor = found.groups()
        headers = self._headers()
        if self._admit is not None:
            self._max_body_bytes = self._admit(method, path, headers)
            self._check_size(headers.get("content-length", ""))
        if headers.get("expect", "").lower() == "100-continue":
            self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body, body_bytes = self._body(headers)
        options = [option.strip() for option in headers.get("connection", "").lower().split(",")]
        is_last = "close" in options or (minor == "0" and "keep-alive" not in options)
        return Request(method, path, headers, body, body_bytes, is_last)

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Answer the request that was read last. What no header can hold is replaced in it by question marks."""
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {_header_value(value)}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        # Head and body in one piece: a delayed acknowledgement would come between two.
        self.socket.sendall("\r\n".join(lines).encode("ascii") + body)

    def drain(self) -> None:
        """Read on for a moment after an answer that was given too soon: a socket closed on what the client still sends
        would break off the connection, and the client lose the answer."""
        with contextlib.suppress(OSError, ValueError):  # the client has gone
            self.socket.shutdown(socket.SHUT_WR)
            self.socket.settimeout(DRAIN_S)
            left = MAX_DRAINED_BYTES
            while left > 0 and (data := self.socket.recv(_PIECE_BYTES)):
                left -= len(data)

    def close(self) -> None:
        """Give the reading side up; the socket is its owner's."""
        self._reader.close()

    def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        room = MAX_HEAD_BYTES
        for _ in range(MAX_HEADERS + 1):
            line = self._line(room, 431)
            if not line:
                return headers
            room -= len(line)
            name, colon, value = line.decode("utf-8", "replace").partition(":")
            if not colon or not _HEADER_NAME.fullmatch(name):
                raise BadRequest(400, "a header without a name")
            key, text = name.lower(), value.strip(" \t")
            if headers.get(key, text) != text and key in ("content-length", "transfer-encoding"):
                raise BadRequest(400, "a body of two lengths")
            headers[key] = text
        raise BadRequest(431, f"more than {MAX_HEADERS} headers")

    def _body(self, headers: dict[str, str]) -> tuple[bytes, int]:
        kept = bytearray()
        encoding, length = headers.get("transfer-encoding"), headers.get("content-length", "0")
        if encoding is None:
            if not _LENGTH.fullmatch(length):
                raise BadRequest(400, "a Content-Length that is no number")
            size = int(length)
            self._take(size, kept)
            return bytes(kept), size
        if encoding.lower() != "chunked" or "content-length" in headers:
            raise BadRequest(400, "a Transfer-Encoding that is not chunked alone")
        total = 0
        while size := self._chunk_size():
            self._take(size, kept)
            total += size
            self._check_size(str(total))
            if self._line(2, 400):
                raise BadRequest(400, "a chunk that is longer than it says")
        for _ in range(MAX_HEADERS):
            if not self._line(_MAX_CHUNK_LINE_BYTES, 431):  # trailers
                return bytes(kept), total
        raise BadRequest(431, "too many trailers")

    def _check_size(self, length: str) -> None:
        if self._admit is not None and _LENGTH.fullmatch(length) and int(length) > self._max_body_bytes:
            raise BadRequest(413, f"a body of more than {self._max_body_bytes:,} bytes")

    def _chunk_size(self) -> int:
        found = _CHUNK_SIZE.fullmatch(self._line(_MAX_CHUNK_LINE_BYTES, 400))
        if not found:
            raise BadRequest(400, "a chunk without a size")
        return int(found[1], 16)

    def _take(self, size: int, kept: bytearray) -> None:
        """Read the next `size` bytes of a body, and keep what there is room for."""
        while size:
            piece = self._reader.read(min(size, _PIECE_BYTES))
            if not piece:
                raise Disconnected
            kept += piece[: self._max_body_bytes - len(kept)]
            size -= len(piece)

    def _line(self, max_bytes: int, status: int) -> bytes:
        """The next line without its end, of at most `max_bytes`."""
        line = self._reader.readline(max_bytes + 2)
        if line.endswith(b"\n"):
            return line[:-1].removesuffix(b"\r")
        if len(line) == max_bytes + 2:
            raise BadRequest(status, f"a line of more than {max_bytes:,} bytes")
        raise Disconnected


def _header_value(value: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in value)

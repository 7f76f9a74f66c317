"""Hostile requests, from a fixed seed: any bytes, and requests that are nearly right, in any order.

A function sends them to its own Runtime API as well, so this module imports nothing of the project.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

PREFIX = "/2018-06-01/runtime/"

PATHS = [
    *(
        "invocation/next",
        "init/error",
        "restore/next",
        "restore/error",
        "invocation//response",
        "invocation/x/error",
    ),
    *(
        "invocation/x/response",
        "invocation/next/",
        "invocation/../next",
        "INVOCATION/NEXT",
        "",
        "a" * 9_000,
        "\xff",
    ),
]

HEADERS = [
    "Content-Length: 2",
    "Content-Length: -1",
    "Content-Length: 1e3",
    "Content-Length: 99999999999999999999",
    "Content-Length: 1000000000000",
    "Content-Length: 2\r\nContent-Length: 3",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 2",
    "Expect: 100-continue",
    "Connection: close",
    "Connection: keep-alive, Upgrade",
    "No colon",
    ": no name",
    " folded: line",
    "Nul\0: x",
    "Lambda-Runtime-Function-XRay-Error-Cause: " + "[" * 100_000,
    "Lambda-Runtime-Function-XRay-Error-Cause: " + '{"a":' * 900 + "1" + "}" * 900,
    "Lambda-Runtime-Function-Error-Type: \x1b]0;title\x07\x9b",
    "X: " + "y" * 3_000_000,
    "\r\n".join(f"X-{number}: y" for number in range(300)),
]

BODIES = [
    b"",
    b"{}",
    b'{"errorType": [[["x"]]], "errorMessage": {"a": 1e999}, "stackTrace": 3}',
    b"[" * 200_000,
    b"\xff\xfe\0",
    b"2\r\n{}\r\n0\r\n\r\n",
    b"zz\r\n{}\r\n0\r\n\r\n",
    b"-2\r\n{}\r\n",
    b"FFFFFFFFFFFFFFFFFFFF\r\n{}\r\n",
    b"2\r\n{}{}\r\n0\r\n\r\n",
    b"2;name=value\r\n{}\r\n0\r\nTrailer: x\r\n\r\n",
    b"0\r\n" + b"T: x\r\n" * 500,
    b"1\r\n",
]


def requests(seed: int, count: int) -> Iterator[bytes]:
    """The bytes that `count` clients send."""
    source = random.Random(seed)
    for _ in range(count):
        kind = source.random()
        if kind < 0.15:
            yield source.randbytes(source.randrange(2_000))
        elif kind < 0.2:
            yield b"GET " * source.randrange(5_000)
        else:
            yield b"".join(_request(source) for _ in range(source.randrange(1, 4)))


def send(address: str, data: bytes, how: int) -> None:
    """Send it and go, or half of it, or close the sending side and read what comes for a moment."""
    host, _, port = address.partition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=0.05) as client:
            client.sendall(data if how % 3 else data[: len(data) // 2])
            if how % 2:
                client.shutdown(socket.SHUT_WR)
                while client.recv(65_536):
                    pass
    except OSError:
        return


def _request(source: random.Random) -> bytes:
    method = source.choice(["GET", "POST", "POST", "PUT", "get", "", "A" * 30])
    path = source.choice([PREFIX, PREFIX, PREFIX, "/", ""]) + source.choice(PATHS)
    version = source.choice(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/1.10", ""])
    lines = [f"{method} {path} {version}", *source.sample(HEADERS, source.randrange(4)), "", ""]
    end = source.choice(["\r\n", "\r\n", "\r\n", "\n", "\r"])
    return end.join(lines).encode("latin-1") + source.choice(BODIES)

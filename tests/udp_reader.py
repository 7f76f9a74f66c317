"""The receiving half of the tests' daemon: a process of its own, so that no burst is lost on a busy test.

Run by `tests.daemon`. A line on standard input asks for a new socket; what arrives is written to standard
output in frames, each a length (4 bytes, big-endian) and that many bytes: `\\0port <n>` for a new socket,
else one datagram. The process ends when standard input does, so it cannot outlive the test run.
"""

from __future__ import annotations

import os
import selectors
import socket
import sys

SO_RCVBUFFORCE = (
    33  # Linux; not in the socket module. Goes beyond net.core.rmem_max where we have the right to.
)
BUFFER_BYTES = 64 << 20


def open_socket() -> socket.socket:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        udp.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
    except OSError:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)  # cut to rmem_max by the kernel
    udp.bind(("127.0.0.1", 0))
    udp.setblocking(False)
    return udp


def main() -> None:
    stdin, stdout = sys.stdin.fileno(), sys.stdout.fileno()
    os.set_blocking(stdout, False)
    unwritten = bytearray()
    udp = open_socket()
    with selectors.DefaultSelector() as selector:
        selector.register(stdin, selectors.EVENT_READ)
        selector.register(udp, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is udp:
                    frame = udp.recv(1 << 16)
                    unwritten += len(frame).to_bytes(4, "big") + frame
                elif key.fd == stdin:
                    if not os.read(stdin, 1):
                        return
                    selector.unregister(udp)
                    udp.close()
                    udp = open_socket()
                    selector.register(udp, selectors.EVENT_READ)
                    frame = b"\0port %d" % udp.getsockname()[1]
                    unwritten += len(frame).to_bytes(4, "big") + frame
                    break  # what select() said of the old socket is void
                else:
                    del unwritten[: os.write(stdout, unwritten[: 1 << 16])]
            wants_to_write = stdout in selector.get_map()
            if unwritten and not wants_to_write:
                selector.register(stdout, selectors.EVENT_WRITE)
            elif wants_to_write and not unwritten:
                selector.unregister(stdout)


if __name__ == "__main__":
    main()

"""Peers: which process is at the other end of a connection on the loopback.

Linux says so under /proc; elsewhere it can't be known without privileges. A secret in the address would say it
everywhere, but the runtime client takes a host and a port there, and nothing else: its HTTP client in C++ would take
a path as well, and the one of Python's, by which it tells a failed initialization, would not.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path


def is_one_of(connection: socket.socket, pids: Iterable[int]) -> bool:
    """Whether one of the processes holds the other end of `connection`; true where that can't be known."""
    try:
        own, other = connection.getsockname(), connection.getpeername()
    except OSError:
        return False  # it is gone
    sockets = _sockets()
    if (_text(own), _text(other)) not in sockets:
        return True  # this system does not tell
    inode = sockets.get((_text(other), _text(own)), "0")
    # None holds it any more once it is closed, though what was sent over it can still be read.
    return inode != "0" and any(_holds(pid, f"socket:[{inode}]") for pid in pids)


def _sockets() -> dict[tuple[str, str], str]:
    """The inodes of the sockets in this network namespace by their own and their other address."""
    found: dict[tuple[str, str], str] = {}
    for name in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/net/{name}").read_text("ascii", "replace").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if len(fields) > 9:
                # Of an IPv4 address in IPv6's form, the last eight digits.
                own, other = (f"{field.partition(':')[0][-8:]}{field[-5:]}" for field in fields[1:3])
                found.setdefault((own, other), fields[9])
    return found


def _text(address: tuple[str, int]) -> str:
    host, port = address
    # As the kernel writes it: in the byte order of the machine.
    number = int.from_bytes(socket.inet_aton(host), sys.byteorder)
    return f"{number:08X}:{port:04X}"


def _holds(pid: int, name: str) -> bool:
    folder = f"/proc/{pid}/fd"
    try:
        descriptors = os.listdir(folder)
    except PermissionError:
        return True  # one of the processes, which does not let us look
    except OSError:
        return False
    for descriptor in descriptors:
        try:
            if os.readlink(f"{folder}/{descriptor}") == name:
                return True
        except OSError:
            continue
    return False

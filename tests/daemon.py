"""The daemon that tests send to: a real UDP socket that hands out what arrived, as checked documents.

Whatever was sent before one of its methods is called is in what the method returns: the method sends a
datagram of its own behind it and reads up to that one. No test has to sleep, or to guess when the last
document has come.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.documents import Document, flatten, parse

PATIENCE_S = 10.0
"""How long to wait for what another thread or process is going to send."""


class Reader:
    """The process that receives, one for a test run; `tests/udp_reader.py` says how it is spoken to."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("udp_reader.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests = self._process.stdin
        self._answers = self._process.stdout
        self._unparsed = bytearray()

    def open(self) -> int:
        """Receive on a new socket from now on, forgetting the old one; returns its port on 127.0.0.1."""
        self._requests.write(b"\n")
        while True:
            frame = self.receive(PATIENCE_S)
            if frame is None:
                raise TimeoutError("the reader process of the tests' daemon does not answer")
            if frame.startswith(b"\0port "):
                return int(frame.split()[1])

    def receive(self, timeout_s: float) -> bytes | None:
        """The next frame, or None when none came in time."""
        while True:
            size = int.from_bytes(self._unparsed[:4], "big")
            if len(self._unparsed) >= 4 + size and len(self._unparsed) >= 4:
                frame = bytes(self._unparsed[4 : 4 + size])
                del self._unparsed[: 4 + size]
                return frame
            if not select.select([self._answers], [], [], timeout_s)[0]:
                return None
            chunk = os.read(self._answers.fileno(), 1 << 20)
            if not chunk:
                raise EOFError("the reader process of the tests' daemon has ended")
            self._unparsed += chunk

    def close(self) -> None:
        self._requests.close()
        self._process.wait(PATIENCE_S)
        self._answers.close()


class Daemon:
    """What a test sees of the daemon.

    `datagrams`, `documents` and `subsegments` are three views of everything that arrived since the test
    began, or since `clear`. Each of them raises `tests.documents.Unacceptable` when something arrived that
    X-Ray would drop, and waits up to PATIENCE_S for `at_least` so many items where these come from another
    thread or process.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._port = reader.open()
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._marks = 0
        self._datagrams: list[bytes] = []
        self._documents: list[Document] = []
        self._handed_out = 0

    @property
    def address(self) -> str:
        """The value for AWS_XRAY_DAEMON_ADDRESS."""
        return f"127.0.0.1:{self._port}"

    def datagrams(self, at_least: int = 0) -> list[bytes]:
        """The raw datagrams in order of arrival, header line included."""
        self._receive(lambda: len(self._datagrams), at_least)
        return list(self._datagrams)

    def documents(self, at_least: int = 0) -> list[Document]:
        """The documents in order of arrival, one a datagram, with their embedded subsegments in place."""
        self._receive(lambda: len(self._documents), at_least)
        return list(self._documents)

    def subsegments(self, at_least: int = 0) -> list[Document]:
        """Every subsegment once, embedded or not, flat, each with `trace_id` and `parent_id`.

        One that came again (first in progress, then finished) is as it came last, in the place where it
        came first.
        """
        self._receive(lambda: len(self._by_id()) if at_least else 0, at_least)
        return list(self._by_id().values())

    def expect_tree(self, expected: str, **options: bool) -> None:
        """Fail unless the trace is the expected one, drawn as in `tests.tree`, which see for the options."""
        __tracebackhide__ = True
        from tests.tree import expect_tree

        expect_tree(self, expected, **options)

    def subsegment(self, name: str) -> Document:
        """The one subsegment of that name; fails when there is none, or more than one."""
        found = [subsegment for subsegment in self.subsegments() if subsegment["name"] == name]
        assert len(found) == 1, f"{len(found)} subsegments are named {name!r}"
        return found[0]

    def clear(self) -> None:
        """Forget what has arrived so far, as read."""
        self._read_to_mark()
        self._datagrams.clear()
        self._documents.clear()
        self._handed_out = 0

    def unread(self) -> list[str]:
        """The names of the documents that the test never asked for."""
        self._read_to_mark()
        return [document["name"] for document in self._documents[self._handed_out :]]

    def close(self) -> None:
        self._sender.close()

    def _by_id(self) -> dict[str, Document]:
        return {part["id"]: part for document in self._documents for part in flatten(document)}

    def _receive(self, count: Callable[[], int], at_least: int) -> None:
        """Take in what has been sent, wait until `count` says that it is enough, and count it as read."""
        self._read_to_mark()
        deadline = time.monotonic() + PATIENCE_S
        while count() < at_least:
            frame = self._reader.receive(max(0.0, deadline - time.monotonic()))
            assert frame is not None, f"waited {PATIENCE_S:g} s for {at_least} items, {count()} arrived"
            self._take(frame)
        self._handed_out = len(self._documents)

    def _read_to_mark(self) -> None:
        """Take in everything that was sent before this call.

        Datagrams on the loopback arrive in the order of sending, whoever sends them. The mark alone is sent
        again: it may have met a full buffer.
        """
        self._marks += 1
        mark = b"\0mark %d" % self._marks
        deadline = time.monotonic() + PATIENCE_S
        self._sender.sendto(mark, ("127.0.0.1", self._port))
        while (frame := self._reader.receive(0.5)) != mark:
            if frame is not None:
                self._take(frame)
            else:
                assert time.monotonic() < deadline, "the socket of the tests' daemon does not receive"
                self._sender.sendto(mark, ("127.0.0.1", self._port))

    def _take(self, frame: bytes) -> None:
        if frame.startswith(b"\0mark"):  # one that was sent twice
            return
        self._datagrams.append(frame)
        self._documents.append(parse(frame))

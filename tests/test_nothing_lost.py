"""What ran is in the trace: whatever the number or the order, every subsegment arrives, finished, once.

Each datagram is checked for X-Ray's rules on its way in.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from lambda_tracer import Recorder, xray_recorder
from lambda_tracer.send import outbox
from lambda_tracer.xray import MAX_DATAGRAM_BYTES
from tests.arrivals import finished, losses
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.documents import Document, flatten, parse
from tests.tree import expect_tree

# An ordinary reader: the socket's buffer as the system gives it, one datagram after the other. It prints its port, and
# at the mark what it got: each datagram as its length (4 bytes) and itself.
READER = """
import socket, sys
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
print(udp.getsockname()[1], flush=True)
got = []
while (datagram := udp.recv(65536)) != b"mark":
    got.append(datagram)
for datagram in got:
    sys.stdout.buffer.write(len(datagram).to_bytes(4, "big") + datagram)
"""


class OrdinaryReader:
    """A process that reads as the X-Ray daemon does."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", READER], stdout=subprocess.PIPE, bufsize=0
        )
        assert self._process.stdout is not None
        port = b""
        while not port.endswith(b"\n"):
            port += os.read(self._process.stdout.fileno(), 1)
        self.address = ("127.0.0.1", int(port))

    def documents(self) -> list[Document]:
        """Everything that it got; it reads no more afterwards."""
        done = threading.Event()

        def mark() -> None:  # again and again: the mark itself may meet a full buffer
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                while not done.wait(0.2):
                    sender.sendto(b"mark", self.address)

        marking = threading.Thread(target=mark)
        marking.start()
        try:
            received, _ = self._process.communicate(timeout=60)
        finally:
            done.set()
            marking.join()
        documents = []
        at = 0
        while at < len(received):
            size = int.from_bytes(received[at : at + 4], "big")
            documents.append(parse(received[at + 4 : at + 4 + size]))
            at += 4 + size
        return documents

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


# --- How many -------------------------------------------------------------------------------------------------


def flat(count: int) -> Iterator[str]:
    """All below one handler."""
    with xray_recorder.in_subsegment("handler") as handler:
        for number in range(count - 1):
            with xray_recorder.in_subsegment(f"child {number}") as child:
                yield child.id
    yield handler.id


def deep(count: int) -> Iterator[str]:
    """Each below the one before."""
    for number in range(count):
        yield xray_recorder.begin_subsegment(f"level {number}").id
    for _ in range(count):
        xray_recorder.end_subsegment()


def mixed(count: int) -> Iterator[str]:
    """A tree of any shape, some subsegments with a little to say and some with much."""
    choices = random.Random(count)
    depth = 0
    for number in range(count):
        subsegment = xray_recorder.begin_subsegment(f"part {number}")
        subsegment.put_metadata("fill", "x" * choices.choice((0, 1, 100, 100, 1_000, 20_000)))
        yield subsegment.id
        depth += 1
        while depth > 1 and choices.random() < 0.45:
            xray_recorder.end_subsegment()
            depth -= 1
    for _ in range(depth):
        xray_recorder.end_subsegment()


def wide_below_deep(count: int) -> Iterator[str]:
    """Siblings at a depth beyond what one document may nest."""
    above = min(count // 2, 60)
    for number in range(above):
        yield xray_recorder.begin_subsegment(f"level {number}").id
    for number in range(count - above):
        with xray_recorder.in_subsegment(f"sibling {number}") as sibling:
            sibling.put_annotation("number", number)
            yield sibling.id
    for _ in range(above):
        xray_recorder.end_subsegment()


SHAPES = [flat, deep, mixed, wide_below_deep]
ATTEMPTS = 5


@pytest.mark.parametrize("count", [1, 2, 49, 50, 51, 602, 3_000])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_subsegment_arrives_finished_and_once(
    shape: Callable[[int], Iterator[str]], count: int, daemon: Daemon
) -> None:
    ids = list(shape(count))

    assert len(ids) == count
    assert finished(daemon.documents()) == Counter(ids)
    assert all(len(datagram) <= MAX_DATAGRAM_BYTES for datagram in daemon.datagrams())


@pytest.mark.alone
@pytest.mark.parametrize("shape", SHAPES)
def test_an_ordinary_reader_gets_every_one_of_twenty_thousand(
    shape: Callable[[int], Iterator[str]], daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can send to a reader that gets no processor for long: one attempt out of five has to lose none."""
    lost = []
    for _ in range(ATTEMPTS):
        with contextlib.closing(OrdinaryReader()) as reader:
            monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{reader.address[1]}")
            xray_recorder.emitter.reset()
            ids = list(shape(20_000))
            documents = reader.documents()
        arrived = finished(documents)
        assert set(arrived.values()) == {1}
        assert set(arrived) <= set(ids)
        assert not any(losses(part) for document in documents for part in flatten(document))
        lost.append(len(ids) - len(arrived))
        if not lost[-1]:
            break

    assert min(lost) == 0, f"lost of 20,000 in {len(lost)} attempts: {lost}"


# --- How long -------------------------------------------------------------------------------------------------


def test_what_has_waited_too_long_leaves_from_every_level(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = []
    with xray_recorder.in_subsegment("handler") as handler:
        for number in range(5):
            with xray_recorder.in_subsegment(f"call {number}") as call:
                for _ in range(3):
                    with xray_recorder.in_subsegment("item") as item:
                        ids.append(item.id)
                monkeypatch.setattr(outbox, "MAX_WAITING_S", 0.0)
                with xray_recorder.in_subsegment("overdue") as overdue:
                    ids.append(overdue.id)
                assert set(ids) <= set(finished(daemon.documents()))
                monkeypatch.setattr(outbox, "MAX_WAITING_S", 3600.0)
            ids.append(call.id)

    assert finished(daemon.documents()) == Counter([*ids, handler.id])
    assert not any(part.get("in_progress") for part in daemon.subsegments())


def test_children_that_outlive_their_parents_arrive_in_any_order_of_closing(daemon: Daemon) -> None:
    choices = random.Random(0)
    for _ in range(50):
        opened = [xray_recorder.begin_subsegment(f"part {number}") for number in range(12)]
        parents = {part.id: part.parent_id for part in opened}
        choices.shuffle(opened)
        for part in opened:
            part.close()
        xray_recorder.clear_trace_entities()

        assert finished(daemon.documents()) == Counter(parents.keys())
        assert {part["id"]: part["parent_id"] for part in daemon.subsegments()} == parents
        daemon.clear()


def test_what_is_never_closed_arrives_in_progress_and_what_it_holds_finished(
    daemon: Daemon, invoke: Invoke
) -> None:
    for number in range(3):
        xray_recorder.begin_subsegment(f"leaked {number}")
        with xray_recorder.in_subsegment(f"finished {number}"):
            pass
    invoke()
    with xray_recorder.in_subsegment("next handler"):
        pass

    expect_tree(
        (part for part in daemon.subsegments() if part["name"] != "next handler"),
        """
        leaked 0  in progress
          finished 0
          leaked 1  in progress
            finished 1
            leaked 2  in progress
              finished 2
    """,
    )
    assert daemon.subsegment("next handler").get("in_progress") is not True


def test_threads_that_finish_at_the_same_time_lose_nothing(daemon: Daemon) -> None:
    """With the sizes at which everything that leaves early leaves: full parents, large children, deep ones."""
    ids: list[str] = []

    def work(entity: object, seed: int) -> None:
        choices = random.Random(seed)
        xray_recorder.set_trace_entity(entity)
        for _ in range(120):
            opened = []
            for level in range(choices.randint(1, 5)):
                part = xray_recorder.begin_subsegment(f"level {level}")
                part.put_metadata("fill", "x" * choices.choice((1, 500, 15_000, 70_000)))
                opened.append(part)
            ids.extend(part.id for part in opened)
            choices.shuffle(opened)
            for part in opened:
                part.close()

    with xray_recorder.in_subsegment("handler") as handler:
        threads = [threading.Thread(target=work, args=(handler, seed)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert finished(daemon.documents()) == Counter([*ids, handler.id])


def test_threads_that_send_first_at_the_same_time_lose_nothing(daemon: Daemon) -> None:
    """Each of them finds no socket yet, and one of them opens it for all."""
    ids: list[str] = []

    def work(recorder: Recorder, barrier: threading.Barrier) -> None:
        barrier.wait()
        with recorder.in_subsegment("outermost") as part:
            ids.append(part.id)

    failed = 0
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(150):
            recorder, barrier = Recorder(), threading.Barrier(4)
            threads = [threading.Thread(target=work, args=(recorder, barrier)) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            failed += recorder.emitter.failed
            recorder.emitter.reset()
    finally:
        sys.setswitchinterval(interval)

    assert failed == 0
    assert finished(daemon.documents()) == Counter(ids)


def test_of_many_invocations_each_has_all_that_is_its_own(daemon: Daemon, invoke: Invoke) -> None:
    expected = {}
    for number in range(300):
        root = invoke().root
        expected[root] = Counter(mixed(number % 7 + 1))

    arrived: dict[str, Counter[str]] = {root: Counter() for root in expected}
    for document in daemon.documents():
        arrived[document["trace_id"]] += finished([document])
    assert arrived == expected

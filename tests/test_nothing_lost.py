"""What ran is in the trace: whatever the number, the size or the order, every subsegment arrives, finished, once.

Each datagram is checked for X-Ray's rules on its way in. What had to be cut is said to be, in the outermost subsegment.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lambda_tracer import Recorder, Tracer, xray_recorder
from lambda_tracer.send import outbox
from lambda_tracer.xray import MAX_DATAGRAM_BYTES
from tests.conftest import Invoke, new_trace_id
from tests.daemon import Daemon
from tests.documents import Document, flatten, parse
from tests.tree import expect_tree

tracer = Tracer(service="payment", disabled=False, auto_patch=False)

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


def finished(documents: list[Document]) -> Counter[str]:
    """How often each id arrived as finished."""
    parts = [part for document in documents for part in flatten(document)]
    return Counter(part["id"] for part in parts if not part.get("in_progress"))


def losses(subsegment: Document) -> dict[str, Any]:
    """What the outermost subsegment says of what was lost."""
    found: dict[str, Any] = subsegment.get("metadata", {}).get("lambda_tracer", {})
    return found


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


# --- How large ------------------------------------------------------------------------------------------------

SIZES = [1, 100, 10_000, 47_000, 48_000, 63_000, 64_000, 66_000, 200_000, 1_000_000, 10_000_000]

VALUES: dict[str, Callable[[int], Any]] = {
    "text": lambda size: "x" * size,
    "text that JSON escapes": lambda size: '"\u00e9\U0001f600' * (size // 3 + 1),
    "bytes": lambda size: b"\xff" * size,
    "list": lambda size: [1] * (size // 2),
    "dict": lambda size: {f"key {number}": number for number in range(size // 18 + 1)},
    "nested": lambda size: {"a": [{"b": "x" * (size // 10)} for _ in range(10)]},
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", VALUES)
def test_a_value_of_any_size_costs_no_subsegment(kind: str, size: int, daemon: Daemon) -> None:
    value = VALUES[kind](size)

    @tracer.capture_method(capture_response=True)
    def respond() -> Any:
        return value

    with xray_recorder.in_subsegment("handler") as handler:
        with xray_recorder.in_subsegment("before"):
            pass
        respond()
        with xray_recorder.in_subsegment("with metadata") as subsegment:
            subsegment.put_metadata("value", value)
            subsegment.put_annotation("kept", True)
        with xray_recorder.in_subsegment("after"):
            pass
    documents = daemon.documents()

    assert set(finished(documents).values()) == {1}
    assert len(finished(documents)) == 5
    assert daemon.subsegment("with metadata")["annotations"] == {"kept": True}
    assert all(part["parent_id"] == handler.id for part in daemon.subsegments() if part["name"] != "handler")


def test_small_values_come_whole_and_nothing_is_said(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"):
        for number in range(20):
            with xray_recorder.in_subsegment(f"child {number}") as child:
                child.put_metadata("value", "x" * 40_000)

    parts = daemon.subsegments()
    assert [len(part["metadata"]["default"]["value"]) for part in parts if part["name"] != "handler"] == (
        [40_000] * 20
    )
    assert losses(daemon.subsegment("handler")) == {}


def test_what_was_cut_is_said_in_the_outermost_subsegment(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"), xray_recorder.in_subsegment("method"):
        for number in range(3):
            with xray_recorder.in_subsegment(f"child {number}") as child:
                child.put_metadata("value", "x" * 100_000)
                child.put_metadata("small", "kept")

    cut = losses(daemon.subsegment("handler"))["cut"]
    assert cut["count"] == 3
    assert 299_000 < cut["bytes"] < 300_000
    for number in range(3):
        metadata = daemon.subsegment(f"child {number}")["metadata"]["default"]
        assert metadata["value"]["lambda_tracer"] == "cut"
        assert metadata["value"]["bytes"] == 100_002
        assert metadata["small"] == "kept"
    assert losses(daemon.subsegment("method")) == {}


def test_the_outermost_subsegment_also_says_that_it_was_cut_itself(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler") as handler:
        for number in range(10):
            handler.put_metadata(f"value {number}", "x" * 30_000)

    cut = losses(daemon.subsegment("handler"))["cut"]
    assert cut["count"] == 1
    assert cut["bytes"] > 230_000


def test_losses_of_one_invocation_are_not_said_in_the_next(daemon: Daemon, invoke: Invoke) -> None:
    with xray_recorder.in_subsegment("first") as first:
        first.put_metadata("value", "x" * 100_000)
    invoke()
    with xray_recorder.in_subsegment("second"):
        pass

    assert "cut" in losses(daemon.subsegment("first"))
    assert losses(daemon.subsegment("second")) == {}


def test_what_could_not_be_sent_is_said_in_the_outermost_subsegment(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    address = os.environ["AWS_XRAY_DAEMON_ADDRESS"]
    with xray_recorder.in_subsegment("handler"):
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", "nowhere")
        for number in range(3):
            with xray_recorder.in_subsegment(f"lost {number}") as child:
                child.put_metadata("value", "x" * 50_000)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address)
        xray_recorder.emitter.reset()
        with xray_recorder.in_subsegment("kept"):
            pass

    daemon.expect_tree("handler\n  kept")
    not_sent = losses(daemon.subsegment("handler"))["not_sent"]
    assert not_sent["count"] == 3
    assert 150_000 < not_sent["bytes"] < 152_000
    assert "cut" not in losses(daemon.subsegment("handler"))
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize("count", [1, 50, 1_000, 20_000])
def test_annotations_of_any_number_leave_the_document_acceptable(count: int, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"), xray_recorder.in_subsegment("annotated") as subsegment:
        for number in range(count):
            subsegment.put_annotation(f"key_{number}", "x" * (number % 1_200))
        subsegment.put_metadata("value", "x" * 60_000)

    annotated = daemon.subsegment("annotated")
    left_out = losses(annotated).get("annotations_left_out", 0)
    assert len(annotated["annotations"]) + left_out == count
    assert annotated["annotations"]["key_0"] == ""
    assert left_out == 0 or count > 50


def test_metadata_of_any_number_of_keys_leaves_the_document_acceptable(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler") as handler:
        for number in range(20_000):
            handler.put_metadata(f"key {number}", number, namespace=f"namespace {number % 50}")

    metadata = daemon.subsegment("handler")["metadata"]
    left_out = metadata["lambda_tracer"]["metadata_left_out"]
    kept = sum(len(values) for namespace, values in metadata.items() if namespace != "lambda_tracer")
    assert kept > 100
    assert kept + left_out >= 20_000


def test_huge_exceptions_arrive_with_type_and_message(daemon: Daemon) -> None:
    def raise_deep(levels: int) -> None:
        if levels:
            raise_deep(levels - 1)
        raise ValueError("m" * 10_000_000)

    def raise_chain(length: int) -> None:
        try:
            if length:
                raise_chain(length - 1)
            raise_deep(200)
        except Exception as error:
            raise RuntimeError(f"{length} " + "\U0001f600" * 100_000) from error

    @xray_recorder.capture("handler")
    @xray_recorder.capture("method")
    def method() -> None:
        subsegment = xray_recorder.current_subsegment()
        assert subsegment is not None
        subsegment.put_metadata("value", "x" * 1_000_000)
        subsegment.set_sql({"sanitized_query": "SELECT " + "x" * 10_000_000, "database_type": "SQLite"})
        raise_chain(30)

    xray_recorder.configure(max_trace_back=1_000)
    with pytest.raises(RuntimeError):
        method()

    arrived = daemon.subsegment("method")
    assert arrived["fault"] is True
    assert arrived["cause"]["exceptions"][0]["type"] == "RuntimeError"
    assert arrived["cause"]["exceptions"][0]["message"].startswith("30 ")
    assert daemon.subsegment("handler")["cause"] == arrived["cause"]["exceptions"][0]["id"]
    assert losses(daemon.subsegment("handler"))["cut"]["count"] == 1


@pytest.mark.parametrize("size", SIZES)
def test_sql_of_any_size_leaves_the_document_acceptable(size: int, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("query") as query:
        query.set_sql({"sanitized_query": "SELECT " + "x" * size, "database_type": "SQLite"})

    sql = daemon.subsegment("query")["sql"]
    assert sql["sanitized_query"].startswith("SELECT x")
    assert sql["database_type"] == "SQLite"
    assert ("cut" in losses(daemon.subsegment("query"))) == (size > 63_500)


def test_everything_at_once_is_one_acceptable_document(daemon: Daemon) -> None:
    choices = random.Random(0)
    ids = []
    with xray_recorder.in_subsegment("handler") as handler:
        for number in range(60):
            with xray_recorder.in_subsegment("n" * choices.choice((1, 200, 5_000))) as part:
                ids.append(part.id)
                size = choices.choice((1, 1_000, 30_000, 70_000, 300_000))
                part.put_metadata("m" * choices.choice((1, 300, 90_000)), "x" * size, "ns" * (size // 10))
                part.put_http_meta("url", "https://example.com/" + "u" * size)
                part.put_http_meta("status", 500)
                part.set_aws({"operation": "Get", "table_name": "t" * size, "further": ["x" * size]})
                part.set_sql({"sanitized_query": "s" * size, "user": "u" * size, "url": "l" * size})
                part.put_annotation("text", "a" * size)
                part.put_annotation("number", number)
                part.add_exception(ValueError("e" * size))

    parts = {part["id"]: part for part in daemon.subsegments()}
    assert finished(daemon.documents()) == Counter([*ids, handler.id])
    assert [parts[id_]["annotations"]["number"] for id_ in ids] == list(range(60))
    assert all(parts[id_]["fault"] for id_ in ids)


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


# --- For a long time ------------------------------------------------------------------------------------------


@pytest.fixture
def _nobody_reads(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A socket that takes in documents until its buffer is full, and drops the rest: a soak sends gigabytes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unread:
        unread.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{unread.getsockname()[1]}")
        yield


def resident_bytes() -> int:
    """The memory of this process that is in use, as the system counts it."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def invoke_many(count: int) -> None:
    """Invocations of many kinds: quick and failing ones, and those that leave something open."""

    @tracer.capture_method
    def method(number: int) -> dict[str, Any]:
        tracer.put_annotation("number", number)
        if number % 10 == 3:
            raise ValueError(f"number {number}")
        return {"number": number}

    @tracer.capture_method
    def rows(number: int) -> Iterator[int]:
        yield from range(3)

    @tracer.capture_lambda_handler
    def handler(event: int, context: object) -> int:
        for _ in range(2):
            method(event)
        if event % 20 == 1:
            xray_recorder.begin_subsegment("left open")
        next(iter(rows(event)))
        return sum(rows(event))

    # Not by `invoke`, which keeps what it replaced until the test ends. The same ones again and again, for the C
    # library keeps each text that an environment variable ever had.
    headers = [
        f"Root={new_trace_id()};Parent=0123456789abcdef;Sampled={int(number % 5 != 4)}"
        for number in range(100)
    ]
    for number in range(count):
        header = headers[number % len(headers)]
        os.environ["_X_AMZN_TRACE_ID"] = header
        try:
            handler(number, None)
        except ValueError:
            continue


@pytest.mark.soak
@pytest.mark.usefixtures("_nobody_reads")
def test_a_hundred_thousand_invocations_do_not_grow_what_python_allocates() -> None:
    invoke_many(2_000)
    tracemalloc.start()
    try:
        invoke_many(5_000)
        before, _ = tracemalloc.get_traced_memory()
        invoke_many(100_000)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after - before < 200_000


@pytest.mark.soak
@pytest.mark.usefixtures("_nobody_reads")
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the process's memory is read from /proc")
def test_a_hundred_thousand_invocations_do_not_grow_the_process() -> None:
    invoke_many(20_000)
    before = resident_bytes()
    invoke_many(100_000)

    assert resident_bytes() - before < 4_000_000

"""Invocations by the hundred thousand leave no memory behind."""

from __future__ import annotations

import os
import socket
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import new_trace_id
from tests.daemon import Daemon

tracer = Tracer(service="payment", disabled=False, auto_patch=False)


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

"""Ids as user code sees them, which logs them and puts them into messages: the real Root wherever there is one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from lambda_tracer import Tracer, patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch_all
from tests.conftest import Invoke
from tests.daemon import Daemon


def in_a_thread(function: Callable[[], str]) -> str:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def current() -> str:
    subsegment = xray_recorder.current_subsegment()
    assert subsegment is not None
    return subsegment.trace_id


async def current_in_a_task() -> str:
    async def task() -> str:
        async with xray_recorder.in_subsegment_async("task"):
            return current()

    return await asyncio.create_task(task())


def in_a_block() -> str:
    with xray_recorder.in_subsegment("block") as subsegment:
        found: str = subsegment.trace_id
    return found


def begun() -> str:
    subsegment = xray_recorder.begin_subsegment("begun")
    xray_recorder.end_subsegment()
    return subsegment.trace_id


def not_sampled() -> str:
    subsegment = xray_recorder.begin_subsegment_without_sampling("not sampled")
    xray_recorder.end_subsegment()
    return subsegment.trace_id


PLACES: dict[str, Callable[[], str]] = {
    "current subsegment": current,
    "current segment": lambda: xray_recorder.current_segment().trace_id,
    "trace entity": lambda: xray_recorder.get_trace_entity().trace_id,
    "block": in_a_block,
    "begun": begun,
    "begun without sampling": not_sampled,
    "thread": lambda: in_a_thread(current),
    "block in a thread": lambda: in_a_thread(in_a_block),
    "task": lambda: asyncio.run(current_in_a_task()),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("sampled", [1, 0])
def test_the_trace_id_is_the_root(place: str, sampled: int, daemon: Daemon, invoke: Invoke) -> None:
    tracer = Tracer(service="shop", disabled=False, auto_patch=False)
    invocation = invoke(sampled=sampled)
    patch(["threads"])

    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> str:
        return PLACES[place]()

    found = handler({}, None)
    unpatch_all()

    assert found == invocation.root
    daemon.documents()


def test_a_thread_that_outlives_an_unsampled_invocation_keeps_its_root(
    daemon: Daemon, invoke: Invoke
) -> None:
    patch(["threads"])
    first = invoke(sampled=0)
    go_on = threading.Event()
    found: list[str] = []

    def work() -> None:
        go_on.wait(10)
        found.append(current())

    thread = threading.Thread(target=work)
    thread.start()
    invoke(sampled=0)
    xray_recorder.begin_invocation()
    go_on.set()
    thread.join()
    unpatch_all()

    assert found == [first.root]


def test_without_a_trace_what_is_current_is_false_and_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)

    segment = xray_recorder.current_segment()
    with xray_recorder.in_subsegment("block") as subsegment:
        subsegment.put_annotation("key", "value")
        inside = xray_recorder.current_subsegment()
    segment.put_metadata("key", "value")
    xray_recorder.put_annotation("key", "value")
    xray_recorder.end_subsegment()

    assert not inside
    assert not xray_recorder.current_subsegment()
    assert not segment
    assert segment.trace_id == ""

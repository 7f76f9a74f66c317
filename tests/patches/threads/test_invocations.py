"""Threads and pools that live longer than one invocation."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lambda_tracer import xray_recorder
from tests.conftest import Invoke
from tests.daemon import PATIENCE_S, Daemon
from tests.patches.threads.workers import directly_under, place_of, work

HEADER = "_X_AMZN_TRACE_ID"


def start_thread(function: Callable[[], object]) -> Callable[[], object]:
    thread = threading.Thread(target=function)
    thread.start()
    return lambda: thread.join(PATIENCE_S)


def submit(function: Callable[[], object]) -> Callable[[], object]:
    pool = ThreadPoolExecutor(1)
    future = pool.submit(function)
    pool.shutdown(wait=False)
    return lambda: future.result(PATIENCE_S)


def submit_in_context(function: Callable[[], object]) -> Callable[[], object]:
    return submit(functools.partial(contextvars.copy_context().run, function))


def to_thread(function: Callable[[], object]) -> Callable[[], object]:
    loop = asyncio.new_event_loop()

    async def begin() -> asyncio.Task[object]:
        task = asyncio.ensure_future(asyncio.to_thread(function))
        await asyncio.sleep(0)  # until the work is in the pool
        return task

    task = loop.run_until_complete(begin())

    def end() -> None:
        loop.run_until_complete(task)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    return end


@pytest.mark.parametrize("start", [start_thread, submit, submit_in_context, to_thread])
def test_what_goes_on_into_the_next_invocation_is_filed_under_its_own(
    daemon: Daemon, invoke: Invoke, start: Callable[[Callable[[], object]], Callable[[], object]]
) -> None:
    is_next = threading.Event()

    def late() -> None:
        is_next.wait(PATIENCE_S)
        work("late")

    first = invoke()
    with xray_recorder.in_subsegment("first"):
        end = start(late)
    second = invoke()
    with xray_recorder.in_subsegment("second"):
        is_next.set()
        end()
        work("prompt")

    assert place_of(daemon, "late") == directly_under(first)
    assert place_of(daemon, "second") == directly_under(second)
    assert place_of(daemon, "prompt") == (second.root, daemon.subsegment("second")["id"])


def test_what_goes_on_after_its_subsegment_has_ended_is_below_the_nearest_open_one(daemon: Daemon) -> None:
    is_ended = threading.Event()

    def late() -> None:
        is_ended.wait(PATIENCE_S)
        work("late")

    with xray_recorder.in_subsegment("handler"):
        with xray_recorder.in_subsegment("starts it"):
            thread = threading.Thread(target=late)
            thread.start()
        is_ended.set()
        thread.join(PATIENCE_S)

    daemon.expect_tree("""
        handler
          starts it
          late
    """)


def test_a_pool_works_for_one_invocation_after_the_other(
    daemon: Daemon, invoke: Invoke, pool: ThreadPoolExecutor
) -> None:
    invocations = []
    for name in ("first", "second", "third"):
        invocations.append(invoke())
        with xray_recorder.in_subsegment(name):
            pool.submit(work, f"in {name}").result(PATIENCE_S)

    daemon.expect_tree("""
        first
          in first
        second
          in second
        third
          in third
    """)
    traces = [daemon.subsegment(f"in {name}")["trace_id"] for name in ("first", "second", "third")]
    assert traces == [invocation.root for invocation in invocations]


def test_a_pool_of_a_traced_invocation_records_nothing_for_one_that_is_not(
    daemon: Daemon, invoke: Invoke, pool: ThreadPoolExecutor
) -> None:
    with xray_recorder.in_subsegment("sampled"):
        pool.submit(work, "in the sampled one").result(PATIENCE_S)
    daemon.clear()
    invoke(sampled=0)
    with xray_recorder.in_subsegment("unsampled"):
        was_sampled = pool.submit(xray_recorder.is_sampled).result(PATIENCE_S)
        result = pool.submit(work).result(PATIENCE_S)

    assert (result, was_sampled) == ("work", False)
    assert daemon.datagrams() == []


def test_a_pool_of_a_traced_invocation_records_nothing_for_one_without_a_header(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor
) -> None:
    with xray_recorder.in_subsegment("sampled"):
        pool.submit(work, "in the sampled one").result(PATIENCE_S)
    daemon.clear()
    monkeypatch.delenv(HEADER)

    header = pool.submit(xray_recorder.trace_header).result(PATIENCE_S)
    result = pool.submit(work).result(PATIENCE_S)

    assert (result, header) == ("work", None)
    assert daemon.datagrams() == []


def test_a_thread_of_an_unsampled_invocation_records_nothing_in_a_sampled_one(
    daemon: Daemon, invoke: Invoke
) -> None:
    is_next = threading.Event()

    def late() -> None:
        is_next.wait(PATIENCE_S)
        work()

    invoke(sampled=0)
    end = start_thread(late)
    invoke()
    is_next.set()
    end()

    assert daemon.datagrams() == []


class Loop:
    """A thread that works through a queue for as long as the process lives."""

    def __init__(self) -> None:
        self._todo: queue.Queue[Callable[[], Any] | None] = queue.Queue()
        self._done: queue.Queue[Any] = queue.Queue()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def do(self, function: Callable[[], Any]) -> Any:
        self._todo.put(function)
        return self._done.get(timeout=PATIENCE_S)

    def end(self) -> None:
        self._todo.put(None)
        self.thread.join(PATIENCE_S)

    def _run(self) -> None:
        while (function := self._todo.get()) is not None:
            self._done.put(function())


def test_a_thread_started_before_any_invocation_works_for_whichever_runs(
    daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(HEADER)
    loop = Loop()
    first = invoke()
    loop.do(lambda: work("first"))
    second = invoke()
    loop.do(lambda: work("second"))
    loop.end()

    assert place_of(daemon, "first") == directly_under(first)
    assert place_of(daemon, "second") == directly_under(second)


def test_a_pool_filled_before_any_invocation_works_for_whichever_submits(
    daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor
) -> None:
    monkeypatch.delenv(HEADER)
    pool.submit(int).result(PATIENCE_S)
    invocation = invoke()
    pool.submit(work).result(PATIENCE_S)

    assert place_of(daemon, "work") == directly_under(invocation)


def test_a_thread_of_an_earlier_invocation_goes_where_it_is_told_to(daemon: Daemon, invoke: Invoke) -> None:
    def work_at(entity: Any, name: str) -> None:
        xray_recorder.set_trace_entity(entity)
        work(name)

    invoke()
    with xray_recorder.in_subsegment("first"):
        loop = Loop()
        loop.do(functools.partial(work_at, xray_recorder.get_trace_entity(), "in first"))
    second = invoke()
    with xray_recorder.in_subsegment("second"):
        loop.do(functools.partial(work_at, xray_recorder.get_trace_entity(), "in second"))
    loop.do(functools.partial(work_at, xray_recorder.get_trace_entity(), "after second"))
    loop.end()

    assert place_of(daemon, "in first")[1] == daemon.subsegment("first")["id"]
    assert place_of(daemon, "in second")[1] == daemon.subsegment("second")["id"]
    assert place_of(daemon, "after second") == directly_under(second)

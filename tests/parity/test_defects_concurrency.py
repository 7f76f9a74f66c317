"""Tasks, threads and generators with which Powertools' Tracer or the X-Ray SDK goes wrong, done right."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.parity.reading import capture, parents

# --- Concurrency --------------------------------------------------------------------------------------------


def test_methods_under_gather_keep_their_own_subsegments(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method
    async def job(delay: int) -> int:
        tracer.put_annotation("before", delay)
        await asyncio.sleep(delay / 1000)
        tracer.put_annotation("after", delay)
        return delay

    @functools.partial(capture, tracer)
    def handler(event: Any, context: Any) -> Any:
        async def main() -> list[int]:
            return list(await asyncio.gather(job(3), job(1), job(2)))

        return asyncio.run(main())

    result = handler({}, None)

    assert result == [3, 1, 2]
    outer, *jobs = daemon.subsegments()
    assert [part["parent_id"] for part in jobs] == [outer["id"]] * 3
    for part in jobs:
        delay = part["annotations"]["before"]
        assert part["annotations"]["after"] == delay
        assert list(part["metadata"]["payment"].values()) == [delay]


def test_blocks_under_gather_keep_their_own_subsegments(daemon: Daemon) -> None:
    async def block(number: int) -> None:
        async with xray_recorder.in_subsegment_async(f"block {number}") as subsegment:
            await asyncio.sleep((3 - number) / 1000)
            subsegment.put_annotation("number", number)
            async with xray_recorder.in_subsegment_async(f"inside {number}"):
                await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(*map(block, range(3)))

    asyncio.run(main())

    assert parents(daemon) == {
        **{f"block {number}": "segment" for number in range(3)},
        **{f"inside {number}": f"block {number}" for number in range(3)},
    }


def test_threads_that_copy_the_context_are_children(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method
    def work() -> str:
        return "worked"

    @tracer.capture_method
    async def fan_out() -> None:
        await asyncio.to_thread(work)

    asyncio.run(fan_out())

    assert parents(daemon) == {"fan_out": "segment", "work": "fan_out"}


def test_annotating_in_a_thread_with_nothing_open_is_no_error(daemon: Daemon, tracer: Tracer) -> None:
    raised: list[BaseException] = []

    def annotate() -> None:
        try:
            tracer.put_annotation("key", 1)
            tracer.put_metadata("key", 1)
        except BaseException as error:
            raised.append(error)

    with xray_recorder.in_subsegment("main"):
        # A context of its own: what a thread has when nobody hands it one.
        thread = threading.Thread(target=contextvars.Context().run, args=(annotate,))
        thread.start()
        thread.join()

    assert not raised
    daemon.expect_tree("main")


# --- Generators ---------------------------------------------------------------------------------------------


def test_an_abandoned_generator_is_no_fault(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method
    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    @functools.partial(capture, tracer)
    def handler(event: Any, context: Any) -> int:
        return next(numbers())

    result = handler({}, None)

    assert result == 1
    assert parents(daemon) == {"handler": "segment", "numbers": "handler"}
    assert not any("fault" in part for part in daemon.subsegments())


def test_a_generator_that_stays_suspended_costs_nobody_a_document(
    daemon: Daemon, tracer: Tracer, invoke: Invoke
) -> None:
    @tracer.capture_method
    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    kept: list[Any] = []

    @functools.partial(capture, tracer)
    def handler(event: Any, context: Any) -> int:
        kept.append(numbers())
        return next(kept[0])

    handler({}, None)

    assert parents(daemon) == {"handler": "segment", "numbers": "handler"}
    invoke()
    kept[0].close()
    assert parents(daemon) == {"handler": "segment", "numbers": "handler"}


def test_generators_read_in_turn_are_siblings(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method
    def letters() -> Iterator[str]:
        yield "a"
        yield "b"

    @tracer.capture_method
    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    @tracer.capture_method
    def both() -> list[Any]:
        return list(zip(letters(), numbers(), strict=True))

    result = both()

    assert result == [("a", 1), ("b", 2)]
    assert parents(daemon) == {"both": "segment", "letters": "both", "numbers": "both"}


def test_an_asynchronous_generator_is_recorded_while_it_runs(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method
    async def numbers() -> AsyncIterator[int]:
        with xray_recorder.in_subsegment("step"):
            await asyncio.sleep(0)
        yield 1

    async def use() -> list[int]:
        return [number async for number in numbers()]

    result = asyncio.run(use())

    assert result == [1]
    assert parents(daemon) == {"numbers": "segment", "step": "numbers"}
    assert all("metadata" not in part for part in daemon.subsegments())


def test_an_asynchronous_context_manager_records_what_it_yields_and_its_body(
    daemon: Daemon, tracer: Tracer
) -> None:
    @tracer.capture_method
    @contextlib.asynccontextmanager
    async def opened(secret: str) -> AsyncIterator[str]:
        yield "opened"

    async def use() -> None:
        async with opened("not for the trace"), xray_recorder.in_subsegment_async("body"):
            await asyncio.sleep(0)

    asyncio.run(use())

    assert parents(daemon) == {"opened": "segment", "body": "opened"}
    assert list(daemon.subsegments()[0]["metadata"]["payment"].values()) == ["opened"]
    assert not any(b"not for the trace" in datagram for datagram in daemon.datagrams())


def test_a_coroutine_handler_is_recorded_to_its_end(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_lambda_handler
    async def handler(event: Any, context: Any) -> str:
        with xray_recorder.in_subsegment("inside"):
            await asyncio.sleep(0.001)
        return "awaited"

    result = handler({}, None)

    assert result == "awaited"
    assert parents(daemon) == {"handler": "segment", "inside": "handler"}
    assert daemon.subsegments()[0]["metadata"] == {"payment": {"handler response": "awaited"}}


def test_a_generator_below_another_decorator_can_be_iterated(daemon: Daemon, tracer: Tracer) -> None:
    def logged(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper() -> Any:
            return function()

        return wrapper

    @tracer.capture_method
    @logged
    def numbers() -> Iterator[int]:
        yield 1

    assert list(numbers()) == [1]
    assert parents(daemon) == {"numbers": "segment"}

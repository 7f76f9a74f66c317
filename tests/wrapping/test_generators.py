"""Captured generators of both kinds: current while their code runs, and not while they are suspended."""

from __future__ import annotations

import asyncio
import contextvars
import gc
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon

tracer = Tracer(service="payment", disabled=False, auto_patch=False)


@tracer.capture_method
def rows(count: int) -> Generator[int, None, str]:
    with xray_recorder.in_subsegment("query"):
        pass
    for number in range(count):
        with xray_recorder.in_subsegment(f"row {number}"):
            pass
        yield number
    return "all read"


@tracer.capture_method
async def messages(count: int) -> AsyncGenerator[int, None]:
    for number in range(count):
        async with xray_recorder.in_subsegment(f"receive {number}"):
            await asyncio.sleep(0)
        yield number


ROWS = "## tests.wrapping.test_generators.rows"
MESSAGES = "## tests.wrapping.test_generators.messages"


# --- Generators ---------------------------------------------------------------------------------------------


def test_what_the_consumer_does_between_two_items_is_not_below_the_generator(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("consumer"):
        for number in rows(2):
            with xray_recorder.in_subsegment(f"use {number}"):
                pass

    daemon.expect_tree(f"""
        consumer
          {ROWS}
            query
            row 0
            row 1
          use 0
          use 1
    """)


def test_what_is_recorded_is_what_the_generator_returns(daemon: Daemon) -> None:
    assert list(rows(1)) == [0]

    assert daemon.subsegment(ROWS)["metadata"] == {
        "payment": {"tests.wrapping.test_generators.rows response": "all read"}
    }


def test_the_returned_value_reaches_the_one_that_delegates(daemon: Daemon) -> None:
    def delegate() -> Generator[int, None, str]:
        return (yield from rows(1))

    delegating = delegate()
    assert next(delegating) == 0
    with pytest.raises(StopIteration) as stop:
        next(delegating)

    assert stop.value.value == "all read"
    assert len(daemon.documents()) == 1


def test_a_generator_that_never_starts_is_no_subsegment(daemon: Daemon) -> None:
    generator = rows(1)
    generator.close()
    del generator

    assert daemon.documents() == []


def test_a_generator_begins_when_its_first_item_is_asked_for(daemon: Daemon) -> None:
    generator = rows(1)
    with xray_recorder.in_subsegment("consumer"):
        list(generator)

    daemon.expect_tree(f"""
        consumer
          {ROWS}
            query
            row 0
    """)


@pytest.mark.parametrize("end", ["closed", "collected"])
def test_a_generator_that_is_left_early_has_ended_without_a_fault(end: str, daemon: Daemon) -> None:
    generator = rows(3)
    next(generator)
    if end == "closed":
        generator.close()
    else:
        del generator
        gc.collect()

    daemon.expect_tree(
        f"""
        {ROWS}
          query
          row 0
    """,
        metadata=True,
    )


def test_a_generator_that_outlives_its_caller_is_in_progress_until_it_ends(daemon: Daemon) -> None:
    generator = rows(3)
    with xray_recorder.in_subsegment("consumer"):
        next(generator)

    daemon.expect_tree(f"""
        consumer
          {ROWS}  in progress
            query
            row 0
    """)

    generator.close()

    daemon.expect_tree(f"""
        consumer
          {ROWS}
            query
            row 0
    """)


def test_generators_that_run_in_turns_do_not_nest(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("consumer"):
        assert list(zip(rows(2), rows(2), strict=True)) == [(0, 0), (1, 1)]

    [consumer] = [part for part in daemon.subsegments() if part["name"] == "consumer"]
    both = [part for part in daemon.subsegments() if part["name"] == ROWS]
    assert [part["parent_id"] for part in both] == [consumer["id"], consumer["id"]]


def test_what_is_sent_into_a_generator_reaches_it(daemon: Daemon) -> None:
    @tracer.capture_method
    def echo() -> Generator[object, object, None]:
        received: object = None
        while received != "stop":
            received = yield received

    generator = echo()
    assert next(generator) is None
    assert generator.send("a") == "a"
    assert generator.send("b") == "b"
    with pytest.raises(StopIteration):
        generator.send("stop")
    assert len(daemon.documents()) == 1


def test_what_is_thrown_into_a_generator_reaches_it_and_may_be_handled(daemon: Daemon) -> None:
    @tracer.capture_method
    def resilient() -> Generator[str, None, None]:
        try:
            yield "working"
        except ValueError as error:
            yield f"handled {error}"

    generator = resilient()
    next(generator)

    assert generator.throw(ValueError("no")) == "handled no"
    assert list(generator) == []
    assert "fault" not in daemon.documents()[0]


def test_an_exception_in_a_generator_is_a_fault(daemon: Daemon) -> None:
    @tracer.capture_method
    def failing() -> Iterator[int]:
        yield 1
        raise KeyError("id")

    with pytest.raises(KeyError):
        list(failing())

    [document] = daemon.documents()
    assert document["fault"] is True
    assert list(document["metadata"]["payment"].values()) == [{"type": "KeyError", "message": "'id'"}]


def test_an_exception_in_the_consumer_is_not_the_generators_fault(daemon: Daemon) -> None:
    @xray_recorder.capture("consumer")
    def consume() -> None:
        for _ in rows(2):
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        consume()
    gc.collect()

    assert [part["name"] for part in daemon.subsegments() if part.get("fault")] == ["consumer"]


def test_a_generator_that_goes_on_in_another_context_is_where_it_was(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("starter"):
        generator = rows(2)
        next(generator)
        with xray_recorder.in_subsegment("elsewhere"):
            contextvars.copy_context().run(list, generator)
        with xray_recorder.in_subsegment("here"):
            pass

    daemon.expect_tree(f"""
        starter
          {ROWS}
            query
            row 0
            row 1
          elsewhere
          here
    """)


def test_a_generator_inside_a_generator_is_below_it(daemon: Daemon) -> None:
    @tracer.capture_method(capture_response=False)
    def pages() -> Iterator[int]:
        for number in rows(1):
            with xray_recorder.in_subsegment("page"):
                pass
            yield number

    with xray_recorder.in_subsegment("consumer"):
        for _ in pages():
            with xray_recorder.in_subsegment("use"):
                pass

    name = f"## {pages.__module__}.test_a_generator_inside_a_generator_is_below_it.locals.pages"
    daemon.expect_tree(f"""
        consumer
          {name}
            {ROWS}
              query
              row 0
            page
          use
    """)


def test_a_generator_in_an_unsampled_invocation_works_and_is_not_recorded(
    daemon: Daemon, invoke: Invoke
) -> None:
    invoke(sampled=0)
    generator = rows(2)

    assert [next(generator), *generator] == [0, 1]
    assert daemon.documents() == []


def test_a_function_that_returns_a_generator_is_recorded_without_using_it_up(daemon: Daemon) -> None:
    @tracer.capture_method
    def squares() -> Iterator[int]:
        return (number**2 for number in range(3))

    assert list(squares()) == [0, 1, 4]
    [document] = daemon.documents()
    assert list(document["metadata"]["payment"].values()) == ["<builtins.generator>"]


def test_the_recorders_own_decorator_treats_generators_the_same(daemon: Daemon) -> None:
    @xray_recorder.capture("numbers")
    def numbers() -> Iterator[int]:
        yield 1

    with xray_recorder.in_subsegment("consumer"):
        for _ in numbers():
            with xray_recorder.in_subsegment("use"):
                pass

    daemon.expect_tree("""
        consumer
          numbers
          use
    """)


# --- Asynchronous generators --------------------------------------------------------------------------------


def test_an_asynchronous_generator_is_recorded_over_its_whole_life(daemon: Daemon) -> None:
    async def main() -> list[int]:
        found = []
        async with xray_recorder.in_subsegment("consumer"):
            async for number in messages(2):
                found.append(number)
                async with xray_recorder.in_subsegment(f"use {number}"):
                    pass
        return found

    assert asyncio.run(main()) == [0, 1]
    daemon.expect_tree(f"""
        consumer
          {MESSAGES}
            receive 0
            receive 1
          use 0
          use 1
    """)


def test_an_asynchronous_generator_has_no_response(daemon: Daemon) -> None:
    async def main() -> list[int]:
        return [number async for number in messages(1)]

    asyncio.run(main())

    assert "metadata" not in daemon.subsegment(MESSAGES)


def test_an_asynchronous_generator_that_is_closed_early_is_no_fault(daemon: Daemon) -> None:
    async def main() -> None:
        generator = messages(3)
        await generator.__anext__()
        await generator.aclose()

    asyncio.run(main())

    daemon.expect_tree(f"""
        {MESSAGES}
          receive 0
    """)


def test_an_asynchronous_generator_that_the_loop_closes_is_no_fault(daemon: Daemon) -> None:
    async def main() -> None:
        async for _ in messages(3):
            break
        for _turn in range(5):
            await asyncio.sleep(0)

    asyncio.run(main())

    daemon.expect_tree(f"""
        {MESSAGES}
          receive 0
    """)


def test_what_is_sent_and_thrown_reaches_an_asynchronous_generator(daemon: Daemon) -> None:
    @tracer.capture_method
    async def echo() -> AsyncGenerator[object, object]:
        received: object = None
        while received != "stop":
            try:
                received = yield received
            except ValueError as error:
                received = f"handled {error}"

    async def main() -> list[object]:
        generator = echo()
        found = [await generator.asend(None), await generator.asend("a")]
        found.append(await generator.athrow(ValueError("no")))
        with pytest.raises(StopAsyncIteration):
            await generator.asend("stop")
        return found

    assert asyncio.run(main()) == [None, "a", "handled no"]
    assert "fault" not in daemon.documents()[0]


def test_an_exception_in_an_asynchronous_generator_is_a_fault(daemon: Daemon) -> None:
    @tracer.capture_method
    async def failing() -> AsyncIterator[int]:
        yield 1
        raise KeyError("id")

    async def main() -> None:
        async for _ in failing():
            pass

    with pytest.raises(KeyError):
        asyncio.run(main())

    [document] = daemon.documents()
    assert document["fault"] is True
    assert list(document["metadata"]["payment"].values()) == [{"type": "KeyError", "message": "'id'"}]


def test_a_cancelled_asynchronous_generator_is_a_fault(daemon: Daemon) -> None:
    @tracer.capture_method
    async def waiting() -> AsyncIterator[int]:
        await asyncio.sleep(3600)
        yield 1

    async def consume() -> None:
        async for _ in waiting():
            pass

    async def main() -> None:
        task = asyncio.create_task(consume())
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())

    [document] = daemon.documents()
    assert document["cause"]["exceptions"][0]["type"] == "CancelledError"


def test_an_asynchronous_generator_in_an_unsampled_invocation_works_and_is_not_recorded(
    daemon: Daemon, invoke: Invoke
) -> None:
    invoke(sampled=0)

    async def main() -> list[Any]:
        return [number async for number in messages(2)]

    assert asyncio.run(main()) == [0, 1]
    assert daemon.documents() == []

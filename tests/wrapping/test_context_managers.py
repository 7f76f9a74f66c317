"""Captured context managers of both kinds, with the decorator above or below `contextlib`'s."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon

tracer = Tracer(service="payment", disabled=False, auto_patch=False)


def connection(name: str = "db") -> Iterator[str]:
    with xray_recorder.in_subsegment("connect"):
        pass
    try:
        yield name
    finally:
        with xray_recorder.in_subsegment("disconnect"):
            pass


async def session(name: str = "db") -> AsyncIterator[str]:
    async with xray_recorder.in_subsegment("connect"):
        await asyncio.sleep(0)
    try:
        yield name
    finally:
        async with xray_recorder.in_subsegment("disconnect"):
            await asyncio.sleep(0)


CONNECTION = "## tests.wrapping.test_context_managers.connection"
SESSION = "## tests.wrapping.test_context_managers.session"

ORDERS = {
    "capture above": lambda function: tracer.capture_method(contextmanager(function)),
    "capture below": lambda function: contextmanager(tracer.capture_method(function)),
    "recorder above": lambda function: xray_recorder.capture(CONNECTION)(contextmanager(function)),
    "recorder below": lambda function: contextmanager(xray_recorder.capture(CONNECTION)(function)),
}
ASYNC_ORDERS = {
    "capture above": lambda function: tracer.capture_method(asynccontextmanager(function)),
    "capture below": lambda function: asynccontextmanager(tracer.capture_method(function)),
    "recorder above": lambda function: xray_recorder.capture(SESSION)(asynccontextmanager(function)),
    "recorder below": lambda function: asynccontextmanager(xray_recorder.capture(SESSION)(function)),
}
Decorate = Callable[[Any], Any]

in_either_order = pytest.mark.parametrize("decorate", ORDERS.values(), ids=ORDERS)
in_either_async_order = pytest.mark.parametrize("decorate", ASYNC_ORDERS.values(), ids=ASYNC_ORDERS)


@in_either_order
def test_the_body_of_the_with_is_below_the_context_manager(decorate: Decorate, daemon: Daemon) -> None:
    with decorate(connection)("orders") as opened, xray_recorder.in_subsegment("query"):
        pass
    with xray_recorder.in_subsegment("afterwards"):
        pass

    assert opened == "orders"
    daemon.expect_tree(f"""
        {CONNECTION}
          connect
          query
          disconnect
        afterwards
    """)


@in_either_order
def test_an_exception_in_the_body_is_a_fault_and_passes(decorate: Decorate, daemon: Daemon) -> None:
    error = ValueError("no")
    with pytest.raises(ValueError, match="no") as caught, decorate(connection)():
        raise error

    assert caught.value is error
    daemon.expect_tree(f"""
        {CONNECTION}  fault ValueError
          connect
          disconnect
    """)


@in_either_order
def test_an_exception_that_the_context_manager_swallows_is_no_fault(
    decorate: Decorate, daemon: Daemon
) -> None:
    def connection() -> Iterator[None]:
        try:
            yield
        except ValueError:
            pass

    with decorate(connection)():
        raise ValueError("no")

    [document] = daemon.documents()
    assert "fault" not in document


@in_either_order
def test_a_captured_context_manager_decorates_functions_as_before(decorate: Decorate, daemon: Daemon) -> None:
    @decorate(connection)()
    def query(number: int) -> int:
        return number

    assert [query(1), query(2)] == [1, 2]
    daemon.expect_tree(f"""
        {CONNECTION}
          connect
          disconnect
        {CONNECTION}
          connect
          disconnect
    """)


@in_either_order
def test_context_managers_nest_in_an_exit_stack(decorate: Decorate, daemon: Daemon) -> None:
    with ExitStack() as stack:
        stack.enter_context(decorate(connection)())
        stack.enter_context(decorate(connection)())

    daemon.expect_tree(f"""
        {CONNECTION}
          connect
          {CONNECTION}
            connect
            disconnect
          disconnect
    """)


@in_either_order
def test_a_context_manager_in_an_unsampled_invocation_works_and_is_not_recorded(
    decorate: Decorate, daemon: Daemon, invoke: Invoke
) -> None:
    invoke(sampled=0)
    with decorate(connection)("orders") as opened:
        pass

    assert opened == "orders"
    assert daemon.documents() == []


def test_what_a_context_manager_yields_is_its_response_when_captured_above(daemon: Daemon) -> None:
    with ORDERS["capture above"](connection)("orders"):
        pass

    assert daemon.subsegment(CONNECTION)["metadata"] == {
        "payment": {"tests.wrapping.test_context_managers.connection response": "orders"}
    }


def test_what_it_returns_is_its_response_when_captured_below(daemon: Daemon) -> None:
    with ORDERS["capture below"](connection)("orders"):
        pass

    assert "metadata" not in daemon.subsegment(CONNECTION)


def test_an_exception_in_the_body_is_metadata(daemon: Daemon) -> None:
    with pytest.raises(ValueError, match="no"), ORDERS["capture above"](connection)():
        raise ValueError("no")

    assert daemon.subsegment(CONNECTION)["metadata"] == {
        "payment": {
            "tests.wrapping.test_context_managers.connection error": {"type": "ValueError", "message": "no"}
        }
    }


def test_a_method_may_be_a_context_manager(daemon: Daemon) -> None:
    class Store:
        name = "orders"

        @tracer.capture_method(capture_response=False)
        @contextmanager
        def above(self) -> Iterator[str]:
            yield self.name

        @contextmanager
        @tracer.capture_method
        def below(self) -> Iterator[str]:
            yield self.name

    with Store().above() as above, Store().below() as below:
        assert above == below == "orders"

    prefix = f"## {Store.__module__}.test_a_method_may_be_a_context_manager.locals.Store"
    daemon.expect_tree(f"""
        {prefix}.above
          {prefix}.below
    """)


# --- Asynchronous -------------------------------------------------------------------------------------------


@in_either_async_order
def test_the_body_of_an_async_with_is_below_the_context_manager(decorate: Decorate, daemon: Daemon) -> None:
    async def main() -> str:
        async with decorate(session)("orders") as opened, xray_recorder.in_subsegment("query"):
            pass
        async with xray_recorder.in_subsegment("afterwards"):
            pass
        return str(opened)

    assert asyncio.run(main()) == "orders"
    daemon.expect_tree(f"""
        {SESSION}
          connect
          query
          disconnect
        afterwards
    """)


@in_either_async_order
def test_an_exception_in_the_body_of_an_async_with_is_a_fault_and_passes(
    decorate: Decorate, daemon: Daemon
) -> None:
    async def main() -> None:
        async with decorate(session)():
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(main())

    daemon.expect_tree(f"""
        {SESSION}  fault ValueError
          connect
          disconnect
    """)


@in_either_async_order
def test_a_body_that_is_cancelled_is_a_fault(decorate: Decorate, daemon: Daemon) -> None:
    async def work() -> None:
        async with decorate(session)():
            await asyncio.sleep(3600)

    async def main() -> None:
        task = asyncio.create_task(work())
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())

    daemon.expect_tree(
        f"""
        {SESSION}  fault CancelledError
          connect
          disconnect
    """,
        metadata=True,
    )


@in_either_async_order
def test_asynchronous_context_managers_nest_in_an_exit_stack(decorate: Decorate, daemon: Daemon) -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(decorate(session)())
            await stack.enter_async_context(decorate(session)())

    asyncio.run(main())

    daemon.expect_tree(f"""
        {SESSION}
          connect
          {SESSION}
            connect
            disconnect
          disconnect
    """)


def test_what_an_asynchronous_context_manager_yields_is_its_response_when_captured_above(
    daemon: Daemon,
) -> None:
    async def main() -> None:
        async with ASYNC_ORDERS["capture above"](session)("orders"):
            pass

    asyncio.run(main())

    assert daemon.subsegment(SESSION)["metadata"] == {
        "payment": {"tests.wrapping.test_context_managers.session response": "orders"}
    }


@in_either_async_order
def test_an_asynchronous_context_manager_in_an_unsampled_invocation_works_and_is_not_recorded(
    decorate: Decorate, daemon: Daemon, invoke: Invoke
) -> None:
    invoke(sampled=0)

    async def main() -> str:
        async with decorate(session)("orders") as opened:
            return str(opened)

    assert asyncio.run(main()) == "orders"
    assert daemon.documents() == []

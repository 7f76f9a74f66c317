"""A handler that is a coroutine function: what Lambda calls runs it on one event loop for the life of the process."""

from __future__ import annotations

import asyncio
import inspect
import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.capture import event_loop
from tests.conftest import Invoke
from tests.daemon import Daemon

tracer = Tracer(service="payment", disabled=False, auto_patch=False)


@tracer.capture_lambda_handler
async def handler(event: dict[str, Any], context: object = None) -> Any:
    async with xray_recorder.in_subsegment("work"):
        await asyncio.sleep(0)
        if "error" in event:
            raise event["error"]
    return event.get("response")


def test_the_handler_is_a_plain_function_that_runs_the_coroutine(daemon: Daemon) -> None:
    assert handler({"response": 7}) == 7

    assert not inspect.iscoroutinefunction(handler)
    daemon.expect_tree(
        """
        ## handler  {"ColdStart": true, "Service": "payment", "Trigger": "direct"}\
  metadata={"payment": {"handler response": 7}}
          work
    """,
        annotations=True,
        metadata=True,
    )


def test_an_exception_is_a_fault_and_reaches_lambda_as_it_is(daemon: Daemon) -> None:
    error = ValueError("no")
    with pytest.raises(ValueError, match="no") as caught:
        handler({"error": error})

    assert caught.value is error
    daemon.expect_tree("""
        ## handler  fault ValueError
          work  fault ValueError
    """)


def test_what_coroutines_do_at_the_same_time_are_siblings(daemon: Daemon) -> None:
    @tracer.capture_method
    async def step(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    @tracer.capture_lambda_handler
    async def parallel(event: object, context: object) -> None:
        await asyncio.gather(step(3), step(1))

    parallel({}, None)

    name = f"## {step.__module__}.test_what_coroutines_do_at_the_same_time_are_siblings.locals.step"
    daemon.expect_tree(f"""
        ## parallel
          {name}
          {name}
    """)


def test_all_invocations_run_on_one_loop(daemon: Daemon, invoke: Invoke) -> None:
    loops = []

    @tracer.capture_lambda_handler
    async def keeps(event: object, context: object) -> None:
        loops.append(asyncio.get_running_loop())

    for _ in range(3):
        invoke()
        keeps({}, None)

    assert len(daemon.documents()) == 3
    assert loops == [loops[0]] * 3


def test_handlers_share_the_loop_and_it_survives_a_failure(daemon: Daemon) -> None:
    loops = []

    @tracer.capture_lambda_handler
    async def keeps(event: object, context: object) -> None:
        loops.append(asyncio.get_running_loop())

    keeps({}, None)
    with pytest.raises(ValueError, match="no"):
        handler({"error": ValueError("no")})
    keeps({}, None)

    assert loops[0] is loops[1]
    assert len(daemon.documents()) == 3


def test_a_client_made_before_the_handler_ran_stays_usable(daemon: Daemon, invoke: Invoke) -> None:
    """As a client made at module level, which got its loop from `asyncio.get_event_loop()`."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    answer: asyncio.Future[str] = loop.create_future()

    @tracer.capture_lambda_handler
    async def asks(event: object, context: object) -> str:
        if not answer.done():
            asyncio.get_running_loop().call_soon(answer.set_result, "answer")
        return await answer

    results = []
    for _ in range(2):
        invoke()
        results.append(asks({}, None))

    assert results == ["answer", "answer"]
    assert event_loop._loop is loop
    assert len(daemon.documents()) == 2


class Echo(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(self.rfile.readline())


@pytest.fixture
def echo_port() -> Iterator[int]:
    """The port of a server that sends a line back."""
    with socketserver.TCPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_connection_opened_in_one_invocation_is_used_in_the_next(
    daemon: Daemon, invoke: Invoke, echo_port: int
) -> None:
    kept: list[Any] = []

    @tracer.capture_lambda_handler(capture_response=False)
    async def connects(event: object, context: object) -> None:
        kept.extend(await asyncio.open_connection("127.0.0.1", echo_port))

    @tracer.capture_lambda_handler
    async def uses(event: object, context: object) -> str:
        reader, writer = kept
        writer.write(b"hello\n")
        line: bytes = await reader.readline()
        writer.close()
        await writer.wait_closed()
        return line.decode()

    connects({}, None)
    invoke()

    assert uses({}, None) == "hello\n"
    assert len(daemon.documents()) == 2


def test_tasks_that_an_invocation_leaves_behind_are_cancelled(daemon: Daemon, invoke: Invoke) -> None:
    seen: list[str] = []

    async def forgotten() -> None:
        try:
            async with xray_recorder.in_subsegment("forgotten"):
                await asyncio.sleep(3600)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    @tracer.capture_lambda_handler
    async def leaves(event: object, context: object) -> str:
        seen.append("started")
        task = asyncio.create_task(forgotten())
        await asyncio.sleep(0)
        assert not task.done()
        return "done"

    assert leaves({}, None) == "done"
    assert seen == ["started", "cancelled"]
    daemon.expect_tree("""
        ## leaves
          forgotten  fault CancelledError
    """)


def test_tasks_that_were_there_before_are_left_alone(daemon: Daemon, invoke: Invoke) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    turns: list[int] = []

    async def background() -> None:
        while True:
            turns.append(len(turns))
            await asyncio.sleep(0)

    task = loop.create_task(background())
    handler({})
    after_first = len(turns)
    invoke()
    handler({})
    after_second = len(turns)
    cancelled_by_handler = task.done()
    task.cancel()
    loop.run_until_complete(asyncio.wait([task]))

    assert not cancelled_by_handler
    assert 0 < after_first < after_second
    assert len(daemon.documents()) == 2


def test_a_leftover_that_fails_when_cancelled_harms_nobody(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    async def forgotten() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            raise RuntimeError("while cleaning up")

    @tracer.capture_lambda_handler
    async def leaves(event: object, context: object) -> str:
        kept.append(asyncio.create_task(forgotten()))
        await asyncio.sleep(0)
        return "done"

    kept: list[asyncio.Task[None]] = []

    assert leaves({}, None) == "done"
    kept.clear()
    daemon.expect_tree("## leaves")
    assert caplog.records == []


def test_a_leftover_that_does_not_end_is_reported_and_not_waited_for_for_ever(
    daemon: Daemon, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_loop, "CANCEL_TIMEOUT_S", 0.01)
    stop: list[bool] = []
    kept: list[asyncio.Task[None]] = []

    async def stubborn() -> None:
        while not stop:
            try:
                await asyncio.sleep(0.001)
            except asyncio.CancelledError:
                pass

    @tracer.capture_lambda_handler
    async def leaves(event: object, context: object) -> str:
        kept.append(asyncio.create_task(stubborn()))
        await asyncio.sleep(0)
        return "done"

    result = leaves({}, None)
    stop.append(True)
    asyncio.get_event_loop().run_until_complete(kept[0])

    assert result == "done"
    daemon.expect_tree("## leaves")
    assert [record.getMessage() for record in caplog.records] == [
        "tasks left over by the handler do not end although they were cancelled: 1"
    ]


def test_leftovers_are_cancelled_when_the_handler_fails_too(daemon: Daemon) -> None:
    kept: list[asyncio.Task[None]] = []

    @tracer.capture_lambda_handler
    async def leaves(event: object, context: object) -> None:
        kept.append(asyncio.create_task(asyncio.sleep(3600)))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        leaves({}, None)

    assert kept[0].cancelled()
    daemon.expect_tree("## leaves  fault ValueError")


def test_leftovers_are_cancelled_in_an_unsampled_invocation_too(daemon: Daemon, invoke: Invoke) -> None:
    kept: list[asyncio.Task[None]] = []

    @tracer.capture_lambda_handler
    async def leaves(event: object, context: object) -> str:
        kept.append(asyncio.create_task(asyncio.sleep(3600)))
        return "done"

    invoke(sampled=0)

    assert leaves({}, None) == "done"
    assert kept[0].cancelled()
    assert daemon.documents() == []


def test_while_a_loop_runs_the_handler_gives_the_coroutine_to_await(daemon: Daemon) -> None:
    left = []

    async def test() -> Any:
        left.append(asyncio.create_task(asyncio.sleep(0)))
        coroutine = handler({"response": 7})
        assert inspect.iscoroutine(coroutine)
        return await coroutine

    assert asyncio.run(test()) == 7
    assert not left[0].cancelled()
    daemon.expect_tree("""
        ## handler
          work
    """)


def test_an_awaited_handler_leaves_the_tasks_of_its_caller_alone(daemon: Daemon) -> None:
    @tracer.capture_lambda_handler
    async def leaves(event: object, context: object) -> asyncio.Task[str]:
        return asyncio.create_task(asyncio.sleep(0, "result"))

    async def test() -> Any:
        result: Any = leaves({}, None)
        return await (await result)

    assert asyncio.run(test()) == "result"
    assert len(daemon.documents()) == 1


def test_asynchronous_handlers_stack(daemon: Daemon) -> None:
    @tracer.capture_lambda_handler
    async def outer(event: dict[str, Any], context: object) -> Any:
        inner: Any = handler(event, context)
        return await inner

    assert outer({"response": 7}, None) == 7
    daemon.expect_tree("""
        ## outer
          ## handler
            work
    """)


def test_a_loop_that_somebody_closed_is_replaced(daemon: Daemon, invoke: Invoke) -> None:
    assert handler({"response": 1}) == 1
    asyncio.get_event_loop().close()
    invoke()

    assert handler({"response": 2}) == 2
    assert len(daemon.documents()) == 2


def test_an_object_whose_call_is_a_coroutine_function_may_be_the_handler(daemon: Daemon) -> None:
    class Handler:
        async def __call__(self, event: object, context: object) -> int:
            await asyncio.sleep(0)
            return 7

    assert tracer.capture_lambda_handler(Handler())({}, None) == 7
    daemon.expect_tree("## Handler")


@pytest.mark.parametrize("decorator", [staticmethod, classmethod])
def test_a_static_or_class_method_may_be_the_handler(decorator: Any, daemon: Daemon) -> None:
    async def handle(*args: Any) -> int:
        await asyncio.sleep(0)
        return len(args)

    class Above:
        handle_it = tracer.capture_lambda_handler(decorator(handle))

    class Below:
        handle_it = decorator(tracer.capture_lambda_handler(handle))

    expected = 2 if decorator is staticmethod else 3
    assert [Above.handle_it({}, None), Below().handle_it({}, None)] == [expected, expected]
    daemon.expect_tree("""
        ## handle
        ## handle
    """)


def test_a_handler_called_in_another_thread_while_the_loop_is_idle_works(daemon: Daemon) -> None:
    results: list[Any] = []
    assert handler({"response": 1}) == 1
    thread = threading.Thread(target=lambda: results.append(handler({"response": 2})))
    thread.start()
    thread.join()

    assert results == [2]
    assert len(daemon.documents()) == 2

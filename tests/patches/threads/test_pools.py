"""Pools, and asyncio's executors: work is below the subsegment that submitted it."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Any

import pytest

from lambda_tracer import xray_recorder
from tests.daemon import PATIENCE_S, Daemon
from tests.patches.threads.workers import work


def test_what_a_pool_runs_is_below_the_subsegment_that_submitted_it(
    daemon: Daemon, pool: ThreadPoolExecutor
) -> None:
    with xray_recorder.in_subsegment("handler"):
        for name in ("a", "b"):
            with xray_recorder.in_subsegment(name):
                assert pool.submit(work, f"in {name}").result(PATIENCE_S) == f"in {name}"

    daemon.expect_tree("""
        handler
          a
            in a
          b
            in b
    """)


def test_what_map_runs_is_below_the_subsegment_that_called_it(
    daemon: Daemon, pool: ThreadPoolExecutor
) -> None:
    with xray_recorder.in_subsegment("handler"), xray_recorder.in_subsegment("maps"):
        assert list(pool.map(work, ["a", "b"])) == ["a", "b"]

    daemon.expect_tree("""
        handler
          maps
            a
            b
    """)


def test_what_map_runs_is_not_below_the_subsegment_that_reads_its_results(
    daemon: Daemon, pool: ThreadPoolExecutor
) -> None:
    release = threading.Event()
    with xray_recorder.in_subsegment("handler"):
        pool.submit(release.wait, PATIENCE_S)
        with xray_recorder.in_subsegment("maps"):
            results = pool.map(work, ["a"])
        with xray_recorder.in_subsegment("reads"):
            release.set()
            assert list(results) == ["a"]

    daemon.expect_tree("""
        handler
          maps
          reads
          a
    """)


def test_arguments_reach_the_function_whatever_they_are_called(
    daemon: Daemon, pool: ThreadPoolExecutor
) -> None:
    def function(*args: Any, **kwargs: Any) -> Any:
        return args, kwargs

    names = {"self": 1, "fn": 2, "function": 3, "args": 4, "kwargs": 5}
    with xray_recorder.in_subsegment("handler"):
        result = pool.submit(function, 1, 2, **names).result(PATIENCE_S)

    assert result == ((1, 2), names)
    daemon.expect_tree("handler")


def test_an_exception_in_a_pool_is_the_futures(daemon: Daemon, pool: ThreadPoolExecutor) -> None:
    error = ValueError("in the pool")

    def fail() -> None:
        with xray_recorder.in_subsegment("work"):
            raise error

    with xray_recorder.in_subsegment("handler"):
        future = pool.submit(fail)
        assert future.exception(PATIENCE_S) is error

    daemon.expect_tree("""
        handler
          work  fault ValueError
    """)


def test_a_pool_that_is_shut_down_refuses_as_before(daemon: Daemon) -> None:
    pool = ThreadPoolExecutor(1)
    with xray_recorder.in_subsegment("handler"):
        future = pool.submit(work)
        pool.shutdown()
        with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
            pool.submit(work)
        with pytest.raises(TypeError, match=r"submit\(\) missing 1 required positional argument: 'fn'"):
            pool.submit()  # type: ignore[call-arg]

    assert future.done()
    daemon.expect_tree("""
        handler
          work
    """)


def test_work_that_is_cancelled_before_it_begins_never_runs(daemon: Daemon, pool: ThreadPoolExecutor) -> None:
    release = threading.Event()
    with xray_recorder.in_subsegment("handler"):
        blocking = pool.submit(release.wait, PATIENCE_S)
        waiting = pool.submit(work)
        was_cancelled = waiting.cancel()
        release.set()
        blocking.result(PATIENCE_S)

    assert was_cancelled
    daemon.expect_tree("handler")


def test_an_initializer_is_below_the_work_that_started_the_thread(daemon: Daemon) -> None:
    with (
        ThreadPoolExecutor(1, initializer=work, initargs=("initializer",)) as pool,
        xray_recorder.in_subsegment("handler"),
    ):
        pool.submit(work).result(PATIENCE_S)

    daemon.expect_tree("""
        handler
          initializer
          work
    """)


def test_a_subclass_of_the_pool_works(daemon: Daemon) -> None:
    class Counts(ThreadPoolExecutor):
        count = 0

        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            self.count += 1
            return super().submit(fn, *args, **kwargs)

    with Counts(2) as pool, xray_recorder.in_subsegment("handler"):
        futures = [pool.submit(work, "work"), pool.submit(work, "work")]
        assert {future.result(PATIENCE_S) for future in as_completed(futures)} == {"work"}

    assert pool.count == 2
    daemon.expect_tree("""
        handler
          work
          work
    """)


def test_pools_in_pools_make_the_tree_that_one_would_draw(daemon: Daemon) -> None:
    def outer(name: str) -> list[str]:
        with xray_recorder.in_subsegment(name), ThreadPoolExecutor(1) as inner:
            return list(inner.map(work, [f"{name}1", f"{name}2"]))

    with ThreadPoolExecutor(1) as pool, xray_recorder.in_subsegment("handler"):
        assert list(pool.map(outer, "ab")) == [["a1", "a2"], ["b1", "b2"]]

    daemon.expect_tree("""
        handler
          a
            a1
            a2
          b
            b1
            b2
    """)


def test_run_in_executor_and_to_thread_are_below_the_task_that_called_them(daemon: Daemon) -> None:
    async def task(name: str) -> None:
        with xray_recorder.in_subsegment(name):
            await asyncio.to_thread(work, f"{name} to_thread")
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, work, f"{name} run_in_executor")

    async def main() -> None:
        with xray_recorder.in_subsegment("handler"):
            await asyncio.gather(task("a"), task("b"))

    asyncio.run(main())

    parents = {each["id"]: each["name"] for each in daemon.subsegments()}
    below = {each["name"]: parents.get(each["parent_id"]) for each in daemon.subsegments()}
    assert below == {
        "handler": None,
        "a": "handler",
        "b": "handler",
        "a to_thread": "a",
        "a run_in_executor": "a",
        "b to_thread": "b",
        "b run_in_executor": "b",
    }


def test_a_context_that_is_handed_to_a_pool_is_the_one_that_the_work_runs_in(
    daemon: Daemon, pool: ThreadPoolExecutor
) -> None:
    variable = contextvars.ContextVar("variable", default="default")
    with xray_recorder.in_subsegment("handler"):
        variable.set("changed")
        context = contextvars.copy_context()
        variable.set("changed again")
        before = set(context)
        seen = pool.submit(context.run, lambda: variable.get() + work()).result(PATIENCE_S)

    assert seen == "changedwork"
    assert set(context) == before
    daemon.expect_tree("""
        handler
          work
    """)


def test_a_context_that_is_in_use_is_refused_as_before(daemon: Daemon, pool: ThreadPoolExecutor) -> None:
    context = contextvars.Context()

    def submit() -> BaseException | None:
        return pool.submit(context.run, work).exception(PATIENCE_S)

    with xray_recorder.in_subsegment("handler"):
        error = context.run(submit)

    assert isinstance(error, RuntimeError)
    assert "is already entered" in str(error)
    daemon.expect_tree("handler")

"""Threads: what runs in one is below the subsegment that started it; and threads stay what they are."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import queue
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Any

import pytest

from lambda_tracer import Tracer, patch, xray_recorder
from lambda_tracer.patches import unpatch, unpatch_all
from tests.conftest import Invocation, Invoke
from tests.daemon import PATIENCE_S, Daemon
from tests.tree import tree

HEADER = "_X_AMZN_TRACE_ID"


@pytest.fixture(autouse=True)
def _patched() -> Iterator[None]:
    patch(["threads"])
    yield
    unpatch_all()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """A pool with one thread, so that the order of its work is known. No thread is started yet."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def work(name: str = "work") -> str:
    with xray_recorder.in_subsegment(name):
        return name


def place_of(daemon: Daemon, name: str) -> tuple[str, str]:
    """The trace and the parent of the one subsegment of that name."""
    subsegment = daemon.subsegment(name)
    return subsegment["trace_id"], subsegment["parent_id"]


def directly_under(invocation: Invocation) -> tuple[str, str]:
    """What `place_of` says of what is under the segment itself."""
    return invocation.root, invocation.parent


# threading.Thread


class Worker(threading.Thread):
    """A thread by subclassing."""

    def run(self) -> None:
        work()


class WithoutSuper(threading.Thread):
    """One that keeps what it needs under names of its own, and calls what it inherits."""

    def __init__(self) -> None:
        super().__init__(target=work)

    def start(self) -> None:
        super().start()

    def run(self) -> None:
        super().run()


THREADS: dict[str, Callable[[], threading.Thread]] = {
    "of a function": lambda: threading.Thread(target=work),
    "with arguments": lambda: threading.Thread(target=work, args=["work"]),
    "with named arguments": lambda: threading.Thread(target=work, kwargs={"name": "work"}),
    "daemon": lambda: threading.Thread(target=work, daemon=True),
    "of a class with run": Worker,
    "of a class that calls super": WithoutSuper,
    "timer": lambda: threading.Timer(0, work),
}


@pytest.mark.parametrize("kind", THREADS)
def test_a_threads_work_is_below_the_subsegment_that_started_it(kind: str, daemon: Daemon) -> None:
    thread = THREADS[kind]()
    with xray_recorder.in_subsegment("outer"), xray_recorder.in_subsegment("inner"):
        thread.start()
        thread.join(PATIENCE_S)

    daemon.expect_tree("""
        outer
          inner
            work
    """)


def test_a_thread_that_is_started_with_nothing_open_works_under_the_segment(
    daemon: Daemon, invoke: Invoke
) -> None:
    invocation = invoke()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(PATIENCE_S)

    assert place_of(daemon, "work") == directly_under(invocation)


def test_threads_started_side_by_side_each_have_their_own_place(daemon: Daemon) -> None:
    threads = []
    with xray_recorder.in_subsegment("handler"):
        for name in ("a", "b", "c"):
            with xray_recorder.in_subsegment(name):
                threads.append(threading.Thread(target=work, args=[f"in {name}"]))
                threads[-1].start()
                threads[-1].join(PATIENCE_S)

    daemon.expect_tree("""
        handler
          a
            in a
          b
            in b
          c
            in c
    """)


def test_a_thread_started_by_a_thread_is_below_what_is_open_there(daemon: Daemon) -> None:
    def outer() -> None:
        with xray_recorder.in_subsegment("in the thread"):
            inner = threading.Thread(target=work)
            inner.start()
            inner.join(PATIENCE_S)

    with xray_recorder.in_subsegment("handler"):
        thread = threading.Thread(target=outer)
        thread.start()
        thread.join(PATIENCE_S)

    daemon.expect_tree("""
        handler
          in the thread
            work
    """)


def test_a_thread_carries_our_place_alone(daemon: Daemon) -> None:
    variable = contextvars.ContextVar("variable", default="default")
    variable.set("set where the thread is started")
    seen: list[str] = []
    unpatch(["threads"])
    plain = threading.Thread(target=lambda: seen.append(variable.get()))
    plain.start()
    plain.join(PATIENCE_S)
    patch(["threads"])

    with xray_recorder.in_subsegment("handler"):
        thread = threading.Thread(target=lambda: seen.append(variable.get()))
        thread.start()
        thread.join(PATIENCE_S)

    # From Python 3.14 on an interpreter may be told to have threads inherit the context: as it does without us.
    assert seen[1] == seen[0]
    daemon.expect_tree("handler")


@pytest.mark.skipif(
    sys.version_info < (3, 14), reason="needs Python 3.14: there threads may be given a context"
)
def test_a_thread_that_is_given_a_context_runs_in_it_and_in_its_place(daemon: Daemon) -> None:
    variable = contextvars.ContextVar("variable", default="default")
    context = contextvars.Context()
    context.run(variable.set, "of the context")
    seen: list[str] = []

    with xray_recorder.in_subsegment("handler"):
        thread = threading.Thread(  # type: ignore[call-arg]  # unknown before 3.14
            target=lambda: seen.append(variable.get() + work()), context=context
        )
        thread.start()
        thread.join(PATIENCE_S)

    assert seen == ["of the contextwork"]
    daemon.expect_tree("""
        handler
          work
    """)


def test_an_exception_in_a_thread_goes_where_it_always_goes(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = ValueError("in the thread")
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append((args.exc_value, args.thread)))

    def fail() -> None:
        with xray_recorder.in_subsegment("work"):
            raise error

    with xray_recorder.in_subsegment("handler"):
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join(PATIENCE_S)

    assert told == [(error, thread)]
    daemon.expect_tree("""
        handler
          work  fault ValueError
    """)


# The thread stays the object that it was


@pytest.mark.parametrize("kind", THREADS)
def test_a_thread_has_the_attributes_that_it_has_without_us(kind: str, daemon: Daemon) -> None:
    thread, plain = THREADS[kind](), THREADS[kind]()
    unpatch(["threads"])
    plain.start()
    plain.join(PATIENCE_S)
    patch(["threads"])

    with xray_recorder.in_subsegment("handler"):
        thread.start()
        thread.join(PATIENCE_S)

    assert set(vars(thread)) == set(vars(plain))
    assert thread.run.__func__ is plain.run.__func__  # type: ignore[attr-defined]  # a bound method
    assert len(daemon.subsegments()) == 3


def test_a_run_that_was_set_on_the_thread_itself_runs_and_stays(daemon: Daemon) -> None:
    thread = threading.Thread()
    run = functools.partial(work, "set on the thread")
    thread.run = run  # type: ignore[method-assign, assignment]

    with xray_recorder.in_subsegment("handler"):
        thread.start()
        thread.join(PATIENCE_S)

    assert vars(thread)["run"] is run
    daemon.expect_tree("""
        handler
          set on the thread
    """)


def test_run_is_what_it_was_while_the_thread_runs(daemon: Daemon) -> None:
    seen: list[bool] = []

    class Looks(threading.Thread):
        def run(self) -> None:
            seen.append("run" in vars(self))

    with xray_recorder.in_subsegment("handler"):
        thread = Looks()
        thread.start()
        thread.join(PATIENCE_S)

    assert seen == [False]
    daemon.expect_tree("handler")


def test_a_thread_that_cannot_be_started_is_as_before(daemon: Daemon) -> None:
    thread = Worker()
    with xray_recorder.in_subsegment("handler"):
        thread.start()
        thread.join(PATIENCE_S)
        attributes = dict(vars(thread))

        with pytest.raises(RuntimeError, match="threads can only be started once"):
            thread.start()

    assert vars(thread) == attributes
    daemon.expect_tree("""
        handler
          work
    """)


def test_a_thread_for_which_the_system_has_no_room_is_as_before(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("can't start new thread")

    # The operating system's refusal, which cannot be had without exhausting the machine; its name until 3.12 and after.
    name = "_start_joinable_thread" if hasattr(threading, "_start_joinable_thread") else "_start_new_thread"
    thread = Worker()
    attributes = set(vars(thread))
    with xray_recorder.in_subsegment("handler"), monkeypatch.context() as context:
        context.setattr(threading, name, no_room)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            thread.start()

    assert set(vars(thread)) == attributes
    daemon.expect_tree("handler")


def test_a_thread_that_was_never_made_properly_says_so(daemon: Daemon) -> None:
    class Broken(threading.Thread):
        def __init__(self) -> None:
            pass

    with (
        xray_recorder.in_subsegment("handler"),
        pytest.raises(RuntimeError, match=r"__init__\(\) not called"),
    ):
        Broken().start()

    daemon.expect_tree("handler")


def test_a_thread_that_has_ended_is_not_kept_alive(daemon: Daemon) -> None:
    thread = Worker()
    with xray_recorder.in_subsegment("handler"):
        thread.start()
        thread.join(PATIENCE_S)
    gc.collect()
    gc.disable()  # what is kept in a cycle stays then
    try:
        gone = weakref.ref(thread)
        del thread
        is_gone = gone() is None
    finally:
        gc.enable()

    assert is_gone
    assert len(daemon.subsegments()) == 2


# Pools


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


# More than one invocation


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


# Without us


def test_an_unsampled_invocations_threads_and_pools_work(
    daemon: Daemon, invoke: Invoke, pool: ThreadPoolExecutor
) -> None:
    invoke(sampled=0)
    results: list[str] = []
    with xray_recorder.in_subsegment("handler"):
        thread = threading.Thread(target=lambda: results.append(work()))
        thread.start()
        thread.join(PATIENCE_S)
        results += pool.map(work, ["mapped"])

    assert results == ["work", "mapped"]
    assert daemon.datagrams() == []


def test_what_was_begun_without_sampling_stays_so_in_its_threads(
    daemon: Daemon, pool: ThreadPoolExecutor
) -> None:
    with xray_recorder.in_subsegment("handler"):
        xray_recorder.begin_subsegment_without_sampling("quiet")
        pool.submit(work, "unheard").result(PATIENCE_S)
        xray_recorder.end_subsegment()
        pool.submit(work, "heard").result(PATIENCE_S)

    daemon.expect_tree("""
        handler
          heard
    """)


def test_unpatched_threads_begin_at_the_segment(
    daemon: Daemon, invoke: Invoke, pool: ThreadPoolExecutor
) -> None:
    unpatch(["threads"])
    invocation = invoke()
    with xray_recorder.in_subsegment("handler"):
        pool.submit(work, "in the pool").result(PATIENCE_S)
        thread = threading.Thread(target=work, args=["in the thread"])
        thread.start()
        thread.join(PATIENCE_S)

    assert place_of(daemon, "in the pool") == directly_under(invocation)
    assert place_of(daemon, "in the thread") == directly_under(invocation)
    assert len(daemon.subsegments()) == 3


def test_a_tracer_patches_threads_by_itself(daemon: Daemon, invoke: Invoke, pool: ThreadPoolExecutor) -> None:
    unpatch(["threads"])
    tracer = Tracer(service="shop")
    count = tracer.capture_method(work)

    @tracer.capture_lambda_handler
    def lambda_handler(event: Any, context: Any) -> list[str]:
        return [*pool.map(count, ["a"])]

    assert lambda_handler({}, None) == ["a"]
    daemon.expect_tree("""
        ## lambda_handler
          ## tests.patches.test_threads.work
            a
    """)


# Beside others, who wrap threads too


def as_sentry_does(start: Callable[..., Any]) -> Callable[..., Any]:
    """Puts a function on the thread that calls the function of the method it found there."""

    def start_with_run(self: Any) -> Any:
        run = getattr(self.run, "__func__", self.run)
        self.run = lambda *args: run(self, *args)
        return start(self)

    return start_with_run


def by_calling_it(start: Callable[..., Any]) -> Callable[..., Any]:
    """Puts a function on the thread that calls what it found there."""

    def start_with_run(self: Any) -> Any:
        run = self.run
        self.run = lambda: (run(), None)[1]
        return start(self)

    return start_with_run


AROUND: list[Callable[[Any], Any]] = [as_sentry_does, by_calling_it]


@pytest.mark.parametrize("theirs", AROUND)
@pytest.mark.parametrize("is_sampled", [1, 0])
@pytest.mark.parametrize("order", ["theirs, ours", "ours, theirs", "theirs, ours, theirs"])
def test_threads_work_beside_others_that_replace_run(
    theirs: Callable[[Any], Any],
    order: str,
    is_sampled: int,
    daemon: Daemon,
    invoke: Invoke,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unpatch_all()
    for number, who in enumerate(order.split(", ")):
        if who == "ours":
            patch(["threads"])
        else:  # a second one that does as Sentry does would break the first, without us too
            wrap = theirs if number < 2 else by_calling_it
            monkeypatch.setattr(threading.Thread, "start", wrap(threading.Thread.start))
    invoke(sampled=is_sampled)
    threads = [threading.Thread(target=work, args=["of a function"]), Worker()]
    with xray_recorder.in_subsegment("outer"):
        for thread in threads:
            thread.start()
            thread.join(PATIENCE_S)

    expected = """
        outer
          of a function
          work
    """
    assert tree(daemon) == (expected if is_sampled else "")
    monkeypatch.undo()


def test_a_thread_whose_run_others_put_on_it_before_it_is_started_runs_that(daemon: Daemon) -> None:
    class Odd(threading.Thread):
        def run(self) -> None:
            raise AssertionError("not this one")

    thread = Odd()
    thread.run = functools.partial(work, "put there")  # type: ignore[method-assign,assignment]
    put_there = thread.run
    with xray_recorder.in_subsegment("outer"):
        thread.start()
        thread.join(PATIENCE_S)

    assert vars(thread)["run"] is put_there
    daemon.expect_tree("""
        outer
          put there
    """)


@pytest.mark.parametrize(
    "call",
    [
        lambda thread: thread.run(),
        lambda thread: thread.run(thread),
        lambda thread: getattr(thread.run, "__func__", thread.run)(thread),
        lambda thread: thread.run.__get__(thread)(),
    ],
    ids=["run()", "run(thread)", "its function", "bound again"],
)
def test_what_is_put_on_a_thread_can_be_called_in_each_way(
    call: Callable[[Any], Any], daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpatch_all()
    monkeypatch.setattr(threading.Thread, "start", call)
    patch(["threads"])
    thread = Worker()
    with xray_recorder.in_subsegment("outer"):
        thread.start()

    assert "run" not in vars(thread)
    daemon.expect_tree("""
        outer
          work
    """)
    unpatch_all()


@pytest.mark.parametrize("theirs", [None, *AROUND])
def test_a_thread_that_cannot_be_started_is_as_it_was(
    theirs: Callable[[Any], Any] | None, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Any) -> None:
        raise RuntimeError("can't start new thread")

    unpatch_all()
    monkeypatch.setattr(threading.Thread, "start", fails)
    patch(["threads"])
    if theirs is not None:
        monkeypatch.setattr(threading.Thread, "start", theirs(threading.Thread.start))
    thread = Worker()
    found = vars(thread).get("run")
    with xray_recorder.in_subsegment("outer"), pytest.raises(RuntimeError, match="can't start"):
        thread.start()

    assert found is None
    assert ("run" in vars(thread)) == (theirs is not None)
    thread.run()
    assert len(daemon.subsegments()) == 2
    monkeypatch.undo()


def test_a_thread_that_has_run_leaves_no_circle_for_the_collector(daemon: Daemon) -> None:
    thread = Worker()
    with xray_recorder.in_subsegment("outer"):
        thread.start()
        thread.join(PATIENCE_S)
    gone = weakref.ref(thread)
    gc.disable()
    try:
        del thread
        assert gone() is None
    finally:
        gc.enable()
    daemon.clear()


def test_wrapts_wrappers_of_start_and_submit_are_told_the_instance(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapt = pytest.importorskip("wrapt", reason="wrapt is not installed")
    told: list[Any] = []

    def theirs(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        told.append(instance)
        return wrapped(*args, **kwargs)

    unpatch_all()
    for kind, name in ((threading.Thread, "start"), (ThreadPoolExecutor, "submit")):
        monkeypatch.setattr(kind, name, wrapt.FunctionWrapper(vars(kind)[name], theirs))
    patch(["threads"])
    thread = Worker()
    with xray_recorder.in_subsegment("outer"), ThreadPoolExecutor(1) as pool:
        thread.start()
        thread.join(PATIENCE_S)
        pool.submit(work, "in the pool").result(PATIENCE_S)

    assert told[:2] == [thread, pool]
    daemon.expect_tree("""
        outer
          work
          in the pool
    """)
    unpatch_all()
    monkeypatch.undo()

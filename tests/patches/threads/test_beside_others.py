"""Threads beside others who wrap `Thread.start`, `Thread.run` and `submit`, too."""

from __future__ import annotations

import functools
import gc
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lambda_tracer import patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch_all
from tests.conftest import Invoke
from tests.daemon import PATIENCE_S, Daemon
from tests.patches.threads.workers import Worker, work
from tests.tree import tree


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

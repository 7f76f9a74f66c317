"""A thread stays the object that it was, whether or not it can be started."""

from __future__ import annotations

import functools
import gc
import threading
import weakref
from typing import Any

import pytest

from lambda_tracer import patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch
from tests.daemon import PATIENCE_S, Daemon
from tests.patches.threads.workers import THREADS, Worker, work


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

"""`threading.Thread`: its work is below the subsegment that started it, and its errors go where they went."""

from __future__ import annotations

import contextvars
import sys
import threading

import pytest

from lambda_tracer import patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch
from tests.conftest import Invoke
from tests.daemon import PATIENCE_S, Daemon
from tests.patches.threads.workers import THREADS, directly_under, place_of, work


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

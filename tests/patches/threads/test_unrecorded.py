"""Threads that are unsampled or not patched, and threads that a Tracer patches by itself."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.patches.unpatch import unpatch
from tests.conftest import Invoke
from tests.daemon import PATIENCE_S, Daemon
from tests.patches.threads.workers import directly_under, place_of, work


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
          ## tests.patches.threads.workers.work
            a
    """)

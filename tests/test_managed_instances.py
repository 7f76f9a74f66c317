"""On Lambda Managed Instances the runtime client forks workers: each traces its own invocations, and only these."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from lambda_tracer.local.receive.invocation import Invocation
from lambda_tracer.local.receive.runtime_api import RuntimeAPI
from lambda_tracer.local.run.function import FunctionSettings
from lambda_tracer.local.run.tracing import Tracing
from tests.daemon import Daemon
from tests.documents import flatten
from tests.functions.running import PROJECT

pytest.importorskip(
    "awslambdaric.lambda_multi_concurrent_utils", reason="awslambdaric is not installed, or has no such mode"
)

WORKERS = 4
INVOCATIONS = 60

CODE = """
    import asyncio, os, threading, time
    from concurrent.futures import ThreadPoolExecutor
    from lambda_tracer import Tracer
    tracer = Tracer()

    @tracer.capture_method
    def step(number):
        tracer.put_annotation("Number", number)
        time.sleep(0.002)

    @tracer.capture_method
    def in_threads(number):
        tracer.put_annotation("Number", number)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(step, [number, number]))

    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        tracer.put_annotation("Number", event["number"])
        if "own" in event:
            open(event["own"], "w").close()
            while not all(map(os.path.exists, event["all"])):
                time.sleep(0.005)
        step(event["number"])
        in_threads(event["number"])
        if event.get("hang"):
            hang(event["number"])
        return os.getpid()

    @tracer.capture_method
    def hang(number):
        tracer.put_annotation("Number", number)
        time.sleep(60)
"""


@contextmanager
def workers(daemon: Daemon, folder: Path) -> Iterator[RuntimeAPI]:
    """The runtime client with WORKERS workers, started as Managed Instances start it."""
    (folder / "app.py").write_text(dedent(CODE))
    api = RuntimeAPI()
    settings = FunctionSettings(
        "app.lambda_handler",
        folder,
        environment={
            "AWS_LAMBDA_MAX_CONCURRENCY": str(WORKERS),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "lambda-managed-instances",
            "PYTHONPATH": os.pathsep.join([str(folder), str(PROJECT)]),
        },
    )
    host, _, port = daemon.address.partition(":")
    runtime = subprocess.Popen(
        [sys.executable, "-m", "awslambdaric", "app.lambda_handler"],
        cwd=folder,
        env=settings.variables(host, int(port), api.address),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield api
    finally:
        os.killpg(runtime.pid, signal.SIGKILL)
        runtime.wait()
        api.close()


def meeting(folder: Path) -> list[dict[str, Any]]:
    """An event for each worker; none is answered before all are at work, so each worker takes one."""
    folder.mkdir()
    files = [str(folder / str(number)) for number in range(WORKERS)]
    return [{"number": number, "own": files[number], "all": files} for number in range(WORKERS)]


def submitted(api: RuntimeAPI, events: list[dict[str, Any]], timeout_s: float = 30.0) -> list[Invocation]:
    """The events on their way, each in a trace of its own."""
    invocations = [
        Invocation(json.dumps(event).encode(), Tracing.new().header, timeout_s, "arn:aws:lambda:::function:f")
        for event in events
    ]
    for invocation in invocations:
        api.submit(invocation)
    return invocations


def answered(api: RuntimeAPI, count: int) -> None:
    """Return when so many have been answered."""
    while count:
        count -= isinstance(api.events.get(timeout=30), Invocation)


def test_no_id_comes_twice_and_no_parent_is_of_another_invocation(daemon: Daemon, tmp_path: Path) -> None:
    events = meeting(tmp_path / "all") + [{"number": number} for number in range(WORKERS, INVOCATIONS)]

    with workers(daemon, tmp_path) as api:
        invocations = submitted(api, events)
        answered(api, len(invocations))

    parts = [part for document in daemon.documents() for part in flatten(document)]
    by_id = {part["id"]: part for part in parts}
    headers = {number: invocation.trace_header for number, invocation in enumerate(invocations)}
    assert len({invocation.response for invocation in invocations}) == WORKERS
    assert len(parts) == len(by_id) == 5 * INVOCATIONS
    for part in parts:
        number = part["annotations"]["Number"]
        assert f"Root={part['trace_id']};" in headers[number]
        if part["name"] == "## lambda_handler":
            assert f"Parent={part['parent_id']};" in headers[number]
        else:
            assert by_id[part["parent_id"]]["annotations"]["Number"] == number


def test_each_worker_says_once_that_it_was_cold(daemon: Daemon, tmp_path: Path) -> None:
    with workers(daemon, tmp_path) as api:
        for name in ("cold", "warm"):
            answered(api, len(submitted(api, meeting(tmp_path / name))))

    handlers = [part for part in daemon.subsegments() if part["name"] == "## lambda_handler"]
    assert sum(part["annotations"]["ColdStart"] for part in handlers) == WORKERS
    assert len(handlers) == 2 * WORKERS


def test_each_worker_watches_its_own_deadline(daemon: Daemon, tmp_path: Path) -> None:
    """Two hang at the same time, in two workers; the others go on."""
    with workers(daemon, tmp_path) as api:
        submitted(api, [{"number": number, "hang": True} for number in (1, 2)], timeout_s=2.0)
        finished = submitted(api, [{"number": number} for number in (3, 4, 5, 6)])
        answered(api, len(finished))
        # By the time-out's guard: two of them, each with what hangs and what is above it.
        daemon.subsegments(at_least=4 * 5 + 2 * 6)

    hanging = [part for part in daemon.subsegments() if part["name"] == "## app.hang"]
    assert sorted(part["annotations"]["Number"] for part in hanging) == [1, 2]
    assert all(part["fault"] and part["in_progress"] for part in hanging)
    handlers = [part for part in daemon.subsegments() if part["name"] == "## lambda_handler"]
    assert sorted(part["annotations"]["Number"] for part in handlers if not part["in_progress"]) == [
        3,
        4,
        5,
        6,
    ]
    assert sorted(part["annotations"]["Number"] for part in handlers if part["in_progress"]) == [1, 2]

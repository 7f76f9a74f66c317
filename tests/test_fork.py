"""Forked workers (Lambda Managed Instances, multiprocessing) trace on under what was open, and repeat nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemon import Daemon
from tests.documents import Document

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

CHILDREN = 50

PRELUDE = """
import os, sys, threading, time
from lambda_tracer import Tracer, xray_recorder
tracer = Tracer()

def fork(work):
    "Run work in a child that then ends; returns when it has."
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return pid

def wait(*pids):
    for pid in pids:
        assert os.waitpid(pid, 0)[1] == 0, "a child failed"
"""


def run(program: str) -> str:
    """Run a program in an interpreter of its own, so that the test run itself is not forked."""
    ran = subprocess.run(
        # From 3.12 on Python warns of a fork beside threads, of which the tracer's own is one.
        [sys.executable, "-W", "ignore:This process:DeprecationWarning", "-c", PRELUDE + program],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def finished(daemon: Daemon) -> list[Document]:
    """Every finished subsegment as often as it arrived, embedded ones too."""
    from tests.documents import flatten

    return [
        part for document in daemon.documents() for part in flatten(document) if not part.get("in_progress")
    ]


def test_ids_never_repeat_in_fifty_children(daemon: Daemon) -> None:
    run(f"""
@tracer.capture_method
def step(): pass

@tracer.capture_lambda_handler
def handler(event, context):
    step()
    def work():
        for _ in range(20):
            step()
    wait(*[fork(work) for _ in range({CHILDREN})])
    step()

handler(None, None)
""")

    ids = [part["id"] for part in finished(daemon)]
    assert len(ids) == len(set(ids)) == CHILDREN * 20 + 3


def test_causes_have_ids_of_their_own_in_children(daemon: Daemon) -> None:
    run("""
@tracer.capture_method
def fail(): raise ValueError("x")

def work():
    try: fail()
    except ValueError: pass

with xray_recorder.in_subsegment("parent"):
    wait(*[fork(work) for _ in range(10)])
""")

    causes = [part["cause"]["exceptions"][0]["id"] for part in finished(daemon) if "cause" in part]
    assert len(causes) == len(set(causes)) == 10


def test_what_waits_is_sent_once_by_the_parent(daemon: Daemon) -> None:
    run("""
with xray_recorder.in_subsegment("outer"):
    with xray_recorder.in_subsegment("waits"):
        pass
    with xray_recorder.in_subsegment("inner"):
        with xray_recorder.in_subsegment("waits too"):
            pass
        def work():
            xray_recorder.stream_subsegments()
            with xray_recorder.in_subsegment("of the child"):
                pass
        wait(fork(work))
""")

    names = [part["name"] for part in finished(daemon)]
    assert sorted(names) == ["inner", "of the child", "outer", "waits", "waits too"]


def test_subsegments_of_a_child_hang_below_what_was_open(daemon: Daemon) -> None:
    run("""
with xray_recorder.in_subsegment("outer"):
    with xray_recorder.in_subsegment("inner"):
        def work():
            with xray_recorder.in_subsegment("in the child"):
                with xray_recorder.in_subsegment("deeper"):
                    pass
                wait(fork(grandchild))
        def grandchild():
            with xray_recorder.in_subsegment("in the grandchild"):
                pass
        wait(fork(work))
    with xray_recorder.in_subsegment("afterwards"):
        pass
""")

    daemon.expect_tree("""
        outer
          inner
            in the child
              deeper
              in the grandchild
          afterwards
    """)


@pytest.mark.parametrize("how", ["manual", "context manager", "handler", "by hand"])
def test_a_child_that_closes_what_it_inherited_sends_nothing(how: str, daemon: Daemon) -> None:
    run(
        {
            "manual": """
xray_recorder.begin_subsegment("opened before")
pid = os.fork()
xray_recorder.end_subsegment()
os._exit(0) if pid == 0 else wait(pid)
""",
            "context manager": """
with xray_recorder.in_subsegment("opened before"):
    pid = os.fork()
os._exit(0) if pid == 0 else wait(pid)
""",
            "handler": """
@tracer.capture_lambda_handler
def handler(event, context):
    return os.fork()
pid = handler(None, None)
os._exit(0) if pid == 0 else wait(pid)
""",
            "by hand": """
opened = xray_recorder.begin_subsegment("opened before")
def work():
    opened.put_annotation("of", "the child")
    opened.close()
    xray_recorder.stream_subsegments()
wait(fork(work))
opened.close()
""",
        }[how]
    )

    (part,) = finished(daemon)
    assert part["name"] == ("## handler" if how == "handler" else "opened before")
    assert "of" not in part.get("annotations", {})


def test_a_child_may_serve_invocations_of_its_own(daemon: Daemon) -> None:
    """Managed Instances fork workers before the first invocation; each worker is a runtime client."""
    run("""
@tracer.capture_lambda_handler
def handler(event, context):
    with xray_recorder.in_subsegment(f"step {event}"):
        pass

def work(number):
    for nth in range(3):
        os.environ["_X_AMZN_TRACE_ID"] = f"Root=1-5759e988-{number:024x};Parent={nth:016x};Sampled=1"
        handler(number, None)

handler(0, None)
wait(*[fork(lambda number=number: work(number)) for number in range(1, 9)])
""")

    steps = [part for part in finished(daemon) if part["name"].startswith("step")]
    assert sorted(part["name"] for part in steps) == sorted(
        ["step 0", *(f"step {n}" for n in range(1, 9) for _ in range(3))]
    )
    for part in steps:
        number = int(part["name"].split()[1])
        assert number == 0 or part["trace_id"] == f"1-5759e988-{number:024x}"


def test_forking_while_other_threads_trace_leaves_no_lock_held(daemon: Daemon) -> None:
    run("""
stop = threading.Event()
def trace():
    while not stop.is_set():
        with xray_recorder.in_subsegment("thread"):
            with xray_recorder.in_subsegment("inner"):
                pass
threads = [threading.Thread(target=trace) for _ in range(3)]
for thread in threads:
    thread.start()
def work():
    for _ in range(5):
        with xray_recorder.in_subsegment("child"):
            pass
for _ in range(20):
    wait(fork(work))
stop.set()
for thread in threads:
    thread.join()
""")

    ids = [part["id"] for part in finished(daemon)]
    assert len(ids) == len(set(ids))
    assert sum(part["name"] == "child" for part in finished(daemon)) == 100

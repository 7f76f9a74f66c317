"""Shortly before its deadline a handler's trace is sent as it stands; nothing of that shows when it makes it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Daemon
from tests.documents import Document
from tests.functions.running import frozen, python, running

IN_TIME: Any = {"timeout_s": 2.0, "LAMBDA_TRACER_TIMEOUT_MARGIN_MS": "1000"}
"""For a handler that hangs: on a busy machine, too, it is reached before it is told of, and told of before the kill."""

TOLD = re.compile(r"still running (-?\d+) ms before the time-out")

HANGS = """
    import time
    from lambda_tracer import Tracer
    tracer = Tracer(service="payment")

    @tracer.capture_method
    def validate(): pass

    @tracer.capture_method
    def ask_the_bank():
        time.sleep(60)

    @tracer.capture_method
    def charge():
        ask_the_bank()

    @tracer.capture_lambda_handler
    def lambda_handler(event, context):
        validate()
        charge()
"""

PRELUDE = """
import os, threading, time
from lambda_tracer import Tracer, xray_recorder
tracer = Tracer()

class Context:
    def __init__(self, remaining_ms):
        self.deadline = time.monotonic() + remaining_ms / 1000
    def get_remaining_time_in_millis(self):
        return (self.deadline - time.monotonic()) * 1000

@tracer.capture_lambda_handler
def handler(event, context):
    time.sleep(event)

"""


def exception_of(document: Document) -> Document:
    """The one exception that the document describes."""
    (exception,) = document["cause"]["exceptions"]
    return dict(exception)


def labels(document: Document) -> list[str]:
    """The functions of its stack, outermost first."""
    return [frame["label"] for frame in exception_of(document)["stack"]]


def test_a_handler_that_hangs_is_seen_with_what_was_running(daemon: Daemon, tmp_path: Path) -> None:
    with running(daemon, tmp_path, HANGS, **IN_TIME) as function:
        error = function()

    assert error["errorType"] == "Sandbox.Timedout"
    daemon.expect_tree("""
        ## lambda_handler  in progress
          ## app.validate
          ## app.charge  in progress
            ## app.ask_the_bank  fault Timeout in progress
    """)
    hanging = daemon.subsegment("## app.ask_the_bank")
    assert TOLD.fullmatch(exception_of(hanging)["message"])
    assert labels(hanging)[-3:] == ["lambda_handler", "charge", "ask_the_bank"]


def test_each_task_that_hangs_is_seen_with_its_own_frames(daemon: Daemon, tmp_path: Path) -> None:
    if sys.version_info < (3, 12):
        pytest.skip("needs Python 3.12: a task does not tell its context before")
    with running(
        daemon,
        tmp_path,
        """
        import asyncio
        from lambda_tracer import Tracer
        tracer = Tracer()

        async def wait_for_an_answer():
            await asyncio.sleep(60)

        @tracer.capture_method
        async def price(item):
            await wait_for_an_answer()

        @tracer.capture_method
        async def stock(item):
            await asyncio.Event().wait()

        @tracer.capture_lambda_handler
        async def lambda_handler(event, context):
            await asyncio.gather(price("pen"), stock("pen"))
        """,
        **IN_TIME,
    ) as function:
        function()

    daemon.expect_tree("""
        ## lambda_handler  in progress
          ## app.price  fault Timeout in progress
          ## app.stock  fault Timeout in progress
    """)
    assert labels(daemon.subsegment("## app.price")) == ["price", "wait_for_an_answer", "sleep"]
    assert labels(daemon.subsegment("## app.stock")) == ["stock", "wait"]


def test_before_python_3_12_tasks_that_hang_are_seen_with_the_frames_of_their_thread(
    daemon: Daemon, tmp_path: Path
) -> None:
    if sys.version_info >= (3, 12):
        pytest.skip("needs Python before 3.12: later ones tell each task's own frames")
    with running(
        daemon,
        tmp_path,
        """
        import asyncio
        from lambda_tracer import Tracer
        tracer = Tracer()

        @tracer.capture_method
        async def price(item):
            await asyncio.sleep(60)

        @tracer.capture_lambda_handler
        async def lambda_handler(event, context):
            await asyncio.gather(price("pen"), price("ink"))
        """,
        **IN_TIME,
    ) as function:
        function()

    daemon.expect_tree("""
        ## lambda_handler  in progress
          ## app.price  fault Timeout in progress
          ## app.price  fault Timeout in progress
    """)
    hanging = [part for part in daemon.subsegments() if part["name"] == "## app.price"]
    assert [labels(part)[-1] for part in hanging] == ["select", "select"]


def test_a_thread_that_hangs_is_seen_with_its_own_frames(daemon: Daemon, tmp_path: Path) -> None:
    with running(
        daemon,
        tmp_path,
        """
        import threading
        from concurrent.futures import ThreadPoolExecutor
        from lambda_tracer import Tracer
        tracer = Tracer()

        @tracer.capture_method
        def fetch():
            threading.Event().wait()

        @tracer.capture_lambda_handler
        def lambda_handler(event, context):
            with ThreadPoolExecutor(1) as pool:
                pool.submit(fetch).result()
        """,
        **IN_TIME,
    ) as function:
        function()

    daemon.expect_tree("""
        ## lambda_handler  in progress
          ## app.fetch  fault Timeout in progress
    """)
    stack = labels(daemon.subsegment("## app.fetch"))
    assert (stack[-1], "fetch" in stack, "lambda_handler" in stack) == ("wait", True, False)


def test_where_the_function_makes_it_after_all_the_complete_documents_replace_those(
    daemon: Daemon, tmp_path: Path
) -> None:
    with running(
        daemon,
        tmp_path,
        HANGS.replace("time.sleep(60)", "time.sleep(0.5)"),
        LAMBDA_TRACER_TIMEOUT_MARGIN_MS="60000",  # more than there is: due at once
    ) as function:
        function()

    early = next(document for document in daemon.documents() if document["name"] == "## app.ask_the_bank")
    assert exception_of(early)["type"] == "Timeout"
    daemon.expect_tree("""
        ## lambda_handler
          ## app.validate
          ## app.charge
            ## app.ask_the_bank
    """)
    assert all("cause" not in part and not part.get("fault") for part in daemon.subsegments())
    assert not any(part.get("in_progress") for part in daemon.subsegments())


def test_a_margin_of_zero_switches_it_off(daemon: Daemon, tmp_path: Path) -> None:
    with running(daemon, tmp_path, HANGS, timeout_s=0.8, LAMBDA_TRACER_TIMEOUT_MARGIN_MS="0") as function:
        error = function()

    assert error["errorType"] == "Sandbox.Timedout"
    assert daemon.documents() == []


def test_a_margin_that_is_no_number_is_reported_and_the_default_holds(daemon: Daemon) -> None:
    ran = python(PRELUDE + "handler(1.0, Context(400))", LAMBDA_TRACER_TIMEOUT_MARGIN_MS="two hundred")

    assert "LAMBDA_TRACER_TIMEOUT_MARGIN_MS is not a number of milliseconds: 200.0 holds" in ran.stderr
    assert [document.get("in_progress") for document in daemon.documents()] == [True, False]


def test_it_never_fires_in_a_later_invocation(daemon: Daemon) -> None:
    """The first one's deadline passes while the second one, which has all the time, is at work."""
    ran = python(
        PRELUDE
        + """
handler(0, Context(1200))
os.environ["_X_AMZN_TRACE_ID"] = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
handler(1.5, Context(60_000))
"""
    )

    assert ran.stderr == ""
    assert [document.get("in_progress") for document in daemon.documents()] == [False, False]


def test_a_deadline_that_comes_before_the_next_look_is_seen(daemon: Daemon) -> None:
    """The thread is between two looks, a second apart, when an invocation begins that has less than that."""
    ran = python(
        PRELUDE
        + """
handler(0.1, Context(60_000))
os.environ["_X_AMZN_TRACE_ID"] = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
handler(1.0, Context(500))
"""
    )

    assert ran.stderr == ""
    assert [document.get("in_progress") for document in daemon.documents()] == [False, True, False]


def test_what_a_time_out_needs_is_loaded_before_it_comes(daemon: Daemon) -> None:
    """Where the package has to be compiled, with a fraction of a processor, that takes longer than there is then."""
    ran = python(
        PRELUDE
        + """
import sys
@tracer.capture_lambda_handler
def waits(event, context):
    while "lambda_tracer.send.open_stack" not in sys.modules and context.get_remaining_time_in_millis() > 300:
        time.sleep(0.01)

waits({}, Context(5_000))
print("lambda_tracer.send.open_stack" in sys.modules)
"""
    )

    assert (ran.stdout, ran.stderr) == ("True\n", "")
    assert [document.get("in_progress") for document in daemon.documents()] == [False]


def test_a_deadline_is_seen_after_a_long_time_without_invocations(daemon: Daemon) -> None:
    """The thread sleeps by then, and is woken."""
    ran = python(
        PRELUDE
        + """
from lambda_tracer.send import watchdog
handler(0, Context(60_000))
asleep_by = time.monotonic() + 20
while watchdog._next_look != float("inf") and time.monotonic() < asleep_by:
    time.sleep(0.05)
print(time.monotonic() < asleep_by)
os.environ["_X_AMZN_TRACE_ID"] = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
handler(1.0, Context(500))
"""
    )

    assert (ran.stdout, ran.stderr) == ("True\n", "")
    assert [document.get("in_progress") for document in daemon.documents()] == [False, True, False]


def test_it_does_not_fire_after_a_freeze_either(daemon: Daemon, tmp_path: Path) -> None:
    """The sandbox is frozen right after the first invocation and thawed, past its deadline, for the next."""
    with running(
        daemon,
        tmp_path,
        """
        import os, time
        from lambda_tracer import Tracer
        tracer = Tracer()

        @tracer.capture_lambda_handler
        def lambda_handler(event, context):
            time.sleep(event)
            return os.getpid()
        """,
        timeout_s=2.0,
    ) as function:
        pid = function(0)
        with frozen(pid, 2.2):
            pass
        again = function(0.5)

    assert again == pid
    assert [document.get("in_progress") for document in daemon.documents()] == [False, False]


def test_a_handler_frozen_past_its_deadline_is_still_told_of(daemon: Daemon, tmp_path: Path) -> None:
    """A thread that wakes up too late acts at once."""
    ran = python(
        PRELUDE
        + """
import signal, subprocess, sys
pid = str(os.getpid())
subprocess.Popen(["sh", "-c", "sleep 0.2; kill -STOP " + pid + "; sleep 1.2; kill -CONT " + pid])
handler(2.5, Context(1200))
"""
    )

    assert ran.returncode == 0
    first, last = daemon.documents()
    told = TOLD.fullmatch(exception_of(first)["message"])
    assert told
    assert int(told[1]) < 200
    assert (first["in_progress"], last["in_progress"], first["id"]) == (True, False, last["id"])


def test_one_thread_serves_the_process_and_none_is_started_unsampled(daemon: Daemon, tmp_path: Path) -> None:
    with running(
        daemon,
        tmp_path,
        """
        import sys, time
        from lambda_tracer import Tracer
        tracer = Tracer()

        def threads():
            # Those that run Python: the runtime client's HTTP library has threads of its own now and then.
            return len(sys._current_frames())

        at_start = threads()

        @tracer.capture_lambda_handler
        def lambda_handler(event, context):
            while threads() - at_start < event["at least"]:
                time.sleep(0.001)  # one that has been started takes a moment to run
            return threads() - at_start
        """,
    ) as function:
        unsampled = [function({"at least": 0}, is_sampled=False) for _ in range(2)]
        sampled = [function({"at least": 1}) for _ in range(3)]
        unsampled_again = function({"at least": 0}, is_sampled=False)

    assert (unsampled, sampled, unsampled_again) == ([0, 0], [1, 1, 1], 1)
    assert len(daemon.documents()) == 3


@pytest.mark.parametrize(
    "context",
    [
        "None",
        "object()",
        "type('Context', (), {'get_remaining_time_in_millis': 3})()",
        "type('Context', (), {'get_remaining_time_in_millis': lambda self: 'soon'})()",
        "type('Context', (), {'get_remaining_time_in_millis': lambda self: 1 / 0})()",
        "type('Context', (), {'get_remaining_time_in_millis': lambda self: None})()",
        "type('Context', (), {'get_remaining_time_in_millis': lambda self: float('inf')})()",
    ],
)
def test_a_context_without_a_deadline_has_no_time_out(daemon: Daemon, context: str) -> None:
    ran = python(PRELUDE + f"handler(0.1, {context})")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert [document.get("in_progress") for document in daemon.documents()] == [False]


def test_a_deadline_that_is_not_a_number_is_none_and_keeps_nobody_awake(daemon: Daemon) -> None:
    ran = python(
        PRELUDE
        + """
class Odd:
    def get_remaining_time_in_millis(self):
        return float("nan")

handler(1.0, Odd())
import resource
print(resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw)
"""
    )

    assert [document.get("in_progress") for document in daemon.documents()] == [False]
    assert int(ran.stdout) < 200, "the thread woke up again and again"


def test_a_handler_within_a_handler_is_watched_once(daemon: Daemon) -> None:
    ran = python(
        PRELUDE
        + """
@tracer.capture_lambda_handler
def outer(event, context):
    handler(0, context)
    time.sleep(1.5)

outer(None, Context(1000))
"""
    )

    assert ran.stderr == ""
    names = [(document["name"], document.get("in_progress")) for document in daemon.documents()]
    assert names == [("## outer", True), ("## handler", False), ("## outer", False)]


def test_without_the_handlers_decorator_nothing_is_watched(daemon: Daemon) -> None:
    ran = python(
        PRELUDE
        + """
import json
with xray_recorder.in_subsegment("by hand"):
    time.sleep(0.05)
print(json.dumps([thread for thread in os.listdir("/proc/self/task")]))
"""
    )

    assert len(json.loads(ran.stdout)) == 1
    assert [document.get("in_progress") for document in daemon.documents()] == [False]

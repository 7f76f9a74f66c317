"""However an invocation ends: its trace so far is shown, the next one runs, no process is left behind."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.command import Ran, await_end, invoke, started
from tests.local.texts import MODES, tree

SO_FAR = (
    tree(
        """
        payment  in progress  AWS::Lambda
        └─ payment  in progress  AWS::Lambda::Function
           └─ ## handler  in progress
              ├─ ## hanging.done
              └─ ## hanging.stuck  in progress  fault
        """
    ),
    # A Ctrl-C is an exception in the handler's own process, which closes what is open.
    tree(
        """
        payment  in progress  AWS::Lambda
        └─ payment  in progress  AWS::Lambda::Function
           └─ ## handler  fault
              ├─ ## hanging.done
              └─ ## hanging.stuck  fault
        """
    ),
)
FINE = ("--event", '{"fine": 1}')


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Started in the background of a script, these tests and all that they start would ignore an interruption."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_past_its_time_out_a_handler_is_ended_and_the_next_start_is_cold(folder: Path) -> None:
    ran = invoke("app.sleeping", "--timeout", "0.5", "--event", "{}", *FINE, folder=folder)

    error, fine = ran.results
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith(" Error: Task timed out after 0.50 seconds")
    assert (fine, ran.exit_code) == ("fine", 1)
    assert "Sandbox.Timedout: Task timed out after 0.50 seconds" in ran.err
    assert "naps  in progress" in ran.tree
    assert ran.err.count(", cold start") == 2
    assert await_end(_pids(ran)) == []


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ('{"status": 1}', "Runtime exited with error: exit status 1"),
        ('{"status": 0}', "Runtime exited without providing a reason"),
        ('{"signal": 9}', "Runtime exited with error: signal: killed"),
        ('{"signal": 11}', "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_a_process_that_ends_by_itself_is_reported_as_lambda_does(
    folder: Path, event: str, reason: str
) -> None:
    ran = invoke("app.exiting", *FINE, "--event", event, *FINE, folder=folder)

    before, error, after = ran.results
    assert (before, after, ran.exit_code) == ("fine", "fine", 1)
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith(f" Error: {reason}")
    assert "last words" in ran.tree
    assert [line.split(",")[1].strip(" ─") for line in ran.complaints if line.startswith("── ")] == [
        "cold start",
        "warm",
        "cold start",
    ]


def test_a_response_over_the_limit_is_lambdas_error(folder: Path) -> None:
    (folder / "big.py").write_text("def handler(event, context):\n    return 'x' * event\n")

    ran = invoke("big.handler", "--event", "7000000", "--event", "1", folder=folder)

    error, fine = ran.results
    assert error["errorType"] == "Function.ResponseSizeTooLarge"
    assert (fine, ran.exit_code) == ("x", 1)


def test_initialization_has_a_time_limit_of_its_own(folder: Path) -> None:
    """Ten seconds in Lambda, also for a function with a shorter time-out: too long for a test to wait for."""
    (folder / "slow.py").write_text(
        "import time\ntime.sleep(1.2)\ndef handler(event, context):\n    return 1\n"
    )

    ran = invoke("slow.handler", "--timeout", "1", folder=folder)

    assert (ran.exit_code, ran.out) == (0, "1\n")


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_interrupted_it_leaves_no_process_behind(
    folder: Path, number: signal.Signals, exit_code: int
) -> None:
    with started("app.with_descendants", "--timeout", "60", folder=folder) as process:
        assert process.stderr is not None
        pids = [int(word) for word in process.stderr.readline().split()[1:]]
        process.send_signal(number)
        rest = process.stderr.read()
        ended = process.wait(timeout=30)

    assert (ended, len(pids)) == (exit_code, 3)
    assert (", cold start, interrupted ─" in rest) == (number == signal.SIGINT)
    assert await_end(pids) == []


HANGING = """
import sys, time
from lambda_tracer import Tracer

tracer = Tracer(service="shop")

@tracer.capture_method
def done():
    pass

@tracer.capture_method
def stuck():
    print("stuck", file=sys.stderr, flush=True)
    time.sleep(60)

@tracer.capture_lambda_handler
def handler(event, context):
    if event.get("fine"):
        return "fine"
    done()
    stuck()
"""


@MODES
def test_interrupted_it_shows_the_trace_so_far(folder: Path, mode: list[str]) -> None:
    (folder / "hanging.py").write_text(HANGING)
    options = ("--timeout", "60", *FINE, "--event", "{}", *FINE, "--json", "t.json")

    with started("hanging.handler", *options, *mode, folder=folder) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        said = list(iter(process.stderr.readline, "stuck\n"))
        process.send_signal(signal.SIGINT)
        rest, out = process.stderr.read(), process.stdout.read()
        ended = process.wait(timeout=30)

    assert (ended, out) == (130, '"fine"\n')
    assert sum(line.startswith("── Invocation 1 of 3") for line in said) == 1
    assert rest.startswith("── Invocation 2 of 3, warm, interrupted ─")
    assert Ran(130, "", rest).tree == SO_FAR[bool(mode)]
    of_first, of_second = json.loads((folder / "t.json").read_text())["invocations"]
    assert (of_first["interrupted"], of_second["interrupted"], of_second["result"]) == (False, True, None)
    assert of_second["segments"][0]["in_progress"] is True


def test_interrupted_while_the_module_loads_it_leaves_no_process_behind(folder: Path) -> None:
    (folder / "slow.py").write_text(
        "import os, time\nprint('pid', os.getpid(), flush=True)\ntime.sleep(60)\n"
    )

    with started("slow.handler", folder=folder) as process:
        assert process.stderr is not None
        pid = int(process.stderr.readline().split()[1])
        process.send_signal(signal.SIGINT)
        ended = process.wait(timeout=30)
        rest = process.stderr.read()

    assert ended == 130
    assert "No trace: it was interrupted while the function was starting." in rest
    assert await_end([pid]) == []


def test_what_a_handler_has_started_ends_with_the_command(folder: Path) -> None:
    (folder / "starts.py").write_text(
        "import subprocess, sys\n"
        "def handler(event, context):\n"
        "    sleeper = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "    print('pids', subprocess.Popen(sleeper).pid)\n"
    )

    ran = invoke("starts.handler", folder=folder)

    assert ran.exit_code == 0
    assert await_end(_pids(ran)) == []


def _pids(ran: Ran) -> list[int]:
    """What the handlers printed about their processes."""
    lines = [line.split()[1:] for line in ran.complaints if line.startswith(("asleep ", "pids "))]
    pids = [int(word) for line in lines for word in line]
    assert pids
    assert os.getpid() not in pids
    return pids

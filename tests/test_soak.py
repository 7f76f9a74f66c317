"""Random programs under everything that can interrupt them: their trees are the oracle's, and no time limit is missed.

A signal comes a thousand times a second, and its handler is traced; a collection runs at each allocation that may start
one, with finalizers that are traced; and now and then the handler forks. `make soak` runs all of the programs.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType

import pytest

from lambda_tracer import Tracer, guard, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.one_tree.arrived import differences, facts_of
from tests.one_tree.oracle import Oracle, Place, Run
from tests.one_tree.program import Program, begin_invocation, finish, run_program
from tests.one_tree.surroundings import Surroundings

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs signals"),
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork"),
]

tracer = Tracer(service="soak", disabled=False, auto_patch=False)

PROGRAMS = 20_000
PROGRAMS_A_TEST = 50
LIMITS_A_TEST = 10
SIGNALS_A_FORK = 100
INTERVAL_S = 0.001
OURS = ("signal", "finalizer", "child")
"""What the subsegments of the handler, of finalizers and of children are called; no program's are."""


class Limit(Exception):
    """What a time limit raises."""


class Failed(Exception):
    """What the handler's own traced code raises."""


class Finalized:
    """Garbage in a cycle, of which something is traced when it is collected."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        with xray_recorder.in_subsegment("finalizer") as subsegment:
            subsegment.put_metadata("values", [1, 2, 3])


@xray_recorder.capture("signal")
def fails() -> None:
    raise Failed


@xray_recorder.capture("signal")
def yields() -> Iterator[int]:
    yield 1


class Storm:
    """Signals, collections and forks, while it lasts."""

    def __init__(self) -> None:
        self.signals = self.forks = 0
        self.is_busy = False

    def __enter__(self) -> Storm:
        self._before = signal.signal(signal.SIGALRM, self.on_signal)
        self._threshold = gc.get_threshold()
        gc.freeze()  # what the test runner holds is not looked through each time
        gc.set_threshold(1)
        signal.setitimer(signal.ITIMER_REAL, INTERVAL_S, INTERVAL_S)
        return self

    def __exit__(self, *exc_info: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)
        gc.set_threshold(*self._threshold)
        gc.unfreeze()

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.is_busy:  # on a slow machine one would come in the middle of the other, without end
            return
        try:
            self.is_busy = True
            self.signals += 1
            self.trace(frame)
        finally:
            self.is_busy = False

    def trace(self, frame: FrameType | None) -> None:
        Finalized()
        with xray_recorder.in_subsegment("signal") as subsegment:
            subsegment.put_annotation("signals", self.signals)
            with contextlib.suppress(Failed):
                fails()
            list(yields())
            xray_recorder.begin_subsegment("signal")
            xray_recorder.end_subsegment()
        if self.signals % SIGNALS_A_FORK == 0 and not holds_a_lock(frame):
            self.fork()

    def fork(self) -> None:
        self.forks += 1
        child = os.fork()
        if child == 0:
            code = 1
            try:
                signal.setitimer(signal.ITIMER_REAL, 0)
                with xray_recorder.in_subsegment("child"), contextlib.suppress(Failed):
                    fails()
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0


def holds_a_lock(frame: FrameType | None) -> bool:
    """Whether the pool of threads that is interrupted may hold the lock that a fork waits for."""
    while frame is not None:
        if frame.f_code.co_filename.endswith(os.path.join("concurrent", "futures", "thread.py")):
            return True
        frame = frame.f_back
    return False


def time_limits_that_are_missed() -> int:
    """How many of some time limits end a traced loop by nothing but its own end."""

    def on_alarm(number: int, frame: object) -> None:
        raise Limit

    @tracer.capture_method
    def busy() -> dict[str, list[int]]:
        list(yields())
        with contextlib.suppress(Failed):
            fails()
        return {"values": [1, 2, 3]}

    missed = 0
    gc.collect()
    gc.disable()  # Python itself ignores what is raised while it calls back for a weak reference
    before = signal.signal(signal.SIGALRM, on_alarm)
    try:
        for _ in range(LIMITS_A_TEST):
            try:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(0.001, 0.01))
                end = time.monotonic() + 2
                while time.monotonic() < end:
                    busy()
                missed += 1
            except Limit:
                pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        gc.enable()
    return missed


@pytest.fixture
def _threads_inherit() -> Iterator[None]:
    xray_recorder.patch(["threads"])
    yield
    xray_recorder.unpatch(["threads"])


def run_in_a_storm(first: int, daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> Storm:
    """Some programs, one invocation each, as in `test_one_tree`; what arrives must be what the oracle expects."""
    oracle, surroundings, main = Oracle(), Surroundings(), Place()
    runs: dict[str, Run] = {}
    programs: list[Program] = []
    storm = Storm()
    for seed in range(first, first + PROGRAMS_A_TEST):
        choices = random.Random(f"soak {seed}")
        run = begin_invocation(f"seed {seed}", choices, oracle, main, invoke, monkeypatch)
        runs[run.trace_id] = run
        program = Program(oracle, seed, f"s{seed}", surroundings)
        if programs:
            program.iterations = programs[-1].iterations
            program.async_iterations = programs[-1].async_iterations
            program.handles = programs[-1].handles
        programs.append(program)
        with storm:
            run_program(program, main, choices)
        daemon.subsegments()  # read what has come, lest the socket's buffer be full
    invoke()
    oracle.running = Run("afterwards", "afterwards", False)
    xray_recorder.is_sampled()
    with storm:
        finish(programs[-1], main, surroundings)

    subsegments = [part for part in daemon.subsegments() if part["trace_id"] in runs]
    expected = [node.facts() for node in oracle.nodes if node.is_recorded]
    # The exception of a handler may describe that of a program, in the handling of which it was raised.
    facts = facts_of(subsegments, {trace_id: run.name for trace_id, run in runs.items()})
    arrived = [fact for fact in facts if fact.split()[2] not in OURS]
    assert differences(expected, arrived) == []
    assert len(arrived) == len(expected)
    assert [part for part in subsegments if part["name"] in OURS and part.get("in_progress")] == []
    return storm


@pytest.mark.soak
@pytest.mark.usefixtures("_threads_inherit")
@pytest.mark.parametrize("first", range(0, PROGRAMS, PROGRAMS_A_TEST))
def test_no_storm_hangs_a_program_or_loses_a_subsegment(
    first: int, daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    storm = run_in_a_storm(first, daemon, invoke, monkeypatch)

    assert storm.signals > 0
    assert guard.failures == 0
    assert time_limits_that_are_missed() == 0
    daemon.clear()


@pytest.mark.slow
@pytest.mark.skipif(
    sys.version_info < (3, 12),
    reason="needs Python 3.12: before, others' callbacks of a collection can crash CPython; make soak tries",
)
@pytest.mark.usefixtures("_threads_inherit")
def test_a_part_of_the_soak(daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    run_in_a_storm(0, daemon, invoke, monkeypatch)

    assert guard.failures == 0
    daemon.clear()

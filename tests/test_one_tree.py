"""However calls, tasks, threads and generators interleave, an invocation's trace is one tree, and the right one.

The random programs, and the oracle that says what must come of them, are in `tests.one_tree`.
"""

from __future__ import annotations

import contextlib
import gc
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lambda_tracer import xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.one_tree.arrived import differences, facts_of, times_that_are_wrong
from tests.one_tree.oracle import Oracle, Place, Run
from tests.one_tree.program import Program, begin_invocation, finish, run_program
from tests.one_tree.surroundings import Surroundings

SEEDS = 1_000
SEEDS_A_TEST = 50


def test_what_a_function_left_open_is_no_parent_once_it_has_returned(daemon: Daemon) -> None:
    @xray_recorder.capture("leaky")
    def leaky() -> None:
        xray_recorder.begin_subsegment("left open")

    with xray_recorder.in_subsegment("outer"):
        leaky()
        with xray_recorder.in_subsegment("sibling"):
            pass

    daemon.expect_tree("""
        outer
          leaky
            left open  in progress
          sibling
    """)


def test_exceptions_of_one_place_are_told_apart(daemon: Daemon) -> None:
    """A retry raises the same type in the same line, and the new exception often has the address of the old one."""
    attempts = 0

    @xray_recorder.capture("attempt")
    def attempt() -> None:
        nonlocal attempts
        attempts += 1
        raise ValueError(f"attempt {attempts} failed")

    with xray_recorder.in_subsegment("retries"):
        for _ in range(5):
            with contextlib.suppress(ValueError):
                attempt()

    causes = [subsegment["cause"] for subsegment in daemon.subsegments() if "cause" in subsegment]
    messages = [
        cause["exceptions"][0]["message"] if isinstance(cause, dict) else f"see {cause}" for cause in causes
    ]
    assert messages == [f"attempt {number} failed" for number in range(1, 6)]


def test_a_pool_of_an_earlier_invocation_does_not_file_later_work_under_it(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool's thread begins where the pool was first used; an invocation without a header must not end up there."""
    xray_recorder.patch(["threads"])
    try:
        with ThreadPoolExecutor(max_workers=1) as pool:
            with xray_recorder.in_subsegment("first handler"):
                pool.submit(xray_recorder.capture("work")(int)).result()
            monkeypatch.delenv("_X_AMZN_TRACE_ID")
            pool.submit(xray_recorder.capture("work without a trace")(int)).result()
    finally:
        xray_recorder.unpatch(["threads"])

    daemon.expect_tree("first handler\n  work")


def test_a_thread_that_outlives_its_invocation_loses_nothing_that_it_finished(
    daemon: Daemon, invoke: Invoke
) -> None:
    """What it leaves open is open for good, and must not keep what has finished inside it."""
    carried = xray_recorder.carry()
    assert carried is not None
    invoke()
    xray_recorder.is_sampled()

    def work() -> None:
        xray_recorder.begin_subsegment("left open")
        with xray_recorder.in_subsegment("finished"):
            pass

    carried.run(work)
    invoke()
    xray_recorder.is_sampled()

    daemon.expect_tree("left open  in progress\n  finished")


def test_a_generator_that_yields_nothing_leaves_its_consumer_where_it_was(daemon: Daemon) -> None:
    @xray_recorder.capture("generator")
    def generator() -> Iterator[None]:
        xray_recorder.clear_trace_entities()
        yield from ()

    with xray_recorder.in_subsegment("consumer"):
        list(generator())
        with xray_recorder.in_subsegment("afterwards"):
            pass

    daemon.expect_tree("""
        consumer
          generator
          afterwards
    """)


# --- Programs against the oracle ------------------------------------------------------------------------------


@pytest.fixture
def _threads_inherit() -> Iterator[None]:
    xray_recorder.patch(["threads"])
    gc.disable()  # when a cycle with a generator in it is found must not depend on what other tests left behind
    yield
    gc.enable()
    xray_recorder.unpatch(["threads"])


@pytest.mark.usefixtures("_threads_inherit")
@pytest.mark.parametrize("first", range(0, SEEDS, SEEDS_A_TEST))
def test_random_programs_have_the_tree_that_the_rule_gives(
    first: int, daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each seed is an invocation; what one leaves open, running or suspended goes on in the next ones."""
    oracle, surroundings, main = Oracle(), Surroundings(), Place()
    runs = {}
    programs: list[Program] = []
    for seed in range(first, first + SEEDS_A_TEST):
        choices = random.Random(f"invocation {seed}")
        run = begin_invocation(f"seed {seed}", choices, oracle, main, invoke, monkeypatch)
        runs[run.trace_id] = run
        program = Program(oracle, seed, f"s{seed}", surroundings)
        if programs:  # what the one before has under way is this one's now
            program.iterations = programs[-1].iterations
            program.async_iterations = programs[-1].async_iterations
            program.handles = programs[-1].handles
        programs.append(program)
        run_program(program, main, choices)
    invoke()
    oracle.running = Run("afterwards", "afterwards", False)
    xray_recorder.is_sampled()
    finish(programs[-1], main, surroundings)

    subsegments = [part for part in daemon.subsegments() if part["trace_id"] in runs]
    expected = [node.facts() for node in oracle.nodes if node.is_recorded]
    arrived = list(facts_of(subsegments, {trace_id: run.name for trace_id, run in runs.items()}))
    assert differences(expected, arrived) == []
    assert len(arrived) == len(expected)
    assert times_that_are_wrong(subsegments) == []

"""An exception from outside may come at any point of ours: it leaves, and what follows is traced as before.

A tracing function raises at one bytecode of the package after the other, as a signal handler might between any two of
them. It takes minutes to try all; here a few of each program are tried, other ones in each run of `make soak`.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import os
import random
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from opcode import opname
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import requests

import lambda_tracer
from lambda_tracer import Tracer, guard, patch, unpatch_all, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.functions.running import python
from tests.patches.http.server import serving
from tests.tree import tree

PACKAGE = str(Path(lambda_tracer.__file__).parent) + os.sep

tracer = Tracer(service="s", auto_patch=False, disabled=False)


LEAVES_AN_EXCEPTION = {"POP_EXCEPT", "RERAISE", "COPY"}
"""Instructions on the way out of an `except` clause: nothing but a tracing function raises at one. What it raises there
leaves the interpreter in the belief that the old exception is being handled, for the rest of the thread's life."""


class Interrupted(Exception):
    """What a time limit's signal handler raises."""


class Failed(Exception):
    """What the user's function raises."""


@tracer.capture_method
def inner(value: int) -> dict[str, int]:
    tracer.put_annotation("Value", value)
    tracer.put_metadata("more", {"value": [value]})
    return {"value": value}


@tracer.capture_method
def outer() -> list[dict[str, int]]:
    return [inner(1), inner(2)]


@tracer.capture_method
def fails() -> None:
    raise Failed("a message")


@tracer.capture_method
def numbers() -> Iterator[int]:
    yield 1
    inner(3)
    yield 2


@tracer.capture_method
async def anumbers() -> Any:
    yield 1
    await ainner()
    yield 2


@tracer.capture_method
async def ainner() -> int:
    await asyncio.sleep(0)
    return 1


def of_calls(event: Any, context: object) -> object:
    return outer()


def of_failures(event: Any, context: object) -> object:
    with contextlib.suppress(Failed):
        fails()
    return None


def of_generators(event: Any, context: object) -> object:
    return list(numbers())


def of_blocks(event: Any, context: object) -> object:
    with xray_recorder.in_subsegment("block") as subsegment:
        subsegment.put_annotation("a", 1)
        xray_recorder.begin_subsegment("by hand")
        xray_recorder.end_subsegment()
    return {"large": "x" * 70_000, "nan": float("nan")}


def of_statements(event: Any, context: object) -> object:
    connection = sqlite3.connect(":memory:")
    with contextlib.closing(connection):
        return connection.execute("select 1").fetchall()


def of_threads(event: Any, context: object) -> object:
    thread = threading.Thread(target=inner, args=(1,))
    thread.start()
    thread.join()
    return None


PROGRAMS = [of_calls, of_failures, of_generators, of_blocks, of_statements, of_threads]


class Interruption:
    """Raises at the bytecode of that number of the package's that the main thread executes; none if it is too high."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.count = 0
        self.raised: Interrupted | None = None
        self.place = ""

    def __enter__(self) -> Interruption:
        # Python 3.12 looks when a tracing function is set whether any frame of the process ever asked for bytecodes.
        sys._getframe().f_trace_opcodes = True
        sys.settrace(self.trace)
        return self

    def __exit__(self, *exc_info: object) -> None:
        sys.settrace(None)

    def trace(self, frame: FrameType, event: str, arg: object) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        return self.count_opcode

    def count_opcode(self, frame: FrameType, event: str, arg: object) -> Any:
        instruction = opname[frame.f_code.co_code[frame.f_lasti]]
        if (
            event == "opcode"
            and frame.f_code.co_name not in ("__del__", "_speak", "_say")
            and instruction not in LEAVES_AN_EXCEPTION
        ):
            self.count += 1
            if self.count == self.at:
                self.place = f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"
                self.raised = Interrupted()
                raise self.raised
        return self.count_opcode


# What is interrupted may leave a socket or a connection open.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def _patched(daemon: Daemon) -> Iterator[None]:
    patch(["sqlite3", "threads", "requests"])
    gc.freeze()  # so that only what the test makes is looked through
    yield
    unpatch_all()
    gc.collect()
    gc.unfreeze()


def interruptible(program: Callable[[Any, object], object]) -> Any:
    return tracer.capture_lambda_handler(program)


def run_interrupted(program: Any, at: float) -> Interruption:
    interruption = Interruption(at)
    came: BaseException | None = None
    try:
        with interruption:
            program({}, None)
    except Interrupted as error:
        came = error
    assert came is interruption.raised, f"swallowed at bytecode {at}: {interruption.place}"
    return interruption


def expected_of(program: Any, daemon: Daemon, invoke: Invoke) -> tuple[str, int]:
    """The tree of an undisturbed run, and of how many bytecodes it consists."""
    invoke()
    program({}, None)  # what is loaded with the first call
    invoke()
    daemon.clear()
    count = run_interrupted(program, float("inf")).count
    text = tree(daemon).text
    daemon.clear()
    return text, count


def check(program: Any, points: list[int], expected: str, daemon: Daemon, invoke: Invoke) -> None:
    for at in points:
        invoke()
        place = run_interrupted(program, at).place
        invoke()
        daemon.clear()
        program({}, None)
        assert tree(daemon).text == expected, f"after an interruption at bytecode {at}: {place}"
        daemon.clear()


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_interruption_leaves_and_what_follows_is_traced_as_before(
    program: Callable[[Any, object], object], daemon: Daemon, invoke: Invoke
) -> None:
    handler = interruptible(program)
    expected, count = expected_of(handler, daemon, invoke)
    points = random.Random(program.__name__).sample(range(1, count + 1), 60)

    check(handler, points, expected, daemon, invoke)


@pytest.mark.soak
@pytest.mark.parametrize("program", PROGRAMS)
def test_an_interruption_at_every_bytecode_leaves_and_what_follows_is_traced_as_before(
    program: Callable[[Any, object], object], daemon: Daemon, invoke: Invoke
) -> None:
    handler = interruptible(program)
    expected, count = expected_of(handler, daemon, invoke)

    check(handler, list(range(1, count + 1)), expected, daemon, invoke)


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.soak)])
def test_what_the_same_invocation_does_after_an_interruption_is_below_the_handler(
    every: int, daemon: Daemon, invoke: Invoke
) -> None:
    """The user's code catches the time limit and goes on."""
    interruption = Interruption(float("inf"))

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        with contextlib.suppress(Interrupted), interruption:
            outer()
        outer()

    for _ in range(2):  # the first loads what is loaded once
        invoke()
        interruption.count = 0
        handler({}, None)
    count = interruption.count
    for at in range(1, count + 1, every):
        interruption.at, interruption.count, interruption.raised = at, 0, None
        invoke()
        daemon.clear()
        handler({}, None)
        subsegments = {part["id"]: part for part in daemon.subsegments()}
        (top,) = (part for part in subsegments.values() if part["name"] == "## handler")
        complete = [
            part
            for part in subsegments.values()
            if part["name"].endswith("outer") and part["parent_id"] == top["id"] and "fault" not in part
        ]
        assert interruption.raised is not None
        assert len(complete) >= 1, f"bytecode {at}: {interruption.place}:\n{tree(daemon)}"
        assert not [part for part in subsegments.values() if part.get("in_progress")], (
            f"bytecode {at}: {interruption.place}"
        )
        daemon.clear()


class InterruptionOfExit(Interruption):
    """Raises where the first block of ours is left, before `__exit__` can catch anything."""

    def trace(self, frame: FrameType, event: str, arg: object) -> Any:
        if frame.f_code.co_filename.startswith(PACKAGE) and frame.f_code.co_name == "__exit__":
            raise Interrupted
        return None


def test_a_block_whose_end_is_interrupted_is_in_progress_and_over_with_the_one_around_it(
    daemon: Daemon, invoke: Invoke
) -> None:
    def work() -> None:
        with InterruptionOfExit(1), xray_recorder.in_subsegment("block"):
            pass

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        with contextlib.suppress(Interrupted), xray_recorder.in_subsegment("around"):
            work()
        outer()

    invoke()
    handler({}, None)

    daemon.expect_tree("""
        ## handler
          around  fault Interrupted
            block  in progress
          ## tests.test_interruptions.outer
            ## tests.test_interruptions.inner
            ## tests.test_interruptions.inner
    """)


def test_a_time_limit_that_comes_while_a_call_begins_leaves_the_next_ones_traced(
    daemon: Daemon, invoke: Invoke
) -> None:
    with serving() as server:

        @tracer.capture_lambda_handler
        def handler(event: object, context: object) -> int:
            return requests.get(server.url("/"), timeout=5).status_code

        expected, count = expected_of(handler, daemon, invoke)
        check(handler, list(range(1, count + 1, max(1, count // 40))), expected, daemon, invoke)


@pytest.mark.alone
def test_no_time_limit_of_a_signal_handler_is_missed(daemon: Daemon, invoke: Invoke) -> None:
    rows = [{"id": number, "name": f"customer {number}", "total": number * 1.5} for number in range(2000)]

    @tracer.capture_method
    def table() -> list[dict[str, Any]]:
        return rows

    def on_alarm(*_: object) -> None:
        raise TimeoutError

    @tracer.capture_lambda_handler(capture_response=False)
    def handler(event: object, context: object) -> int:
        missed = 0
        for number in range(100):
            signal.setitimer(signal.ITIMER_REAL, 0.003 + number * 0.00007)
            try:
                end = time.monotonic() + 1
                while time.monotonic() < end:
                    table()
                missed += 1
            except TimeoutError:
                pass
            signal.setitimer(signal.ITIMER_REAL, 0)
        return missed

    before = signal.signal(signal.SIGALRM, on_alarm)
    try:
        assert handler({}, None) == 0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    daemon.clear()


@pytest.mark.parametrize("kind", [Interrupted, KeyboardInterrupt, SystemExit, TimeoutError])
def test_an_exception_that_another_thread_sets_is_not_swallowed(
    kind: type[BaseException], daemon: Daemon, invoke: Invoke
) -> None:
    @tracer.capture_method
    def work() -> dict[str, int]:
        return {"a": 1}

    def raise_in(thread_id: int) -> None:
        time.sleep(0.02)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), ctypes.py_object(kind))

    @tracer.capture_lambda_handler(capture_response=False)
    def handler(event: object, context: object) -> bool:
        other = threading.Thread(target=raise_in, args=(threading.get_ident(),))
        other.start()
        try:
            end = time.monotonic() + 20
            while time.monotonic() < end:
                work()
        except kind:
            return True
        finally:
            other.join()
        return False

    for _ in range(10):
        assert handler({}, None)
    daemon.clear()


@pytest.mark.parametrize("error", [ValueError("no"), ValueError(), SystemExit(3), KeyboardInterrupt()])
def test_what_a_values_own_code_raises_stays_here(error: BaseException, daemon: Daemon) -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise error

    odd = Odd()

    @tracer.capture_method
    def work() -> None:
        raise odd

    with pytest.raises(Odd) as caught:
        work()

    assert caught.value is odd
    assert daemon.subsegments()[0]["fault"] is True


def handlers() -> dict[str, Callable[..., object]]:
    def plain(number: int, frame: object) -> None:
        raise Interrupted

    def restores_the_old_one_first(number: int, frame: object) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        raise Interrupted

    class Object:
        def __call__(self, number: int, frame: object) -> None:
            raise Interrupted

        def method(self, number: int, frame: object) -> None:
            self(number, frame)

    def deep(*args: object) -> None:
        plain(0, None)

    return {
        "function": plain,
        "star": deep,
        "restores": restores_the_old_one_first,
        "object": Object(),
        "method": Object().method,
    }


@pytest.mark.parametrize("name", handlers())
def test_a_signal_handler_of_any_kind_is_known(name: str) -> None:
    before = signal.signal(signal.SIGALRM, handlers()[name])
    try:
        os.kill(os.getpid(), signal.SIGALRM)
        time.sleep(1)
        pytest.fail("the handler was not called")
    except Interrupted as error:
        caught = error
    finally:
        signal.signal(signal.SIGALRM, before)

    assert guard.is_from_outside(caught)


def test_a_time_limit_that_comes_while_a_module_of_ours_is_loaded_is_not_swallowed(daemon: Daemon) -> None:
    """The import system takes its own frames, of which one was interrupted, out of the traceback."""
    ran = python("""
        import signal, sys, time
        from lambda_tracer import Tracer

        tracer = Tracer(auto_patch=False)
        ignored = []
        sys.unraisablehook = ignored.append

        class TooSlow(Exception):
            pass

        def on_alarm(*_):
            raise TooSlow

        @tracer.capture_method
        def work():
            return {"text": "x" * 70_000, "set": {1}}

        @tracer.capture_lambda_handler
        def handler(event, context):
            needed = set(sys.modules)
            late = 0
            for number in range(1, 200):
                for name in set(sys.modules) - needed:
                    del sys.modules[name]
                try:
                    signal.setitimer(signal.ITIMER_REAL, number * 0.0001)
                    work()
                    late += 1  # it was done before the limit
                    time.sleep(0.1)
                except TooSlow:
                    continue
                if not ignored:  # else Python itself did not let it through, from a callback of its own
                    sys.exit(f"limit {number} was swallowed")
                ignored.clear()
            sys.exit(0 if late < 199 else "no limit came in time")

        signal.signal(signal.SIGALRM, on_alarm)
        handler({}, None)
    """)

    assert ran.returncode == 0, ran.stderr
    daemon.clear()

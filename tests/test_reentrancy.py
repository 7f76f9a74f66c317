"""What the user's code may do in the middle of ours, on the same thread: a signal handler, a finalizer, an emitter.

No lock of ours, nor one of Python's import system, is waited for there; the call gets through, at worst unrecorded, and
what it came in the middle of loses nothing.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from lambda_tracer import patch, unpatch_all, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.programs import run
from tests.test_interruptions import PROGRAMS, Failed, Interruption, fails, interruptible, numbers, outer


def nested() -> None:
    """A bit of everything; what it opens is called `nested`, or is below that."""
    with xray_recorder.in_subsegment("nested") as subsegment:
        subsegment.put_annotation("key", 1)
        outer()
        list(numbers())
        with contextlib.suppress(Failed):
            fails()
        xray_recorder.begin_subsegment("by hand")
        xray_recorder.end_subsegment()


class Call(Interruption):
    """Calls `nested` at one bytecode, instead of raising."""

    def count_opcode(self, frame: FrameType, event: str, arg: object) -> Any:
        if event == "opcode" and frame.f_code.co_name not in ("_speak", "_say"):
            self.count += 1
            if self.count == self.at:
                self.place = f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"
                sys.settrace(None)
                nested()
                sys.settrace(self.trace)
        return self.count_opcode


def of_program(daemon: Daemon) -> Counter[str]:
    """The names of what has arrived, without what `nested` opened."""
    subsegments = {part["id"]: part for part in daemon.subsegments()}

    def is_nested(part: Any) -> bool:
        return part is not None and (
            part["name"] == "nested" or is_nested(subsegments.get(part["parent_id"]))
        )

    assert not [part["name"] for part in subsegments.values() if part.get("in_progress")]
    return Counter(part["name"] for part in subsegments.values() if not is_nested(part))


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_call_in_the_middle_of_ours_gets_through_and_loses_nothing(
    program: Callable[[Any, object], object], daemon: Daemon, invoke: Invoke
) -> None:
    patch(["sqlite3", "threads"])
    handler = interruptible(program)

    def run_with(call: Call) -> Counter[str]:
        invoke()
        with call:
            handler({}, None)
        invoke()
        xray_recorder.is_sampled()
        names = of_program(daemon)
        daemon.clear()
        return names

    try:
        run_with(Call(float("inf")))
        undisturbed = Call(float("inf"))
        expected = run_with(undisturbed)
        for at in sorted(random.Random(program.__name__).sample(range(1, undisturbed.count + 1), 60)):
            call = Call(at)
            assert run_with(call) == expected, f"bytecode {at}: {call.place}"
    finally:
        unpatch_all()


IMPORTS = """
import json, random
logging.getLogger("lambda_tracer").addHandler(logging.NullHandler())

class Call:
    "Fails traced, for the first time, at one bytecode of the import system's while ours does the same."
    def __init__(self, at):
        self.at, self.count = at, 0

    def trace(self, frame, event, arg):
        if frame.f_code.co_filename != "<frozen importlib._bootstrap>":
            return None
        frame.f_trace_opcodes = True
        return self.count_opcode

    def count_opcode(self, frame, event, arg):
        if event == "opcode":
            self.count += 1
            if self.count == self.at:
                sys.settrace(None)
                with contextlib.suppress(Boom):
                    fail()
                sys.settrace(self.trace)
        return self.count_opcode

def count(at):
    "How many bytecodes it takes, in a child that has loaded nothing yet; the child must end."
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        call = Call(at)
        sys.settrace(call.trace)
        with contextlib.suppress(Boom):
            fail()
        sys.settrace(None)
        os.write(write, str(call.count).encode())
        os._exit(0 if guard.failures == 0 else 5)
    status = os.waitpid(child, 0)[1]
    assert status == 0, f"bytecode {at}: {status}"
    found = int(os.read(read, 100))
    os.close(read), os.close(write)
    return found

last = count(float("inf"))
assert last > 500
for at in sorted({*range(1, 160, 2), *random.Random(1).sample(range(1, last), 40)}):
    count(at)
"""


@pytest.mark.slow
def test_a_signal_handler_in_the_middle_of_the_first_use_of_a_module_gets_through(daemon: Daemon) -> None:
    """Python's import system waits for ever for a module that the same thread is just beginning to import."""
    run(IMPORTS)
    daemon.clear()


STORM = """
import asyncio, concurrent.futures
logging.getLogger("lambda_tracer").setLevel(logging.ERROR)

@tracer.capture_method
def numbers():
    yield 1
    work()
    yield 2

@tracer.capture_method
@contextlib.contextmanager
def block():
    work()
    yield

@tracer.capture_method
async def wait():
    await asyncio.sleep(0)
    return work()

async def both():
    await asyncio.gather(wait(), wait())

class Garbage:
    def __init__(self):
        self.itself = self
    def __del__(self):
        work()

signals = 0
is_busy = False

def on_signal(number, frame):
    global signals, is_busy
    if is_busy:
        return
    is_busy = True
    signals += 1
    Garbage()
    with contextlib.suppress(Boom):
        fail()
    next(numbers())
    is_busy = False

@tracer.capture_lambda_handler
def lambda_handler(event, context):
    futures = [pool.submit(work, number) for number in range(4)]
    Garbage()
    list(numbers())
    with block():
        work()
    with contextlib.suppress(Boom):
        fail()
    with xray_recorder.in_subsegment("block") as subsegment:
        subsegment.put_annotation("not a key", 1)
        subsegment.put_metadata("large", "x" * 70_000)
        subsegment.add_exception(ValueError("x"))
    asyncio.run(both())
    concurrent.futures.wait(futures)

pool = concurrent.futures.ThreadPoolExecutor(3)
xray_recorder.patch(["threads"])
signal.signal(signal.SIGALRM, on_signal)
gc.set_threshold(1)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
end, number = time.monotonic() + 4, 0
while time.monotonic() < end or signals < 100:
    number += 1
    invoke(number)
    lambda_handler({}, None)
signal.setitimer(signal.ITIMER_REAL, 0)
assert guard.failures == 0
"""


@pytest.mark.slow
def test_signals_and_finalizers_that_record_hang_nothing(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:9")  # it is about what does not happen

    run(STORM)


def test_what_an_emitter_does_to_send_is_not_recorded(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Recording:
        def __init__(self) -> None:
            self.sent = 0

        def send(self, text: str) -> bool:
            self.sent += 1
            with xray_recorder.in_subsegment("sending"):
                return udp.send(text)

    udp = xray_recorder.emitter
    emitter = Recording()
    monkeypatch.setattr(xray_recorder, "emitter", emitter)

    for _ in range(2):
        with xray_recorder.in_subsegment("work"):
            pass

    daemon.expect_tree("work\nwork")
    assert emitter.sent == 2

"""An alarm in this process: a time-out as an exception in the handler, and an end to who ignores it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

MAX_OVERTIME_S = 5.0
"""How long a handler may go on after its time-out: one that ignores it, or is in C code, would never end."""


class TaskTimedOut(BaseException):
    """Raised in a handler that is past its time-out; not an `Exception`, so that no handler takes it for
    its own."""


@contextmanager
def alarm(timeout_s: float) -> Iterator[None]:
    """Raise `TaskTimedOut` in the main thread after `timeout_s` seconds, where the system has such a
    timer."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(signal_number: int, frame: FrameType | None) -> None:
        raise TaskTimedOut(f"Task timed out after {timeout_s:.2f} seconds")

    def end() -> None:
        said = f"the function goes on {MAX_OVERTIME_S:.0f} s after its time-out, which ends an --inline run"
        os.write(2, f"lambda-tracer: {said}\n".encode())
        os._exit(1)

    watchdog = threading.Timer(timeout_s + MAX_OVERTIME_S, end)
    watchdog.daemon = True
    watchdog.start()
    previous = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
        watchdog.cancel()

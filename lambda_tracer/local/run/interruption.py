"""An interruption of the command: by a signal that ends it, once what it has started is ended.

A Ctrl-C, which is a KeyboardInterrupt as everywhere, ends the invocation that runs: its trace so far is shown first.
"""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn

SIGNAL_POLL_S = 0.25
"""How long a thread that waits may be deaf: Python sees a signal that comes just before a wait only after it."""


class Interrupted(BaseException):
    """SIGTERM or SIGHUP; not an `Exception`, and not the `SystemExit` that a handler may raise."""

    def __init__(self, signal_number: int) -> None:
        self.exit_code = 128 + signal_number


def raise_on_signals() -> None:
    """From now on a signal that would end this process is raised as `Interrupted`."""

    def interrupt(signal_number: int, frame: FrameType | None) -> NoReturn:
        raise Interrupted(signal_number)

    for number in _stop_signals():
        signal.signal(number, interrupt)


def ignore_signals() -> None:
    """From now on they are ignored, and Ctrl-C is."""
    for number in (signal.SIGINT, *_stop_signals()):
        signal.signal(number, signal.SIG_IGN)


def _stop_signals() -> list[signal.Signals]:
    return [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]

"""Work that threads of tests do, threads of each kind that do it, and where it is recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable

from lambda_tracer import xray_recorder
from tests.conftest import Invocation
from tests.daemon import Daemon


def work(name: str = "work") -> str:
    with xray_recorder.in_subsegment(name):
        return name


def place_of(daemon: Daemon, name: str) -> tuple[str, str]:
    """The trace and the parent of the one subsegment of that name."""
    subsegment = daemon.subsegment(name)
    return subsegment["trace_id"], subsegment["parent_id"]


def directly_under(invocation: Invocation) -> tuple[str, str]:
    """What `place_of` says of what is under the segment itself."""
    return invocation.root, invocation.parent


class Worker(threading.Thread):
    """A thread by subclassing."""

    def run(self) -> None:
        work()


class WithoutSuper(threading.Thread):
    """One that keeps what it needs under names of its own, and calls what it inherits."""

    def __init__(self) -> None:
        super().__init__(target=work)

    def start(self) -> None:
        super().start()

    def run(self) -> None:
        super().run()


THREADS: dict[str, Callable[[], threading.Thread]] = {
    "of a function": lambda: threading.Thread(target=work),
    "with arguments": lambda: threading.Thread(target=work, args=["work"]),
    "with named arguments": lambda: threading.Thread(target=work, kwargs={"name": "work"}),
    "daemon": lambda: threading.Thread(target=work, daemon=True),
    "of a class with run": Worker,
    "of a class that calls super": WithoutSuper,
    "timer": lambda: threading.Timer(0, work),
}

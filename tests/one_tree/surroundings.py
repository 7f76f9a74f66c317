"""What programs run in: threads beside an event loop, pools, and what outlives an invocation."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from tests.one_tree.oracle import Place


class InThreads:
    """`asyncio.to_thread` for several jobs at the same time, in which the loop's own thread stands still.

    What is open is then the same all the while, and the oracle can tell what must come of it.
    """

    def __init__(self, jobs: list[tuple[Callable[[Place], Exception | None], Place]]) -> None:
        self.jobs = jobs

    def __await__(self) -> Generator[Any, None, list[Exception]]:
        ends = [threading.Event() for _ in self.jobs]
        calls = [
            asyncio.to_thread(self.run, job, place, end).__await__()
            for (job, place), end in zip(self.jobs, ends, strict=True)
        ]
        errors: list[Exception | None] = []
        waiting = []
        for call in calls:
            try:
                waiting.append((call, next(call)))
            except StopIteration as stop:  # from Python 3.14 on, a job that is done already is not waited for
                errors.append(stop.value)
        for end in ends:
            end.wait()
        for call, future in waiting:
            yield future
            try:
                next(call)
            except StopIteration as stop:
                errors.append(stop.value)
        return [error for error in errors if error is not None]

    @staticmethod
    def run(job: Callable[[Place], Exception | None], place: Place, end: threading.Event) -> Exception | None:
        try:
            return job(place)
        finally:
            end.set()


class Surroundings:
    """What outlives an invocation: an event loop, a pool, and what has been postponed."""

    MAX_POSTPONED = 8

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.pool = ThreadPoolExecutor(max_workers=4)
        self.slow_pool = ThreadPoolExecutor(max_workers=self.MAX_POSTPONED)
        self.tasks: set[asyncio.Task[None]] = set()
        self.postponed: list[tuple[threading.Event, Future[Any]]] = []

    def postpone(self, job: Callable[[Place], Any], place: Place) -> None:
        if len(self.postponed) == self.MAX_POSTPONED:
            return
        gate = threading.Event()

        def wait_for_it() -> Any:
            gate.wait()
            return job(place)

        self.postponed.append((gate, self.slow_pool.submit(wait_for_it)))

    def catch_up(self) -> None:
        """Let what was postponed run, one after the other; it may postpone more."""
        postponed, self.postponed = self.postponed, []
        for gate, future in postponed:
            gate.set()
            future.result()

    def run(self, main: Awaitable[None]) -> None:
        self.loop.run_until_complete(main)

    def close(self) -> None:
        while self.tasks:
            self.run(asyncio.sleep(0.001))  # the last ones may end, and be let go, as soon as the loop runs
        while self.postponed:
            self.catch_up()
        self.run(self.loop.shutdown_asyncgens())
        self.run(self.loop.shutdown_default_executor())
        self.loop.close()
        self.pool.shutdown()
        self.slow_pool.shutdown()

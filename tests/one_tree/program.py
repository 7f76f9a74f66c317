"""A random program: calls, blocks, generators, tasks and threads, on the tracer and on the oracle at once.

What comes next is drawn from its seed, so a program that fails fails again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Iterator
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke
from tests.one_tree.oracle import Borrowed, Node, Oracle, Place, Run
from tests.one_tree.surroundings import InThreads, Surroundings

tracer = Tracer(service="payment", disabled=False, auto_patch=False)

STEPS = 60
"""How many things one program does at most, what its threads do not counted."""

MAX_DEPTH = 6

# Only from Python 3.11 on.
TASK_GROUP: Any = getattr(asyncio, "TaskGroup", None)


class Boom(Exception):
    pass


class Iteration:
    """A generator that somebody iterates over, now and then."""

    def __init__(self, is_captured: bool) -> None:
        self.is_captured = is_captured
        self.place: Place | None = None
        self.generator: Any = None
        self.is_running = False

    def move(self, place: Place) -> None:
        """It goes on at `place`."""
        if isinstance(self.place, Borrowed):
            self.place.lender = place
        elif self.place is not None:
            self.place.bound = place.bound


class Program:
    """A random program: it does what comes next of `random`, on the tracer and on the oracle."""

    def __init__(
        self,
        oracle: Oracle,
        seed: int | float,
        name: str,
        surroundings: Surroundings,
        thread: object = None,
    ) -> None:
        """`thread` is None for the main thread, else what tells the program's thread from others."""
        self.oracle = oracle
        self.random = random.Random(seed)
        self.name = name
        self.numbers = itertools.count(1)
        self.left = STEPS
        self.surroundings = surroundings
        self.thread = thread
        self.iterations: list[Iteration] = []
        self.async_iterations: list[Iteration] = []
        self.handles: list[tuple[Any, Node]] = []
        self.tasks: list[asyncio.Task[None]] = []

    def new_name(self) -> str:
        return f"{self.name}.{next(self.numbers)}"

    def capture(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """`function`, captured under that name in one of the two ways."""
        if self.random.random() < 0.5:
            return xray_recorder.capture(name)(function)
        function.__qualname__ = name
        return tracer.capture_method(function)

    def open(self, name: str, place: Place, *, captured: bool = True) -> Node | None:
        return self.oracle.open(name, place, self.thread, captured=captured)

    def steps(self, place: Place, depth: int) -> None:
        for _ in range(self.random.randint(1, 5)):
            if self.left > 0 and depth < MAX_DEPTH:
                self.left -= 1
                self.random.choice(STEPS_OF_ALL)(self, place, depth + 1)

    async def async_steps(self, place: Place, depth: int) -> None:
        for _ in range(self.random.randint(1, 5)):
            if self.left > 0 and depth < MAX_DEPTH:
                self.left -= 1
                if self.random.random() < 0.4:
                    self.random.choice(STEPS_OF_ALL)(self, place, depth + 1)
                else:
                    await self.random.choice(STEPS_OF_TASKS)(self, place, depth + 1)

    # Calls and blocks

    def call(self, place: Place, depth: int) -> None:
        name = self.new_name()

        def function() -> None:
            with self.oracle.block(self.open(name, place), place):
                self.steps(place, depth)

        self.capture(function, name)()

    def with_block(self, place: Place, depth: int) -> None:
        name = self.new_name()
        with (
            xray_recorder.in_subsegment(name) as subsegment,
            self.oracle.block(self.open(name, place, captured=False), place) as node,
        ):
            if node is not None and self.random.random() < 0.2:
                self.handles.append((subsegment, node))
            self.steps(place, depth)

    def context_manager(self, place: Place, depth: int) -> None:
        name = self.new_name()
        suppressed = [Boom] if self.random.random() < 0.3 else []

        def manager() -> Iterator[None]:
            with self.oracle.block(self.open(name, place), place):
                self.steps(place, depth)
                with contextlib.suppress(*suppressed):
                    yield
                self.steps(place, depth)

        if self.random.random() < 0.5:
            managing = self.capture(contextlib.contextmanager(manager), name)
        else:
            managing = contextlib.contextmanager(self.capture(manager, name))
        with managing():
            self.steps(place, depth)

    def catch(self, place: Place, depth: int) -> None:
        with contextlib.suppress(Exception):
            self.steps(place, depth)

    def fail(self, place: Place, depth: int) -> None:
        if self.random.random() < 0.5:
            raise Boom(self.new_name())

    # By hand

    def begin(self, place: Place, depth: int) -> None:
        name = self.new_name()
        subsegment = xray_recorder.begin_subsegment(name)
        node = self.open(name, place, captured=False)
        if node is not None:
            node.is_managed = False
            self.handles.append((subsegment, node))

    def begin_unrecorded(self, place: Place, depth: int) -> None:
        name = self.new_name()
        subsegment = xray_recorder.begin_subsegment_without_sampling(name)
        parent, run = self.oracle.current(place), self.oracle.run(place)
        if parent is None and not run.is_sampled:
            return
        node = place.last = Node(name, parent, run, self.thread)
        node.is_recorded = node.is_managed = False
        self.handles.append((subsegment, node))
        self.steps(place, depth)
        if self.random.random() < 0.7:
            subsegment.close()
            node.is_open = False

    def end(self, place: Place, depth: int) -> None:
        node = self.oracle.current(place)
        if node is None or node.thread is self.thread:  # else other threads may be about to look at it
            xray_recorder.end_subsegment()
            self.oracle.end(place)

    def close_some(self, place: Place, depth: int) -> None:
        """Close what may be current or not, open or not, in this invocation or not."""
        if self.handles:
            subsegment, node = self.handles.pop(self.random.randrange(len(self.handles)))
            subsegment.close()
            node.is_open = False

    def keep_current(self, place: Place, depth: int) -> None:
        """Keep what is current, so that anybody may close it."""
        node = self.oracle.current(place)
        if node is not None and node.thread is self.thread:
            self.handles.append((xray_recorder.current_subsegment(), node))

    def annotate(self, place: Place, depth: int) -> None:
        node = self.oracle.current(place)
        key = self.new_name().replace(".", "_")
        if node is not None:
            xray_recorder.put_annotation(key, True)
            node.annotations.add(key)

    def go_elsewhere(self, place: Place, depth: int) -> None:
        if self.handles and self.random.random() < 0.7:
            subsegment, node = self.random.choice(self.handles)
            xray_recorder.set_trace_entity(subsegment)
            place.last = node
        else:
            xray_recorder.clear_trace_entities()
            place.last = None

    # Generators

    def start_generator(self, place: Place, depth: int) -> None:
        name = self.new_name()
        iteration = Iteration(is_captured=self.random.random() < 0.8)
        iteration.place = Borrowed(place)

        def generator() -> Generator[None, None, None]:
            with self._generator_block(iteration, name):
                for _ in range(self.random.randint(0, 3)):
                    self.steps(self._place(iteration), depth)
                    with self._block_across(iteration), self._suppress_some():
                        yield
                self.steps(self._place(iteration), depth)

        iteration.generator = (self.capture(generator, name) if iteration.is_captured else generator)()
        self.iterations.append(iteration)
        self.advance(place, depth)

    @contextlib.contextmanager
    def _generator_block(self, iteration: Iteration, name: str) -> Iterator[None]:
        """The life of a generator; its place becomes its own if it is recorded."""
        lender = self._place(iteration)
        node = self.oracle.make(name, lender, self.thread) if iteration.is_captured else None
        if node is not None:
            iteration.place = Place(node, lender.bound)
        with self.oracle.block(node, self._place(iteration)):
            yield

    @contextlib.contextmanager
    def _block_across(self, iteration: Iteration) -> Iterator[None]:
        """Now and then a block that is open while the generator is suspended."""
        if self.random.random() < 0.7:
            yield
            return
        name, place = self.new_name(), self._place(iteration)
        with (
            xray_recorder.in_subsegment(name),
            self.oracle.block(self.open(name, place, captured=False), place),
        ):
            yield

    @contextlib.contextmanager
    def _suppress_some(self) -> Iterator[None]:
        suppressed = [Boom] if self.random.random() < 0.5 else []
        with contextlib.suppress(*suppressed):
            yield

    @staticmethod
    def _place(iteration: Iteration) -> Place:
        assert iteration.place is not None
        return iteration.place

    def advance(self, place: Place, depth: int) -> None:
        """Do something with one of the generators that are under way."""
        idle = [iteration for iteration in self.iterations if not iteration.is_running]
        if not idle:
            return
        iteration = self.random.choice(idle)
        how = self.random.choice(("next", "next", "next", "next", "throw", "close", "abandon"))
        iteration.move(place)
        iteration.is_running = True
        try:
            if how == "next":
                next(iteration.generator)
            elif how == "throw":
                iteration.generator.throw(Boom(self.new_name()))
            elif how == "close":
                iteration.generator.close()
        except StopIteration:
            pass
        finally:
            iteration.is_running = False
            if how == "abandon":
                self.iterations.remove(iteration)
                iteration.generator = None

    # Threads

    def pool(self, place: Place, depth: int) -> None:
        """Several pieces of work at the same time, all of them done when this is."""
        if self.thread is not None:  # all the pool's threads might wait for the pool
            return
        jobs = [self.job(depth) for _ in range(self.random.randint(1, 3))]
        futures = [self.surroundings.pool.submit(job, self.carried(place)) for job in jobs]
        errors = [error for error in [future.result() for future in futures] if error is not None]
        if errors:
            raise errors[0]

    def own_thread(self, place: Place, depth: int) -> None:
        thread = threading.Thread(target=self.job(depth), args=(self.carried(place),))
        thread.start()
        thread.join()

    def later(self, place: Place, depth: int) -> None:
        """Work that a pool begins when what submitted it has ended, or its invocation has."""
        if self.thread is None:
            self.surroundings.postpone(self.job(depth), self.carried(place))

    def catch_up(self, place: Place, depth: int) -> None:
        if self.thread is None:
            self.surroundings.catch_up()

    def job(self, depth: int) -> Callable[[Place], Exception | None]:
        """A program of its own for another thread, which shares nothing with this one."""
        program = Program(self.oracle, self.random.random(), self.new_name(), self.surroundings, object())
        program.left = self.random.randint(1, 6)

        def job(place: Place) -> Exception | None:
            try:
                program.steps(place, depth)
            except Exception as error:
                return error
            finally:
                program.finish_iterations(place)
            return None

        return job

    def carried(self, place: Place) -> Place:
        """Where a thread begins: at what is current, and it stays in that invocation. Without one, nowhere."""
        run = self.oracle.run(place)
        return Place(self.oracle.current(place), run) if run.trace_id else Place()

    def finish_iterations(self, place: Place) -> None:
        for iteration in self.iterations:
            iteration.move(place)
            iteration.generator = None
        self.iterations.clear()

    # Tasks

    async def async_call(self, place: Place, depth: int) -> None:
        name = self.new_name()

        async def function() -> None:
            with self.oracle.block(self.open(name, place), place):
                await self.async_steps(place, depth)

        await self.capture(function, name)()

    async def async_with_block(self, place: Place, depth: int) -> None:
        name = self.new_name()
        async with xray_recorder.in_subsegment_async(name):
            with self.oracle.block(self.open(name, place, captured=False), place):
                await self.async_steps(place, depth)

    async def async_context_manager(self, place: Place, depth: int) -> None:
        name = self.new_name()
        suppressed = [Boom] if self.random.random() < 0.3 else []

        async def manager() -> AsyncIterator[None]:
            with self.oracle.block(self.open(name, place), place):
                await self.async_steps(place, depth)
                with contextlib.suppress(*suppressed):
                    yield
                await self.async_steps(place, depth)

        if self.random.random() < 0.5:
            managing = self.capture(contextlib.asynccontextmanager(manager), name)
        else:
            managing = contextlib.asynccontextmanager(self.capture(manager, name))
        async with managing():
            await self.async_steps(place, depth)

    async def async_catch(self, place: Place, depth: int) -> None:
        with contextlib.suppress(Exception):
            await self.async_steps(place, depth)

    async def wait(self, place: Place, depth: int) -> None:
        for _ in range(self.random.choice((1, 1, 2, 5))):
            await asyncio.sleep(0)

    async def gather(self, place: Place, depth: int) -> None:
        branches = [self.async_steps(place.copy(), depth) for _ in range(self.random.randint(1, 3))]
        await asyncio.gather(*branches, return_exceptions=self.random.random() < 0.5)

    async def task_group(self, place: Place, depth: int) -> None:
        async with TASK_GROUP() as group:
            for _ in range(self.random.randint(1, 3)):
                group.create_task(self.async_steps(place.copy(), depth))
                if self.random.random() < 0.3:
                    await self.async_steps(place, depth)

    async def detach(self, place: Place, depth: int) -> None:
        """A task that nobody waits for: it may outlive its parent, and its invocation."""
        place = place.copy()

        async def detached() -> None:
            with contextlib.suppress(Exception):
                await self.async_steps(place, depth)
                for _ in range(self.random.choice((0, 10, 100))):
                    await asyncio.sleep(0)
                await self.async_steps(place, depth)

        task = asyncio.create_task(detached())
        self.tasks.append(task)
        self.surroundings.tasks.add(task)
        task.add_done_callback(self.surroundings.tasks.discard)

    async def cancel(self, place: Place, depth: int) -> None:
        if self.tasks:
            self.tasks.pop(self.random.randrange(len(self.tasks))).cancel()

    async def to_thread(self, place: Place, depth: int) -> None:
        """The thread works in a copy of this task's context."""
        errors = await InThreads([(self.job(depth), place.copy()) for _ in range(self.random.randint(1, 2))])
        if errors:
            raise errors[0]

    async def start_async_generator(self, place: Place, depth: int) -> None:
        name = self.new_name()
        iteration = Iteration(is_captured=self.random.random() < 0.8)
        iteration.place = Borrowed(place)

        async def generator() -> AsyncGenerator[None, None]:
            with self._generator_block(iteration, name):
                for _ in range(self.random.randint(0, 3)):
                    await self.async_steps(self._place(iteration), depth)
                    with self._block_across(iteration), self._suppress_some():
                        yield
                await self.async_steps(self._place(iteration), depth)

        iteration.generator = (self.capture(generator, name) if iteration.is_captured else generator)()
        self.async_iterations.append(iteration)
        await self.async_advance(place, depth)

    async def async_advance(self, place: Place, depth: int) -> None:
        idle = [iteration for iteration in self.async_iterations if not iteration.is_running]
        if not idle:
            return
        iteration = self.random.choice(idle)
        how = self.random.choice(("next", "next", "next", "next", "throw", "close", "abandon"))
        # The loop closes an abandoned one in a task of its own, with a copy of this context.
        iteration.move(place.copy() if how == "abandon" else place)
        iteration.is_running = True
        try:
            if how == "next":
                await anext(iteration.generator)
            elif how == "throw":
                await iteration.generator.athrow(Boom(self.new_name()))
            elif how == "close":
                await iteration.generator.aclose()
        except StopAsyncIteration:
            pass
        finally:
            iteration.is_running = False
            if how == "abandon":
                self.async_iterations.remove(iteration)
                iteration.generator = None


STEPS_OF_ALL: list[Callable[[Program, Place, int], None]] = [
    Program.call,
    Program.call,
    Program.call,
    Program.with_block,
    Program.with_block,
    Program.context_manager,
    Program.catch,
    Program.catch,
    Program.fail,
    Program.begin,
    Program.begin_unrecorded,
    Program.end,
    Program.close_some,
    Program.close_some,
    Program.keep_current,
    Program.annotate,
    Program.go_elsewhere,
    Program.start_generator,
    Program.start_generator,
    Program.advance,
    Program.advance,
    Program.pool,
    Program.own_thread,
    Program.later,
    Program.catch_up,
]

STEPS_OF_TASKS: list[Callable[[Program, Place, int], Awaitable[None]]] = [
    Program.async_call,
    Program.async_call,
    Program.async_call,
    Program.async_with_block,
    Program.async_context_manager,
    Program.async_catch,
    Program.async_catch,
    Program.wait,
    Program.wait,
    Program.gather,
    *([Program.task_group] if TASK_GROUP else []),
    Program.detach,
    Program.detach,
    Program.cancel,
    Program.to_thread,
    Program.start_async_generator,
    Program.async_advance,
    Program.async_advance,
]


def begin_invocation(
    name: str,
    choices: random.Random,
    oracle: Oracle,
    main: Place,
    invoke: Invoke,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Begin an invocation of any kind: sampled or not, with no header at all, or with that of the one before."""
    kinds = ["sampled"] * 8 + ["unsampled", "no header"] + ["same header"] * bool(oracle.running.trace_id)
    kind = choices.choice(kinds)
    if kind == "no header":
        monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
        run = Run(name, "", False)
    elif kind == "same header":
        before = oracle.running
        run = Run(before.name, before.trace_id, before.is_sampled)
        xray_recorder.begin_invocation()
        main.last = None
    else:
        run = Run(name, invoke(sampled=int(kind == "sampled")).root, kind == "sampled")
    oracle.running = run
    return run


def run_program(program: Program, main: Place, choices: random.Random) -> None:
    """Run a program to its end: some parts with an event loop and some without, as one handler each or as several."""

    async def with_loop() -> None:
        with contextlib.suppress(Exception):
            await choices.choice((program.async_call, program.async_steps))(main.copy(), 0)

    while program.left > 0:
        program.left -= 1
        if choices.random() < 0.6:
            program.surroundings.run(with_loop())
        else:
            with contextlib.suppress(Exception):
                choices.choice((program.call, program.steps))(main, 0)


def finish(program: Program, main: Place, surroundings: Surroundings) -> None:
    """Let what is under way come to its end."""
    program.left = 0
    surroundings.close()
    program.finish_iterations(main)

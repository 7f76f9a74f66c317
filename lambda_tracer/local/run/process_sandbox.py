"""The function in a process of its own, behind the runtime client that Lambda itself runs.

The process is started when an invocation needs one, and ended when Lambda would: on a time-out, and with what an exit
leaves behind. The next invocation then finds a new one, and is a cold start again.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from queue import Empty, SimpleQueue

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.daemon import Daemon
from lambda_tracer.local.receive.events import Event, Exited, InitFailed, Ready
from lambda_tracer.local.receive.invocation import Invocation
from lambda_tracer.local.receive.logs import FunctionLog
from lambda_tracer.local.receive.peers import is_one_of
from lambda_tracer.local.receive.runtime_api import RuntimeAPI
from lambda_tracer.local.run.function import FunctionSettings
from lambda_tracer.local.run.interruption import SIGNAL_POLL_S, ignore_signals
from lambda_tracer.local.run.process import FunctionProcess
from lambda_tracer.local.run.sandbox import Initialization

MAX_LAST_WORDS_S = 1.5
"""How long an interrupted function may take to send what it has: a tracer that does so on SIGTERM takes a second at
most."""


class ProcessSandbox:
    """A `Sandbox` with one process at a time."""

    def __init__(self, settings: FunctionSettings, daemon: Daemon) -> None:
        self._settings = settings
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._api = RuntimeAPI(self._events, self._is_own, _workers(settings.environment))
        self._log = FunctionLog()
        self._environment = settings.variables(daemon.host, daemon.port, self._api.address)
        self._process: FunctionProcess | None = None
        self._starting: threading.Thread | None = None
        self._start_failure = ""
        # Held while a process starts: it may call us before we know its number.
        self._start_lock = threading.Lock()
        self._memory_mb: int | None = None
        # Begin and end of the cold start that the invocation had to wait for.
        self._began_at: float | None = None
        self._ready_at: float | None = None

    def run(self, invocation: Invocation) -> Initialization | None:
        """Run it in the process there is, or a new one."""
        self._began_at = self._ready_at = None
        try:
            self._run(invocation)
        except KeyboardInterrupt:
            ignore_signals()
            invocation.interrupt()
            self._end_process(patience_s=MAX_LAST_WORDS_S)
        if self._began_at is None:
            return None
        return (self._began_at, self._ready_at or invocation.finished_at or self._began_at)

    def _run(self, invocation: Invocation) -> None:
        is_taken = False
        while not is_taken:
            if self._process is None or not self._process.is_running():
                self._end_process()
                self._began_at = clock.now()
                self._initialize(invocation)
                self._ready_at = clock.now()
                if invocation.error is not None:
                    self._end_process()
                    return
            self._api.submit(invocation)
            # A process may end between two invocations, without having taken the second: that gets a new one.
            is_taken = self._await_answer(invocation, may_be_left=self._began_at is None)
        if self._process is not None:
            self._memory_mb = self._process.max_memory_mb()

    def sync_log(self) -> None:
        """Return when what the function has logged is on standard error."""
        self._log.sync()

    def take_log(self) -> str:
        """Of its process and of all that it has started."""
        return self._log.take()

    def max_memory_mb(self) -> int | None:
        """As of the end of the last invocation."""
        return self._memory_mb

    def environment(self) -> Mapping[str, str]:
        """What its process was started with."""
        return self._environment

    def take_notes(self) -> list[str]:
        """What the Runtime API refused."""
        refused = self._api.take_refused()
        return (
            [f"the Runtime API refused {refused:,} requests: of strangers, or out of turn"] if refused else []
        )

    def close(self) -> None:
        """Kill the process and all it started; nothing of it is left when this returns."""
        self._end_process()
        self._api.close()
        self._log.close()

    def _initialize(self, invocation: Invocation) -> None:
        settings = self._settings
        self._log.initialization_began()
        self._api.expect_process()
        process = self._start_process()
        if process is None:
            invocation.fail(
                "Runtime.InvalidEntrypoint", f"the process can't be started: {self._start_failure}"
            )
            return
        limit_s = settings.init_timeout_s
        deadline = clock.monotonic() + limit_s
        while (event := self._next_event(deadline)) is not None:
            if isinstance(event, Ready):
                self._log.initialization_ended()
                return
            if isinstance(event, InitFailed):
                invocation.finished_at = event.at
                invocation.error = event.error
                return
            if isinstance(event, Exited) and event.process is process:
                # The runtime client can't send a message beyond Latin-1 from Python 3.12 on: it logs it, and ends.
                self._log.tell_left_out()
                invocation.exit(event.reason)
                return
        invocation.time_out("Initialization", limit_s)

    def _start_process(self) -> FunctionProcess | None:
        def start() -> None:
            try:
                with self._start_lock:
                    self._process = FunctionProcess(
                        settings.handler, settings.task_root, self._environment, self._log.fd, self._events
                    )
            # A wrapper that is missing, a folder that has gone, an environment that is too large, a limit.
            except (OSError, ValueError, RuntimeError) as exc:
                self._start_failure = str(exc)

        settings = self._settings
        # In a thread, because a Ctrl-C is an exception in the main one: it must not come between the
        # process' start and our knowing of it.
        self._starting = threading.Thread(target=start, name="lambda-tracer start")
        self._starting.start()
        self._starting.join()
        return self._process

    def _is_own(self, connection: socket.socket) -> bool:
        """Whether the function's process, or one that it has started, is at the other end."""
        with self._start_lock:
            process = self._process
        return process is not None and is_one_of(connection, process.family())

    def _await_answer(self, invocation: Invocation, may_be_left: bool) -> bool:
        """Return when it has ended. False: the process has ended instead, without having taken it."""
        deadline = clock.monotonic() + invocation.timeout_s
        while True:
            event = self._next_event(deadline)
            if event is invocation:
                return True
            exited = event if isinstance(event, Exited) and event.process is self._process else None
            if event is not None and exited is None:
                continue
            if not self._api.forget(invocation):
                # The answer came at the last moment, and is about to be told.
                deadline += 1.0
                continue
            if self._process is not None:
                self._memory_mb = self._process.max_memory_mb()
            self._end_process()
            if exited is None:
                invocation.time_out("Task", invocation.timeout_s)
            elif may_be_left and invocation.started_at is None:
                return False
            else:
                invocation.exit(exited.reason)
            return True

    def _next_event(self, deadline: float) -> Event | None:
        while True:
            left_s = max(0.0, deadline - clock.monotonic())
            try:
                return self._events.get(timeout=min(left_s, SIGNAL_POLL_S))
            except Empty:
                if left_s <= SIGNAL_POLL_S:
                    return None

    def _end_process(self, patience_s: float = 0.0) -> None:
        """Kill it; with `patience_s` only after so long since it was asked to end."""
        if self._starting is not None:
            self._starting.join()
        process, self._process = self._process, None
        if process is not None:
            if patience_s:
                self._memory_mb = process.max_memory_mb()
                process.terminate(patience_s)
            process.kill()


def _workers(environment: Mapping[str, str]) -> int:
    """How many invocations the runtime client runs at a time, by the variable that it reads."""
    try:
        return max(1, int(environment.get("AWS_LAMBDA_MAX_CONCURRENCY", "1")))
    except ValueError:
        return 1

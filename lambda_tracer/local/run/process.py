"""The function's process: `python -m awslambdaric HANDLER`, the runtime client that Lambda itself runs.

It leads a process group of its own: a Ctrl-C in the terminal reaches us alone, and its end is the end of
everything it started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from queue import SimpleQueue

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.events import Event, Exited

_POLL_S = 0.02


class FunctionProcess:
    """A running process; its end appears in `events` as `Exited`."""

    def __init__(
        self,
        handler: str,
        task_root: Path,
        environment: Mapping[str, str],
        log_fd: int,
        events: SimpleQueue[Event],
    ) -> None:
        command = [sys.executable, "-m", "awslambdaric", handler]
        wrapper = environment.get("AWS_LAMBDA_EXEC_WRAPPER")
        if wrapper:  # as Lambda does
            command.insert(0, wrapper)
        self._process = subprocess.Popen(
            command,
            cwd=task_root,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log_fd,
            stderr=log_fd,
            start_new_session=True,
        )
        self._events = events
        self._strays: list[int] = []
        threading.Thread(target=self._watch, name="lambda-tracer process", daemon=True).start()

    @property
    def pid(self) -> int:
        """Of the process itself, which is its group's too."""
        return self._process.pid

    def is_running(self) -> bool:
        """Is it still there, as far as the watching thread has seen?"""
        return self._process.poll() is None

    def max_memory_mb(self) -> int | None:
        """The most memory it has held, in MB; None where the system does not say (elsewhere than on
        Linux)."""
        try:
            # A name of any bytes is in it.
            status = Path(f"/proc/{self.pid}/status").read_text("utf-8", "replace")
        except OSError:
            return None
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                return -(-int(line.split()[1]) // 1024)
        return None

    def family(self) -> Iterator[int]:
        """Itself, its descendants and what else is in its session; elsewhere than on Linux itself alone."""
        yield self.pid
        yield from _family(self.pid)

    def terminate(self, patience_s: float) -> None:
        """Ask it to end, with what it has started, as Lambda does at the end of a sandbox; wait for at most
        `patience_s` seconds."""
        give_up_at = clock.monotonic() + patience_s
        # Now: once their parent is gone, nothing says any more whose they are.
        self._strays = _family(self.pid)
        try:
            # The whole group: a wrapper between it and the function may not pass the signal on.
            os.killpg(self.pid, signal.SIGTERM)
        except (ProcessLookupError, PermissionError):
            return
        while clock.monotonic() < give_up_at and (self.is_running() or _family(self.pid)):
            clock.sleep(_POLL_S)

    def kill(self) -> None:
        """End it at once, with everything it started. Nothing happens if it has ended."""
        end_family(self._process, self._strays)

    def _watch(self) -> None:
        returncode = self._process.wait()
        self._events.put(Exited(self, _reason(returncode)))


def end_family(process: subprocess.Popen[bytes], known: Iterable[int] = ()) -> None:
    """End a process that leads a group of its own, with everything it started, and wait for its end.

    `known` are processes that belong to it whatever has become of their parents.
    """
    strays = {*known, *_family(process.pid)}
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # the group is gone already (macOS says "not permitted" of a group of zombies)
    for pid in strays:
        try:
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    process.wait()


def exit_reason(status: int) -> str:
    """Lambda's words for the end of a process with that exit status."""
    if status == 0:
        return "Runtime exited without providing a reason"
    return f"Runtime exited with error: exit status {status}"


def _reason(returncode: int) -> str:
    if returncode >= 0:
        return exit_reason(returncode)
    try:
        description = (signal.strsignal(-returncode) or "").lower()
    except ValueError:
        description = ""
    return f"Runtime exited with error: signal: {description or -returncode}"


def _family(pid: int) -> list[int]:
    """Children, their children and so on, also those that left the process group, and who is still in the session
    of a parent that has ended. Linux only; elsewhere none."""
    children: dict[int, list[int]] = {}
    found: list[int] = []
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    for candidate in pids:
        try:
            stat = Path(f"/proc/{candidate}/stat").read_bytes()
            # The name, in parentheses, may hold anything; what follows it is state, parent, group and session.
            _, parent, _, session = stat.rpartition(b")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        children.setdefault(int(parent), []).append(candidate)
        if int(session) == pid and candidate != pid:
            found.append(candidate)
    waiting = [pid, *found]
    while waiting:
        below = [child for child in children.get(waiting.pop(), []) if child not in found]
        found += below
        waiting += below
    return found

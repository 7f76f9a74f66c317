"""Runs `lambda-tracer invoke` as a user would: a process of its own, in a pipe or in a pseudo-terminal.

The handlers here speak to the daemon by hand, so these tests hold for any tracer and need none.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path
from typing import Any, NamedTuple

COMMAND = [sys.executable, "-m", "lambda_tracer.local"]
PATIENCE_S = 300
"""Of a machine that does much else meanwhile; a test's own limit is shorter as a rule."""

PROJECT = Path(__file__).resolve().parents[2]

HANDLERS = """
import json, os, socket, subprocess, sys, time

def send(document):
    host, _, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        data = b'{"format":"json","version":1}\\n' + json.dumps(document).encode()
        sender.sendto(data, (host, int(port)))

def header():
    return dict(part.split("=", 1) for part in os.environ["_X_AMZN_TRACE_ID"].split(";"))

def subsegment(name="work", **more):
    now = time.time()
    return {"id": os.urandom(8).hex(), "trace_id": header()["Root"], "parent_id": header()["Parent"],
            "type": "subsegment", "name": name, "start_time": now, "end_time": now + 0.001, **more}

def traced(event, context):
    send(subsegment(**event))
    return {"ok": True}

def failing(event, context):
    if event.get("fine"):
        return "fine"
    cause = {"exceptions": [{"type": "ValueError", "message": "amount must be positive"}]}
    send(subsegment("checks", fault=True, cause=cause))
    raise ValueError("amount must be positive")

def sleeping(event, context):
    if event.get("fine"):
        return "fine"
    document = subsegment("naps", in_progress=True)
    del document["end_time"]
    send(document)
    print("asleep", os.getpid(), flush=True)
    time.sleep(60)

def exiting(event, context):
    if event.get("fine"):
        return "fine"
    send(subsegment("last words"))
    if "signal" in event:
        os.kill(os.getpid(), event["signal"])
    sys.exit(event["status"])

def with_descendants(event, context):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    detached = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    print("pids", os.getpid(), child.pid, detached.pid, flush=True)
    time.sleep(60)

def echo(event, context):
    return event

def environment(event, context):
    return {name: os.environ.get(name) for name in event}

def described(event, context):
    return {
        "cwd": os.getcwd(), "path": sys.path[0], "remaining": context.get_remaining_time_in_millis(),
        "request_id": context.aws_request_id, "arn": context.invoked_function_arn,
        "name": context.function_name, "memory": context.memory_limit_in_mb,
        "stream": context.log_stream_name, "header": os.environ.get("_X_AMZN_TRACE_ID"),
        "clock": time.tzname[0], "pid": os.getpid(),
    }

def noisy(event, context):
    print("printed to output")
    print("printed to error", file=sys.stderr)
    print("unfinished", end="")
    return None

def several(event, context):
    for document in event:
        send({**subsegment(), **document})

def raw(event, context):
    host, _, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(event.encode(), (host, int(port)))
"""


class Ran(NamedTuple):
    """How the command ended."""

    exit_code: int
    out: str
    err: str

    @property
    def results(self) -> list[Any]:
        """One result a line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def complaints(self) -> list[str]:
        """The lines of standard error."""
        return self.err.splitlines()

    @property
    def tree(self) -> str:
        """The names in the waterfalls: without scales, bars, durations and reports."""
        lines = []
        for line in self.err.splitlines():
            found = re.match(r"(.*?) +>?[\d,.]+ (?:ms|s) [ █▏▎▍▌▋▊▉┄░]*$", line)
            if found and found[1].strip(" 0"):
                lines.append(found[1])
        return "\n".join(lines)


def invoke(*arguments: str, folder: Path, stdin: str = "", **variables: str) -> Ran:
    """`lambda-tracer invoke` in a pipe, 100 columns wide."""
    done = subprocess.run(
        [*COMMAND, "invoke", *arguments],
        cwd=folder,
        env=environment(variables),
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def invoke_in_terminal(*arguments: str, folder: Path, columns: int = 100, **variables: str) -> Ran:
    """The same in a pseudo-terminal of that width; `out` and `err` are both what it shows."""
    return in_terminal([*COMMAND, "invoke", *arguments], folder=folder, columns=columns, **variables)


def in_terminal(command: list[str], *, folder: Path, columns: int = 100, **variables: str) -> Ran:
    """Any command in a pseudo-terminal."""
    controller, terminal = pty.openpty()
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    variables.setdefault("COLUMNS", "")
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment(variables),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown = b""
    while chunk := _read(controller):
        shown += chunk
    os.close(controller)
    text = shown.decode().replace("\r\n", "\n")
    return Ran(process.wait(timeout=60), text, text)


@contextmanager
def started(*arguments: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The command as it runs, in a pipe; it is killed at the end if it is still there."""
    with subprocess.Popen(
        [*COMMAND, "invoke", *arguments],
        cwd=folder,
        env=environment({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def environment(variables: dict[str, str]) -> dict[str, str]:
    """What the command itself is started with."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    base = {"PYTHONPATH": str(PROJECT), "COLUMNS": "100", "TERM": "xterm-256color", "PYTHONUTF8": "1"}
    merged = {**kept, **base, **variables}
    return {name: value for name, value in merged.items() if value}


def is_running(pid: int) -> bool:
    """Is there such a process, and not only its remains?"""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def await_end(pids: list[int], patience_s: float = 10.0) -> list[int]:
    """The processes that are still there after a while; a killed one takes a moment to go."""
    give_up_at = time.monotonic() + patience_s
    while time.monotonic() < give_up_at and any(is_running(pid) for pid in pids):
        time.sleep(0.01)
    return [pid for pid in pids if is_running(pid)]


def _read(fd: int) -> bytes:
    select.select([fd], [], [], 60)
    try:
        return os.read(fd, 65_536)
    except OSError:
        return b""  # how Linux says that the other side is closed

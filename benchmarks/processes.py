"""The processes of a benchmark: the receiver, the web server, and a tracer's function that is asked for figures."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks import environments, machine

PATIENCE_S = 300


class Receiver:
    """A process that receives datagrams; see `probes/receiver.py`."""

    def __init__(self, *arguments: str) -> None:
        self._process = _start("bare", "receiver.py", *arguments)
        self.port = int(_line(self._process))

    def counts(self) -> dict[str, int]:
        """What came since the last time this was asked: datagrams, bytes, subsegments (if it keeps them)."""
        found: dict[str, int] = _ask(self._process, "")
        return found

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class Function:
    """A warm function of one tracer; see `probes/calls.py`."""

    def __init__(self, subject: str, port: int, mode: str = "sampled", **variables: str) -> None:
        environment = {**environments.variables(subject, port, mode), **variables}
        self._process = _start(subject, "calls.py", environment=environment)

    def ask(self, **question: Any) -> dict[str, Any]:
        """One line of JSON each way."""
        found: dict[str, Any] = _ask(self._process, json.dumps(question))
        return found

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@dataclass
class Cold:
    """What one cold start cost beyond the loaded runtime client."""

    ms: float
    cpu_ms: float
    modules: int
    modules_beside_ours: int
    mb: float
    names: list[str]


def cold_start(subject: str, port: int, *options: str, share: float = 1.0, is_deployed: bool = False) -> Cold:
    """One cold start in a fresh interpreter, with `share` of a CPU from where the tracer is imported."""
    variables = environments.variables(subject, port, is_deployed=is_deployed)
    # The environment that has no tracer but the one on its path.
    process = _start("bare" if is_deployed else subject, "cold_start.py", *options, environment=variables)
    try:
        _line(process)
        with machine.limited(process.pid, share):
            return Cold(**_ask(process, ""))
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def web_server() -> Iterator[str]:
    """The URL of a server that answers `ok`."""
    process = _start("bare", "http_server.py")
    try:
        yield f"http://127.0.0.1:{_line(process)}/"
    finally:
        process.kill()
        process.wait()


def size(subject: str) -> dict[str, Any]:
    """See `probes/size.py`."""
    extras = ["tracer"] if subject == "powertools" else []
    process = _start(subject, "size.py", environments.DISTRIBUTIONS[subject], *extras)
    found: dict[str, Any] = json.loads(_line(process))
    process.wait()
    return found


def steps(port: int) -> dict[str, Any]:
    """See `probes/steps.py`."""
    process = _start("ours", "steps.py", environment=environments.variables("ours", port))
    found: dict[str, Any] = json.loads(_line(process))
    process.wait()
    return found


def cold_steps(port: int) -> dict[str, Any]:
    """See `probes/cold_steps.py`."""
    process = _start("ours", "cold_steps.py", environment=environments.variables("ours", port))
    found: dict[str, Any] = json.loads(_line(process))
    process.kill()
    process.wait()
    return found


def _start(
    subject: str, probe: str, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    command = [environments.python(subject), str(environments.PROBES / probe), *arguments]
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _ask(process: subprocess.Popen[str], line: str) -> Any:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return json.loads(_line(process))


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"ended with {process.wait()}, run it by hand to see why: {process.args!r}")
    return line.strip()

"""Runs a function in Lambda's own runtime client, its trace going to the test's daemon.

The process, the Runtime API and Lambda's end of a time-out are those of `lambda-tracer invoke`; what the function sends
goes to the `daemon` fixture instead, which checks each document and keeps what came twice. `python` runs a program in
an interpreter of its own where no runtime client is needed, or it would be in the way.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from lambda_tracer.local.run.function import FunctionSettings
from lambda_tracer.local.run.session import Outcome, Session
from tests.daemon import Daemon

PROJECT = Path(__file__).resolve().parents[2]


class Function:
    """A function that can be invoked; it keeps its process as long as Lambda would."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.outcomes: list[Outcome] = []

    def __call__(self, event: Any = None, *, is_sampled: bool = True) -> Any:
        """Invoke it and return its result, or the error as Lambda reports it."""
        outcome = self._session.invoke(json.dumps(event).encode(), is_sampled=is_sampled)
        self.outcomes.append(outcome)
        return json.loads(outcome.payload)


@contextmanager
def running(
    daemon: Daemon, folder: Path, code: str = "", *, timeout_s: float = 10.0, **environment: str
) -> Iterator[Function]:
    """The function `app.lambda_handler` of `folder`, or of `code`, which is written there first."""
    pytest.importorskip("awslambdaric", reason="awslambdaric is not installed")
    if code:
        (folder / "app.py").write_text(dedent(code), encoding="utf-8")
    variables = {"AWS_XRAY_DAEMON_ADDRESS": daemon.address, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    settings = FunctionSettings("app.lambda_handler", folder, timeout_s=timeout_s, environment=variables)
    with Session(settings) as session:
        yield Function(session)


@contextmanager
def frozen(pid: int, seconds: float) -> Iterator[None]:
    """As Lambda freezes a sandbox between invocations: nothing of it runs for a while."""
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def python(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an interpreter of its own, in the environment of the test."""
    return subprocess.run(
        [sys.executable, "-c", dedent(program)],
        cwd=PROJECT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )

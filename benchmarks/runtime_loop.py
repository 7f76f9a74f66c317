"""Measurement 6: the whole runtime client, as Lambda's REPORT line would have it."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path
from queue import SimpleQueue
from time import time
from typing import Any

from benchmarks import environments, machine, processes
from benchmarks.table import Row, Section
from lambda_tracer.local.receive.events import Event, Ready
from lambda_tracer.local.receive.invocation import Invocation
from lambda_tracer.local.receive.runtime_api import RuntimeAPI

PATIENCE_S = 60


def measure(samples: int, warm: int) -> Section:
    """Init duration, the first duration and the later ones, at a full CPU and as in a function of 512 MB."""
    rows = {
        share: (
            Row(f"init duration, ms{name}", digits=0),
            Row(f"first duration, ms{name}"),
            Row(f"later durations, ms{name}", digits=2),
        )
        for share, name in ((1.0, ""), (machine.share_of(512), ", 512 MB"))
    }
    receiver = processes.Receiver()
    try:
        jobs = [(subject, share) for subject in environments.SUBJECTS for share in rows] * samples
        random.shuffle(jobs)
        for subject, share in jobs:
            init, first, later = rows[share]
            found = _run(subject, receiver.port, share, warm)
            init.add(subject, found[0])
            first.add(subject, found[1])
            for duration in found[2:]:
                later.add(subject, duration)
    finally:
        receiver.close()
    note = (
        "`python -m awslambdaric` against the project's own Runtime API, ten captured calls an invocation: from the "
        "start of the process until it asks for the first event, and from an event until its answer. "
        f"{samples} processes each, {warm} warm invocations in each. ADOT in full starts the interpreter twice, as its "
        "layer does."
    )
    return Section("The whole runtime client", note, [row for group in rows.values() for row in group])


def _run(subject: str, port: int, share: float, warm: int) -> list[float]:
    """Milliseconds: initialization, then each invocation."""
    events: SimpleQueue[Event] = SimpleQueue()
    api = RuntimeAPI(events)
    variables = {**environments.variables(subject, port), "AWS_LAMBDA_RUNTIME_API": api.address}
    python = environments.python(subject)
    command = [python, "-m", "awslambdaric", "function.lambda_handler"]
    if subject == "adot":
        command.insert(0, str(Path(python).with_name("opentelemetry-instrument")))
        variables.update(_adot_variables())
    began = time()
    process = subprocess.Popen(
        command, env=variables, cwd=environments.PROBES, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with machine.limited(process.pid, share):
            ready = events.get(timeout=PATIENCE_S)
            assert isinstance(ready, Ready), ready
            found = [(ready.at - began) * 1e3]
            for _ in range(1 + warm):
                invocation = Invocation(
                    b"{}", _header(), 900.0, "arn:aws:lambda:eu-west-1:123456789012:function:f"
                )
                api.submit(invocation)
                while events.get(timeout=PATIENCE_S) is not invocation:
                    pass
                assert invocation.error is None, invocation.error
                assert invocation.started_at is not None
                assert invocation.finished_at is not None
                found.append((invocation.finished_at - invocation.started_at) * 1e3)
    finally:
        process.kill()
        process.wait()
        api.close()
    return found


def _header() -> str:
    root = f"1-{int(time()):08x}-{random.getrandbits(96):024x}"
    return f"Root={root};Parent={random.getrandbits(64):016x};Sampled=1"


def _adot_variables() -> dict[str, str]:
    """What its layer's script sets before it starts the interpreter: the subject's own variables."""
    namespace: dict[str, Any] = {}
    exec((environments.PROBES / "subjects.py").read_text(), namespace)
    found: dict[str, str] = namespace["Adot"].VARIABLES["always"]
    return found

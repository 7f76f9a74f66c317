"""What a new process loads for the tracer, beside what the runtime client has loaded already: next to nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parent.parent
MAX_NEW_MODULES = 12

NEVER_LOADED = {
    "boto3",
    "botocore",
    "requests",
    "aws_lambda_powertools",
    "aws_xray_sdk",
    "asyncio",
    "wrapt",
    "jsonpickle",
    "inspect",
    "dataclasses",
    "importlib.metadata",
    "rich",
}

RUNTIME_CLIENT = "import awslambdaric.bootstrap, awslambdaric.__main__"
# What the runtime client itself is made of, for interpreters that do not have it.
LIKE_THE_RUNTIME_CLIENT = (
    "import json, logging, decimal, enum, functools, contextlib, threading, traceback, http, http.client, "
    "importlib, time, types, sys, os, re"
)

PROBE = """
import sys
{runtime}
sys.path.insert(0, {project!r})
before = set(sys.modules)
from lambda_tracer import Tracer
tracer = Tracer(service="shop")
made = set(sys.modules)

@tracer.capture_method
def charge(amount):
    tracer.put_annotation("amount", amount)
    return {{"status": "paid", "amount": amount, "lines": [1, 2.5, None, True]}}

@tracer.capture_lambda_handler
def handler(event, context):
    return charge(event["amount"])

handler({{"amount": 3}}, None)
called = set(sys.modules)
import json
print(json.dumps([sorted(made - before), sorted(called - before)]))
"""


def loaded(python: str, runtime: str, address: str, *options: str) -> tuple[set[str], set[str]]:
    """The modules loaded by making a Tracer, and by that and a first traced call; the package's own left out."""
    environment: dict[str, str] = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COVERAGE"))
    }
    environment.update(
        LAMBDA_TASK_ROOT="/var/task",
        AWS_XRAY_DAEMON_ADDRESS=address,
        _X_AMZN_TRACE_ID="Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
    )
    ran = subprocess.run(
        [python, *options, "-c", PROBE.format(runtime=runtime, project=str(PROJECT))],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    made, called = (
        {name for name in names if name.partition(".")[0] != "lambda_tracer"}
        for names in json.loads(ran.stdout)
    )
    return made, called


def is_never_loaded(name: str) -> bool:
    return any(name == never or name.startswith(f"{never}.") for never in NEVER_LOADED)


def check(daemon: Any, python: str, runtime: str, *options: str) -> None:
    made, called = loaded(python, runtime, daemon.address, *options)

    assert [name for name in sorted(called) if is_never_loaded(name)] == []
    assert len(made) <= MAX_NEW_MODULES, sorted(made)
    assert len(called) <= MAX_NEW_MODULES, sorted(called)
    assert [document["name"] for document in daemon.documents()] == ["## handler"]


@pytest.mark.skipif(
    importlib.util.find_spec("awslambdaric") is None, reason="the runtime client is published for Linux only"
)
def test_beside_the_runtime_client_a_first_call_loads_a_dozen_modules_at_most(daemon: Any) -> None:
    check(daemon, sys.executable, RUNTIME_CLIENT)


def test_beside_a_process_like_the_runtime_client_too(daemon: Any) -> None:
    """`-I` keeps what this environment loads at start-up out of it."""
    check(daemon, sys.executable, LIKE_THE_RUNTIME_CLIENT, "-I")


def others() -> list[str]:
    """Other interpreters on this machine that run."""
    found = []
    for minor in range(10, 16):
        python = shutil.which(f"python3.{minor}")
        if python is None or sys.version_info[:2] == (3, minor):
            continue
        # A version manager's stand-in is there but runs only if that version is chosen.
        if subprocess.run([python, "-c", ""], capture_output=True, check=False, timeout=60).returncode == 0:
            found.append(python)
    return found


def test_every_other_interpreter_loads_as_little(daemon: Any) -> None:
    """With none installed there is nothing to see: each version has a run of the suite of its own."""
    for python in others():
        check(daemon, python, LIKE_THE_RUNTIME_CLIENT, "-I")
        daemon.clear()

    assert daemon.unread() == []

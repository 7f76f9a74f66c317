"""Programs that import `aws_xray_sdk`, in an interpreter of their own: on the real SDK, or on the compatible names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
PATIENCE_S = 120

HEADER = "Root=1-5759e988-00000000000000000000000{number:x};Parent=53995c3f42cd8ad8;Sampled={sampled}"

PRELUDE = """
import asyncio, importlib, inspect, json, logging, os, pickle, sys, threading
from unittest import mock

def invoke(number, sampled=1):
    "Begin another invocation, as the runtime client does."
    os.environ["_X_AMZN_TRACE_ID"] = "{header}".format(number=number, sampled=sampled)

told = {{}}

def shown(value):
    if isinstance(value, (str, int, float, type(None))):
        return value
    if isinstance(value, (list, tuple)):
        return [shown(each) for each in value]
    if isinstance(value, dict):
        return {{str(key): shown(each) for key, each in value.items()}}
    return f"<{{type(value).__name__}}>"

def note(label, function):
    "Keep what a function gives, or raises."
    assert label not in told, label
    try:
        told[label] = shown(function())
    except BaseException as error:
        told[label] = f"raises {{type(error).__name__}}"

invoke(1)
"""

DAEMON = """
import socket
daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
daemon.bind(("127.0.0.1", 0))
os.environ["AWS_XRAY_DAEMON_ADDRESS"] = "127.0.0.1:%d" % daemon.getsockname()[1]
"""
"""Of a program that receives what it sends itself: `daemon`, of which it says how long that waits."""

ARRIVED = (
    DAEMON
    + """
def flat(document, above):
    rest = dict(document)
    below = rest.pop("subsegments", [])
    rest.setdefault("parent_id", above)
    yield rest
    for each in below:
        yield from flat(each, rest["id"])

def arrived():
    "What has come since the last time, by its id, each subsegment by itself."
    mark = b"mark %d" % len(told)
    daemon.sendto(mark, daemon.getsockname())
    known = {}
    while (datagram := daemon.recv(70_000)) != mark:
        for each in flat(json.loads(datagram.split(b"\\n", 1)[1]), None):
            known[each["id"]] = each
    return known
"""
)


class Ran:
    """What a program told by `note`, and what it wrote to standard error: log messages, one a line."""

    def __init__(self, told: Any, errors: str) -> None:
        self.told = told
        self.log = errors.splitlines()


def run(
    program: str, *, compatible: bool = True, arguments: list[str] | None = None, **environment: str
) -> Ran:
    """Run a program, in a Lambda function's environment."""
    install = "import lambda_tracer.compat\nlambda_tracer.compat.install()\n" if compatible else ""
    whole = PRELUDE.format(header=HEADER) + install + program + "\njson.dump(told, sys.stdout)\n"
    return _ran([sys.executable, *(arguments or ["-c", whole])], environment)


def start(*arguments: str, **environment: str) -> Ran:
    """Run a command line of Python's; what it prints is JSON."""
    return _ran([sys.executable, *arguments], environment)


def _ran(command: list[str], environment: dict[str, str]) -> Ran:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "_X_AMZN"))}
    ran = subprocess.run(
        command,
        env={**plain, "LAMBDA_TASK_ROOT": "/var/task", "PYTHONPATH": str(PROJECT), **environment},
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ran.returncode == 0, ran.stderr
    return Ran(json.loads(ran.stdout), ran.stderr)

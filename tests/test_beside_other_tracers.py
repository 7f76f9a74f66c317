"""Beside other tracers, in either order: the function does what it did, and our trace is as it is without them."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemon import Daemon

PROGRAM = Path(__file__).parent / "functions" / "beside" / "program.py"
PROJECT = Path(__file__).resolve().parents[1]

THEIRS = {
    "nothing": ("boto3",),
    "x_ray_sdk": ("aws_xray_sdk",),
    "powertools": ("aws_lambda_powertools", "aws_xray_sdk"),
    "sentry": ("sentry_sdk",),
    "datadog": ("ddtrace",),
    "new_relic": ("newrelic",),
    "opentelemetry": (
        "opentelemetry.sdk",
        "opentelemetry.instrumentation.threading",
        "opentelemetry.instrumentation.botocore",
        "opentelemetry.instrumentation.requests",
    ),
}
"""By the tracer: what has to be installed."""

RETURNED = [
    *(1, 2, "RuntimeError", 3, 4),
    *("orders", "ParamValidationError", 200, "ConnectionError", 7, "OperationalError", 200),
]

PATCHED = """
## handler
  ## __main__.main.locals.work
  ## __main__.main.locals.work
  ## __main__.main.locals.work
  ## __main__.main.locals.work
  dynamodb
  dynamodb  fault ParamValidationError
  127.0.0.1
  127.0.0.1  fault ConnectionError
  :memory:
  :memory:  fault OperationalError
  127.0.0.1
"""

UNPATCHED = """
## handler
## __main__.main.locals.work
## __main__.main.locals.work
## __main__.main.locals.work
## __main__.main.locals.work
"""

LEFT_TO_THEIRS = """
## handler
  ## __main__.main.locals.work
  ## __main__.main.locals.work
  ## __main__.main.locals.work
  ## __main__.main.locals.work
  :memory:
  :memory:  fault OperationalError
  127.0.0.1
"""
"""Without what OpenTelemetry's own SDK has been told to record."""

BOTH = "the X-Ray SDK has patched botocore, too, and both record its calls: have one of them patch"

LEFT = "the application's own OpenTelemetry provider records the calls of botocore: lambda_tracer leaves them to it"


def run(theirs: str, order: str, daemon: Daemon) -> tuple[list[list[object]], str]:
    """What the handler returned each time, and what was logged."""
    for name in THEIRS[theirs]:
        try:
            found = importlib.util.find_spec(name)
        except ImportError:
            found = None
        if found is None:
            pytest.skip(f"{name} is not installed")
    done = subprocess.run(
        [sys.executable, str(PROGRAM), theirs, order],
        env={
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "PYTHONWARNINGS": "ignore",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("theirs", THEIRS)
@pytest.mark.parametrize("order", ["theirs", "ours"])
def test_a_traced_function_beside_another_tracer_sampled_and_then_unsampled(
    theirs: str, order: str, daemon: Daemon
) -> None:
    returned, logged = run(theirs, order, daemon)

    assert returned == [RETURNED] * 6
    patched = LEFT_TO_THEIRS if theirs == "opentelemetry" else PATCHED
    daemon.expect_tree(patched.rstrip() + UNPATCHED.rstrip() + patched)  # of the unsampled invocation nothing
    of_ours = [line for line in logged.splitlines() if line.startswith("lambda_tracer")]
    said = {"x_ray_sdk": BOTH, "powertools": BOTH, "opentelemetry": LEFT}.get(theirs)
    assert of_ours == ([f"lambda_tracer: {said}"] if said else [])

"""Programs of tests that run in an interpreter of their own: what they do to signals, forks and limits stays there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HANG_S = 120.0
"""What no program takes, however busy the machine is; one that does has hung."""

PRELUDE = """
import contextlib, faulthandler, gc, logging, os, signal, sys, threading, time
faulthandler.dump_traceback_later({hang_s}, exit=True)
from lambda_tracer import Tracer, guard, xray_recorder
tracer = Tracer(service="s", auto_patch=False)

class Boom(Exception):
    pass

@tracer.capture_method
def work(value=None):
    return {{"value": value}}

@tracer.capture_method
def fail():
    raise Boom

def invoke(number):
    "Begin another invocation, as the runtime client does."
    os.environ["_X_AMZN_TRACE_ID"] = f"Root=1-5759e988-{{number:024x}};Parent=53995c3f42cd8ad8;Sampled=1"
"""


def run(program: str, *, hang_s: float = HANG_S, code: int = 0) -> str:
    """What a program printed; it begins with PRELUDE, ends with that exit code, and complains of nothing."""
    ran = subprocess.run(
        [
            *(sys.executable, "-W", "ignore:This process:DeprecationWarning"),
            *("-c", PRELUDE.format(hang_s=hang_s) + program),
        ],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=hang_s + 60,
    )
    assert (ran.returncode, ran.stderr) == (code, ""), f"ended with {ran.returncode}:\n{ran.stderr}"
    return ran.stdout

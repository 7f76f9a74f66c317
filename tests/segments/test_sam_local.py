"""The example for `sam local`, run with the variables that SAM hands over: SAM itself needs Docker, and is not run.

Its template is linted beside our own, in tests/sam.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from lambda_tracer.local.view.intake import Intake
from lambda_tracer.local.view.log import Log
from lambda_tracer.local.view.store import Store
from lambda_tracer.local.view.summary import summary_of
from tests.daemon import Daemon
from tests.sam.template import load, of_type

PROJECT = Path(__file__).parents[2]
EXAMPLE = PROJECT / "examples" / "sam_local"

CALL = "import app, json; print(json.dumps(app.lambda_handler(json.load(open('event.json')), None)))"


def variables() -> dict[str, str]:
    """What SAM hands over: what the template declares, as env.json says, and its own."""
    (function,) = of_type(load(EXAMPLE / "template.yaml"), "AWS::Serverless::Function").values()
    declared: dict[str, Any] = function["Properties"]["Environment"]["Variables"]
    given = json.loads((EXAMPLE / "env.json").read_text(encoding="utf-8"))["Parameters"]
    own = {
        "AWS_SAM_LOCAL": "true",
        "AWS_LAMBDA_FUNCTION_NAME": "GreetingFunction",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "LAMBDA_TASK_ROOT": "/var/task",
    }
    return {name: given.get(name, value) for name, value in declared.items()} | own


def test_the_example_sends_a_trace_that_the_view_shows(outside: Daemon) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "LAMBDA_TRACER_SEGMENT"}
    ran = subprocess.run(
        [sys.executable, "-c", CALL],
        cwd=EXAMPLE,
        env={**environment, "PYTHONPATH": str(PROJECT), **variables()},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    assert (json.loads(ran.stdout)["body"], ran.stderr) == ("Hello, Ada!", "")

    store = Store()
    intake = Intake(store, Log())
    for datagram in outside.datagrams():
        intake.datagram(datagram)
    (trace,) = store.traces()
    summary = summary_of(trace)
    assert (summary["name"], summary["in_progress"], trace.rejections, trace.problems) == (
        "greeting",
        False,
        [],
        [],
    )
    assert [(entry.kind, entry.node.name) for entry in trace.entries] == [
        ("segment", "greeting"),
        ("subsegment", "## lambda_handler"),
        ("subsegment", "## app.greet"),
    ]

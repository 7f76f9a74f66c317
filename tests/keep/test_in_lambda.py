"""In Lambda's own runtime client each reason leaves one line of JSON among the function's other output."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.keep.lines import Line, tree
from tests.local.command import invoke

pytestmark = pytest.mark.slow

CODE = """
import os, signal, time
from lambda_tracer import Tracer

tracer = Tracer(service="shop")

@tracer.capture_method
def ask(kind):
    tracer.put_annotation("kind", kind)
    print("asked")
    if kind == "error":
        raise LookupError("nobody answers")
    if kind == "slow":
        time.sleep(1.1)
    if kind == "terminated":
        os.kill(os.getpid(), signal.SIGTERM)
    if kind in ("timeout", "terminated"):
        time.sleep(60)

@tracer.capture_lambda_handler
def handler(event, context):
    ask(event["kind"])
    return {"statusCode": 502 if event["kind"] == "status" else 200}
"""

TREES = {
    "error": ("fault", "fault  LookupError: nobody answers"),
    "slow": ("", ""),
    "timeout": ("in_progress", "in_progress  fault  Timeout: still running ... ms before the time-out"),
    "terminated": ("in_progress", "in_progress  fault  Terminated: the process is being terminated"),
    "status": ("fault", ""),
}
"""By reason: what is said of the handler, and of the call in it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    (folder / "app.py").write_text(CODE, encoding="utf-8")
    return folder


def lines(folder: Path, *kinds: str, **variables: str) -> list[Line]:
    """What the function wrote that is ours, in an invocation of each kind."""
    request = {"requestContext": {"http": {"method": "GET", "path": "/"}}}
    events = [text for kind in kinds for text in ("--event", json.dumps({"kind": kind, **request}))]
    given = [text for name in variables for text in ("--env", name)]
    ran = invoke(
        "app.handler", "--unsampled", "--timeout", "1.6", *given, *events, folder=folder, **variables
    )
    assert len(ran.results) == len(kinds)
    return [json.loads(line) for line in ran.complaints if '"lambda_tracer"' in line]


def test_each_reason_leaves_one_line_and_success_none(folder: Path) -> None:
    found = lines(
        folder,
        *("error", "slow", "fine", "timeout", "terminated", "status"),
        LAMBDA_TRACER_KEEP="errors,slow:1000",
    )

    assert [line["reason"] for line in found] == list(TREES)
    for line in found:
        of_handler, of_call = TREES[line["reason"]]
        expected = [
            _words("## handler", of_handler, "Trigger=api"),
            _words("  ## app.ask", of_call, f"kind={line['reason']}"),
        ]
        assert re.sub(r"running \d+ ms", "running ... ms", tree(line)).splitlines() == expected


def _words(*words: str) -> str:
    return "  ".join(word for word in words if word)


def test_a_format_for_logs_changes_nothing_in_a_line(folder: Path) -> None:
    (line,) = lines(folder, "error", LAMBDA_TRACER_KEEP="errors", AWS_LAMBDA_LOG_FORMAT="JSON")

    assert (line["lambda_tracer"], line["level"]) == ("kept", "ERROR")
    assert line["function_request_id"]

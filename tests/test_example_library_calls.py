"""The example that calls libraries, run as its user runs it: everything that it calls is in the trace, in its place."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.local.command import Ran, environment

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parent.parent / "examples" / "library_calls"

for _needed in ("boto3", "httpx", "moto.server", "requests"):
    pytest.importorskip(_needed, reason=f"{_needed} is not installed")

HANDLER = """
└─ ## lambda_handler
   ├─ ## app.price
   │  └─ :memory:  sqlite3
   ├─ ## app.reserve
   │  └─ 127.0.0.1  POST 201
   ├─ ## app.ask_carriers
   │  ├─ ## app.ask
   │  │  └─ 127.0.0.1  GET 200
   │  └─ ## app.ask
   │     └─ 127.0.0.1  GET 200
   ├─ ## app.write_documents
   │  ├─ s3  PutObject  order-documents/A-1001…  200
   │  └─ s3  PutObject  order-documents/A-1001…  200
   ├─ dynamodb  PutItem  orders  200
   └─ sqs  SendMessage  orders-to-ship  200
"""
"""What is in every invocation that goes well."""


def run(*options: str, event: dict[str, Any] | None = None) -> Ran:
    """The example's own script, with options of `lambda-tracer invoke`."""
    if event is not None:
        options = ("--event", json.dumps(event), *options)
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / "run.py"), *options],
        env=environment({}),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def tree(text: str) -> str:
    """An expected tree without the margin it has in the test."""
    return dedent(text).strip("\n")


def below(parent: str, ran: Ran) -> str:
    """The part of the one tree that is below the line which begins with that name, as it would be alone."""
    lines = ran.tree.splitlines()
    start = next(number for number, line in enumerate(lines) if line.lstrip("│├└─ ").startswith(parent))
    depth = len(lines[start]) - len(lines[start].lstrip("│├└─ "))
    found = []
    for line in lines[start + 1 :]:
        if len(line) - len(line.lstrip("│├└─ ")) <= depth:
            break
        found.append(line[depth:])
    return "\n".join(found)


def recorded(ran: Ran) -> dict[str, list[dict[str, Any]]]:
    """What was recorded, by name, of the one invocation that was written as JSON; each with its parent's name."""
    (invocation,) = json.loads(ran.out)["invocations"]
    found: dict[str, list[dict[str, Any]]] = {}
    waiting = [("", each) for each in invocation["segments"]]
    while waiting:
        parent, each = waiting.pop()
        found.setdefault(each["name"], []).append({**each, "parent": parent})
        waiting += [(each["name"], child) for child in each.get("subsegments", [])]
    return found


def test_aws_http_sql_and_the_pools_work_are_where_they_were_called() -> None:
    ran = run("--invocations", "2")

    order = {"order": "A-1001", "cents": 1140, "carrier": "slow-boat"}
    assert (ran.exit_code, ran.results) == (0, [order, order]), ran.err
    cold, warm = ran.tree.split("library_calls  AWS::Lambda\n")[1:]
    handler = tree(HANDLER)
    assert warm.strip("\n").splitlines() == [
        "└─ library_calls  AWS::Lambda::Function",
        *(f"   {line}" for line in handler.splitlines()),
    ]
    assert cold.rstrip("\n").endswith("\n".join(f"   {line}" for line in handler.splitlines()))


def test_the_trace_says_what_was_called_and_not_what_was_said() -> None:
    ran = run("--json", "-", event={"order": "canary-7f3a", "item": "pen", "count": 3})

    calls = recorded(ran)
    assert ran.exit_code == 0, ran.err
    assert {each["parent"] for each in calls["s3"]} == {"## app.write_documents"}
    assert {each["aws"]["key"] for each in calls["s3"]} == {
        "canary-7f3a/invoice.json",
        "canary-7f3a/label.json",
    }
    (put,), (sent,) = calls["dynamodb"], calls["sqs"]
    assert (put["aws"]["operation"], put["aws"]["table_name"]) == ("PutItem", "orders")
    assert sent["aws"]["queue_url"].endswith("/orders-to-ship")
    urls = sorted(each["http"]["request"]["url"].partition("/carriers")[2] for each in calls["127.0.0.1"])
    assert urls == ["", "/night-train", "/slow-boat"]
    queries = [each["sql"]["sanitized_query"] for each in calls[":memory:"]]
    assert "select cents from prices where item = ?" in queries
    said = [calls[name] for name in ("127.0.0.1", ":memory:", "dynamodb", "sqs")]
    assert "canary-7f3a" not in json.dumps(said)


def test_an_item_of_which_there_are_too_few_is_an_error_of_the_call_and_a_fault_of_the_function() -> None:
    ran = run(event={"order": "A-1002", "item": "ink", "count": 101})

    (error,) = ran.results
    assert (ran.exit_code, error["errorType"]) == (1, "LookupError")
    assert below("## lambda_handler", ran) == tree(
        """
        ├─ ## app.price
        │  └─ :memory:  sqlite3
        └─ ## app.reserve  fault
           └─ 127.0.0.1  error  POST 409
        """
    )


def test_an_unsampled_order_is_taken_just_the_same() -> None:
    ran = run("--unsampled", event={"order": "A-1003", "item": "pen", "count": 1})

    assert (ran.exit_code, ran.results) == (0, [{"order": "A-1003", "cents": 640, "carrier": "slow-boat"}])
    assert "## lambda_handler" not in ran.err

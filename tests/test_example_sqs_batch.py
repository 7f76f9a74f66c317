"""The example that works through batches of SQS messages, with Powertools and without, run as its user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.local.command import Ran, invoke

EXAMPLE = Path(__file__).parent.parent / "examples" / "sqs_batch"
EVENT = json.loads((EXAMPLE / "event.json").read_text(encoding="utf-8"))
RECORDS = EVENT["Records"]
SAMPLED = [
    each["messageId"] for each in RECORDS if "Sampled=0" not in each["attributes"].get("AWSTraceHeader", "")
]
FAILING = [RECORDS[index]["messageId"] for index in (2, 4, 7)]

HANDLERS = pytest.mark.parametrize("handler", ["app.lambda_handler", "plain.lambda_handler"])


def run(handler: str, *arguments: str) -> Ran:
    return invoke(handler, "--event", "event.json", *arguments, folder=EXAMPLE)


def messages(ran: Ran) -> list[dict[str, Any]]:
    """The subsegments of messages in the one invocation that was written as JSON."""
    (invocation,) = json.loads(ran.out)["invocations"]
    found, waiting = [], list(invocation["segments"])
    while waiting:
        each = waiting.pop()
        waiting += each.get("subsegments", [])
        if each["name"] == "## sqs orders":
            found.append(each)
    return sorted(found, key=lambda each: str(each["annotations"]["MessageId"]))


def test_the_event_has_ten_messages_of_which_some_were_sampled_and_some_fail() -> None:
    assert len(RECORDS) == 10
    assert len(SAMPLED) == 6
    assert sum("AWSTraceHeader" not in each["attributes"] for each in RECORDS) == 1
    assert set(FAILING) & set(SAMPLED)
    assert set(FAILING) - set(SAMPLED)


@HANDLERS
def test_the_waterfall_shows_each_sampled_message_and_which_of_them_failed(handler: str) -> None:
    ran = run(handler)

    expected = """
        sqs_batch  AWS::Lambda
        └─ sqs_batch  AWS::Lambda::Function
           ├─ Initialization
           └─ ## lambda_handler
              ├─ ## sqs orders
              │  └─ ## orders.put_aside
              ├─ ## sqs orders  fault
              │  └─ ## orders.put_aside  fault
              ├─ ## sqs orders
              │  └─ ## orders.put_aside
              ├─ ## sqs orders
              │  └─ ## orders.put_aside
              ├─ ## sqs orders  fault
              └─ ## sqs orders
                 └─ ## orders.put_aside
        """
    assert (ran.exit_code, ran.tree) == (0, dedent(expected).strip("\n"))
    assert ran.results == [{"batchItemFailures": [{"itemIdentifier": each} for each in FAILING]}]
    assert [number for number in SAMPLED if f"MessageId={number}" in ran.err] == SAMPLED
    assert f"records left out, not sampled by their senders: {len(RECORDS) - len(SAMPLED)}" in ran.err
    assert "InvalidOrder: pieces: expected a positive whole number" in ran.err


@HANDLERS
def test_what_is_recorded_are_the_sampled_messages_and_whose_trace_they_came_from(handler: str) -> None:
    found = messages(run(handler, "--json", "-"))

    assert [each["annotations"]["MessageId"] for each in found] == SAMPLED
    assert [each["annotations"]["MessageId"] for each in found if each.get("fault")] == [
        number for number in FAILING if number in SAMPLED
    ]
    headers = {each["messageId"]: each["attributes"].get("AWSTraceHeader") for each in RECORDS}
    for each in found:
        header = headers[each["annotations"]["MessageId"]]
        producer = each["annotations"].get("ProducerTraceId")
        assert (producer is None) if header is None else header.startswith(f"Root={producer};")


@HANDLERS
def test_in_an_unsampled_invocation_the_messages_are_worked_on_all_the_same(handler: str) -> None:
    ran = run(handler, "--unsampled")

    assert ran.results == [{"batchItemFailures": [{"itemIdentifier": each} for each in FAILING]}]
    assert "## " not in ran.err

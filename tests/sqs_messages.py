"""Messages as Lambda gives them to a function, singly and in batches, and their subsegments in a trace."""

from __future__ import annotations

import random
from typing import Any

from tests.conftest import new_trace_id
from tests.daemon import Daemon

SEED = 20_270_225


class Refused(Exception):
    """What a handler raises that does not want a message."""


def record(header: str | None = None, body: str = "{}", **more: Any) -> dict[str, Any]:
    """A message as Lambda gives it."""
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183", "SenderId": "AROA:me"}
    attributes["ApproximateFirstReceiveTimestamp"] = "1545082649185"
    if header is not None:
        attributes["AWSTraceHeader"] = header
    return {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": body,
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:orders",
        "awsRegion": "eu-central-1",
        **more,
    }


def message(
    number: int, sampled: int | None = 1, *, root: str | None = None, fails: bool = False
) -> dict[str, Any]:
    """A message; `sampled=None` has no header."""
    header = f"Root={root or new_trace_id()};Parent={number:016x};Sampled={sampled}"
    more = {"messageId": f"m{number}", "body": "fails" if fails else "fine"}
    return {**record(None if sampled is None else header), **more}


def batch(size: int) -> list[dict[str, Any]]:
    """Messages of mixed sampling, one in four failing; the same in every run."""
    chosen = random.Random(SEED + size)
    return [
        message(number, chosen.choice((1, 1, 0, None)), fails=chosen.random() < 0.25)
        for number in range(size)
    ]


def is_recorded(each: dict[str, Any]) -> bool:
    return "Sampled=0" not in each["attributes"].get("AWSTraceHeader", "")


def ids(messages: list[dict[str, Any]]) -> list[str]:
    return [each["messageId"] for each in messages]


def messages_in(daemon: Daemon, name: str = "## sqs orders") -> list[dict[str, Any]]:
    """The subsegments of messages, in the order in which they began."""
    found = [each for each in daemon.subsegments() if each["name"] == name]
    return sorted(found, key=lambda each: each["start_time"])


def annotated(subsegments: list[dict[str, Any]], key: str = "MessageId") -> list[str | None]:
    return [each["annotations"].get(key) for each in subsegments]


def refuse(each: Any) -> str:
    """Fails for a message that says so."""
    body = each["body"]
    if body == "fails":
        raise Refused(each["messageId"])
    return f"{body}!"

"""Which service wrapped what an SQS message says: SNS, EventBridge or S3, by the beginning of its body.

SNS and EventBridge write who they are before what they deliver, and S3 before what happened to which object. So only
the first texts of an object are read, whatever the length of the body, up to the first value that is something else.
What was delivered is not looked at.
"""

from __future__ import annotations

import json

from ..guard import pass_on
from .arn import short_name
from .fields import text

MAX_BEGINNING = 2_048
"""Characters of a body that are looked at."""

_WHITESPACE = " \t\n\r"
_FIRST_RECORD = '"Records":[{'


def wrapped_source(body: object) -> str | None:
    """The service that wrapped a message and the name of its topic or its event's source, or None."""
    written = text(body)
    if written is None:
        return None
    beginning = written[:MAX_BEGINNING].lstrip(_WHITESPACE)
    if not beginning.startswith("{"):
        return None
    if beginning[1:].startswith(_FIRST_RECORD):
        return "s3" if _texts(beginning, 1 + len(_FIRST_RECORD)).get("eventSource") == "aws:s3" else None
    said = _texts(beginning, 1)
    if said.get("Type") == "Notification" and (topic := short_name(said.get("TopicArn"))):
        return f"sns {topic}"
    if "detail-type" in said and said.get("source"):
        return f"eventbridge {said['source']}"
    return None


def _texts(beginning: str, at: int) -> dict[str, str]:
    """The members of an object from `at` on, up to the first one that is no text."""
    found: dict[str, str] = {}
    try:
        while True:
            at = _after(beginning, at, '"')
            key, at = json.decoder.scanstring(beginning, at)  # type: ignore[attr-defined]  # not in its stubs
            at = _after(beginning, at, ":")
            at = _after(beginning, at, '"')
            found[key], at = json.decoder.scanstring(beginning, at)  # type: ignore[attr-defined]
            at = _after(beginning, at, ",")
    except ValueError as error:  # something else than a text, or the end of what is looked at
        pass_on(error)
    return found


def _after(beginning: str, at: int, wanted: str) -> int:
    """The place behind the next character that is no whitespace, which must be `wanted`."""
    while beginning[at : at + 1] in _WHITESPACE and at < len(beginning):
        at += 1
    if beginning[at : at + 1] != wanted:
        raise ValueError(f"not {wanted}")
    return at + 1

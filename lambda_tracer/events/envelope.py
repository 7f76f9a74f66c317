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
_FIRST_RECORD = '{"Records":[{'
_OF_EVENTBRIDGE = {"version", "id", "detail-type", "source", "account"}
_IN_SOURCES = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/")
MAX_SOURCE = 256
"""Characters in the source of an event."""

_MARKS = ('"TopicArn"', '"detail-type"')


def wrapped_source(body: object) -> str | None:
    """The service that wrapped a message and the name of its topic or its event's source, or None."""
    written = text(body)
    if written is None:
        return None
    beginning = written[:MAX_BEGINNING].lstrip(_WHITESPACE)
    if beginning.startswith(_FIRST_RECORD):
        return "s3" if _texts(beginning, len(_FIRST_RECORD)).get("eventSource") == "aws:s3" else None
    if not beginning.startswith("{") or not any(mark in beginning for mark in _MARKS):
        return None  # as a rule
    said = _texts(beginning, 1)
    if said.get("Type") == "Notification" and (topic := short_name(said.get("TopicArn"))):
        return f"sns {topic}"
    source = said.get("source", "")
    if said.keys() >= _OF_EVENTBRIDGE and len(source) <= MAX_SOURCE and _IN_SOURCES.issuperset(source):
        return f"eventbridge {source}"
    return None  # or somebody's own


def _texts(beginning: str, at: int) -> dict[str, str]:
    """The members of an object from `at` on, up to the first one that is no text."""
    found: dict[str, str] = {}
    try:
        while at := _after(beginning, at, '"'):
            key, at = json.decoder.scanstring(beginning, at)  # type: ignore[attr-defined]  # not in its stubs
            at = _after(beginning, at, ":")
            at = at and _after(beginning, at, '"')
            if not at:
                break
            found[key], at = json.decoder.scanstring(beginning, at)  # type: ignore[attr-defined]
            at = _after(beginning, at, ",")
            if not at:
                break
    except ValueError as error:  # a text that goes on beyond what is looked at, or is none
        pass_on(error)
    return found


def _after(beginning: str, at: int, wanted: str) -> int:
    """The place behind the next character that is no whitespace; 0 where that is not `wanted`."""
    while at < len(beginning) and beginning[at] in _WHITESPACE:
        at += 1
    return at + 1 if beginning.startswith(wanted, at) else 0

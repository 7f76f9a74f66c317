"""Arguments of an operation, each as it was given or refused."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from lambda_tracer.local.receive.documents import is_number
from lambda_tracer.local.receive.json_value import NotJSON, read

Arguments = dict[str, Any]


class InvalidRequest(Exception):
    """X-Ray's InvalidRequestException (400), with its message."""


def arguments_of(body: bytes) -> Arguments:
    """The arguments in a request's body."""
    if not body.strip():
        return {}
    try:
        found = read(body)
    except NotJSON as exc:
        raise InvalidRequest(f"The request is not JSON: {exc}") from exc
    if not isinstance(found, dict):
        raise InvalidRequest("The request is not a JSON object")
    return found


def times(arguments: Arguments) -> tuple[float, float]:
    """StartTime and EndTime, epoch seconds.

    boto3 sends whole seconds. So that a trace of this very second is found by a call that says "until now", the end is
    that of its second.
    """
    for name in ("StartTime", "EndTime"):
        if not is_number(arguments.get(name)):
            raise InvalidRequest(f"{name} is required, in epoch seconds")
    start, end = float(arguments["StartTime"]), float(arguments["EndTime"])
    if end < start:
        raise InvalidRequest("Invalid time range: EndTime is before StartTime")
    return start, end + 1 if end == int(end) else end


def texts(arguments: Arguments, name: str, most: int) -> list[str]:
    """A list of texts, of 1 to `most`."""
    given = arguments.get(name)
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise InvalidRequest(f"{name} is required, a list of texts")
    if not 0 < len(given) <= most:
        raise InvalidRequest(f"{name} must have between 1 and {most} items, not {len(given)}")
    return given


def text(arguments: Arguments, name: str) -> str:
    """A text, empty if it was not given."""
    given = arguments.get(name)
    if given is None:
        return ""
    if not isinstance(given, str):
        raise InvalidRequest(f"{name} is not a text")
    return given


def token_for(position: str) -> str:
    """A NextToken with which the next call goes on after `position`."""
    return base64.urlsafe_b64encode(position.encode()).decode("ascii")


def position_in(arguments: Arguments) -> str:
    """Where NextToken says to go on; empty for the beginning."""
    try:
        return base64.b64decode(text(arguments, "NextToken"), b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as exc:
        raise InvalidRequest("Invalid NextToken") from exc

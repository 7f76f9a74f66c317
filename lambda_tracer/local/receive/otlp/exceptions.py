"""Exceptions: what a span records of them, in X-Ray's form."""

from __future__ import annotations

import os
import re
from typing import Any

from lambda_tracer.local.receive.otlp.span import CLIENT, ERROR, PRODUCER, Attributes, Span
from lambda_tracer.otel import stacks

MAX_FRAMES = 100
MAX_EXCEPTIONS = 20
"""What is shown of one stack, and of one event: the exception, and those that led to it."""

_JAVA = re.compile(r"^\s*at ([\w.$<>/]+)\(([\w.$]+\.(?:java|kt|scala)):(\d+)\)$", re.MULTILINE)
_NODE = re.compile(r"^\s*at (?:(.+?) \()?([^()\n]+?):(\d+)(?::\d+)?\)?$", re.MULTILINE)


REFERENCE = "aws.xray.exception.id"
"""Of a span or an event that was made of a document: the id by which exceptions refer to each other."""


def cause_of(span: Span) -> dict[str, Any] | str | None:
    """X-Ray's `cause`: the exceptions that were recorded, or the id of one that is described elsewhere; else what the
    status says of an error."""
    is_remote = span.kind in (CLIENT, PRODUCER)
    exceptions = []
    for event in span.events:
        if event.name == "exception":
            exceptions += _exceptions(event.attributes, is_remote)
    if not exceptions and _id(span.attributes.get(REFERENCE)):
        return _id(span.attributes[REFERENCE])
    if not exceptions and span.status == ERROR and span.status_message:
        error_type = str(span.attributes.get("error.type") or "")
        exceptions.append(
            {
                "id": os.urandom(8).hex(),
                "type": error_type,
                "message": span.status_message,
                "remote": is_remote,
            }
        )
    if not exceptions:
        return None
    folders = [event.attributes.get("aws.xray.cause.working_directory") for event in span.events]
    folder = next((folder for folder in folders if isinstance(folder, str)), "")
    return {**({"working_directory": folder} if folder else {}), "exceptions": exceptions}


def _id(value: object) -> str:
    return value if isinstance(value, str) and re.fullmatch("[0-9a-f]{16}", value) else ""


def _exceptions(attributes: Attributes, is_remote: bool) -> list[dict[str, Any]]:
    """The exception of an event, and those that Python's text of its stack says led to it."""
    kind, message = (str(attributes.get(f"exception.{name}") or "") for name in ("type", "message"))
    stack = attributes.get("exception.stacktrace")
    text = stack if isinstance(stack, str) else ""

    def described(raised: stacks.Raised) -> dict[str, Any]:
        return {
            "id": os.urandom(8).hex(),
            "type": raised.kind,
            "message": raised.message,
            "remote": is_remote,
            "stack": _shown(raised),
        }

    found = stacks.in_order(stacks.told(kind, message, text), MAX_EXCEPTIONS, described)
    found[0]["stack"] = found[0]["stack"] or frames(text)
    if _id(attributes.get(REFERENCE)):  # the document's exception, which names the one that led to it
        found[0]["id"] = attributes[REFERENCE]
        found[0]["remote"] = attributes.get("aws.xray.exception.remote", is_remote) is True
        found[0] |= {
            key: attributes[f"aws.xray.exception.{key}"]
            for key in ("cause", "truncated")
            if f"aws.xray.exception.{key}" in attributes
        }
    return found


def _shown(raised: stacks.Raised) -> list[dict[str, Any]]:
    return [{"path": path, "line": line, "label": label} for path, line, label in raised.frames[-MAX_FRAMES:]]


def frames(stack: str) -> list[dict[str, Any]]:
    """The frames of a stack as Java or Node writes it, from the outermost to where it was raised."""
    found = [
        {"path": path, "line": int(line[:9]), "label": label} for label, path, line in _JAVA.findall(stack)
    ]
    if not found:
        for label, path, line in _NODE.findall(stack):
            found.append({"path": path, "line": int(line[:9]), "label": label or "(anonymous)"})
    return found[:MAX_FRAMES][::-1]

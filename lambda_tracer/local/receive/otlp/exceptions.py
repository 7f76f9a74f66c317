"""Exceptions: what a span records of them, in X-Ray's form."""

from __future__ import annotations

import os
import re
from typing import Any

from lambda_tracer.local.receive.otlp.span import CLIENT, ERROR, PRODUCER, Span

MAX_FRAMES = 100

_PYTHON = re.compile(r'^ *File "([^"\n]+)", line (\d+), in (.+)$', re.MULTILINE)
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
            stack = event.attributes.get("exception.stacktrace")
            exception = {
                "id": _id(event.attributes.get(REFERENCE)) or os.urandom(8).hex(),
                "type": str(event.attributes.get("exception.type") or ""),
                "message": str(event.attributes.get("exception.message") or ""),
                "remote": event.attributes.get("aws.xray.exception.remote", is_remote) is True,
                "stack": frames(stack) if isinstance(stack, str) else [],
            }
            exception |= {
                key: event.attributes[f"aws.xray.exception.{key}"]
                for key in ("cause", "truncated")
                if f"aws.xray.exception.{key}" in event.attributes
            }
            exceptions.append(exception)
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


def frames(stack: str) -> list[dict[str, Any]]:
    """The frames of a stack as Python, Java or Node writes it, from the outermost to where it was raised."""
    found = [
        {"path": path, "line": int(line[:9]), "label": label} for path, line, label in _PYTHON.findall(stack)
    ]
    if found:
        return found[-MAX_FRAMES:]
    for label, path, line in _JAVA.findall(stack):
        found.append({"path": path, "line": int(line[:9]), "label": label})
    if not found:
        for label, path, line in _NODE.findall(stack):
            found.append({"path": path, "line": int(line[:9]), "label": label or "(anonymous)"})
    return found[:MAX_FRAMES][::-1]

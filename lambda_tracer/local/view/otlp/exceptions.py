"""Exceptions: what a span records of them, in X-Ray's form."""

from __future__ import annotations

import os
import re
from typing import Any

from lambda_tracer.local.view.otlp.span import CLIENT, ERROR, PRODUCER, Attributes, Span
from lambda_tracer.otel import stacks

MAX_FRAMES = 100
MAX_EXCEPTIONS = 20
"""What is shown of one stack, and of one event: the exception, and those that led to it."""

_JAVA = re.compile(r"^\s*at ([\w.$<>/]+)\(([\w.$]+\.(?:java|kt|scala)):(\d+)\)$", re.MULTILINE)
_NODE = re.compile(r"^\s*at (?:(.+?) \()?([^()\n]+?):(\d+)(?::\d+)?\)?$", re.MULTILINE)


def cause_of(span: Span) -> dict[str, Any] | None:
    """X-Ray's `cause`: the exceptions that were recorded, else the message of a status that says error."""
    is_remote = span.kind in (CLIENT, PRODUCER)
    exceptions = []
    for event in span.events:
        if event.name == "exception":
            exceptions += _exceptions(event.attributes, is_remote)
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
    return {"exceptions": exceptions} if exceptions else None


def _exceptions(attributes: Attributes, is_remote: bool) -> list[dict[str, Any]]:
    """The exception of an event, and those that Python's text of its stack says led to it."""
    kind, message = (str(attributes.get(f"exception.{name}") or "") for name in ("type", "message"))
    stack = attributes.get("exception.stacktrace")
    text = stack if isinstance(stack, str) else ""
    order = stacks.in_order(stacks.told(kind, message, text), MAX_EXCEPTIONS)
    found: list[dict[str, Any]] = [
        {
            "id": os.urandom(8).hex(),
            "type": raised.kind,
            "message": raised.message,
            "remote": is_remote,
            "stack": _shown(raised),
        }
        for raised, _ in order
    ]
    for exception, (_, place) in zip(found, order, strict=True):
        if place is not None:
            exception["cause"] = found[place]["id"]
    found[0]["stack"] = found[0]["stack"] or frames(text)
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

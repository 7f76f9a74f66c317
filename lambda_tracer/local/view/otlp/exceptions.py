"""Exceptions: what a span records of them, in X-Ray's form."""

from __future__ import annotations

import os
import re
from typing import Any

from lambda_tracer.local.view.otlp.span import CLIENT, ERROR, PRODUCER, Span

MAX_FRAMES = 100

_PYTHON = re.compile(r'^ *File "([^"\n]+)", line (\d+), in (.+)$', re.MULTILINE)
_JAVA = re.compile(r"^\s*at ([\w.$<>/]+)\(([\w.$]+\.(?:java|kt|scala)):(\d+)\)$", re.MULTILINE)
_NODE = re.compile(r"^\s*at (?:(.+?) \()?([^()\n]+?):(\d+)(?::\d+)?\)?$", re.MULTILINE)


def cause_of(span: Span) -> dict[str, Any] | None:
    """X-Ray's `cause`: the exceptions that were recorded, else the message of a status that says error."""
    is_remote = span.kind in (CLIENT, PRODUCER)
    exceptions = []
    for event in span.events:
        if event.name == "exception":
            stack = event.attributes.get("exception.stacktrace")
            exceptions.append(
                {
                    "id": os.urandom(8).hex(),
                    "type": str(event.attributes.get("exception.type") or ""),
                    "message": str(event.attributes.get("exception.message") or ""),
                    "remote": is_remote,
                    "stack": frames(stack) if isinstance(stack, str) else [],
                }
            )
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

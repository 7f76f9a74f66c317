"""Invocations: what `lambda-tracer invoke` knows of one beside its documents, as it is shown with the trace."""

from __future__ import annotations

from typing import Any

MAX_TEXT = 1_000_000
"""Characters of a result, an event or a log; Lambda allows six times as many."""

_CUT = "\n(cut off here)"


def invocation_of(given: dict[str, Any]) -> dict[str, Any]:
    """`request_id`, `result`, `log`, `report`, `event` and `failed` of what was given, which may be anything."""
    return {
        "request_id": _text(given.get("request_id")) or "",
        "result": _text(given.get("result")),
        "log": _text(given.get("log")) or "",
        "report": _text(given.get("report")) or "",
        "event": _text(given.get("event")),
        "failed": given.get("failed") is True,
    }


def _text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    return value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + _CUT

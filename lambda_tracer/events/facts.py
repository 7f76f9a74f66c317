"""Facts: what an event says of its source, as a subsegment shows it, and how the plain values of events are read."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_KEYS = 64
"""No event of AWS has so many keys at one level, except headers. What has more is not looked at."""

MAX_TEXT = 250
"""Characters of a name."""


class Facts:
    """What one event says.

    `annotations` and `metadata` are as they are recorded. `request` is X-Ray's block of that name where the answer is
    one to an HTTP request, and else None; `implied_status` what an answer without a status means there, None where
    that is no answer. `client_ip` is what the event has in that place: it is personal, and kept apart.
    """

    __slots__ = ("annotations", "client_ip", "implied_status", "is_forwarded", "metadata", "request")

    def __init__(self) -> None:
        self.annotations: dict[str, str | int] = {}
        self.metadata: dict[str, Any] | None = None
        self.request: dict[str, Any] | None = None
        self.implied_status: int | None = None
        self.client_ip: object = None
        self.is_forwarded = False


def mapping(value: object, max_keys: int = MAX_KEYS) -> dict[str, Any] | None:
    """A dict that can be looked into without running anybody's code: it and its keys are no subclass; else None."""
    if type(value) is not dict or len(value) > max_keys:
        return None
    for key in value:
        if type(key) is not str:
            return None
    return value


def text(value: object) -> str | None:
    """A text that is not empty, cut to what a name may have; else None."""
    return value[:MAX_TEXT] if type(value) is str and value else None

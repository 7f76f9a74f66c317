"""What callers give for a span: attributes, a status, a moment. Whatever it is, nothing here raises for it."""

from __future__ import annotations

from opentelemetry.trace import StatusCode

from ..guard import pass_on
from ..safe import safe_str

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def status_of(status: Any, description: Any) -> tuple[str, str | None]:
    """The code's name, and what was said of it."""
    try:
        if type(status) is not StatusCode:
            description = status.description
            status = status.status_code
        text = None if description is None else safe_str(description)
        return str(status.name), text
    except Exception as error:  # it is no status
        pass_on(error)
        return "", None


def copied(attributes: Any) -> dict[str, Any]:
    """What was given as attributes: a dict of its own, with keys that are texts; empty for what is no mapping."""
    if attributes is None:
        return {}
    try:
        return {
            str.__str__(key): tuple(value) if type(value) is list else value
            for key, value in attributes.items()
            if issubclass(type(key), str)
        }
    except Exception as error:
        pass_on(error)
        return {}


def nanoseconds(moment: Any) -> int | None:
    """A time given by the caller: nanoseconds since the epoch; None for none, or none that could be one."""
    if not issubclass(type(moment), int) or type(moment) is bool:
        return None
    # From 2001 to the year 5138: microseconds or seconds, given by mistake, are no time at all.
    return int.__int__(moment) if 10**18 <= moment < 10**20 else None

"""The scalars that JSON lacks, and whose text says all: decimals, dates, times, UUIDs."""

from __future__ import annotations

from ..safe import name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

COSTS = {"<datetime.datetime>": 2, "<datetime.time>": 2, "<datetime.timedelta>": 2, "<uuid.UUID>": 4}
"""How many others some of `TEXTS` count as."""

TEXTS: dict[str, Callable[[Any], str]] = {
    "<decimal.Decimal>": str,
    "<datetime.date>": str,
    "<datetime.datetime>": str,
    "<datetime.time>": str,
    "<datetime.timedelta>": str,
    "<uuid.UUID>": str,
}
"""Types whose text says all, by name: none is imported for the sake of a value that nobody returned."""

_TIME_ZONES = frozenset(
    (
        "<datetime.timezone>",
        "<zoneinfo.ZoneInfo>",
        "<dateutil.tz.tz.tzutc>",
        "<dateutil.tz.tz.tzlocal>",
        "<dateutil.tz.tz.tzoffset>",
        "<dateutil.tz.tz.tzfile>",
        "<pytz.UTC>",
    )
)
"""Time zones that are asked for the offset of a time. Of a time in any other one the naive form is shown."""

_zones: dict[int, type] = {}  # those of _TIME_ZONES that were met

WITH_TIME_ZONE = frozenset(("<datetime.datetime>", "<datetime.time>"))

known: dict[int, tuple[type, Callable[[Any], str], str]] = {}
"""Those of `TEXTS` that were met, with their names, by the type's identity, for which no metaclass is asked."""


def met(kind: type) -> tuple[type, Callable[[Any], str], str] | None:
    name = name_of(kind)
    text = TEXTS.get(name)
    if text is None or len(known) > 100:
        return None
    entry = known[id(kind)] = (kind, text, name)  # the type is kept: its identity stays its own
    return entry


def has_known_offset(zone: object) -> bool:
    """Whether asking a time zone for its offset runs no code of the user's."""
    kind = type(zone)
    if zone is None or id(kind) in _zones:
        return True
    name = name_of(kind)
    if name not in _TIME_ZONES and not name.startswith("<pytz.tzfile."):
        return False
    _zones[id(kind)] = kind
    return True


def text_of(value: object) -> str:
    """What the C encoder asks for when it meets a type that JSON lacks: one of those that `_survey` let through."""
    return known[id(type(value))][1](value)

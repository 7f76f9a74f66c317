"""What can be sent of a trace header that is too long, or has other characters than an HTTP header may have."""

from __future__ import annotations

MAX_PART_CHARACTERS = 256
"""Root and Parent have 35 and 16 characters."""


def part(text: str | None) -> str | None:
    """A Root or Parent as it is; None where it cannot be sent."""
    return text if text is not None and _can_be_sent(text) and len(text) <= MAX_PART_CHARACTERS else None


def fields(data: dict[str, str], room: int, bare: str) -> dict[str, str] | None:
    """Of further fields those that can be sent and have room: `Lineage` comes before the others.

    `room` is in characters. `bare` is the value of a field that came without one.
    """
    kept = set()
    for key in sorted(data, key=lambda key: key != "Lineage"):
        size = len(key) + len(data[key]) + 2
        if size <= room and _can_be_sent(key) and (data[key] == bare or _can_be_sent(data[key])):
            room -= size
            kept.add(key)
    return {key: value for key, value in data.items() if key in kept} or None


def _can_be_sent(text: str) -> bool:
    return text.isascii() and text.isprintable()

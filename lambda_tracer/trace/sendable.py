"""What can be sent of a trace header that is too long, or has other characters than an HTTP header may have."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Header(Protocol):
        """A `TraceHeader`."""

        root: str | None
        parent: str | None
        data: dict[str, str] | None

        def to_header_str(self) -> str: ...


MAX_PART_CHARACTERS = 256
"""Root and Parent have 35 and 16 characters."""


def limit(header: Header, most: int, bare: str) -> None:
    """See `TraceHeader.keep_what_can_be_sent`. `most`: characters in all. `bare`: the value of a field without one."""
    header.root, header.parent = _part(header.root), _part(header.parent)
    data, header.data = header.data, None
    if data:
        header.data = _fields(data, most - len(header.to_header_str()), bare)


def _part(text: str | None) -> str | None:
    return text if text is not None and _can_be_sent(text) and len(text) <= MAX_PART_CHARACTERS else None


def _fields(data: dict[str, str], room: int, bare: str) -> dict[str, str] | None:
    """Those that can be sent and have room: `Lineage` comes before the others."""
    kept = set()
    for key in sorted(data, key=lambda key: key != "Lineage"):
        size = len(key) + len(data[key]) + 2
        if size <= room and _can_be_sent(key) and (data[key] == bare or _can_be_sent(data[key])):
            room -= size
            kept.add(key)
    return {key: value for key, value in data.items() if key in kept} or None


def _can_be_sent(text: str) -> bool:
    return text.isascii() and text.isprintable()

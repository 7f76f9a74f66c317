"""How values of one type are read: what a reader gives, and the readers that Python's types and libraries' share."""

from __future__ import annotations

from _weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .attributes import Read

TEXT, MEMBERS, ITEMS, ATTRIBUTES, VALUE, ERROR, NAME, OPAQUE = range(8)
"""What a reader gives: a scalar, an iterable of members, an iterable of pairs, of the attributes of a type that nothing
is known of, or another value to show in the place of this one. An exception is read in three parts. Of the last two
nothing is read: to name it is right, or nothing is known."""


class Reading:
    """How values of one type are read."""

    __slots__ = ("base", "hidden", "how", "names", "places", "read", "type")

    def __init__(self, kind: type, how: int, read: Read, base: Any = None) -> None:
        self.type = ref(kind)
        self.how = how
        self.read = read
        self.base = base
        self.hidden: frozenset[str] = frozenset()
        """Fields that their class keeps out of its `repr`."""
        self.names: tuple[str, ...] = ()
        """Those of a named tuple's members."""
        self.places = 0
        """Slots that are looked into, each of which costs as much where nothing is in it."""


def of_base(value: Any, base: Any) -> str:
    text: str = base.__str__(value)
    return text


def repr_of_base(value: Any, base: Any) -> str:
    text: str = base.__repr__(value)
    return text


def nothing(value: Any, base: Any) -> None:
    return None


def own_items(value: Any, base: Any) -> Any:
    return base.items(value)


def url_of(scheme: Any, host: Any, path: Any, query: Any, fragment: Any) -> str:
    text = f"{scheme}://" if scheme else "//" if host else ""
    text += f"{str(host or '').rpartition('@')[2]}{path or ''}"
    return text + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")

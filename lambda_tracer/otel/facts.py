"""Facts: a span's attributes, each of which is used once. What is left is metadata."""

from __future__ import annotations

from ..safe import safe_str
from .conventions import NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .described import Attributes


class Facts:
    """The attributes of one span. They may hold anything: a value is looked at by its type, and never asked."""

    __slots__ = ("areas", "left")

    def __init__(self, attributes: Attributes) -> None:
        self.left: dict[str, Any] = {}
        self.areas: set[str] = set()
        """What the attributes are about: the first words of their names."""
        for name, value in list(attributes.items()):
            key = name if type(name) is str else safe_str(name)
            self.left[key] = value
            self.areas.add(key.partition(".")[0])

    def peek(self, fact: str) -> Any:
        """The fact, from the first of its attributes that says something; it stays. None where none does."""
        for name in NAMES[fact]:
            value = self.left.get(name)
            if value is not None and not (type(value) is str and not value):
                return value
        return None

    def take(self, fact: str) -> Any:
        """`peek`; all attributes of that fact are used up."""
        found = self.peek(fact)
        for name in NAMES[fact]:
            self.left.pop(name, None)
        return found

    def peek_text(self, fact: str) -> str:
        """The fact if it is a text, else an empty one; it stays."""
        return text_of(self.peek(fact))

    def take_text(self, fact: str) -> str:
        """`peek_text`; all attributes of that fact are used up."""
        return text_of(self.take(fact))


def text_of(value: object) -> str:
    """A text without its subclass, which might show itself as something else; an empty one for all other types."""
    return str.__str__(value) if issubclass(type(value), str) else ""


def number_of(value: object) -> int | None:
    """A whole number, also where a text says it; None for all else."""
    kind = type(value)
    if kind is int:
        return value  # type: ignore[return-value]
    if kind is bool:
        return None
    if issubclass(kind, int):
        return int.__int__(value)  # type: ignore[arg-type]
    text = text_of(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None

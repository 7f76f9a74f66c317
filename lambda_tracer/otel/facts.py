"""Facts: a span's attributes, each of which is used once. What is left is metadata."""

from __future__ import annotations

from ..safe import safe_str
from .conventions import NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .described import Attributes


_FACTS_OF: dict[str, tuple[tuple[str, int], ...]] = {}
for _fact, _names in NAMES.items():
    for _rank, _name in enumerate(_names):
        _FACTS_OF[_name] = (*_FACTS_OF.get(_name, ()), (_fact, _rank))

_known: dict[str, tuple[str, tuple[tuple[str, int], ...]]] = {}
_MAX_KNOWN = 1_000
"""Names of attributes that are remembered: libraries set the same few. Names made of data must not fill the memory."""


class Facts:
    """The attributes of one span. They may hold anything: a value is looked at by its type, and never asked."""

    __slots__ = ("_said", "areas", "is_aws", "left")

    def __init__(self, attributes: Attributes) -> None:
        self.left: dict[str, Any] = {}
        self.areas: set[str] = set()
        """What the attributes are about: the first words of their names."""
        # By fact: the rank of the attribute that says it, and its value. What a span does not say costs one look-up.
        self._said: dict[str, tuple[int, Any]] = {}
        for name, value in list(attributes.items()):
            key = name if type(name) is str else safe_str(name)
            self.left[key] = value
            area, facts = _known.get(key) or _met(key)
            self.areas.add(area)
            if facts and value is not None and not (type(value) is str and not value):
                for fact, rank in facts:
                    before = self._said.get(fact)
                    if before is None or rank < before[0]:
                        self._said[fact] = rank, value
        self.is_aws = self.peek_text("rpc system") == "aws-api" or bool(self.peek_text("aws service"))
        """Whether it is a call of an AWS API."""

    def peek(self, fact: str) -> Any:
        """The fact, from the first of its attributes that says something; it stays. None where none does."""
        said = self._said.get(fact)
        return None if said is None else said[1]

    def take(self, fact: str) -> Any:
        """`peek`; all attributes of that fact are used up."""
        said = self._said.get(fact)
        if said is None:
            return None
        for name in NAMES[fact]:
            self.left.pop(name, None)
        return said[1]

    def peek_text(self, fact: str) -> str:
        """The fact if it is a text, else an empty one; it stays."""
        return text_of(self.peek(fact))

    def take_text(self, fact: str) -> str:
        """`peek_text`; all attributes of that fact are used up."""
        return text_of(self.take(fact))


def _met(key: str) -> tuple[str, tuple[tuple[str, int], ...]]:
    """What an attribute is about, and the facts that it may say, by its name."""
    known = key.partition(".")[0], _FACTS_OF.get(key, ())
    if len(_known) < _MAX_KNOWN and len(key) <= 200:
        _known[key] = known
    return known


def text_of(value: object) -> str:
    """A text without its subclass, which might show itself as something else; an empty one for all other types."""
    return str.__str__(value) if issubclass(type(value), str) else ""


def items_of(value: Any) -> list[Any] | tuple[Any, ...] | None:
    """A sequence as OpenTelemetry has them, a list or a tuple; None for all other types.

    Types are compared by identity: `isinstance` asks the value, and `in` the type's metaclass.
    """
    kind = type(value)
    return value if kind is list or kind is tuple else None


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

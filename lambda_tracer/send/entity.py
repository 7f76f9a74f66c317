"""What is sent by somebody else's emitter, and SentEntity: a document as the X-Ray SDK's emitters take an entity."""

from __future__ import annotations

from ..trace.context import last_seen, place, see
from ..trace.unrecorded import UnrecordedSubsegment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_OF_SEGMENTS = {"type": "segment", "parent_id": None}
"""What the document of a subsegment says, and that of a segment need not."""


class SentEntity:
    """A finished document for an emitter's `send_entity`. What it says are its attributes: `name`, `annotations`..."""

    __slots__ = ("_text",)

    sampled = True

    def __init__(self, text: str) -> None:
        """`text` is the document, with what is below it inside."""
        self._text = text

    def serialize(self) -> str:
        """The JSON text."""
        return self._text

    def to_dict(self) -> dict[str, Any]:
        """The document."""
        import json

        document: dict[str, Any] = json.loads(self._text)
        return document

    def __getattr__(self, name: str) -> Any:
        document = {} if name.startswith("__") else {**_OF_SEGMENTS, **self.to_dict()}
        if name not in document:
            raise AttributeError(f"the document has no {name!r}")
        return document[name]


def send_by(emitter: Any, text: str) -> Any:
    """Send a document by somebody else's emitter. What it does for that is not recorded: it would never end."""
    around = last_seen()
    try:
        see(UnrecordedSubsegment(place()[0]))
        send = getattr(emitter, "send", None)
        if send is not None:
            return send(text)
        emitter.send_entity(SentEntity(text))
        return True
    finally:
        see(around)

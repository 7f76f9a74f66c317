"""What a span of OpenTelemetry says of itself when it ends, in plain values: nothing of OpenTelemetry is imported."""

from __future__ import annotations

MAX_ATTRIBUTES = 128
"""Attributes of a span, and of an event, that are looked at: as many as OpenTelemetry's SDK keeps."""

MAX_EVENTS = 32
"""Events of a span that are recorded; the others are counted."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol, TypeAlias

    Attributes: TypeAlias = Mapping[str, Any]
    """Strings, bools, numbers and sequences of them, says OpenTelemetry; users put anything there."""

    Event: TypeAlias = tuple[str, Attributes, int]
    """Its name, its attributes, and when it was, in nanoseconds since the epoch."""

    Link: TypeAlias = tuple[int, int, Attributes]
    """Another span: the numbers of its trace and of itself, and what the link says."""

    class Kind(Protocol):
        """A span's kind, as `opentelemetry.trace.SpanKind` has it."""

        @property
        def name(self) -> str:
            """INTERNAL, CLIENT, SERVER, PRODUCER or CONSUMER."""

    class Described(Protocol):
        """A span that ends."""

        @property
        def name(self) -> str:
            """The span's own name, as it was given last."""

        @property
        def kind(self) -> Kind:
            """Which side of which call it is."""

        @property
        def attributes(self) -> Attributes:
            """Facts by the names of OpenTelemetry's semantic conventions, and those of users."""

        @property
        def events(self) -> Sequence[Event]:
            """What happened meanwhile. Not among them are exceptions that `errors.record` has put into the `cause`."""

        @property
        def status_code(self) -> str:
            """UNSET, OK or ERROR."""

        @property
        def status_description(self) -> str | None:
            """What was said of a status ERROR."""

        @property
        def links(self) -> Sequence[Link]:
            """Spans of any trace that this one has to do with."""

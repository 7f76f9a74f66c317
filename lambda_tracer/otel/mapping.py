"""The mapping: what a span of OpenTelemetry says becomes the fields of a subsegment."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..trace.subsegment import Subsegment
    from .described import Attributes, Described, Kind


def begin_name(name: str, kind: Kind, attributes: Attributes) -> tuple[str, str]:
    """The name and the namespace under which a span is opened. Never raises."""
    return name, "remote" if kind.name == "CLIENT" else "local"


def describe(subsegment: Subsegment, described: Described) -> None:
    """Put what a span says into its subsegment, which is about to close. Never raises."""

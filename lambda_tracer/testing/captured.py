"""What was captured: the documents of each invocation, as they were sent. `Traces` reads it, and changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class CapturedInvocation(Protocol):
    """One invocation, and what was sent of it so far."""

    @property
    def trace_id(self) -> str:
        """`1-<8 hex>-<24 hex>`."""

    @property
    def parent_id(self) -> str:
        """The id of the segment that Lambda would write, below which the documents belong."""

    @property
    def header(self) -> str:
        """The whole trace header that the function got."""

    @property
    def is_sampled(self) -> bool:
        """Whether it was to be recorded."""

    @property
    def documents(self) -> Sequence[str]:
        """JSON texts in the order of arrival, without the header line of a datagram. It only grows."""


class Captured(Protocol):
    """All invocations that were captured."""

    @property
    def invocations(self) -> Sequence[CapturedInvocation]:
        """In the order in which they began. It only grows."""

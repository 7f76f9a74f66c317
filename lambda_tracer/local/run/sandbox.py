"""Where a function runs: Lambda's execution environment, as far as a function can tell."""

from __future__ import annotations

from typing import Protocol

from lambda_tracer.local.receive.invocation import Invocation

Initialization = tuple[float, float]
"""Begin and end of a cold start, epoch seconds."""


class Sandbox(Protocol):
    """What runs one invocation after the other."""

    def run(self, invocation: Invocation) -> Initialization | None:
        """Run it to its end, which is noted in it. Gives the cold start it had to wait for, if it had to.

        An initialization that fails is the invocation's failure, and `started_at` stays None.
        """

    def sync_log(self) -> None:
        """Return when what the function has logged is on standard error."""

    def max_memory_mb(self) -> int | None:
        """The most memory the function's process has held; None if not known."""

    def take_notes(self) -> list[str]:
        """What else there is to say since the last call: clauses that begin with a small letter."""

    def close(self) -> None:
        """End whatever still runs."""

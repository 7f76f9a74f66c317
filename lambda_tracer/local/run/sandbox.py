"""Where a function runs: Lambda's execution environment, as far as a function can tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from lambda_tracer.local.receive.invocation import Invocation

Initialization = tuple[float, float]
"""Begin and end of a cold start, epoch seconds."""


class Sandbox(Protocol):
    """What runs one invocation after the other."""

    def run(self, invocation: Invocation) -> Initialization | None:
        """Run it to its end, which is noted in it. Gives the cold start it had to wait for, if it had to.

        An initialization that fails is the invocation's failure, and `started_at` stays None. A KeyboardInterrupt ends
        the invocation, as `is_interrupted` says, and all signals are ignored from then on.
        """

    def sync_log(self) -> None:
        """Return when what the function has logged is on standard error."""

    def take_log(self) -> str:
        """What the function has logged since the last call; empty where that can't be told from what others print."""

    def max_memory_mb(self) -> int | None:
        """The most memory the function's process has held; None if not known."""

    def environment(self) -> Mapping[str, str]:
        """The function's variables, as far as they are known: what it has set itself only where that can be seen."""

    def take_notes(self) -> list[str]:
        """What else there is to say since the last call: clauses that begin with a small letter."""

    def close(self) -> None:
        """End whatever still runs."""

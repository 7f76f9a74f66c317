"""Tracers that were made outside Lambda, where they are off: noted weakly, so that a test can have them on for a while.

In Lambda nothing imports this.
"""

from __future__ import annotations

from weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Protocol

    class Switchable(Protocol):
        """A Tracer, as far as this is concerned."""

        disabled: bool
        provider: Any

        def patch(self, modules: Sequence[str] | None = None) -> None:
            """Trace what libraries do."""


class Noted:
    """A Tracer that was made outside Lambda.

    `is_off_by_choice`: somebody wants it off in Lambda, too. `wanted` is what it would have patched there, None for all
    libraries.
    """

    __slots__ = ("is_off_by_choice", "tracer", "wanted")

    def __init__(self, tracer: ref[Switchable], is_off_by_choice: bool) -> None:
        self.tracer = tracer
        self.is_off_by_choice = is_off_by_choice
        self.wanted: list[Sequence[str] | None] = []


# By the Tracer's id: a subclass may have no hash.
_noted: dict[int, Noted] = {}


def note(tracer: Switchable, *, is_off_by_choice: bool) -> None:
    """Know the Tracer for as long as it lives."""
    key = id(tracer)
    _noted[key] = Noted(ref(tracer, lambda _: _noted.pop(key, None)), is_off_by_choice)


def want(tracer: Switchable, modules: Sequence[str] | None) -> None:
    """Keep in mind what a Tracer would have patched in Lambda."""
    noted = _noted.get(id(tracer))
    if noted is not None and modules not in noted.wanted:
        noted.wanted.append(modules)


def made() -> list[tuple[Switchable, Noted]]:
    """The Tracers that live, in the order in which they were made."""
    found = [(noted.tracer(), noted) for noted in list(_noted.values())]
    return [(tracer, noted) for tracer, noted in found if tracer is not None]

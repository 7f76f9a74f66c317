"""Finding: a place of a project that somebody should know of, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Weight = Literal["look", "note"]
"""`look`: a person must look at it, and the exit code says so. `note`: what happened, or what follows."""


@dataclass(frozen=True, order=True)
class Finding:
    """`path` is relative to the project, with `/` between folders; `line` counts from 1, and 0 is the whole file."""

    path: str
    line: int
    message: str
    weight: Weight = "look"

    @property
    def place(self) -> str:
        """As compilers write it."""
        return f"{self.path}:{self.line}" if self.line else self.path

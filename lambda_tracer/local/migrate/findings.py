"""Finding: a place of a project that somebody should know of, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Weight = Literal["look", "note"]
"""`look`: a person must look at it, and the exit code says so. `note`: what happened, or what follows."""


_MAX_LINES = 8
"""Of those that have the same said of them."""


@dataclass(frozen=True, order=True)
class Finding:
    """`path` is relative to the project, with `/` between folders; `line` counts from 1, and 0 is the whole file."""

    path: str
    line: int
    message: str
    weight: Weight = "look"

    @classmethod
    def of_lines(cls, path: str, lines: list[int], message: str) -> Finding:
        """The same of several lines of a file, said once."""
        more = [str(line) for line in lines[1:_MAX_LINES]] + (["..."] if len(lines) > _MAX_LINES else [])
        return cls(path, lines[0], f"{message} (also line {', '.join(more)})" if more else message)

    @property
    def place(self) -> str:
        """As compilers write it."""
        return f"{self.path}:{self.line}" if self.line else self.path

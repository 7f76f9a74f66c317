"""Setting: one thing that a template says. It is read by others than YAML, too, and without PyYAML."""

from __future__ import annotations

from typing import NamedTuple


class Setting(NamedTuple):
    """What a template says, and in which line (from 1); None for what only a deployment can tell."""

    text: str | None
    line: int

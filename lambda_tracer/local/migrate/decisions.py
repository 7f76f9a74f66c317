"""Decisions: what is to be done with the names that a file imports, and what of it keeps the file as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tree_sitter import Node

from .bindings import Imported
from .findings import Finding

Kind = Literal["move", "module", "drop", "keep"]


@dataclass
class Decision:
    """What becomes of one imported name.

    `move`: it comes from lambda_tracer, there called `name`. `module`: it is lambda_tracer itself, below `alias` if
    that is not empty; `is_kept` when the old module is needed as well. `drop`: nobody needs it any more. `keep`: it is
    none of our business.
    """

    imported: Imported
    kind: Kind
    name: str = ""
    alias: str = ""
    is_kept: bool = False


@dataclass
class Rename:
    """An expression that is written in another way: `length` attributes of a use become `text`."""

    node: Node
    text: str


@dataclass
class Verdict:
    """`blockers` keep the whole file as it is, and every file that runs together with it."""

    decisions: list[Decision] = field(default_factory=list)
    renames: list[Rename] = field(default_factory=list)
    contexts: list[Node] = field(default_factory=list)
    blockers: list[Finding] = field(default_factory=list)
    others: list[Finding] = field(default_factory=list)

    @property
    def is_about_tracing(self) -> bool:
        """Does the file use a name that moves, or one that can't?"""
        return bool(self.blockers) or any(decision.kind != "keep" for decision in self.decisions)

"""A tree as indented text: what a test compares with, and what it shows where the two differ.

A line is a name, two spaces and what went wrong, if anything did. What belongs together follows without an empty line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import ndiff
from textwrap import dedent
from typing import Protocol, TypeVar

INDENT = "  "
MISSING = "(parent not received)"
"""Stands above those whose parent is named, and never came."""

HEADING = "the trace differs: - is expected, + is what came"


class Drawn(Protocol):
    """What can be drawn: something with others below it."""

    @property
    def children(self) -> Sequence[Drawn]:
        """Those below it, in order."""

    @property
    def parent_id(self) -> str:
        """The id of what it is below."""

    @property
    def is_orphan(self) -> bool:
        """Whether that never came."""


D = TypeVar("D", bound=Drawn)


class Tree(str):
    """A tree as text. It is equal to every text that has the same lines.

    The margin on the left, blanks at the ends of lines, and empty lines around it make no difference. Snapshots see an
    ordinary text. Its hash is that of its own text.
    """

    note: str
    """Why it is empty, where that is known."""

    def __new__(cls, text: str = "", note: str = "") -> Tree:
        """The tree that a `text` shows, whatever its margin."""
        tree = super().__new__(cls, without_margin(text))
        tree.note = note
        return tree

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            return NotImplemented  # a snapshot compares for itself
        return str(self) == (str(other) if isinstance(other, Tree) else without_margin(other))

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __hash__(self) -> int:
        return hash(str(self))


def without_margin(text: str) -> str:
    """A literal as it stands in a test: without its indentation, the empty lines around it, and blanks behind lines."""
    lines: list[str] = []
    for line in dedent(text.expandtabs()).splitlines():
        line = line.rstrip()
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip("\n")


def draw(roots: Iterable[D], line: Callable[[D], str]) -> str:
    """The trees below `roots`, a `line` for each; those without a parent that came stand under a line that says so."""
    lines: list[str] = []
    missing: str | None = None
    for root in roots:
        depth = 0
        if root.is_orphan:
            if root.parent_id != missing:
                missing = root.parent_id
                lines.append(MISSING)
            depth = 1
        waiting: list[tuple[D, int]] = [(root, depth)]
        while waiting:
            drawn, depth = waiting.pop()
            lines.append(INDENT * depth + " ".join(line(drawn).splitlines()))
            waiting += [(child, depth + 1) for child in reversed(drawn.children)]  # type: ignore[misc]  # of its kind
    return "\n".join(lines)


def explain(left: object, right: object, around: int | None = 2) -> list[str] | None:
    """Lines that say how a tree and what it was compared with differ; None where neither is a tree, or one is no text.

    This many unchanged lines are shown `around` a difference; None shows all.
    """
    if not isinstance(left, str) or not isinstance(right, str):
        return None
    if isinstance(left, Tree):
        came, expected = left, Tree(right)
    elif isinstance(right, Tree):
        came, expected = right, Tree(left)
    else:
        return None
    differences = [
        each.rstrip("\n") for each in ndiff(expected.splitlines(), came.splitlines()) if each[0] != "?"
    ]
    lines = differences if around is None else list(_excerpt(differences, around))
    return [HEADING, *lines, *([f"  ({came.note})"] if came.note else [])]


def difference(came: Tree, expected: str) -> str:
    """`explain` as one text with all lines, for an exception's message."""
    return "\n".join(explain(came, expected, None) or [])


def indented(text: str) -> list[str]:
    """The lines of a tree, or of what stands in its place, as they follow a message's first one."""
    return [f"{INDENT}{line}".rstrip() for line in text.splitlines()]


def _excerpt(lines: list[str], around: int) -> Iterator[str]:
    near = {
        number + offset
        for number, line in enumerate(lines)
        if line[0] != " "
        for offset in range(-around, around + 1)
    }
    was_near = True
    for number, line in enumerate(lines):
        if number in near:
            yield line
        elif was_near:
            yield "  ..."
        was_near = number in near

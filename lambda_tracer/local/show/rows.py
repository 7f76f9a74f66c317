"""Which lines a trace is drawn in: every subsegment has one, unless there are too many of them to be of
use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lambda_tracer.local.receive.documents import mapping
from lambda_tracer.local.receive.trace import Node, every_node
from lambda_tracer.local.show.failure_place import FailurePlaces
from lambda_tracer.local.show.line import clean

EQUAL_SIBLINGS_SHOWN = 5
"""Of more equally named siblings than twice this, only so many are drawn, and one line for the others."""

SIBLINGS_SHOWN = 100
"""Beyond this, siblings are counted, not drawn."""

LEVELS_DRAWN = 64
"""More than fit in a line; a tree may be thousands deep."""

MAX_EXCEPTIONS = 20
"""Of one subsegment."""


@dataclass(frozen=True)
class Row:
    """One line to draw: a subsegment, or the sum of several that are not drawn one by one.

    `lines` says for the levels above, as many as can be drawn, whether a line of the tree runs on through
    them.
    """

    node: Node
    depth: int = 0
    lines: tuple[bool, ...] = ()
    is_last: bool = False
    hidden: tuple[Node, ...] = ()
    hidden_name: str = ""
    """Of all of `hidden`; empty if they have different ones."""


def rows(roots: list[Node]) -> Iterator[Row]:
    """The lines from top to bottom."""
    waiting = [Row(root) for root in reversed(roots)]
    while waiting:
        row = waiting.pop()
        yield row
        if not row.hidden:
            entries = list(_collapsed(row.node.children))
            for number, (node, hidden, hidden_name) in reversed(list(enumerate(entries, 1))):
                is_last = number == len(entries)
                lines = (*row.lines[-LEVELS_DRAWN:], not is_last)
                waiting.append(Row(node, row.depth + 1, lines, is_last, hidden, hidden_name))


def is_remarkable(node: Node) -> bool:
    """Did something go wrong in it, or did it not end?"""
    return node.is_in_progress or any(node.document.get(flag) for flag in ("fault", "error", "throttle"))


def exceptions(node: Node, places: FailurePlaces) -> list[tuple[str, str, str]]:
    """Type, message and place of what is recorded in it; a mere reference to another subsegment's exception is not."""
    cause = mapping(node.document.get("cause"))
    return [(*_told(item), places.of(cause, item)) for item in _listed(node)]


def _listed(node: Node) -> list[dict[str, Any]]:
    listed = mapping(node.document.get("cause")).get("exceptions")
    return [mapping(item) for item in listed[:MAX_EXCEPTIONS]] if isinstance(listed, list) else []


def _told(exception: dict[str, Any]) -> tuple[str, str]:
    """Its type and message."""
    return clean(exception.get("type") or "Exception"), clean(exception.get("message") or "")


def exceptions_told_below(roots: list[Node]) -> set[int]:
    """The nodes whose exceptions are all recorded by a descendant as well: they are told there, where they
    came from."""
    nodes = list(every_node(roots))
    told: dict[int, set[tuple[str, str]]] = {}
    repeated = set()
    for node in reversed(nodes):
        # The largest set goes on as it is: a new one at each level would be the square of a deep tree.
        of_children = sorted((told.pop(id(child)) for child in node.children), key=len, reverse=True)
        below = of_children[0] if of_children else set()
        below.update(*of_children[1:])
        own = {_told(item) for item in _listed(node)}
        if own and own <= below:
            repeated.add(id(node))
        below.update(own)
        told[id(node)] = below
    return repeated


def _collapsed(children: list[Node]) -> Iterator[tuple[Node, tuple[Node, ...], str]]:
    """The children to draw, one by one, or with many others of their name, or beyond a number, as a sum."""
    by_name: dict[str, list[Node]] = {}
    for child in children:
        by_name.setdefault(child.name, []).append(child)
    hidden: dict[int, list[Node]] = {}
    skipped: set[int] = set()
    for alike in by_name.values():
        if len(alike) > 2 * EQUAL_SIBLINGS_SHOWN:
            interesting = [node for node in alike if is_remarkable(node)][:EQUAL_SIBLINGS_SHOWN]
            shown = {id(node) for node in [*alike[:EQUAL_SIBLINGS_SHOWN], *interesting]}
            rest = [node for node in alike if id(node) not in shown]
            hidden[id(rest[0])] = rest
            skipped |= {id(node) for node in rest[1:]}
    drawn = [child for child in children if id(child) not in skipped]
    beyond = drawn[SIBLINGS_SHOWN:] if len(drawn) > SIBLINGS_SHOWN + 1 else []
    for child in drawn[: len(drawn) - len(beyond)]:
        rest = hidden.get(id(child), [])
        yield child, tuple(rest), child.name if rest else ""
    if beyond:
        rest = [node for child in beyond for node in hidden.get(id(child), [child])]
        yield beyond[0], tuple(rest), ""

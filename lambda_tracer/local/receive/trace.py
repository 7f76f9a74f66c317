"""One invocation's trace: from documents in the order in which they came to a tree.

A document may hold its children in "subsegments", or name its parent by id, or both; parents may come after
their children; what was in progress may come again, finished. Documents whose parent never came are shown
all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from lambda_tracer.local.receive.documents import Document, is_number, is_time

MAX_EMBEDDED_LEVELS = 50
"""Of "subsegments" in each other, where we write documents."""


@dataclass(eq=False)
class Node:
    """A segment or subsegment and what is below it, by start time. `document` is without its
    "subsegments"."""

    document: Document
    parent_id: str | int | None
    children: list[Node] = field(default_factory=list)
    is_orphan: bool = False
    """Its parent is named, and was not received."""
    key: str | int = 0
    """Its id; the number that stands for it where a document has none."""
    is_segment: bool = False
    """It came as a document of its own, or was one (it names its trace), and does not call itself a subsegment."""

    @property
    def name(self) -> str:
        """The name, as text whatever it is; never empty."""
        name = self.document.get("name")
        return name if isinstance(name, str) and name else "(no name)"

    @property
    def start(self) -> float | None:
        """Epoch seconds; None if the document does not say, or says what is no time."""
        return _time(self.document, "start_time")

    @property
    def end(self) -> float | None:
        """Epoch seconds; None while in progress."""
        return _time(self.document, "end_time")

    @property
    def is_in_progress(self) -> bool:
        """It never ended, as far as is known."""
        return self.end is None

    @property
    def time_problem(self) -> str:
        """What is wrong with its times, in a few words; empty if nothing is."""
        for key in ("start_time", "end_time"):
            value = self.document.get(key)
            if value is not None and not is_time(value):
                return f"{key} is no time"
            if is_number(value) and key == "end_time" and self.start is not None and value < self.start:
                return "ends before it starts"
        return "" if self.start is not None else "no start_time"


class Trace:
    """Documents of one trace. `add` them all, then ask for `roots`."""

    def __init__(self, trace_id: str) -> None:
        self.trace_id = trace_id
        # By id; those without one, which nothing can refer to, by number.
        self._nodes: dict[str | int, Node] = {}
        self.replaced = 0
        """How many finished subsegments were replaced by others of the same id: not by what corrects them."""

    def __len__(self) -> int:
        """The number of segments and subsegments, embedded ones counted."""
        return len(self._nodes)

    def add(self, document: Document) -> None:
        """Take in a document and the subsegments in it."""
        waiting: list[tuple[Document, str | int | None]] = [(document, None)]
        while waiting:
            current, container_id = waiting.pop()
            node = _node_of(current, container_id, len(self._nodes))
            waiting += _embedded(current, node.key)
            known = self._nodes.get(node.key)
            if known is not None and not known.is_in_progress and not node.is_in_progress:
                self.replaced += _identity(known) != _identity(node)
            # Datagrams may overtake each other: what is finished does not become unfinished again.
            if known is None or known.is_in_progress or not node.is_in_progress:
                self._nodes[node.key] = node

    def holds(self, document: Document) -> bool:
        """Whether all of it was taken in before, as it is: on its own, or embedded in another document."""
        waiting: list[tuple[Document, str | int | None]] = [(document, None)]
        while waiting:
            current, container_id = waiting.pop()
            node = _node_of(current, container_id, -1)
            known = self._nodes.get(node.key)
            if known is None or (known.parent_id, known.is_segment) != (node.parent_id, node.is_segment):
                return False
            try:
                if _content(known.document) != _content(node.document):
                    return False
            except RecursionError:
                return False
            waiting += _embedded(current, node.key)
        return True

    def roots(self) -> list[Node]:
        """The tree, made anew: the segments nobody is above, then the orphans."""
        for node in self._nodes.values():
            node.children, node.is_orphan = [], False
        tops = []
        for node in self._nodes.values():
            parent = self._parent(node)
            if parent is None or parent is node:
                node.is_orphan = node.parent_id is not None and node.document.get("type") == "subsegment"
                tops.append(node)
            else:
                parent.children.append(node)
        reached = {id(node) for node in every_node(tops)}
        for node in self._nodes.values():
            if id(node) not in reached:
                top = self._cut_ring_above(node)
                tops.append(top)
                reached |= {id(below) for below in every_node([top])}
        for node in every_node(tops):
            node.children.sort(key=order)
        return sorted(tops, key=lambda node: (node.is_orphan, *order(node)))

    def _parent(self, node: Node) -> Node | None:
        return self._nodes.get(node.parent_id) if node.parent_id is not None else None

    def _cut_ring_above(self, node: Node) -> Node:
        """Who has no root above is below a ring of parents, or in one: cut it open where the way up enters it."""
        passed: set[int] = set()
        top = node
        while id(top) not in passed:
            passed.add(id(top))
            top = self._parent(top) or top
        parent = self._parent(top)
        if parent is not None:
            parent.children.remove(top)
        top.is_orphan = True
        return top


def every_node(roots: Iterable[Node]) -> Iterable[Node]:
    """Every node below `roots` and themselves, each before what is below it; depth is no limit."""
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.children


def as_documents(roots: Iterable[Node]) -> list[Document]:
    """The trees as documents with everything embedded in "subsegments".

    Below every `MAX_EMBEDDED_LEVELS` levels a document of its own begins, linked by its parent_id: what
    writes or reads JSON goes one call deeper with each level, and has an end.
    """
    documents: list[Document] = []
    waiting = [(node, documents, 0) for node in reversed(list(roots))]
    while waiting:
        node, target, depth = waiting.pop()
        document = dict(node.document)
        if isinstance(node.parent_id, str) and depth % MAX_EMBEDDED_LEVELS == 0:
            document["parent_id"] = node.parent_id
            target = documents
        target.append(document)
        if node.children:
            embedded: list[Document] = []
            waiting += [(child, embedded, depth + 1) for child in reversed(node.children)]
            if (depth + 1) % MAX_EMBEDDED_LEVELS:
                document["subsegments"] = embedded
    return documents


def _node_of(document: Document, container_id: str | int | None, number: int) -> Node:
    """It alone; `number` is its key where it has no id."""
    given_id, named_parent = document.get("id"), document.get("parent_id")
    parent_id = container_id
    if parent_id is None and isinstance(named_parent, str) and named_parent:
        parent_id = named_parent
    return Node(
        {key: value for key, value in document.items() if key != "subsegments"},
        parent_id,
        key=given_id if isinstance(given_id, str) and given_id else number,
        is_segment=document.get("type") != "subsegment" and (container_id is None or "trace_id" in document),
    )


def _embedded(document: Document, key: str | int) -> list[tuple[Document, str | int | None]]:
    """What is embedded in it, from the last to the first, because it is taken from the end."""
    embedded = document.get("subsegments")
    return (
        [(child, key) for child in reversed(embedded) if isinstance(child, dict)]
        if isinstance(embedded, list)
        else []
    )


def _content(document: Document) -> Document:
    """Without what says where it belongs, which is left out of what is embedded."""
    return {key: value for key, value in document.items() if key not in ("trace_id", "parent_id", "type")}


def _time(document: Document, key: str) -> float | None:
    value = document.get(key)
    return float(value) if is_time(value) else None


def _identity(node: Node) -> tuple[str, str | int | None, float | None]:
    """What a subsegment that is sent again has in common with itself."""
    return node.name, node.parent_id, node.start


def order(node: Node) -> tuple[float, float]:
    """By start, then by end; what does not say stands last."""
    start = node.start
    return (float("inf") if start is None else start, float("inf") if node.end is None else node.end)

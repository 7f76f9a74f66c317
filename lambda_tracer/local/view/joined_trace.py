"""One trace, joined from documents that come in any order, in parts, again, and without what is above them.

The X-Ray service joins by id in the same way: a finished document takes the place of one in progress
(https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from lambda_tracer.local.receive.documents import Document, mapping
from lambda_tracer.local.receive.trace import Node, Trace, every_node
from lambda_tracer.local.view.size import Size

T = TypeVar("T")

SEGMENT, SUBSEGMENT, MISSING = "segment", "subsegment", "missing"

MAX_TRACE_BYTES = 150_000_000
"""Of memory for one trace: some 50,000 subsegments. What comes beyond is counted as a problem."""

MAX_INVOCATIONS = 100
"""Of one trace; the last are kept."""

MAX_ID_CHARACTERS = 100
"""Of a segment's id as it is shown; what X-Ray takes has 16."""

XRAY_TRACE_BYTES = 500_000
"""What X-Ray keeps of a trace at most (https://docs.aws.amazon.com/general/latest/gr/xray.html)."""


@dataclass(eq=False, slots=True)
class Entry:
    """A node in its place: `kind` is one of the three above, `service` the name of the segment it belongs to."""

    node: Node
    id: str
    parent: Entry | None
    kind: str
    service: str
    start: float
    """Epoch seconds; where a document has none that could be shown, that of what is above it."""
    end: float | None
    """Epoch seconds, not before the start; None while in progress."""

    @property
    def duration(self) -> float:
        """Seconds; 0 while in progress."""
        return 0.0 if self.end is None else self.end - self.start

    def has(self, flag: str) -> bool:
        """Whether `fault`, `error` or `throttle` is set."""
        return bool(self.node.document.get(flag))


class MissingParent(Node):
    """Stands for a parent that is named, and never came."""


class JoinedTrace:
    """Documents of one trace id. What is asked of it is worked out once for each change."""

    def __init__(self, trace_id: str) -> None:
        self.id = trace_id
        self.revision = 0
        """That of the store when this trace last changed."""
        self.documents = 0
        self.size_bytes = 0
        """Of documents, as they were received."""
        self.memory_bytes = 0
        """As it is estimated."""
        self.refused = 0
        """Documents beyond `MAX_TRACE_BYTES`."""
        self.changed_at = 0.0
        """On the monotonic clock."""
        self.invocations: list[dict[str, Any]] = []
        self._trace = Trace(trace_id)
        self._invocations_bytes = 0
        self._problems: dict[str, list[str]] = {}
        self._worked_out: dict[Callable[[JoinedTrace], Any], Any] = {}

    def add(self, document: Document, size: Size, problems: list[str]) -> None:
        """Take in one document with what X-Ray would reject it for, where there is room for it.

        One that is here already, as when a file is opened twice, counts once.
        """
        if self._trace.holds(document):
            return
        self._worked_out.clear()
        if self.memory_bytes + size.memory > MAX_TRACE_BYTES:
            self.refused += 1
            return
        self.documents += 1
        self.size_bytes += size.received
        self.memory_bytes += size.memory
        document_id = document.get("id")
        is_named = isinstance(document_id, str) and document_id
        key = _id_text(str(document_id) if is_named else len(self._trace))
        if problems:
            self._problems[key] = problems
        else:
            self._problems.pop(key, None)
        self._trace.add(document)

    def add_invocation(self, invocation: dict[str, Any]) -> None:
        """Keep what is known of an invocation, in the place of what was known of it before."""
        self._worked_out.clear()
        request_id = invocation["request_id"]
        kept = [item for item in self.invocations if item["request_id"] != request_id]
        self.invocations = [*kept, invocation][-MAX_INVOCATIONS:]
        before = self._invocations_bytes
        self._invocations_bytes = sum(
            sys.getsizeof(value)  # a text beyond ASCII takes up to four bytes a character
            for item in self.invocations
            for value in item.values()
            if isinstance(value, str)
        )
        self.memory_bytes += self._invocations_bytes - before

    def once(self, work: Callable[[JoinedTrace], T]) -> T:
        """What `work` gives for this trace, kept until the trace changes."""
        if work not in self._worked_out:
            self._worked_out[work] = work(self)
        found: T = self._worked_out[work]
        return found

    @property
    def is_finished(self) -> bool:
        """Whether nothing of it is still going on, as far as is known."""
        return not any(
            entry.end is None for entry in (self.segments or self.entries) if entry.kind != MISSING
        )

    @property
    def segments(self) -> list[Entry]:
        """Those that were received, in the order of the tree."""
        return [entry for entry in self.entries if entry.kind == SEGMENT]

    @property
    def entries(self) -> list[Entry]:
        """Everything in the order of a waterfall: what is above comes before what is below, siblings by start."""
        return self.once(_entries)

    @property
    def tops(self) -> list[Node]:
        """The trees: segments nobody is above, then a placeholder for each parent that never came."""
        return self.once(_tops)

    def roots(self) -> list[Node]:
        """The trees without placeholders, as what draws a waterfall takes them."""
        return self._trace.roots()

    @property
    def rejections(self) -> list[str]:
        """A line for each document that X-Ray would reject: its name, its id, and the first reason."""
        names = {entry.id: entry.node.name for entry in self.entries}
        return [
            f"X-Ray would reject {names.get(key, 'a document')} ({key}): it {problems[0]}"
            + (f", and {len(problems) - 1:,} more" if len(problems) > 1 else "")
            for key, problems in self._problems.items()
        ]

    @property
    def problems(self) -> list[dict[str, Any]]:
        """What X-Ray would reject, and what else can't be right: `id` of the document (None: the trace), `message`."""
        rejected = [
            {"id": key, "message": f"X-Ray would reject this document because it {problem}"}
            for key, problems in self._problems.items()
            for problem in problems
        ]
        return [*rejected, *self.other_problems]

    @property
    def other_problems(self) -> list[dict[str, Any]]:
        """Those of `problems` for which X-Ray would reject no document."""
        found: list[dict[str, Any]] = []
        for entry in self.entries:
            if entry.end == entry.start and entry.node.time_problem == "ends before it starts":
                found.append({"id": entry.id, "message": "It ends before it starts"})
        if self._trace.replaced:
            text = f"{self._trace.replaced:,} finished documents had the id of another one, of which the last is shown"
            found.append({"id": None, "message": text})
        if self.size_bytes > XRAY_TRACE_BYTES:
            text = f"The trace has {self.size_bytes:,} bytes; X-Ray keeps {XRAY_TRACE_BYTES:,}, and drops the rest"
            found.append({"id": None, "message": text})
        if self.refused:
            found.append(
                {"id": None, "message": f"{self.refused:,} more documents were not kept: too much memory"}
            )
        return found


def _tops(trace: JoinedTrace) -> list[Node]:
    segments: list[Node] = []
    orphans: dict[str | int | None, list[Node]] = {}
    roots = trace.roots()
    known = {node.key for node in every_node(roots)}
    for node in roots:
        # A parent that is known and yet not above: the two were below each other.
        if node.is_orphan and node.parent_id not in known:
            orphans.setdefault(node.parent_id, []).append(node)
        else:
            segments.append(node)
    return segments + [_placeholder(parent_id, nodes) for parent_id, nodes in orphans.items()]


def _entries(trace: JoinedTrace) -> list[Entry]:
    entries: list[Entry] = []
    waiting: list[tuple[Node, Entry | None]] = [(node, None) for node in reversed(trace.tops)]
    while waiting:
        node, parent = waiting.pop()
        if isinstance(node, MissingParent):
            kind, service = MISSING, _service_below(node)
        elif node.is_segment or parent is None:
            kind, service = SEGMENT if node.is_segment else SUBSEGMENT, node.name
        else:
            kind, service = SUBSEGMENT, parent.service
        start, end = node.start, node.end
        if start is None:
            start = parent.start if parent else 0.0
        end = None if end is None else max(start, end)
        entry = Entry(node, _id_text(node.key), parent, kind, service, start, end)
        entries.append(entry)
        waiting += [(child, entry) for child in reversed(node.children)]
    return entries


def _placeholder(parent_id: str | int | None, children: list[Node]) -> Node:
    name = (
        f"({parent_id[:40]} was not received)" if isinstance(parent_id, str) else "(its parent is not named)"
    )
    nodes = list(every_node(children))
    starts = [node.start for node in nodes if node.start is not None]
    ends = [node.end for node in nodes if node.end is not None]
    key = parent_id if isinstance(parent_id, str) else "no-parent"
    document: Document = {"name": name}
    if starts:
        document["start_time"] = min(starts)
    if ends and len(ends) == len(nodes):
        document["end_time"] = max(ends)
    return MissingParent(document, None, children, key=key)


def _service_below(node: Node) -> str:
    """What a function calls its service, where the segment with its name never came: the annotation `Service`. Without
    it, the first of what came."""
    for child in node.children:
        service = mapping(child.document.get("annotations")).get("Service")
        if isinstance(service, str) and service:
            return service
    first, *others = node.children
    return f"{first.name} and {len(others):,} more" if others else first.name


def _id_text(key: str | int) -> str:
    """As it is used in addresses."""
    if isinstance(key, int):
        return f"no-id-{key}"
    if len(key) <= MAX_ID_CHARACTERS and is_plain(key):
        return key
    return f"odd-id-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def is_plain(text: str) -> bool:
    """Whether it is of characters that can be seen, in ASCII."""
    return text.isascii() and text.isprintable() and " " not in text

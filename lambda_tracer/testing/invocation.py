"""An invocation: from its documents, as they were sent, to its trees."""

from __future__ import annotations

from ..local.receive.documents import Document
from ..local.receive.json_value import NotJSON, read_loosely
from ..local.receive.trace import Trace, every_node, order
from .captured import CapturedInvocation
from .exception import descriptions_in
from .node import Node
from .subsegments import Subsegments

HEADER_LINE_BYTES = len(b'{"format":"json","version":1}\n')
"""What goes before each document in its datagram."""


class Invocation(Subsegments):
    """One call of the handler from outside, with the subsegments that were sent of it so far."""

    def __init__(self, captured: CapturedInvocation) -> None:
        """Nothing is read before it is asked for."""
        super().__init__(lambda: [self._trees()], self._why_empty)
        self._captured = captured
        self._documents: list[Document | None] = []
        self._roots: list[Node] = []
        self._joined_count = 0

    @property
    def trace_id(self) -> str:
        """`1-<8 hex>-<24 hex>`."""
        return self._captured.trace_id

    @property
    def parent_id(self) -> str:
        """The id of the segment that Lambda would write, the parent of the outermost subsegments."""
        return self._captured.parent_id

    @property
    def header(self) -> str:
        """The whole trace header that the function got."""
        return self._captured.header

    @property
    def is_sampled(self) -> bool:
        """Whether it was to be recorded."""
        return self._captured.is_sampled

    @property
    def cold_start(self) -> bool | None:
        """What the handler's annotation `ColdStart` says; None where it has none."""
        for node in self.roots:
            if isinstance(said := node.annotations.get("ColdStart"), bool):
                return said
        return None

    @property
    def documents(self) -> list[Document]:
        """The documents in the order of arrival, with their `subsegments` in place; not to be changed."""
        self._parse()
        return [document for document in self._documents if document is not None]

    @property
    def texts(self) -> list[str]:
        """The same as the JSON that was sent."""
        return list(self._captured.documents)

    @property
    def size_bytes(self) -> int:
        """Bytes of the documents, as X-Ray counts them."""
        return sum(len(text.encode("utf-8", "surrogatepass")) for text in self._captured.documents)

    def read(self) -> list[tuple[Document | None, int]]:
        """Each document, None for one that is no JSON object, with the bytes of its datagram."""
        self._parse()
        return [
            (document, HEADER_LINE_BYTES + len(text.encode("utf-8", "surrogatepass")))
            for document, text in zip(self._documents, self._captured.documents, strict=False)
        ]

    def _parse(self) -> None:
        """Take in what has come: each document once."""
        texts = self._captured.documents
        if len(texts) > len(self._documents):
            self._documents += [_parsed(text) for text in texts[len(self._documents) :]]

    def _trees(self) -> list[Node]:
        """The outermost subsegments, as they are now; made anew when more has come."""
        self._parse()
        if self._joined_count != len(self._documents):
            self._joined_count = len(self._documents)
            self._roots = self._joined()
        return self._roots

    def _joined(self) -> list[Node]:
        trace = Trace(self.trace_id)
        for document in self._documents:
            if document is not None:
                trace.add(document)
        roots = sorted(trace.roots(), key=order)
        exceptions = {
            exception_id: described
            for document in self._documents
            if document is not None
            for each in every_document(document)
            for exception_id, described in descriptions_in(each)
        }
        made: dict[int, Node] = {}
        for node in reversed(list(every_node(roots))):
            children = tuple(made[id(child)] for child in node.children)
            is_orphan = node.is_orphan and bool(self.parent_id) and node.parent_id != self.parent_id
            made[id(node)] = Node(node, self.trace_id, children, exceptions, is_orphan)
        return _orphans_last([made[id(node)] for node in roots])

    def _why_empty(self) -> str:
        if not self.is_sampled:
            return "nothing was sent: the invocation is not sampled"
        return "nothing was sent of the invocation, which is sampled"


def _orphans_last(roots: list[Node]) -> list[Node]:
    """Those whose parent never came stand behind, side by side with those of the same parent."""
    orphans: dict[str, list[Node]] = {}
    for node in roots:
        if node.is_orphan:
            orphans.setdefault(node.parent_id, []).append(node)
    return [node for node in roots if not node.is_orphan] + [
        node for group in orphans.values() for node in group
    ]


def every_document(document: Document) -> list[Document]:
    """A document and all that is embedded in it, each before what is inside it."""
    found: list[Document] = []
    waiting = [document]
    while waiting:
        current = waiting.pop()
        found.append(current)
        inside = current.get("subsegments")
        if isinstance(inside, list):
            waiting += [each for each in reversed(inside) if isinstance(each, dict)]
    return found


def _parsed(text: str) -> Document | None:
    try:
        value = read_loosely(text)
    except NotJSON:
        return None
    return value if isinstance(value, dict) else None

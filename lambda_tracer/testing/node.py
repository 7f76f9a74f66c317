"""A node of a tree: one subsegment as it was sent, with those around it. It is read, and never changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from functools import cached_property
from typing import Any, NamedTuple

from ..encode.name import clean_name
from ..local.receive import trace as joined
from ..local.receive.documents import Document, mapping, text
from .exception import TracedException, exception_of, exceptions_of
from .search import Wanted, found, only
from .tree import Tree, draw
from .values import Entries, Metadata

FLAGS = ("fault", "error", "throttle")

_RESPONSE = " response"
_QUALIFIED = re.compile(r"[\w<>]+(?:\.[\w<>]+)+")


class Link(NamedTuple):
    """A subsegment of another trace, with which this one goes on."""

    trace_id: str
    id: str


class Node:
    """A subsegment. What its document does not have is empty: a dict, a text, False, or None."""

    def __init__(
        self,
        of: joined.Node,
        trace_id: str,
        children: tuple[Node, ...],
        exceptions: Mapping[str, Document],
        is_orphan: bool = False,
    ) -> None:
        """`exceptions` are the descriptions of all exceptions of the trace, by their ids."""
        self.raw: Document = of.document
        """Its document, without what is below it."""
        self.name = of.name
        self.id = text(of.key)
        self.parent_id = text(of.parent_id)
        self.trace_id = trace_id
        self.parent: Node | None = None
        """None for the outermost ones, whose parent is the segment that Lambda writes."""
        self.children = children
        """Those below it, by start."""
        self.start_time = of.start
        """Seconds since 1970; None where the document does not say."""
        self.end_time = of.end
        """Seconds since 1970; None while it is in progress."""
        self._is_orphan = is_orphan
        self._exceptions = exceptions
        for child in children:
            child.parent = self

    @property
    def duration(self) -> float | None:
        """Seconds; None while it is in progress."""
        return None if self.end_time is None or self.start_time is None else self.end_time - self.start_time

    @property
    def in_progress(self) -> bool:
        """Whether it never ended, as far as was sent."""
        return self.end_time is None

    @property
    def is_orphan(self) -> bool:
        """Whether its parent is named, and never came."""
        return self._is_orphan

    @property
    def namespace(self) -> str:
        """`local`, `remote` for a service that was called, `aws` for one of AWS."""
        return text(self.raw.get("namespace"))

    @property
    def fault(self) -> bool:
        """Whether it failed: an exception left it, or it stands for an HTTP status of 5xx."""
        return self.raw.get("fault") is True

    @property
    def error(self) -> bool:
        """X-Ray's flag for what the caller did wrong, as an HTTP status of 4xx. See `exception` for what was raised."""
        return self.raw.get("error") is True

    @property
    def throttle(self) -> bool:
        """Whether it was throttled, as by an HTTP status of 429."""
        return self.raw.get("throttle") is True

    @property
    def flags(self) -> Set[str]:
        """Those of `fault`, `error` and `throttle` that are set."""
        return frozenset(flag for flag in FLAGS if self.raw.get(flag) is True)

    @cached_property
    def annotations(self) -> dict[str, Any]:
        """Texts, numbers and booleans by key."""
        return Entries(mapping(self.raw.get("annotations")))

    @cached_property
    def metadata(self) -> Metadata:
        """Values by key; `metadata.of(namespace)` has those of one namespace."""
        namespaces = mapping(self.raw.get("metadata"))
        return Metadata({name: mapping(values) for name, values in namespaces.items()})

    @cached_property
    def response(self) -> Any:
        """What the function returned, as a decorator recorded it; None where it did not.

        It is what JSON made of it: tuples are lists. It is the value of the metadata `<function> response`.
        """
        return _captured_response(self.raw, self.name)

    @cached_property
    def exception(self) -> TracedException | None:
        """What it failed with; also where another subsegment describes it, and this one refers to that."""
        return exception_of(self.raw, self._exceptions)

    @cached_property
    def exceptions(self) -> tuple[TracedException, ...]:
        """All that its own document describes: what it failed with, those that led to it, members of groups."""
        return exceptions_of(self.raw, self._exceptions)

    @cached_property
    def http(self) -> dict[str, Any]:
        """`request` (url, method...) and `response` (status, content_length), as in the document."""
        return Entries(mapping(self.raw.get("http")))

    @cached_property
    def sql(self) -> dict[str, Any]:
        """`url`, `sanitized_query`, `database_type`..., as in the document."""
        return Entries(mapping(self.raw.get("sql")))

    @cached_property
    def aws(self) -> dict[str, Any]:
        """`operation`, `region`, `request_id`, what it was about..., as in the document."""
        return Entries(mapping(self.raw.get("aws")))

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Subsegments of other traces that this one goes on with, such as a message's sender."""
        links = self.raw.get("links")
        return tuple(
            Link(text(link.get("trace_id")), text(link.get("id")))
            for link in (links if isinstance(links, list) else ())
            if isinstance(link, dict)
        )

    @property
    def path(self) -> str:
        """The names from the outermost subsegment to this one, with ` > ` between."""
        names = [self.name]
        at = self.parent
        while at is not None:
            names.append(at.name)
            at = at.parent
        return " > ".join(reversed(names))

    @property
    def tree(self) -> Tree:
        """It and all below it, as `Traces.tree` shows them."""
        return Tree(draw([self], str))

    def below(self) -> Iterator[Node]:
        """All below it, each before what is below that; siblings by start."""
        waiting = list(reversed(self.children))
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)

    def one(self, name: Wanted[Node] = None, /, **annotations: Any) -> Node:
        """The one of those below it; see `Traces.one`."""
        __tracebackhide__ = True
        return only(self.below(), name, annotations, lambda: self.tree)

    def all(self, name: Wanted[Node] = None, /, **annotations: Any) -> list[Node]:
        """Those below it; see `Traces.all`."""
        return found(self.below(), name, annotations)

    def __eq__(self, other: object) -> bool:
        """Whether it is the same subsegment, also where more of it was sent in the meantime."""
        if not isinstance(other, Node):
            return NotImplemented
        return self is other or (bool(self.id) and (self.trace_id, self.id) == (other.trace_id, other.id))

    def __hash__(self) -> int:
        return hash((self.trace_id, self.id))

    def __str__(self) -> str:
        """Its line in a tree: the name, and what went wrong."""
        troubles = [flag for flag in FLAGS if flag in self.flags]
        if self.exception is not None:
            troubles.append(self.exception.type or "unknown exception")
        if self.in_progress:
            troubles.append("in progress")
        return "  ".join([self.name, *([" ".join(troubles)] if troubles else [])])

    def __repr__(self) -> str:
        parts = [str(self)]
        if self.annotations:
            parts.append(f"annotations={dict(self.annotations)!r}")
        if self.metadata:
            parts.append(f"metadata of {', '.join(map(repr, self.metadata))}")
        count = len(self.children)
        return f"<{'  '.join(parts)}  {count} child{'' if count == 1 else 'ren'}>"


def _captured_response(document: Document, name: str) -> Any:
    """The value of the metadata `<function> response`, where `name` is the subsegment's."""
    entries = [
        (key.removesuffix(_RESPONSE), value)
        for values in mapping(document.get("metadata")).values()
        for key, value in mapping(values).items()
        if key.endswith(_RESPONSE)
    ]
    for function, value in entries:
        if clean_name(f"## {function}") == name:
            return value
    # The subsegment of a record has the name of its queue or stream; the key has that of the function.
    if name.startswith("## "):
        for function, value in entries:
            if _QUALIFIED.fullmatch(function):
                return value
    return None

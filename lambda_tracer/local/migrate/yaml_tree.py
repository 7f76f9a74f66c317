"""YAML as a tree with the place of everything in it, CloudFormation's short forms (`!Sub`) included."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import yaml

from lambda_tracer.local.template.value import documents

from .source import Source, Unreadable

_MAX_DEPTH = 100


class Tree:
    """The documents of a file. What is a mapping or a list is not made: an alias is what it stands for, once."""

    def __init__(self, source: Source) -> None:
        """Raises Unreadable."""
        self.source = source
        self._text = source.data.decode()
        try:
            self.documents = [node for node in documents(self._text) if node is not None]
        except (yaml.YAMLError, RecursionError, ValueError) as exc:
            raise Unreadable("is not YAML") from exc

    def start(self, node: yaml.Node) -> int:
        """Where it begins, as a byte."""
        return len(self._text[: node.start_mark.index].encode())

    def end(self, node: yaml.Node) -> int:
        """Where it ends, as a byte."""
        return len(self._text[: node.end_mark.index].encode())

    def line(self, node: yaml.Node) -> int:
        """The number of its line, from 1."""
        return int(node.start_mark.line) + 1

    def scalars(self) -> Iterator[tuple[yaml.ScalarNode, yaml.Node | None]]:
        """All texts, each with the list or mapping that it is in."""
        seen: set[int] = set()
        waiting: deque[tuple[yaml.Node, yaml.Node | None, int]] = deque(
            (node, None, 0) for node in self.documents
        )
        while waiting:
            node, parent, depth = waiting.popleft()
            if isinstance(node, yaml.ScalarNode):
                yield node, parent
            if id(node) in seen or depth > _MAX_DEPTH:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                waiting += [(child, node, depth + 1) for child in node.value]
            elif isinstance(node, yaml.MappingNode):
                waiting += [(child, node, depth + 1) for _, child in node.value]

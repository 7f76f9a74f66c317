"""What a line of a tree says of a subsegment beside its name, where that is asked for."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from .node import Node
from .values import Metadata

Keys = bool | str | Collection[str]
"""All, none, or those of a key or some keys."""


@dataclass(frozen=True)
class Line:
    """What is shown. The parts follow each other in this order, values as JSON with sorted keys."""

    flags: bool = True
    namespace: bool = False
    annotations: Keys = False
    metadata: Keys = False
    response: bool = False
    exceptions: bool = False
    places: bool = False
    http: bool = False
    sql: bool = False
    aws: bool = False
    links: bool = False
    duration: bool = False

    def __call__(self, node: Node) -> str:
        """The line of a subsegment, without its indentation."""
        parts = [str(node) if self.flags else node.name]
        if self.namespace and node.namespace not in ("", "local"):
            parts.append(f"[{node.namespace}]")
        parts.append(_json(_chosen(node.annotations, self.annotations)))
        if metadata := _metadata(node.metadata, self.metadata):
            parts.append(f"metadata={_json(metadata)}")
        if self.response and node.response is not None:
            parts.append(f"response={_json(node.response)}")
        if self.exceptions and node.exceptions:
            parts.append(f"exception={_json(str(node.exceptions[0]))}")
        if self.places and node.exceptions and node.exceptions[0].raised_at:
            parts.append(f"at {node.exceptions[0].raised_at}")
        for name in ("http", "sql", "aws"):
            if getattr(self, name) and getattr(node, name):
                parts.append(f"{name}={_json(getattr(node, name))}")
        if self.links and node.links:
            parts.append(f"links={len(node.links)}")
        if self.duration and node.duration is not None:
            parts.append(f"{node.duration * 1000:,.1f} ms")
        return "  ".join(part for part in parts if part)


def _chosen(values: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    chosen = values if keys is True else (keys,) if isinstance(keys, str) else keys or ()
    return {key: values[key] for key in values if key in chosen}


def _metadata(metadata: Metadata, keys: Keys) -> dict[str, Any]:
    """By namespace where all of it is wanted."""
    if keys is True:
        return {name: metadata.of(name) for name in metadata.namespaces}
    return _chosen(metadata, keys)


def _json(value: object) -> str:
    return "" if value == {} else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)

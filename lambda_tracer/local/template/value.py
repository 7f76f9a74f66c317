"""YAML and JSON as templates have them, read without making anything of its tags, with the line of each value.

Intrinsic functions are tags (`!Ref`) or mappings of one key (`Ref`, `Fn::Sub`); `Value` tells both alike. What aliases
refer to is never copied, so what a text describes takes no more than the text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from .setting import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

# libyaml refuses what is nested deeper than it can read; the loader in Python raises RecursionError.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_MAX_MERGES = 10


class Unreadable(Exception):
    """The text is no YAML; the message says why, in a few words."""


class Value:
    """A value in a template. What is asked of one that is of another kind is empty."""

    __slots__ = ("node",)

    def __init__(self, node: Any) -> None:
        self.node = node

    @property
    def line(self) -> int:
        """Where it begins, from 1."""
        return int(self.node.start_mark.line) + 1

    @property
    def text(self) -> str | None:
        """A scalar without a tag of its own; None for anything else."""
        if isinstance(self.node, yaml.ScalarNode) and not self.intrinsic:
            return str(self.node.value)
        return None

    @property
    def intrinsic(self) -> str:
        """The name of the intrinsic function that it is: `Ref`, `Sub`, `GetAtt`, `If`; empty for none."""
        tag = self.node.tag or ""
        if tag.startswith("!"):
            return str(tag[1:])
        if isinstance(self.node, yaml.MappingNode) and len(self.node.value) == 1:
            key = str(getattr(self.node.value[0][0], "value", ""))
            if key == "Ref" or key.startswith("Fn::"):
                return key.removeprefix("Fn::")
        return ""

    @property
    def argument(self) -> Value:
        """What an intrinsic function is given."""
        if (self.node.tag or "").startswith("!"):
            return Value(_untagged(self.node))
        return Value(self.node.value[0][1])

    def items(self, depth: int = 0) -> Iterator[tuple[str, Value]]:
        """The keys of a mapping and their values, merged ones last."""
        if not isinstance(self.node, yaml.MappingNode) or self.intrinsic:
            return
        merged = []
        for key, value in self.node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value == "<<":
                merged.append(Value(value))
            else:
                yield str(key.value), Value(value)
        for each in merged:
            if depth < _MAX_MERGES:
                yield from each.items(depth + 1)

    def get(self, *path: str) -> Value | None:
        """What stands under these keys; None if one of them is not there."""
        value = self
        for key in path:
            for name, below in value.items():
                if name == key:
                    value = below
                    break
            else:
                return None
        return value

    def members(self) -> list[Value]:
        """The members of a sequence."""
        if isinstance(self.node, yaml.SequenceNode) and not self.intrinsic:
            return [Value(node) for node in self.node.value]
        return []

    def texts(self) -> Iterator[str]:
        """All scalars in it, keys too, each node once."""
        return (str(node.value) for node in self._nodes() if isinstance(node, yaml.ScalarNode))

    def has_intrinsic(self) -> bool:
        """Is any part of it something that only a deployment can tell?"""
        return any(Value(node).intrinsic for node in self._nodes())

    def _nodes(self) -> Iterator[yaml.Node]:
        """All nodes in it, itself included, each once: anchors can make a few of them many."""
        waiting, seen = [self.node], set()
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            yield node
            if isinstance(node, yaml.SequenceNode):
                waiting += node.value
            elif isinstance(node, yaml.MappingNode):
                waiting += [part for pair in node.value for part in pair]

    def resolved(self, parameters: Mapping[str, str]) -> str | None:
        """Its text, with the defaults of parameters in the place of their names; None where that is not known."""
        if not self.intrinsic:
            return self.text
        name, argument = self.intrinsic, self.argument.text
        if argument is None:
            return None
        if name == "Ref":
            return parameters.get(argument)
        if name == "Sub":
            for parameter, default in parameters.items():
                argument = argument.replace(f"${{{parameter}}}", default)
            return None if "${" in argument else argument
        return None

    def setting(self, parameters: Mapping[str, str]) -> Setting:
        """Its text and line."""
        return Setting(self.resolved(parameters), self.line)


def _untagged(node: Any) -> Any:
    kind = type(node)
    return kind("", node.value, node.start_mark, node.end_mark)


def first(*places: tuple[Value | None, tuple[str, ...]]) -> Value | None:
    """What stands at the first of these places, each a value and keys below it, where anything does."""
    found = (value.get(*keys) for value, keys in places if value is not None)
    return next((each for each in found if each is not None), None)


def documents(text: str) -> Iterator[Any]:
    """The documents of a YAML text, as nodes. Raises YAMLError, ValueError and RecursionError."""
    return iter(yaml.compose_all(text, Loader=_LOADER))


def read(path: Path, text: str) -> Value:
    """The first document of a YAML or JSON text, which must be a mapping. Raises `Unreadable`."""
    try:
        node = next(documents(text), None)
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as exc:
        node = _from_json(path, text)
        if node is None:
            mark = getattr(exc, "problem_mark", None)
            problem = str(getattr(exc, "problem", None) or type(exc).__name__)
            raise Unreadable(f"{problem} (line {mark.line + 1})" if mark else problem) from None
    if not isinstance(node, yaml.MappingNode):
        raise Unreadable("it is not a mapping")
    return Value(node)


def _from_json(path: Path, text: str) -> Any:
    """JSON that YAML does not take, as with tabs: the same in another layout, line by line."""
    if path.suffix != ".json":
        return None
    try:
        json.loads(text)
        return next(documents(text.replace("\t", "  ")), None)
    except (ValueError, RecursionError, yaml.YAMLError):
        return None

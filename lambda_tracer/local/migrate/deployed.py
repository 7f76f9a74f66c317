"""Deployed functions: what SAM, CloudFormation and serverless.yml say of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import yaml

from .yaml_tree import Tree, entry, items, text

_SERVERLESS = re.compile(r"serverless\.ya?ml")


@dataclass
class Function:
    """A function of a template. What the template computes is None; `is_traced` is then taken for true.

    `folder` is where its code is, `handler` as Lambda is told, `inline` code that stands in the template itself.
    """

    name: str
    node: yaml.Node
    runtime: yaml.Node | None
    folder: PurePosixPath | None
    handler: str | None
    inline: str | None
    layers: yaml.Node | None
    is_traced: bool

    @property
    def is_python(self) -> bool:
        """Is it, or may it be?"""
        runtime = text(self.runtime)
        return runtime is None or runtime.startswith("python")

    @property
    def module(self) -> PurePosixPath | None:
        """The file with the handler, if the template says where that is."""
        if self.folder is None or not self.handler or "." not in self.handler:
            return None
        name = self.handler.rpartition(".")[0].replace(".", "/")
        return joined(self.folder, f"{name}.py")


def functions_of(path: PurePosixPath, tree: Tree) -> Iterator[Function]:
    """The functions of a template."""
    for document in tree.documents:
        if _SERVERLESS.fullmatch(path.name):
            yield from _serverless(path, document)
        else:
            yield from _cloudformation(path, document)


def joined(folder: PurePosixPath, name: str) -> PurePosixPath:
    """A path below `folder`, without `.` and `..`."""
    parts: list[str] = []
    for part in (folder / name).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)


def _cloudformation(path: PurePosixPath, document: yaml.Node) -> Iterator[Function]:
    common = entry(document, "Globals", "Function")
    for name, resource in items(entry(document, "Resources")):
        own = entry(resource, "Properties")
        kind = text(entry(resource, "Type"))
        if kind == "AWS::Serverless::Function":
            tracing = entry(own, "Tracing") or entry(common, "Tracing")
        elif kind == "AWS::Lambda::Function":
            tracing = entry(own, "TracingConfig", "Mode") or _computed(entry(own, "TracingConfig"))
        else:
            continue
        code = text(entry(own, "CodeUri") or entry(own, "Code") or entry(common, "CodeUri"))
        yield Function(
            name=name,
            node=resource,
            runtime=entry(own, "Runtime") or entry(common, "Runtime"),
            folder=None if code is None or ":" in code else joined(path.parent, code),
            handler=text(entry(own, "Handler") or entry(common, "Handler")),
            inline=_inline(entry(own, "InlineCode") or entry(own, "Code", "ZipFile")),
            layers=entry(own, "Layers") or entry(common, "Layers"),
            is_traced=_is_on(tracing),
        )


def _serverless(path: PurePosixPath, document: yaml.Node) -> Iterator[Function]:
    provider = entry(document, "provider")
    for name, function in items(entry(document, "functions")):
        yield Function(
            name=name,
            node=function,
            runtime=entry(function, "runtime") or entry(provider, "runtime"),
            folder=path.parent,
            handler=text(entry(function, "handler")),
            inline=None,
            layers=entry(function, "layers") or entry(provider, "layers"),
            is_traced=_is_on(entry(function, "tracing") or entry(provider, "tracing", "lambda")),
        )


def _inline(node: yaml.Node | None) -> str | None:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else None


def _computed(node: yaml.Node | None) -> yaml.Node | None:
    """A value that a function of the template computes (`!If`, `Fn::If`)."""
    is_computed = node is not None and (
        not node.tag.startswith("tag:yaml.org,2002:") or any(key.startswith("Fn::") for key, _ in items(node))
    )
    return node if is_computed else None


def _is_on(value: yaml.Node | None) -> bool:
    written = text(value)
    if written is None:
        return value is not None
    return written.lower() in {"active", "true"} or written.startswith("${")

"""Deployed functions: what SAM, CloudFormation and serverless.yml say of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from lambda_tracer.local.template.value import Value, first

from .yaml_tree import Tree

_SERVERLESS = re.compile(r"serverless\.ya?ml")


@dataclass
class Function:
    """A function of a template. What the template computes is None; `is_traced` is then taken for true.

    `folder` is where its code is, `handler` as Lambda is told, `inline` code that stands in the template itself.
    """

    name: str
    line: int
    runtime: Value | None
    folder: PurePosixPath | None
    handler: str | None
    inline: str | None
    layers: Value | None
    is_traced: bool

    @property
    def is_python(self) -> bool:
        """Is it, or may it be?"""
        runtime = text_of(self.runtime)
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
    for document in map(Value, tree.documents):
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


def _cloudformation(path: PurePosixPath, document: Value) -> Iterator[Function]:
    common = document.get("Globals", "Function")
    resources = document.get("Resources")
    for name, resource in resources.items() if resources is not None else ():
        own = resource.get("Properties")
        kind = resource.get("Type")
        if kind is not None and kind.text == "AWS::Serverless::Function":
            tracing = _either(own, common, "Tracing")
        elif kind is not None and kind.text == "AWS::Lambda::Function":
            tracing = first((own, ("TracingConfig", "Mode"))) or _computed(first((own, ("TracingConfig",))))
        else:
            continue
        code = text_of(first((own, ("CodeUri",)), (own, ("Code",)), (common, ("CodeUri",))))
        yield Function(
            name=name,
            line=resource.line,
            runtime=_either(own, common, "Runtime"),
            folder=None if code is None or ":" in code else joined(path.parent, code),
            handler=text_of(_either(own, common, "Handler")),
            inline=_inline(first((own, ("InlineCode",)), (own, ("Code", "ZipFile")))),
            layers=_either(own, common, "Layers"),
            is_traced=_is_on(tracing),
        )


def _serverless(path: PurePosixPath, document: Value) -> Iterator[Function]:
    provider = document.get("provider")
    functions = document.get("functions")
    for name, function in functions.items() if functions is not None else ():
        yield Function(
            name=name,
            line=function.line,
            runtime=_either(function, provider, "runtime"),
            folder=path.parent,
            handler=text_of(function.get("handler")),
            inline=None,
            layers=_either(function, provider, "layers"),
            is_traced=_is_on(first((function, ("tracing",)), (provider, ("tracing", "lambda")))),
        )


def _either(own: Value | None, common: Value | None, key: str) -> Value | None:
    return first((own, (key,)), (common, (key,)))


def text_of(value: Value | None) -> str | None:
    """A plain text; None for anything else, and for what a function of the template computes."""
    return None if value is None else value.text


def _inline(value: Value | None) -> str | None:
    if value is None:
        return None
    return value.argument.text if value.intrinsic else value.text


def _computed(value: Value | None) -> Value | None:
    """A value that a function of the template computes (`!If`, `Fn::If`)."""
    return value if value is not None and value.intrinsic else None


def _is_on(value: Value | None) -> bool:
    written = text_of(value)
    if written is None:
        return value is not None
    return written.lower() in {"active", "true"} or written.startswith("${")

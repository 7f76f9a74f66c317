"""Annotations, metadata and segments in the code: what X-Ray or the tracer does not take."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lambda_tracer.xray import is_annotation_key

from .finding import Finding
from .source import Source, argument, constant

_SEGMENT_CALLS = ("begin_segment", "end_segment", "in_segment", "in_segment_async")


def findings(source: Source) -> Iterator[Finding]:
    """What is said of the calls in a file."""
    for call in source.calls:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if name == "put_annotation":
            yield from _annotation(source, call)
        elif name == "put_metadata":
            yield from _metadata(source, call)
        elif name in _SEGMENT_CALLS:
            yield Finding(
                "segment-calls",
                f"{name} is called: in Lambda the segment belongs to Lambda, and the call does nothing.",
                "Use in_subsegment, or leave the call out.",
                source.path,
                call.lineno,
            )


def _annotation(source: Source, call: ast.Call) -> Iterator[Finding]:
    key = constant(argument(call, "key", 0))
    if isinstance(key, str) and not is_annotation_key(key):
        yield Finding(
            "annotation-key",
            f"The annotation {_short(key)} has a key that X-Ray drops: it becomes metadata, and can't be searched for.",
            "Use 1 to 500 ASCII letters, digits, underscores and dots.",
            source.path,
            call.lineno,
        )
    value = argument(call, "value", 1)
    is_container = isinstance(
        value, (ast.Dict, ast.List, ast.Tuple, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
    )
    if is_container or (isinstance(value, ast.Constant) and isinstance(value.value, (bytes, type(None)))):
        yield Finding(
            "annotation-value",
            "An annotation's value is neither text, number nor bool: it is left out.",
            "Use put_metadata for it, or str(...).",
            source.path,
            call.lineno,
        )


def _metadata(source: Source, call: ast.Call) -> Iterator[Finding]:
    namespace = constant(argument(call, "namespace", 2))
    if isinstance(namespace, str) and namespace.startswith("AWS."):
        yield Finding(
            "metadata-namespace",
            f"Metadata has the namespace {_short(namespace)}: X-Ray keeps AWS. for itself, and it is left out.",
            "Choose another name.",
            source.path,
            call.lineno,
        )


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}...")

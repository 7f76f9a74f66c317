"""The trace as an indented text tree, so that a test shows what it expects:

    daemon.expect_tree(\"""
        ## lambda_handler
          ## app.pay  fault ValueError
            dynamodb
    \""")

A line is a name, two spaces and what went wrong, if anything did: `fault`, `error`, `throttle`, the
exception's type (also where the document only refers to the exception), and `in progress` for one that has
not been finished. Siblings stand in the order in which they began, equal times in the order of arrival.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from difflib import ndiff
from textwrap import dedent
from typing import Any

import pytest

from tests.daemon import Daemon
from tests.documents import Document

INDENT = "  "


class Tree:
    """A rendered tree; equal to every text that differs from it only in the margin on the left."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return self.text == without_margin(other if isinstance(other, str) else str(other))

    __hash__ = None  # type: ignore[assignment]  # texts that are equal to it have other hashes

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Tree({self.text!r})"


def expect_tree(traced: Daemon | Iterable[Document], expected: str, **options: bool) -> None:
    """Fail unless the trace is the expected one; the options are those of `tree`. `Daemon.expect_tree` calls this."""
    __tracebackhide__ = True
    came = tree(traced, **options)
    if came != expected:
        lines = ndiff(without_margin(expected).splitlines(), came.text.splitlines())
        pytest.fail("\n".join(["the trace differs: - is expected, + is what came", *lines]), pytrace=True)


def tree(
    traced: Daemon | Iterable[Document],
    *,
    annotations: bool = False,
    metadata: bool = False,
    namespace: bool = False,
    http: bool = False,
) -> Tree:
    """Render what a daemon received, or a flat list of subsegments as `Daemon.subsegments` gives it.

    The options add to each line, as JSON and in this order, what the subsegment has of it: `[aws]` (any
    namespace but local), `{"key": value}` for annotations, `metadata={...}`, `http={...}`.
    """
    subsegments = traced.subsegments() if isinstance(traced, Daemon) else list(traced)
    known = {subsegment["id"] for subsegment in subsegments}
    children: dict[str, list[Document]] = {}
    for subsegment in sorted(subsegments, key=lambda each: each["start_time"]):
        parent = subsegment.get("parent_id")  # a segment may have none
        children.setdefault(parent if parent and parent in known else "", []).append(subsegment)
    exception_types = dict(_exceptions(subsegments))

    def line(subsegment: Document) -> str:
        parts = [subsegment["name"], " ".join(_troubles(subsegment, exception_types))]
        if namespace and subsegment.get("namespace", "local") != "local":
            parts.append(f"[{subsegment['namespace']}]")
        if annotations:
            parts.append(_json(subsegment.get("annotations")))
        for wanted, key in ((metadata, "metadata"), (http, "http")):
            if wanted and subsegment.get(key):
                parts.append(f"{key}={_json(subsegment[key])}")
        return "  ".join(part for part in parts if part)

    lines = []
    waiting = [(subsegment, 0) for subsegment in reversed(children.get("", []))]
    while waiting:
        subsegment, depth = waiting.pop()
        lines.append(INDENT * depth + line(subsegment))
        waiting.extend((child, depth + 1) for child in reversed(children.get(subsegment["id"], [])))
    assert len(lines) == len(subsegments), "subsegments that are each other's ancestors"
    return Tree("\n".join(lines))


def without_margin(text: str) -> str:
    """A literal as it stands in a test, without the indentation of the test and the empty lines around it."""
    return dedent(text).strip("\n")


def _exceptions(subsegments: Iterable[Document]) -> Iterator[tuple[str, str]]:
    """The id and the type of every exception that the documents describe."""
    for subsegment in subsegments:
        cause = subsegment.get("cause")
        for exception in cause.get("exceptions", ()) if isinstance(cause, dict) else ():
            yield exception["id"], exception.get("type", "")


def _troubles(subsegment: Document, exception_types: dict[str, str]) -> Iterator[str]:
    yield from (flag for flag in ("fault", "error", "throttle") if subsegment.get(flag))
    cause: Any = subsegment.get("cause")
    if isinstance(cause, str):
        yield exception_types.get(cause, "unknown exception")
    elif cause and cause.get("exceptions"):
        yield cause["exceptions"][0].get("type", "")
    if subsegment.get("in_progress"):
        yield "in progress"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""

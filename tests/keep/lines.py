"""What was written of invocations, and a clock that is set by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lambda_tracer import Tracer
from lambda_tracer.clock import clock
from tests.tree import without_margin

Line = dict[str, Any]
Segment = dict[str, Any]


class Failed(Exception):
    """What `fail` ends by."""


def fail(tracer: Tracer, work: Callable[[], object]) -> None:
    """An invocation that does that, and fails."""

    @tracer.capture_lambda_handler
    def handler(event: object, context: object) -> None:
        work()
        raise Failed

    with pytest.raises(Failed):
        handler({}, None)


class Hands:
    """The hands of the tracer's clock: seconds pass where a test says so."""

    def __init__(self) -> None:
        self._is_at = 1_000.0
        clock.monotonic = lambda: self._is_at

    def go(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._is_at += seconds


class Log:
    """What the function has written to standard output."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def texts(self) -> list[str]:
        """The lines since this was last asked for."""
        return self._captured.readouterr().out.splitlines()

    def lines(self) -> list[Line]:
        """The same, read."""
        found = [json.loads(text) for text in self.texts()]
        assert all(line["lambda_tracer"] == "kept" and line["version"] == 1 for line in found)
        return found

    def line(self) -> Line:
        """The only one."""
        (found,) = self.lines()
        return found

    def expect(self, reason: str, expected: str) -> None:
        """That there is one line, with this reason and this tree."""
        line = self.line()
        assert (line["reason"], tree(line)) == (reason, without_margin(expected))


def tree(line: Line) -> str:
    """The subsegments of a line as indented text: name, state, exception, and annotations but the handler's own."""
    return "\n".join(row for segment in line["segments"] for row in _rows(segment, ""))


def all_of(line: Line) -> list[Segment]:
    """Every subsegment of a line."""
    found = []
    left = list(line["segments"])
    while left:
        found.append(left.pop())
        left.extend(found[-1].get("subsegments", ()))
    return found


def _rows(segment: Segment, margin: str) -> list[str]:
    words = [segment["name"]]
    words += [word for word in ("in_progress", "fault", "error", "throttle") if segment.get(word)]
    cause = segment.get("cause")
    if isinstance(cause, dict):
        (exception,) = cause["exceptions"]
        words.append(f"{exception['type']}: {exception.get('message')}")
    annotations = segment.get("annotations", {})
    words += [f"{key}={value}" for key, value in annotations.items() if key not in ("ColdStart", "Service")]
    rows = [margin + "  ".join(words)]
    for inner in segment.get("subsegments", ()):
        rows += _rows(inner, margin + "  ")
    return rows

"""What the fixtures and hooks of the pytest plugin do. The plugin itself, which every run of pytest loads, imports this
when a test asks for it.
"""

from __future__ import annotations

import hashlib
import inspect
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from .capture import Capture
from .lambda_context import LambdaContext
from .lasting import between_tests
from .traces import Traces

Made = TypeVar("Made")

MAX_NAME = 120
"""Characters of a page's name: file systems allow 255 bytes."""

MAX_LINES = 200
"""Of a trace in the report of a failed test."""


class Recorded:
    """The trace of one test, from its fixture to the end of its teardown."""

    def __init__(
        self,
        *,
        sampled: bool = True,
        header: str | None = None,
        cold_start: bool = True,
        redact: Iterable[str] | bool | None = None,
        force: bool = False,
        valid: bool = True,
    ) -> None:
        """The arguments of `@pytest.mark.traces`."""
        self.capture = Capture(
            sampled=sampled,
            header=header,
            cold_start=cold_start,
            redact=redact,
            force=force,
            lasting=between_tests,
        )
        self.traces = Traces(self.capture)
        self._must_be_valid = valid

    def end(self, following: pytest.Item | None) -> None:
        """Turn tracing off. What was patched stays so only if the following test is traced, too."""
        try:
            self.capture.end()
        finally:
            if "traces" not in getattr(following, "fixturenames", ()):
                between_tests.undo()

    def check(self) -> None:
        """Fail the test if X-Ray would not take what it sent."""
        __tracebackhide__ = True
        said = self._complaint() if self._must_be_valid else ""
        if said:
            pytest.fail(f"{said}\n(@pytest.mark.traces(valid=False) allows that)", pytrace=False)

    def describe(self, report: pytest.TestReport, folder: str | None) -> None:
        """Show the trace in the report of a test that failed, and write its page to `folder`.

        What goes wrong with that is said there: it must not end the run.
        """
        try:
            lines = _excerpt(self.traces.report())
            reason = self.capture.off_because()
            if reason and not self.traces.documents:
                lines.append(f"tracing is off: {reason} (@pytest.mark.traces(force=True) turns it on)")
        except Exception as error:
            lines = [f"the trace could not be shown: {error!r}"]
        if folder is not None:
            page = Path(folder) / f"{file_name(report.nodeid)}.html"
            try:
                page.parent.mkdir(parents=True, exist_ok=True)
                page.write_text(self.traces.html(), encoding="utf-8")
                lines.append(f"page: {page}")
            except Exception as error:
                lines.append(f"no page could be written: {error!r}")
        report.sections.append(("Trace", "\n".join(lines)))

    def _complaint(self) -> str:
        try:
            self.traces.assert_valid()
        except AssertionError as error:
            return str(error)
        return ""


def _excerpt(text: str) -> list[str]:
    lines = text.splitlines()
    if len(lines) <= MAX_LINES:
        return lines
    half = MAX_LINES // 2
    return [*lines[:half], f"... {len(lines) - 2 * half:,} lines ...", *lines[-half:]]


def record(node: pytest.Item) -> Recorded:
    """Turn tracing on for a test, as its marker says. `Recorded.end` turns it off."""
    recorded = _made(Recorded, "traces", node)
    recorded.capture.begin()
    return recorded


def context(node: pytest.Item) -> LambdaContext:
    """The handler's context, with the values of the test's marker."""
    return _made(LambdaContext, "lambda_context", node)


def file_name(nodeid: str) -> str:
    """A file's name for a test: readable, allowed everywhere, and no other test's."""
    readable = nodeid.replace("::", "-").replace("/", "-")
    name = re.sub(r"[^\w.-]+", "_", readable, flags=re.ASCII)
    if name != readable or len(name) > MAX_NAME:
        name = f"{name[:MAX_NAME]}-{hashlib.sha256(nodeid.encode()).hexdigest()[:8]}"
    return name


def _made(kind: Callable[..., Made], marker: str, node: pytest.Item) -> Made:
    """What a marker asks for; that of the function wins over those of its class and module, name by name."""
    known = inspect.signature(kind).parameters
    values: dict[str, Any] = {}
    for mark in reversed(list(node.iter_markers(marker))):
        unknown = [*map(repr, mark.args), *(name for name in mark.kwargs if name not in known)]
        if unknown:
            pytest.fail(
                f"@pytest.mark.{marker} takes {', '.join(known)} by name, not {', '.join(unknown)}",
                pytrace=False,
            )
        values.update(mark.kwargs)
    return kind(**values)

"""An exception as a trace describes it: once, where it was raised. What it passed through refers to it by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..local.receive.documents import Document, mapping, text

MAX_CHAINED = 100
"""Exceptions that led to each other; more are a circle."""


class Frame(NamedTuple):
    """A place in a stack."""

    path: str
    """The file's name, without its folder."""
    line: int
    label: str
    """The function's name."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line} in {self.label}"


@dataclass(frozen=True)
class TracedException:
    """An exception that was recorded."""

    id: str
    type: str
    """The name of its class; empty where the description that is referred to was not received."""
    message: str
    stack: tuple[Frame, ...] = ()
    """From the handler to where it was raised."""
    truncated: int = 0
    """Frames that were left out of the stack."""
    remote: bool = False
    """Whether it is that of a service that was called."""
    cause: TracedException | None = None
    """What it was raised from, or while; the first member of an ExceptionGroup that was raised from nothing."""

    @property
    def raised_at(self) -> Frame | None:
        """Where it was raised; None without a stack."""
        return self.stack[-1] if self.stack else None

    @property
    def chain(self) -> tuple[TracedException, ...]:
        """This one, and those that led to it, the nearest first."""
        found: list[TracedException] = []
        at: TracedException | None = self
        while at is not None:
            found.append(at)
            at = at.cause
        return tuple(found)

    def __str__(self) -> str:
        name = self.type or "unknown exception"
        return f"{name}: {self.message}" if self.message else name

    def __repr__(self) -> str:
        return f"<{self}{f' at {self.raised_at}' if self.raised_at else ''}>"


def descriptions_in(document: Document) -> Iterator[tuple[str, Document]]:
    """The id and the description of each exception that a subsegment's own document describes."""
    exceptions = mapping(document.get("cause")).get("exceptions")
    for described in exceptions if isinstance(exceptions, list) else ():
        if isinstance(described, dict):
            yield str(described.get("id", "")), described


def exception_of(document: Document, known: Mapping[str, Document]) -> TracedException | None:
    """The exception that a subsegment failed with, among the `known` descriptions by id where it refers to one."""
    cause = document.get("cause")
    if isinstance(cause, str):
        return _exception(cause, known.get(cause, {}), known)
    for exception_id, described in descriptions_in(document):
        return _exception(exception_id, described, known)
    return None


def exceptions_of(document: Document, known: Mapping[str, Document]) -> tuple[TracedException, ...]:
    """All that are described in a subsegment's own document."""
    return tuple(
        _exception(exception_id, described, known) for exception_id, described in descriptions_in(document)
    )


def _exception(exception_id: str, described: Document, known: Mapping[str, Document]) -> TracedException:
    chained = [(exception_id, described)]
    passed = {exception_id}
    while isinstance(cause := chained[-1][1].get("cause"), str) and cause not in passed:
        passed.add(cause)
        chained.append((cause, known.get(cause, {})))
        if len(chained) == MAX_CHAINED:
            break
    exception: TracedException | None = None
    for its_id, its_description in reversed(chained):
        exception = _one(its_id, its_description, exception)
    assert exception is not None
    return exception


def _one(exception_id: str, described: Document, cause: TracedException | None) -> TracedException:
    return TracedException(
        exception_id,
        text(described.get("type")),
        text(described.get("message")),
        tuple(_frames(described.get("stack"))),
        _whole(described.get("truncated")),
        described.get("remote") is True,
        cause,
    )


def _frames(stack: object) -> Iterator[Frame]:
    for frame in stack if isinstance(stack, list) else ():
        if isinstance(frame, dict):
            yield Frame(text(frame.get("path")), _whole(frame.get("line")), text(frame.get("label")))


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0

"""The oracle: what the trace of a program must be.

It keeps its own record of who is whose parent, and knows nothing of the tracer, nor of context variables: each task,
thread and generator is handed a `Place` explicitly, and the rule is that of the documentation. A new subsegment is
below the nearest open ancestor of what its place last saw, if that belongs to the running invocation. Leaving a block
leaves what was left open in it, and a generator's place is its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class Run:
    """One invocation, as the oracle sees it."""

    def __init__(self, name: str, trace_id: str, is_sampled: bool) -> None:
        """`trace_id` is empty for an invocation that came without a header."""
        self.name = name
        self.trace_id = trace_id
        self.is_sampled = is_sampled


class Node:
    """One subsegment, as the oracle sees it; `is_recorded` is false below one that is opened without sampling."""

    def __init__(self, name: str, parent: Node | None, run: Run, thread: object) -> None:
        self.name = name
        self.parent = parent
        self.run = run
        self.thread = thread
        self.is_recorded = True
        self.is_managed = True
        self.is_open = True
        self.exception = ""
        self.annotations: set[str] = set()

    def fail(self, error: BaseException) -> None:
        if self.is_open and not isinstance(error, GeneratorExit):
            self.exception = f"{type(error).__name__} {error}".strip()

    def is_below(self, other: Node) -> bool:
        node: Node | None = self
        while node is not None and node is not other:
            node = node.parent
        return node is other

    def facts(self) -> str:
        """One line for what must arrive of it."""
        return line(
            self.run.name,
            self.name,
            self.parent.name if self.parent else "",
            bool(self.exception),
            self.exception,
            self.annotations,
            self.is_open,
        )


def line(
    run: str,
    name: str,
    parent: str,
    is_fault: bool,
    exception: str,
    annotations: set[str],
    is_open: bool,
) -> str:
    flags = f"{' fault' * is_fault}{' in progress' * is_open}"
    # What was put on one that is never closed may have come after it was sent.
    shown = [] if is_open else sorted(annotations)
    return f"{run}: {name} below {parent or 'the segment'}{flags} [{exception}] {shown}"


class Place:
    """Where a thread, a task or a generator is: what it saw last, and the invocation it is bound to, if it is."""

    def __init__(self, last: Node | None = None, bound: Run | None = None) -> None:
        self.last = last
        self.bound = bound

    def copy(self) -> Place:
        return Place(self.last, self.bound)


class Borrowed(Place):
    """Where an unrecorded generator is: with whoever asks it for the next item."""

    def __init__(self, lender: Place) -> None:
        self.lender = lender

    @property
    def last(self) -> Node | None:
        return self.lender.last

    @last.setter
    def last(self, node: Node | None) -> None:
        self.lender.last = node

    @property
    def bound(self) -> Run | None:
        return self.lender.bound

    @bound.setter
    def bound(self, run: Run | None) -> None:
        raise NotImplementedError


class Oracle:
    """What has been opened, and below what."""

    def __init__(self) -> None:
        self.running = Run("none", "", False)
        self.nodes: list[Node] = []

    def current(self, place: Place) -> Node | None:
        node = place.last
        while node is not None and not node.is_open:
            node = node.parent
        return node if node is not None and node.run is self.run(place) else None

    def run(self, place: Place) -> Run:
        return place.bound or self.running

    def make(self, name: str, place: Place, thread: object, *, captured: bool = True) -> Node | None:
        """The node for what is opened at `place`, which does not move; None where there is none to be current.

        What is opened where nothing is recorded is current all the same, unless a decorator or nothing at all is
        around it.
        """
        parent, run = self.current(place), self.run(place)
        is_recorded = run.is_sampled if parent is None else parent.is_recorded
        if not is_recorded and (captured or parent is None):
            return None
        node = Node(name, parent, run, thread)
        node.is_recorded = is_recorded
        self.nodes.append(node)
        return node

    def open(self, name: str, place: Place, thread: object, *, captured: bool = True) -> Node | None:
        node = self.make(name, place, thread, captured=captured)
        if node is not None:
            place.last = node
        return node

    @contextlib.contextmanager
    def block(self, node: Node | None, place: Place) -> Iterator[Node | None]:
        """The time that a block or a captured call takes. Use it inside: the tracer opens before and closes after."""
        try:
            yield node
        except BaseException as error:
            if node is not None:
                node.fail(error)
            raise
        finally:
            if node is not None:
                node.is_open = False
                if place.last is not None and place.last.is_below(node):
                    place.last = node.parent

    def end(self, place: Place) -> None:
        """What `end_subsegment` does."""
        node = self.current(place)
        if node is not None and not node.is_managed:
            node.is_open = False
            place.last = node.parent

"""Subsegments in their trees, and what a test asks of them: of one invocation, or of all of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .line import Keys, Line
from .node import Node
from .search import Wanted, found, only
from .tree import Tree, difference, draw, indented

Groups = Sequence[Sequence[Node]]
"""The outermost subsegments of each invocation."""


class Subsegments:
    """Iterates over all subsegments: by invocation, each before what is below it, siblings by start.

    Siblings that started at the same time stand in the order in which they ended, then in that of their arrival. It is
    false while there are none.
    """

    def __init__(self, groups: Callable[[], Groups], note: Callable[[], str]) -> None:
        """`groups` is asked each time; `note` says why there is nothing."""
        self._groups = groups
        self._note = note

    @property
    def roots(self) -> list[Node]:
        """The outermost subsegments."""
        return [root for group in self._groups() for root in group]

    @property
    def tree(self) -> Tree:
        """Names, and what went wrong: `fault`, `error`, `throttle`, an exception's type, `in progress`.

        An empty line stands between invocations. One of which nothing was sent is left out.
        """
        return self._drawn(Line())

    def show(
        self,
        *,
        annotations: Keys = False,
        metadata: Keys = False,
        response: bool = False,
        exceptions: bool = False,
        flags: bool = True,
        namespace: bool = False,
        http: bool = False,
        sql: bool = False,
        aws: bool = False,
        links: bool = False,
        duration: bool = False,
    ) -> Tree:
        """The tree with more on each line, or with names alone (`flags=False`).

        `annotations` and `metadata` are True, or the keys that are wanted. `exceptions` adds type and message where an
        exception was raised, `duration` milliseconds, `links` their number. What a subsegment has not is left out.
        """
        return self._drawn(
            Line(
                flags=flags,
                namespace=namespace,
                annotations=annotations,
                metadata=metadata,
                response=response,
                exceptions=exceptions,
                http=http,
                sql=sql,
                aws=aws,
                links=links,
                duration=duration,
            )
        )

    def assert_tree(self, expected: str) -> None:
        """Fail unless `tree` equals the text, with a difference by lines under any test runner."""
        __tracebackhide__ = True
        if not isinstance(expected, str):
            raise TypeError(f"a tree is compared with a text, not {type(expected).__name__}")
        came = self.tree
        if came != expected:
            raise AssertionError(difference(came, expected))

    def one(self, name: Wanted[Node] = None, /, **annotations: Any) -> Node:
        """The one subsegment of that name and with these annotations.

        `name` is exact; a pattern is searched in names; a function is asked for each subsegment. An annotation's value
        is compared with `==`; `...` takes any value, a pattern is searched in a text. Where none is found, or several:
        AssertionError, which shows the tree and names that are near.
        """
        __tracebackhide__ = True
        return only(self, name, annotations, lambda: self.tree or self._note())

    def all(self, name: Wanted[Node] = None, /, **annotations: Any) -> list[Node]:
        """All subsegments of that name and with these annotations, in order; see `one`."""
        return found(self, name, annotations)

    @property
    def faults(self) -> list[Node]:
        """Those that failed: an exception left them, or an HTTP status of 5xx came."""
        return [node for node in self if node.fault]

    @property
    def errors(self) -> list[Node]:
        """Those with X-Ray's flag `error`: what the caller did wrong, as an HTTP status of 4xx."""
        return [node for node in self if node.error]

    @property
    def throttles(self) -> list[Node]:
        """Those that were throttled."""
        return [node for node in self if node.throttle]

    def assert_nothing(self) -> None:
        """Fail if anything was sent, as from an invocation that is not sampled."""
        __tracebackhide__ = True
        if self:
            said = f"{_count(len(self), 'subsegment')} where none was expected"
            raise AssertionError("\n".join([said, *indented(self.tree)]))

    def __iter__(self) -> Iterator[Node]:
        for root in self.roots:
            yield root
            yield from root.below()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return any(self._groups())

    def __str__(self) -> str:
        """Its tree; why there is none, where nothing was sent."""
        return str(self.tree) or self._note()

    def __repr__(self) -> str:
        # In one line: pytest shows it wherever it explains a call.
        return f"<{type(self).__name__}: {_count(len(self), 'subsegment') if self else self._note()}>"

    def _drawn(self, line: Line) -> Tree:
        trees = [draw(group, line) for group in self._groups() if group]
        return Tree("\n\n".join(trees), "" if trees else self._note())


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

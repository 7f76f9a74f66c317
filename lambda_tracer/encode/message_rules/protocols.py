"""What a module has that is the rule of a library, for type checkers and for who writes one: it is never loaded."""

from __future__ import annotations

from typing import Protocol


class Rule(Protocol):
    """Says what is recorded as the message of an exception of the library's."""

    def message(self, error: BaseException, inner: Inner, /) -> str:
        """The message without values, of any length. What is raised costs the message.

        `inner` gives that of another exception which this one holds.
        """


class Inner(Protocol):
    """The message of an exception that another one holds, by the rule of its own."""

    def __call__(self, error: BaseException, otherwise: Rule | None = None, /) -> str:
        """`otherwise` is the rule of one that is neither Python's nor of a library that has a rule."""

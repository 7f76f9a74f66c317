"""What a module has that patches a library, for type checkers and for who writes one: it is never loaded.

Most have `targets`; `patch` and `unpatch` take its place where a library is not traced by replacing functions alone.
Its docstring has four headings: what it wraps, what it records, what it never records and what it propagates.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .replace import Target


class Replaces(Protocol):
    """Says what is replaced; replacing and putting back is the registry's."""

    def targets(self, module: ModuleType, /) -> Iterable[Target]:
        """What is replaced in the given one of the library's modules, patched or not. Changes nothing.

        May raise where the module is not as expected: nothing of the library is patched then.
        """


class Patches(Protocol):
    """Patches and unpatches by itself."""

    def patch(self, module: ModuleType, /) -> None:
        """Have the calls recorded that go through one of the library's modules; all of them, or raise.

        Called again for a module that is patched already, in case somebody else has changed it since.
        """

    def unpatch(self, module: ModuleType, /) -> None:
        """Undo `patch`, wherever it got to; nothing to do where it never was called."""

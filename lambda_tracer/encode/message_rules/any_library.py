"""What a library says that quotes values, but has no rule of its own."""

from __future__ import annotations

from .error import text_of
from .text import without_values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Inner


def message(error: BaseException, inner: Inner) -> str:
    return without_values(text_of(error))

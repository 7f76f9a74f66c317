"""What azure-core and its clients say: what a service answered, without the answer's body, which they put behind it."""

from __future__ import annotations

from .error import text_of
from .text import without_queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Inner


def message(error: BaseException, inner: Inner) -> str:
    return without_queries(text_of(error).partition("\nContent: ")[0])

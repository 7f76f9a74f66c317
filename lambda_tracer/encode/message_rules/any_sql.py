"""What a SQL driver says that has no rule of its own."""

from __future__ import annotations

import re

from .error import text_of
from .text import unquoted, without_numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Inner


def message(error: BaseException, inner: Inner) -> str:
    """The first line, without quoted texts and what stands in brackets."""
    text = text_of(error).strip().partition("\n")[0].partition("\\n")[0]
    text = re.sub(
        r"(values? (?:is|are|of)?|row with column values|details?\)?:?) ?\(.*", r"\1", text, flags=re.DOTALL
    )
    return without_numbers(unquoted(text))

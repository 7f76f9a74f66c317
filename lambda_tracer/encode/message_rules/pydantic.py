"""What pydantic says."""

from __future__ import annotations

import re

from .error import MAX_READ, read, text_of
from .text import place, unquoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .protocols import Inner

_MAX_ERRORS = 20
"""Errors that are told of one model, and then how many more there are."""


def message(error: BaseException, inner: Inner) -> str:
    """What is wrong and where; neither the input nor keys that are no names."""
    count = read(error, "error_count")
    title = read(error, "title")
    if not callable(count) or type(title) is not str:  # pydantic 1, and other errors of pydantic's
        return re.sub(r", input_value=.*?, input_type=", ", input_type=", text_of(error), flags=re.DOTALL)
    number = count()
    found: list[dict[str, Any]] = []
    if number <= 1_000:
        found = error.errors(include_url=False, include_context=False, include_input=False)  # type: ignore[attr-defined]
    return told(f" for {title}", number, found)


def told(title: str, number: int, found: Sequence[Mapping[str, Any]]) -> str:
    """`number` errors, the first of them as pydantic's `errors()` has them."""
    lines = [f"{number} validation error{'s' if number != 1 else ''}{title}"]
    for entry in found[:_MAX_ERRORS]:
        where = ".".join(place(part) for part in entry["loc"])
        if entry["type"] in ("extra_forbidden", "unexpected_keyword_argument", "no_such_attribute"):
            where = ".".join([*map(place, entry["loc"][:-1]), "?"])
        said = entry["msg"][:MAX_READ]
        if entry["type"] not in ("value_error", "assertion_error", "literal_error", "enum"):
            # The user's own validators use words of their own, and the others quote what the model allows.
            said = unquoted(said) if entry["type"] == "union_tag_invalid" else said.partition(" found `")[0]
        lines.append(f"{where}\n  {said} [type={entry['type']}]")
    if found and number > _MAX_ERRORS:
        lines.append(f"... {number - _MAX_ERRORS} more")
    return "\n".join(lines)

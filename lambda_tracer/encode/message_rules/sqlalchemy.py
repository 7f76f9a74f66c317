"""What SQLAlchemy says."""

from __future__ import annotations

import re

from ...guard import Late
from .error import MAX_READ, args_of, names_of, read, text_of
from .text import unquoted, without_numbers, without_queries

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import any_sql
    from .protocols import Inner
else:
    # only for drivers without a rule
    any_sql = Late("lambda_tracer.encode.message_rules.any_sql")


def message(error: BaseException, inner: Inner) -> str:
    """Without the statement and its parameters: what the driver said, cut as the driver's own."""
    origin = read(error, "orig")
    if isinstance(origin, BaseException):
        module, name = names_of(type(origin))
        return f"({module}.{name}) {inner(origin, any_sql)}"
    args = args_of(error)
    text = args[0][:MAX_READ] if args and type(args[0]) is str else text_of(error)
    text = text.partition("\n[SQL:")[0].partition("\n[parameters:")[0].partition("\n(Background")[0]
    text = re.sub(r"identity key .*", "identity key ?", text, flags=re.DOTALL)
    return without_numbers(unquoted(without_queries(text), r"; \d+ (?:were|was) matched\."))

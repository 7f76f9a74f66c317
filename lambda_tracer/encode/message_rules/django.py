"""What Django says of its databases."""

from __future__ import annotations

from ...guard import Late
from .error import cause_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import any_sql
    from .protocols import Inner
else:
    # only where the driver has raised nothing
    any_sql = Late("lambda_tracer.encode.message_rules.any_sql")


def message(error: BaseException, inner: Inner) -> str:
    """What the driver said, whose exception it stands for."""
    led_by = cause_of(error)
    if led_by is not None:
        return inner(led_by)
    return any_sql.message(error, inner)

"""What MySQL, MariaDB and their drivers say."""

from __future__ import annotations

import re

from .error import MAX_READ, args_of, read, text_of
from .text import unquoted, without_numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .protocols import Inner

_TAIL = (
    r" for key (?:'[\w.$-]+'|\d+)|(?: in value)? for column (?:'[\w.$-]+'|(?:`[\w$-]+`\.?)+)(?: at row \d+)?"
    r"| at line \d+| at row \d+| at position \d+"
)


def message(error: BaseException, inner: Inner) -> str:
    args = args_of(error)
    number, state, said = read(error, "errno"), read(error, "sqlstate"), read(error, "msg")
    if type(number) is not int and args and type(args[0]) is int:
        number = args[0]
        said = args[1] if len(args) > 1 else None
    if type(said) is str:
        text = said
    elif type(said) is bytes:
        text = said.decode("utf-8", "replace")
    else:
        text = text_of(error)
    text = text[:MAX_READ]
    if number == 1644 or state == "45000":  # SIGNAL
        text = "raised by a function of the database"
    text = re.sub(
        r"(Could not process parameters|Failed executing the operation|handler) ?[:;(].*",
        r"\1",
        text,
        flags=re.DOTALL,
    )
    text = (
        re.sub(r"\((\d+), .*\)\Z", r"\1", text, flags=re.DOTALL) if type(said) not in (str, bytes) else text
    )
    text = re.sub(r"(no partition for value) .*", r"\1", text, flags=re.DOTALL)
    text = without_numbers(unquoted(text, _TAIL))
    if type(number) is not int:
        return text
    return f"{number} ({state}): {text}" if type(state) is str and state else f"{number}: {text}"

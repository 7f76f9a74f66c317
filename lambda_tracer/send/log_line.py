"""Lines for the function's log, of which there may be one a second: what more there is, is counted.

Lambda makes an event in CloudWatch Logs of each line of standard output. `logging` is not asked: a format of text would
stand before the line, Lambda's format for JSON would quote it once more, and handlers are the user's code. Nor is what
the user has put in the place of `sys.stdout`, where a block of code may collect what it prints.
"""

from __future__ import annotations

import sys

from ..clock import clock
from ..guard import is_from_outside, pass_on, warn_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

INTERVAL_S = 1.0
"""From one line to the next. So there are no more than sixty a minute."""

_last_at = float("-inf")
_left_out = 0


def write(make: Callable[[int], str]) -> bool:
    """Write the line that `make` gives, or count it where the last one was written just now.

    `make` is called with the number of lines that were left out since the last one. A line ends with its newline, in
    one write. False where none was written. What `make` raises is raised: if it came from outside, as if this had not
    been called, else with its line counted.
    """
    global _last_at, _left_out
    now, before = clock.monotonic(), _last_at
    if 0 <= now - _last_at < INTERVAL_S:
        _left_out += 1
        return False
    _last_at = now
    missing, _left_out = _left_out, 0
    try:
        line = make(missing)
    except BaseException as error:
        _left_out += missing
        if is_from_outside(error):
            _last_at = before
        else:
            _left_out += 1
        raise
    try:
        output: Any = sys.__stdout__
        output.write(line + "\n")
        output.flush()
        return True
    except BaseException as error:  # there may be none, or one of the user's
        pass_on(error)
        _left_out += missing + 1
        warn_once("log line", "no line can be written to standard output: %s", type(error).__name__)
        return False


def reset() -> None:
    """Forget the last line, and what was left out."""
    global _last_at, _left_out
    _last_at = float("-inf")
    _left_out = 0

"""The guard between the tracer's work and the user's call, and the one voice the tracer has in the log.

An error of ours ends here: it is counted, one record says that tracing lost something and the function did
not, and the user's call goes on as if undecorated. The first message of a kind is a WARNING, every later one
of that kind DEBUG. In the project's own test suite `reraise` is true, so that a bug of ours fails a test
instead of hiding.
"""

from __future__ import annotations

import logging
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

reraise = False
"""Set by the project's own test suite: an error of ours is raised instead of logged."""

failures = 0
"""How many errors of ours were caught in this process."""

_said: set[str] = set()


def warn_once(kind: str, message: str, *args: object) -> None:
    """Log `message` at WARNING the first time something of this `kind` happens in the process, later at
    DEBUG.

    `args` are formatted into the message by `logging`; never pass the user's values, they may be secrets.
    """
    logger = logging.getLogger("lambda_tracer")
    if kind in _said:
        logger.debug(message, *args)
    else:
        _said.add(kind)
        logger.warning(message, *args)


def failed(error: BaseException) -> None:
    """Count an error of ours and report it once. Raises it only in the project's own test suite."""
    global failures
    failures += 1
    if reraise:
        raise error
    try:
        # Its type and place, not itself: its message, or the exceptions it came from, may be the user's.
        warn_once(
            "failed",
            "lambda_tracer lost a part of the trace; the function is not affected: %s at %s",
            type(error).__name__,
            _place(error),
        )
    except BaseException:  # a log handler that fails must not make it worse
        return


def loaded(name: str) -> Any:
    """The module `name` of this package, for a user's call that is the first to need it; None if it can't be loaded."""
    qualified = f"{__package__}.{name}"
    try:
        __import__(qualified)
        return sys.modules[qualified]
    except Exception as error:  # no more files can be opened, or Python is shutting down
        failed(error)
        return None


def _place(error: BaseException) -> str:
    here = os.path.dirname(os.path.abspath(__file__)) + os.sep
    traceback = error.__traceback__
    place = "unknown"
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename.startswith(here):
            place = f"{code.co_filename[len(here) :]}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place

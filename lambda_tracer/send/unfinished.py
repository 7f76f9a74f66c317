"""What is sent for a function whose time is up: what is open, as it stands, and what waits."""

from __future__ import annotations

from ..clock import clock
from ..trace.subsegment import opened_in
from . import open_stack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..trace.invocation import Invocation
    from .outbox import Outbox


def send_all(
    running: Invocation, outbox: Outbox, time_out: float | None, tell: Callable[[str, str], None] | None
) -> None:
    """Send what is open and what waits; the innermost as faults, with what their threads are doing.

    What is open goes first, and without metadata: the function needs the processor now. What waits is encoded already.
    `time_out` is when the function runs into it (of the monotonic clock); None: the process is being terminated. `tell`
    is called in the place of all that, with what happens and words for it.
    """
    kind, reason = "Terminated", "the process is being terminated"
    if time_out is not None:
        kind = "Timeout"
        reason = f"still running {round((time_out - clock.monotonic()) * 1000)} ms before the time-out"
    if tell is not None:
        tell(kind, reason)
        return
    opened = opened_in(running)
    parents = {id(subsegment.parent) for subsegment in opened}
    for subsegment in opened:
        is_innermost = id(subsegment) not in parents
        cause = open_stack.cause_of(subsegment, kind, reason) if is_innermost else None
        outbox.announce(subsegment, cause, is_brief=True)
    outbox.flush(running)

"""The log of the view: one line on standard error for what could not be taken, and not more than a few a minute."""

from __future__ import annotations

import sys
import threading
from collections import deque

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.plain_text import escaped

LINES = 10
"""In `PERIOD_S`; what comes beyond is counted, and told with the next line."""

PERIOD_S = 60.0
MAX_LINE = 300
"""Characters."""

KEPT = 20
"""Lines that the page can show."""


class Log:
    """Says what was refused. Safe in every thread."""

    def __init__(self) -> None:
        self.refused = 0
        """How much could not be taken since the start."""
        self.last: deque[str] = deque(maxlen=KEPT)
        self._said: deque[float] = deque()
        self._left_out = 0
        self._lock = threading.Lock()

    def refuse(self, what: str, why: str) -> None:
        """Say that `what` was not taken, and why: two clauses that may hold anything."""
        line = escaped(f"{what} was not taken: {why}"[:MAX_LINE])
        now = clock.monotonic()
        with self._lock:
            self.refused += 1
            self.last.append(line)
            while self._said and now - self._said[0] > PERIOD_S:
                self._said.popleft()
            if len(self._said) >= LINES:
                self._left_out += 1
                return
            self._said.append(now)
            left_out, self._left_out = self._left_out, 0
        if left_out:
            line = f"{line} ({left_out:,} more before it)"
        say(line)


def say(line: str) -> None:
    """One line on standard error, where somebody reads it."""
    try:
        sys.stderr.write(f"lambda-tracer: {line}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # nobody is there

"""Invocation: what one value of `_X_AMZN_TRACE_ID` says, and noticing that another invocation began.

The Lambda runtime sets the variable before it calls the handler, and deletes it when an invocation has no
trace header. An invocation is known by the whole header, not by Root alone: a retry or a Step Functions
execution uses the same Root again.
"""

from __future__ import annotations

import os
from _thread import allocate_lock

from . import settings
from .cause import Causes
from .guard import warn_once
from .trace_header import TraceHeader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .subsegment import Subsegment

_HEX = "0123456789abcdefABCDEF"


class Invocation:
    """One invocation of the function, as far as tracing goes.

    `header` is its TraceHeader, `trace_id` and `parent_id` (the segment that Lambda writes) are empty texts
    when the header does not say; `is_sampled` is whether anything is recorded. `open` holds its open
    subsegments by id.
    """

    __slots__ = ("causes", "header", "is_sampled", "open", "parent_id", "raw", "trace_id", "waiting_since")

    def __init__(self, raw: bytes | str | None) -> None:
        """`raw` is the environment's value, as `settings.trace_header` gives it."""
        self.raw = raw
        self.header = TraceHeader.from_header_str(os.fsdecode(raw) if raw else None)
        self.trace_id = self.header.root or ""
        self.parent_id = self.header.parent or ""
        self.is_sampled = self.header.sampled == 1 and _is_trace_id(self.trace_id) and _is_id(self.parent_id)
        self.open: dict[str, Subsegment] = {}
        self.causes = Causes()
        self.waiting_since: float | None = None
        if raw and not self.is_sampled and not self._is_unsampled_by_intent():
            warn_once(
                "header",
                "_X_AMZN_TRACE_ID is not a trace header with Root, Parent and Sampled: nothing is recorded",
            )

    def _is_unsampled_by_intent(self) -> bool:
        """A decision not to record, one yet to be made, or none: Lambda's pass-through has a Root without Parent."""
        has_root = _is_trace_id(self.trace_id)
        return has_root and (self.header.sampled in (0, "?") or not (self.parent_id or self.header.sampled))


_invocation = Invocation(None)
_lock = allocate_lock()
_is_cold = True


def current() -> Invocation:
    """The running invocation. A header that is not the one last seen begins another."""
    raw = settings.trace_header()
    if raw != _invocation.raw:
        return _begin(raw, only_if_new=True)
    return _invocation


def begin() -> Invocation:
    """Begin a new invocation, even when its header looks like that of the last one (a test, a local run)."""
    return _begin(settings.trace_header(), only_if_new=False)


def _begin(raw: bytes | str | None, *, only_if_new: bool) -> Invocation:
    global _invocation
    with _lock:
        if only_if_new and raw == _invocation.raw:  # another thread noticed it first
            return _invocation
        ended, _invocation = _invocation, Invocation(raw)
        begun = _invocation
    for subsegment in list(ended.open.values()):
        subsegment.recorder.leave_behind(subsegment)
    return begun


def after_fork() -> None:
    """In a forked child: what is open belongs to the parent process, which sends it; here it is only an ancestor."""
    global _lock
    _lock = allocate_lock()
    for subsegment in _invocation.open.values():
        subsegment.waiting = []
        subsegment.accepts_children = False
    _invocation.open.clear()


def take_cold_start() -> bool:
    """Whether this is the first handler to complete in the process; every later answer is False.

    With provisioned concurrency the sandbox was warmed before any request: always False.
    """
    global _is_cold
    was_cold, _is_cold = _is_cold, False
    return was_cold and not settings.provisioned_concurrency()


def _is_trace_id(text: str) -> bool:
    """`1-<8 hex>-<24 hex>`."""
    return (
        len(text) == 35
        and text[:2] == "1-"
        and text[10] == "-"
        and _is_hex(text[2:10])
        and _is_hex(text[11:])
    )


def _is_id(text: str) -> bool:
    return len(text) == 16 and _is_hex(text)


def _is_hex(text: str) -> bool:
    return not text.strip(
        _HEX
    )  # strip eats a text from both ends until it meets a character that is none of these

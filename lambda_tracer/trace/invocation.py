"""Invocation: what one value of `_X_AMZN_TRACE_ID` says, and noticing that another invocation began.

The Lambda runtime sets the variable before it calls the handler, and deletes it when an invocation has no
trace header. An invocation is known by the whole header, not by Root alone: a retry or a Step Functions
execution uses the same Root again.

Invocations are numbered, and each number is given away once, by an operation that cannot be interrupted. So threads
that notice a new header at the same time agree on one invocation, and none of them waits for another.
"""

from __future__ import annotations

import itertools
import sys
from os import fsdecode, urandom

from .. import settings
from ..clock import clock
from ..guard import loaded, pass_on, warn_once
from .header import MAX_HEADER_CHARACTERS, TraceHeader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..encode.cause import Causes
    from .subsegment import Subsegment

_HEX = "0123456789abcdefABCDEF"


class Ids:
    """Ids for subsegments: 16 hex digits, counted up from a number of the kernel's.

    One system call an invocation and not one a subsegment, of which it would be a twentieth. Never a seeded generator:
    forked workers and restored snapshots would repeat it.
    """

    __slots__ = ("next",)

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Count from another number: in each invocation, forked process and restored snapshot."""
        # Between 2**62 and 2**63: `hex` gives all 16 digits, in half the time that filling up with zeros takes.
        self.next = itertools.count(int.from_bytes(urandom(8), "big") >> 2 | 1 << 62).__next__


ids = Ids()


class Invocation:
    """One invocation of the function, as far as tracing goes.

    `header` is its TraceHeader, `trace_id` and `parent_id` (the segment that Lambda writes) are empty texts
    when the header does not say; `is_sampled` is whether anything is recorded. `open` holds its open
    subsegments by id, `outgoing` the documents that are about to be sent.
    """

    __slots__ = (
        "_causes",
        "before",
        "has_ended",
        "header",
        "is_sampled",
        "losses",
        "number",
        "open",
        "outgoing",
        "parent_id",
        "raw",
        "trace_id",
        "waiting_since",
    )

    top: Subsegment | None = None
    """What a subsegment without a parent is under, where that is one of ours."""

    holds_documents = False
    """Whether what is finished is kept, for there is no trace yet to send it to."""

    def __init__(self, raw: object) -> None:
        """`raw` is the environment's value, as `settings.trace_header` gives it."""
        self.raw = raw
        text = fsdecode(raw) if isinstance(raw, (bytes, str)) else ""
        self.header = TraceHeader.from_header_str(text)
        if len(text) > MAX_HEADER_CHARACTERS or not (text.isascii() and text.isprintable()):
            self.header.keep_what_can_be_sent()
        self.trace_id = self.header.root or ""
        self.parent_id = self.header.parent or ""
        self.is_sampled = self.header.sampled == 1 and _is_trace_id(self.trace_id) and _is_id(self.parent_id)
        self.open: dict[str, Subsegment] = {}
        self.outgoing: list[str] = []
        self.number = 0
        self.before: list[Invocation] = []  # the one that ended with this, until what it left open is seen to
        self._causes: Causes | None = None
        self.has_ended = False
        self.losses: dict[str, list[int]] | None = None
        self.waiting_since: float | None = None
        if raw and not self.is_sampled and not self._is_unsampled_by_intent():
            warn_once(
                "header",
                "_X_AMZN_TRACE_ID is not a trace header with Root, Parent and Sampled: nothing is recorded",
            )

    @property
    def causes(self) -> Causes:
        """The exceptions that have been described."""
        if self._causes is None:
            from ..encode.cause import Causes  # most invocations meet none

            self._causes = Causes()
        return self._causes

    def lose(self, what: str, size_bytes: int) -> None:
        """Note that something was cut, or not sent: the outermost subsegment says so when it closes."""
        if self.losses is None:
            self.losses = {}
        lost = self.losses.setdefault(what, [0, 0])
        lost[0] += 1
        lost[1] += size_bytes

    def hold(self, documents: list[str]) -> None:
        """Keep documents instead of sending them; only where `holds_documents`."""
        raise NotImplementedError

    def _is_unsampled_by_intent(self) -> bool:
        """A decision not to record, one yet to be made, or none: Lambda's pass-through has a Root without Parent."""
        has_root = _is_trace_id(self.trace_id)
        return has_root and (self.header.sampled in (0, "?") or not (self.parent_id or self.header.sampled))


_NONE_YET: object = ()  # no value of the environment variable
_REMEMBERED = 16
_invocation = Invocation(_NONE_YET)
_begun: dict[int, Invocation] = {}  # the last few, by their numbers
_is_cold = True


def current() -> Invocation:
    """The running invocation. A header that is not the one last seen begins another."""
    raw = settings.trace_header()
    if raw != _invocation.raw:
        return _begin(raw, only_if_new=True)
    return _invocation


def last() -> Invocation:
    """The invocation that ran when it was last asked for."""
    return _invocation


def begin() -> Invocation:
    """Begin a new invocation, even when its header looks like that of the last one (a test, a local run)."""
    return _begin(settings.trace_header(), only_if_new=False)


def _begin(raw: bytes | str | None, *, only_if_new: bool) -> Invocation:
    global _invocation
    fresh: Invocation | None = None
    while True:
        ended = _invocation
        while ended.number + 1 in _begun:
            ended = _begun.get(ended.number + 1, ended)
        if only_if_new and raw == ended.raw:  # another thread noticed it first
            _invocation = ended
            _see_to_what_ended(ended)
            return ended
        if fresh is None:
            fresh = _made(raw, is_first=only_if_new and raw is None and ended.raw is _NONE_YET)
        fresh.number = ended.number + 1
        fresh.before = [ended]
        if _begun.setdefault(fresh.number, fresh) is fresh:
            break
    _invocation = fresh
    _begun.pop(fresh.number - _REMEMBERED, None)
    _see_to_what_ended(fresh)
    return fresh


def _made(raw: bytes | str | None, *, is_first: bool) -> Invocation:
    if "time_machine" in sys.modules:
        clock.renew()
    settings.global_sdk_config.refresh()
    if is_first and settings.initialization_is_traced():
        # only where something is traced before the first invocation
        initialization = loaded("trace.initialization")
        if initialization is not None:
            made: Invocation = initialization.Initialization()
            return made
    fresh = Invocation(raw)
    if fresh.is_sampled:
        ids.renew()
    return fresh


def _see_to_what_ended(begun: Invocation) -> None:
    """Send what the invocation before left open. Interrupted from outside, it is done when the next one asks."""
    if not begun.before:
        return
    try:
        ended = begun.before.pop()
    except IndexError as error:  # another thread is at it
        pass_on(error)
        return
    try:
        ended.has_ended = True
        if ended.holds_documents:
            ended.end(begun)  # type: ignore[attr-defined]  # it is an Initialization
        for subsegment in list(ended.open.values()):
            subsegment.recorder.leave_behind(subsegment)
    except BaseException:
        begun.before.append(ended)
        raise


def after_fork() -> None:
    """In a forked child: what is open belongs to the parent process, which sends it; here it is only an ancestor."""
    _abandon_open()


def after_restore() -> None:
    """In a sandbox restored from a snapshot: nothing from before is sent, and the next invocation is a cold start."""
    _abandon_open()
    reset()


def reset() -> None:
    """Begin as a process does, before its first invocation."""
    global _invocation, _is_cold
    _begun.clear()
    _invocation = Invocation(None)
    _is_cold = True


def _abandon_open() -> None:
    ids.renew()
    for subsegment in list(_invocation.open.values()):
        subsegment.waiting = []
        subsegment.waiting_bytes = 0
        subsegment.accepts_children = False
        subsegment.is_stored = True
    _invocation.open.clear()
    _invocation.outgoing.clear()
    _invocation.before.clear()


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
    # `strip` eats a text from both ends until it meets a character that is none of these
    return not text.strip(_HEX)

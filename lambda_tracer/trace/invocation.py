"""Invocation: what one value of `_X_AMZN_TRACE_ID` says, and what is open, finished and lost in it.

The Lambda runtime sets the variable before it calls the handler, and deletes it when an invocation has no
trace header. An invocation is known by the whole header, not by Root alone: a retry or a Step Functions
execution uses the same Root again. Which one runs is known in `running`.
"""

from __future__ import annotations

import itertools
from os import fsdecode, urandom

from ..guard import warn_once
from .header import MAX_HEADER_CHARACTERS, TraceHeader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Keeper(Protocol):
        """What keeps finished documents before there is a trace that they belong to."""

        def hold(self, documents: list[str]) -> None:
            """Keep documents instead of sending them."""

        def end(self, begun: Invocation) -> None:
            """The next invocation has begun: send what was kept as part of it, or drop it."""

    class Batch(Protocol):
        """What remembers the records that an invocation works on."""

        def stored(self, subsegment_id: str, document: tuple[str, int] | str) -> None:
            """A subsegment has ended, and this document of it waits or leaves."""


_HEX = "0123456789abcdefABCDEF"
_WITH_ZEROS = bytes.maketrans(_HEX.encode(), b"0" * len(_HEX))
_USUAL = b"Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0".translate(_WITH_ZEROS)
_LENGTH = len(_USUAL)


class Ids:
    """Ids for subsegments: 16 hex digits, counted up from a number of the kernel's.

    One system call an invocation and not one a subsegment, of which it would be a twentieth. Never a seeded generator:
    forked workers and restored snapshots would repeat it.
    """

    __slots__ = ("numbers",)

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Count from another number: in each invocation, forked process and restored snapshot."""
        # Between 2**62 and 2**63: `hex` gives all 16 digits, in half the time that filling up with zeros takes.
        self.numbers = itertools.count(int.from_bytes(urandom(8), "big") >> 2 | 1 << 62)


ids = Ids()


class Invocation:
    """One invocation of the function, as far as tracing goes.

    `header` is its TraceHeader, `trace_id` and `parent_id` (the segment that Lambda writes) are empty texts
    when the header does not say; `is_sampled` is whether anything is recorded. `open` holds its open
    subsegments by id (see `subsegment.opened_in`), `outgoing` the documents that are about to be sent; `causes` is what
    is remembered of the exceptions that have been described, `records` of the batch that is worked on. `handler` is the
    subsegment of the outermost handler that is captured, once it is open (see `subsegment.handler_of`), and
    `answers_http` whether that answers an HTTP request. `incoming` is where other tracers' headers are that the handler
    was called with, and once they are needed what `w3c` has made of them. `ring` is what is kept of one that is not
    sampled (see `keeper.ring_of`).
    """

    __slots__ = (
        "_header",
        "answers_http",
        "before",
        "causes",
        "flags_before",
        "handler",
        "has_ended",
        "incoming",
        "is_sampled",
        "losses",
        "number",
        "open",
        "outgoing",
        "parent_id",
        "raw",
        "records",
        "ring",
        "trace_id",
        "waiting_since",
    )

    top: object | None = None
    """What a subsegment without a parent is under, where that is one of ours."""

    keeper: Keeper | None = None
    """What keeps what is finished, where there is no trace yet to send it to."""

    is_of_context = False
    """Whether only contexts that are bound to it work for it, and not the process: many may run at once.

    Such a one has `leave_if_over`: once it has ended, and nothing in it is open in this context, that leaves it.
    """

    def __init__(self, raw: object) -> None:
        """`raw` is the environment's value, as `settings.trace_header` gives it."""
        self.raw = raw
        self._header: TraceHeader | None = None
        usual = _usual(raw) if type(raw) is bytes else None
        if usual is not None:
            self.trace_id, self.parent_id, self.is_sampled = usual
        else:
            header = self.header
            self.trace_id = header.root or ""
            self.parent_id = header.parent or ""
            self.is_sampled = header.sampled == 1 and is_trace_id(self.trace_id) and is_id(self.parent_id)
            if raw and not self.is_sampled and not self._is_unsampled_by_intent():
                warn_once(
                    "header",
                    "_X_AMZN_TRACE_ID is not a trace header with Root, Parent and Sampled: nothing is recorded",
                )
        self.open: dict[str, object] = {}
        self.outgoing: list[str] = []
        self.number = 0
        self.before: list[Invocation] = []  # the one that ended with this, until what it left open is seen to
        self.causes: object = None
        self.records: Batch | None = None
        self.ring: object = None
        self.handler: object = None
        self.answers_http = False
        self.incoming: object = None
        self.flags_before: tuple[bool, bool, bool] | None = None
        self.has_ended = False
        self.losses: dict[str, list[int]] | None = None
        self.waiting_since: float | None = None

    @property
    def header(self) -> TraceHeader:
        """The header in its parts, taken apart when it is first asked for: by a request that hands it on."""
        header = self._header
        if header is None:
            raw = self.raw
            text = fsdecode(raw) if isinstance(raw, (bytes, str)) else ""
            header = TraceHeader.from_header_str(text)
            if len(text) > MAX_HEADER_CHARACTERS or not (text.isascii() and text.isprintable()):
                header.keep_what_can_be_sent()
            self._header = header
        return header

    def lose(self, what: str, size_bytes: int) -> None:
        """Note that something was cut, or not sent: the outermost subsegment says so when it closes."""
        if self.losses is None:
            self.losses = {}
        lost = self.losses.setdefault(what, [0, 0])
        lost[0] += 1
        lost[1] += size_bytes

    def _is_unsampled_by_intent(self) -> bool:
        """A decision not to record, one yet to be made, or none: Lambda's pass-through has a Root without Parent."""
        has_root = is_trace_id(self.trace_id)
        return has_root and (self.header.sampled in (0, "?") or not (self.parent_id or self.header.sampled))


def _usual(raw: bytes) -> tuple[str, str, bool] | None:
    """Root, Parent and the decision of a header in the form that Lambda gives it; None of any other form.

    `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=<0|1>` and nothing more than a Lineage: read at fixed places, in
    a tenth of the time that it takes to read a header whose parts may be anywhere.
    """
    usual = raw[:_LENGTH]
    # With a zero for each hex digit all such headers are the same, but there are such digits in the names as well.
    if usual.translate(_WITH_ZEROS) != _USUAL:
        return None
    text = usual.decode()
    if "Root=1-" not in text or ";Parent=" not in text or ";Sampled=" not in text:
        return None
    if len(raw) > _LENGTH and (raw[74:83] != b";Lineage=" or b";" in raw[83:]):
        return None
    decision = text[73]
    return (text[5:40], text[48:64], decision == "1") if decision in "01" else None


def is_trace_id(text: str) -> bool:
    """`1-<8 hex>-<24 hex>`."""
    return (
        len(text) == 35
        and text[:2] == "1-"
        and text[10] == "-"
        and _is_hex(text[2:10])
        and _is_hex(text[11:])
    )


def is_id(text: str) -> bool:
    """16 hex digits: the id of a segment or subsegment."""
    return len(text) == 16 and _is_hex(text)


def _is_hex(text: str) -> bool:
    # `strip` eats a text from both ends until it meets a character that is none of these
    return not text.strip(_HEX)

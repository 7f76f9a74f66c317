"""Exceptions of an invocation that is not sampled: what is kept of those that left its subsegments.

That is type and message, once for all that an exception passes through; the others refer to it by its id.
"""

from __future__ import annotations

import os

from ..encode import any_value, cause
from ..guard import pass_on
from ..trace.kept import described_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..trace.kept import KeptSubsegment

MAX_MESSAGES = 100
"""Exceptions of one invocation whose messages are kept; one that leaves the handler has its message in any case. A
message takes more than all else that is kept of a call."""

MAX_EXCEPTIONS = 10
"""Of one subsegment: those that left it, and those of which a web framework made an answer."""

_name_of = type.__dict__["__name__"].__get__


def describe(subsegment: KeptSubsegment, error: BaseException) -> None:
    """Note on a subsegment that an exception left it."""
    ring = subsegment.ring
    causes = cause.causes_of(ring.invocation)
    known = causes.recall(error)
    if known is not None:
        subsegment.cause = subsegment.cause or known
        return
    described = {"id": os.urandom(8).hex(), "type": _name_of(type(error))}
    if ring.messages < MAX_MESSAGES:
        ring.messages += 1
        message = _message_of(error)
        if message and ring.has_room(len(message)):
            described["message"] = message
    causes.remember(error, described["id"])
    before = described_at(subsegment)
    if len(before) < MAX_EXCEPTIONS:
        subsegment.cause = [*before, described]


def describe_last(entries: Sequence[KeptSubsegment], error: BaseException) -> None:
    """See to it that what left the handler is described, with its message, whatever there was no room for.

    `entries` are the subsegments that are kept, the outermost one first.
    """
    outermost = entries[0]
    known = cause.causes_of(outermost.invocation).recall(error)
    if known is None:
        return
    described = next((each for entry in entries for each in described_at(entry) if each["id"] == known), None)
    if described is None:
        described = {"id": known, "type": _name_of(type(error))}
        outermost.cause = [described]
    message = "" if "message" in described else _message_of(error)
    if message:
        described["message"] = message


def _message_of(error: BaseException) -> str:
    try:
        return any_value.message_of(error)
    except BaseException as failure:  # the exception's own code
        pass_on(failure)
        return ""

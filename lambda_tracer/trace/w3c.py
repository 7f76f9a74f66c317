"""W3C trace context: the headers by which other tracers know a trace, as they came in and as they go out.

https://www.w3.org/TR/trace-context/ and https://www.w3.org/TR/baggage/. The trace is X-Ray's: `traceparent` says in
another form what `X-Amzn-Trace-Id` says. One that came in with another trace does not change that.

`baggage` is handed on as it came. So is `tracestate` where it came with this very trace: it says where its vendors are
in the trace that it came with, and is to be dropped where another begins.
"""

from __future__ import annotations

from .invocation import is_id, is_trace_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .header import TraceHeader
    from .invocation import Invocation

TRACEPARENT, TRACESTATE, BAGGAGE = NAMES = ("traceparent", "tracestate", "baggage")
"""The names of the headers, in small letters, as both specifications ask to write them."""

MAX_TRACESTATE_CHARACTERS = 4_096
"""Trace Context asks to hand on 512 at least. What is longer is dropped, never cut: half of it says something else."""

MAX_TRACESTATE_MEMBERS = 32
"""Trace Context, section 3.3.1.1: more are no list of members."""

MAX_BAGGAGE_BYTES = 8_192
MAX_BAGGAGE_MEMBERS = 64
"""Baggage, section 3.3.2: what every platform hands on. Of what is longer nothing is handed on."""

_HEX = "0123456789abcdef"
_NO_ID = "0" * 16
_KEY = "abcdefghijklmnopqrstuvwxyz0123456789_-*/@"


class Incoming:
    """What came in. `trace_id` (in X-Ray's form) and `parent_id` are empty where no valid `traceparent` did."""

    __slots__ = ("baggage", "parent_id", "trace_id", "traceparent", "tracestate")

    def __init__(
        self, traceparent: str | None = None, tracestate: str | None = None, baggage: str | None = None
    ) -> None:
        """Takes whatever texts stood in the headers; what is no such header's value counts as not there."""
        found = None if traceparent is None else parse(traceparent)
        self.trace_id, self.parent_id = found or ("", "")
        self.traceparent = None if found is None else traceparent
        self.tracestate = None if found is None or tracestate is None else _tracestate(tracestate)
        self.baggage = None if baggage is None else _baggage(baggage)


_NOTHING = Incoming()


def incoming(running: Invocation) -> Incoming:
    """What the running invocation was called with. It is read when it is first asked for."""
    found = running.incoming
    if type(found) is Incoming:
        return found
    if type(found) is not dict:
        return _NOTHING
    running.incoming = read = Incoming(*[_value(found, name) for name in NAMES])
    return read


def put(
    context: dict[str, str], header: TraceHeader, running: Invocation, propagators: frozenset[str]
) -> None:
    """Put what a request sent now carries beside the trace header into `context`; `header` is that, in its parts."""
    came = incoming(running)
    if "tracecontext" in propagators:
        if header.sampled in (0, 1):
            ours = traceparent(header.root, header.parent, header.sampled == 1)
            if ours is not None:
                context[TRACEPARENT] = ours
                if came.tracestate is not None and came.trace_id == (header.root or "").lower():
                    context[TRACESTATE] = came.tracestate
        elif came.traceparent is not None:
            # No decision has been made here, which a traceparent cannot say: it is handed on as that header is.
            context[TRACEPARENT] = came.traceparent
            if came.tracestate is not None:
                context[TRACESTATE] = came.tracestate
    if "baggage" in propagators and came.baggage is not None:
        context[BAGGAGE] = came.baggage


def traceparent(trace_id: str | None, parent_id: str | None, is_sampled: bool) -> str | None:
    """The value of the header for ids in X-Ray's form; None where they have none of that form."""
    if trace_id is None or parent_id is None or not (is_trace_id(trace_id) and is_id(parent_id)):
        return None
    text = f"00-{trace_id[2:10]}{trace_id[11:]}-{parent_id}-0{1 if is_sampled else 0}".lower()
    return None if parse(text) is None else text


def parse(text: str) -> tuple[str, str] | None:
    """The trace's id, in X-Ray's form, and the parent's that a `traceparent` names; None for what is not valid.

    Later versions may have more behind the flags; there is no version ff.
    """
    if len(text) < 55 or (len(text) > 55 and (text[:2] == "00" or text[55] != "-")):
        return None
    trace_id, parent_id = text[3:35], text[36:52]
    if (
        text[2] + text[35] + text[52] != "---"
        or (text[:2] + trace_id + parent_id + text[53:55]).strip(_HEX)
        or text[:2] == "ff"
        or trace_id == _NO_ID + _NO_ID
        or parent_id == _NO_ID
    ):
        return None
    return f"1-{trace_id[:8]}-{trace_id[8:]}", parent_id


def _value(headers: dict[Any, Any], name: str) -> str | None:
    """A header's value. Names are in small letters, except those that a client wrote in another way for a REST API."""
    value = headers.get(name)
    if value is None:
        value = headers.get(name.capitalize())  # as Go writes them
    if type(value) is list and all(type(each) is str for each in value):
        # Two of `traceparent` are none; those of the others are one list.
        value = ",".join(value)
    return value.strip(" \t") if type(value) is str else None


def _tracestate(text: str) -> str | None:
    members = [member for each in text.split(",") if (member := each.strip())]
    keys = {member.partition("=")[0] for member in members}
    is_one = (
        _can_be_sent(text, MAX_TRACESTATE_CHARACTERS)
        and 0 < len(members) == len(keys) <= MAX_TRACESTATE_MEMBERS
        and all(key and not key.strip(_KEY) for key in keys)
        and all(member.count("=") == 1 for member in members)
    )
    return text if is_one else None


def _baggage(text: str) -> str | None:
    members = text.split(",")
    is_one = (
        _can_be_sent(text, MAX_BAGGAGE_BYTES)
        and len(members) <= MAX_BAGGAGE_MEMBERS
        and all("=" in member and member.partition("=")[0].strip() for member in members)
    )
    return text if is_one else None


def _can_be_sent(text: str, most: int) -> bool:
    """Whether this may stand in the value of a header: printable ASCII, and not too much of it."""
    return 0 < len(text) <= most and text.isascii() and text.isprintable()

"""W3C trace context: the headers by which other tracers know a trace, as they came in and as they go out.

https://www.w3.org/TR/trace-context/ and https://www.w3.org/TR/baggage/. The trace is X-Ray's: `traceparent` says in
another form what `X-Amzn-Trace-Id` says. One that came in with another trace does not change that.

`baggage` is handed on as it came. So is `tracestate` where it came with this very trace: it says where its vendors are
in the trace that it came with, and is to be dropped where another begins.
"""

from __future__ import annotations

from .. import settings
from ..guard import warn_once
from .header import HEADER_NAME
from .invocation import is_id, is_trace_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .context import AnySubsegment
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

CALLER_TRACE_ID = "CallerTraceId"
"""The annotation of what was called from another trace: that trace's id, in X-Ray's form."""

PROPAGATORS = frozenset(("xray", "tracecontext", "baggage"))
"""OpenTelemetry's names of those whose headers are known here."""

_propagators: tuple[str | None, frozenset[str]] = (None, PROPAGATORS)  # as they were last read

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


class Outgoing:
    """What requests of an invocation carry, as far as they have it in common: made once, for the first of them."""

    __slots__ = ("baggage", "came", "prefix", "segment_id", "tracestate")

    def __init__(self, running: Invocation, came: Incoming) -> None:
        """`came` is what the invocation came with."""
        header = running.header
        root, parent = header.root or "", header.parent or ""
        # Both without what W3C does not take for an id: zeros alone, and capital letters.
        is_trace = is_trace_id(root) and root[2:].strip("0-") != ""
        self.came = came
        self.prefix = f"00-{digits_of(root)}-".lower() if is_trace else ""
        self.segment_id = parent.lower() if is_id(parent) and parent.strip("0") else ""
        self.tracestate = came.tracestate if came.trace_id == root.lower() else None
        self.baggage = came.baggage


_NOTHING = Incoming()


def incoming(running: Invocation) -> Incoming:
    """What the running invocation was called with. It is read when it is first asked for."""
    found = running.incoming
    if type(found) is Outgoing:
        return found.came
    return _outgoing(running).came


def _outgoing(running: Invocation) -> Outgoing:
    found = running.incoming
    came = Incoming(*[_value(found, name) for name in NAMES]) if type(found) is dict else _NOTHING
    running.incoming = made = Outgoing(running, came)
    return made


def context(header: str, running: Invocation, current: AnySubsegment | None) -> dict[str, str]:
    """What a request sent now carries, by the headers' names: `header` is the trace header's value, and `current` the
    subsegment that is current in the running invocation.
    """
    wanted = propagators()
    sent = {HEADER_NAME: header} if "xray" in wanted else {}
    if len(wanted) == len(sent):
        return sent
    found = running.incoming
    common = found if type(found) is Outgoing else _outgoing(running)
    if "tracecontext" in wanted:
        is_recorded = current is not None and current.sampled and settings.global_sdk_config.enabled
        if is_recorded or running.header.sampled in (0, 1):
            parent_id = current.id if current is not None and is_recorded else common.segment_id
            if common.prefix and parent_id:
                sent[TRACEPARENT] = f"{common.prefix}{parent_id}-0{1 if ';Sampled=1' in header else 0}"
                if common.tracestate is not None:
                    sent[TRACESTATE] = common.tracestate
        elif common.came.traceparent is not None:
            # No decision has been made here, which a traceparent cannot say: it is handed on as that header is.
            sent[TRACEPARENT] = common.came.traceparent
            if common.came.tracestate is not None:
                sent[TRACESTATE] = common.came.tracestate
    if common.baggage is not None and "baggage" in wanted:
        sent[BAGGAGE] = common.baggage
    return sent


def propagators() -> frozenset[str]:
    """Whose headers requests carry, by OpenTelemetry's names: what `LAMBDA_TRACER_PROPAGATORS` says, or all.

    `none` stands for no header. What is none of these names is reported once and left out; where nothing else is named,
    the default holds.
    """
    global _propagators
    raw, read = settings.propagators(), _propagators
    if raw != read[0]:
        _propagators = read = (raw, _named(raw or ""))
    return read[1]


def _named(text: str) -> frozenset[str]:
    names = {name.strip().lower() for name in text.split(",")} - {""}
    known = names & PROPAGATORS
    if names - PROPAGATORS - {"none"}:
        warn_once(
            "LAMBDA_TRACER_PROPAGATORS",
            "LAMBDA_TRACER_PROPAGATORS: only xray, tracecontext, baggage and none are known: the rest is left out",
        )
    return frozenset(known) if known or "none" in names else PROPAGATORS


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
    return trace_id_of(trace_id), parent_id


def digits_of(trace_id: str) -> str:
    """The id of a trace as the W3C writes it, 32 hex digits, of X-Ray's `1-<8 hex>-<24 hex>`."""
    return trace_id[2:10] + trace_id[11:]


def trace_id_of(digits: str) -> str:
    """The id of a trace in X-Ray's form, of its 32 hex digits."""
    return f"1-{digits[:8]}-{digits[8:]}"


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

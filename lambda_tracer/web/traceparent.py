"""The trace that a W3C `traceparent` names, as X-Ray's header says it: https://www.w3.org/TR/trace-context/."""

from __future__ import annotations

from ..trace.header import TraceHeader

_HEX = "0123456789abcdef"


def header_of(text: str) -> TraceHeader | None:
    """The trace, the caller's id as Parent, and its decision; None for what is not valid.

    Later versions may have more behind the flags; there is no version ff.
    """
    version, trace_id, parent_id, flags, *more = [*text.split("-"), "", "", ""]
    lengths = (len(version), len(trace_id), len(parent_id), len(flags))
    if lengths != (2, 32, 16, 2) or (version + trace_id + parent_id + flags).strip(_HEX):
        return None
    if (
        version == "ff"
        or (version == "00" and any(more))
        or not trace_id.strip("0")
        or not parent_id.strip("0")
    ):
        return None
    return TraceHeader(f"1-{trace_id[:8]}-{trace_id[8:]}", parent_id, int(flags, 16) & 1)

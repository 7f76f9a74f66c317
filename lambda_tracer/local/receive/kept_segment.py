"""A kept line as a document: the segment that the function would have had in X-Ray, with what was kept inside it.

It is marked, in its metadata and by the annotation `Kept`, so that whoever gets the document knows that X-Ray never
had it, and why it was written.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from typing import NamedTuple

from lambda_tracer.local.receive.documents import TRACE_ID, Document, is_time, mapping, mappings
from lambda_tracer.local.receive.kept_lines import KEPT, MARK, KeptLine

NOT_SAMPLED = "kept, not sampled"
"""How a trace is called that is of such a line."""

ANNOTATION = "Kept"

MAX_TEXT = 200
"""Characters of a name or an id."""

_REASONS = {
    "error": ("exception", "an exception left the handler"),
    "status": ("5xx", "it answered with a status of 5xx"),
    "timeout": ("time-out", "it was about to be ended by its time-out"),
    "terminated": ("SIGTERM", "it was ended by SIGTERM"),
    "slow": ("slow", "it took longer than `keep` allows"),
}
"""In a word, and in a clause."""

_WELL = ("slow",)


class Mark(NamedTuple):
    """Why a segment is there that was not sampled."""

    reason: str
    function: str
    request_id: str
    left_out: int
    """Lines before it that were not written."""
    segments_left_out: int

    @property
    def word(self) -> str:
        """The reason, in a word or two."""
        return _REASONS.get(self.reason, (self.reason, ""))[0]

    @property
    def told(self) -> str:
        """All of it, in clauses."""
        clauses = [_REASONS.get(self.reason, ("", f"reason {self.reason}"))[1]]
        if self.request_id:
            clauses.append(f"request {self.request_id}")
        if self.segments_left_out:
            clauses.append(f"{_counted(self.segments_left_out, 'subsegment')} left out")
        if self.left_out:
            clauses.append(f"{_counted(self.left_out, 'invocation')} before it not written")
        return "; ".join(clauses)


def segment_of(line: KeptLine) -> Document:
    """The function's segment. A line may hold anything: what is of no use is left out."""
    inside = [_embedded(item) for item in mappings(line.get("segments"))]
    request_id, function = _text(line.get("function_request_id")), _text(line.get("function_name"))
    first = inside[0] if inside else {}
    trace_id = _text(line.get("xray_trace_id"))
    known_by = (trace_id, request_id, function, _text(first.get("id")), _text(line.get("timestamp")))
    own_id = hashlib.sha256("\0".join(known_by).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    reason = _text(line.get("reason")) or "unknown"
    start, end = _times(line, inside)
    document: Document = {
        "id": own_id,
        # Where there was no header, the trace has no id. It gets one here that X-Ray would never give.
        "trace_id": trace_id if TRACE_ID.fullmatch(trace_id) else f"{KEPT}-{own_id}",
        "name": function or _text(mapping(first.get("annotations")).get("Service")) or "function",
        "start_time": start,
        "end_time": end,
        "origin": "AWS::Lambda::Function",
        "annotations": {ANNOTATION: reason},
        "metadata": {
            MARK: {
                KEPT: {
                    "reason": reason,
                    "left_out": _count(line.get("left_out")),
                    "segments_left_out": _count(line.get("segments_left_out")),
                }
            }
        },
        "subsegments": inside,
    }
    if reason not in _WELL:
        document["fault"] = True
    if request_id:
        document["aws"] = {"request_id": request_id}
    if isinstance(first.get("http"), dict):
        document["http"] = first["http"]
    return document


def mark_of(document: Document) -> Mark | None:
    """The mark of a segment that was kept; None for all others."""
    kept = mapping(mapping(document.get("metadata")).get(MARK)).get(KEPT)
    if not isinstance(kept, dict) or document.get("type") == "subsegment":
        return None
    return Mark(
        _text(kept.get("reason")) or "unknown",
        _text(document.get("name")),
        _text(mapping(document.get("aws")).get("request_id")),
        _count(kept.get("left_out")),
        _count(kept.get("segments_left_out")),
    )


def _embedded(document: Document) -> Document:
    return {key: value for key, value in document.items() if key not in ("trace_id", "parent_id", "type")}


def _times(line: KeptLine, inside: list[Document]) -> tuple[float, float]:
    """Start and end, in epoch seconds. What is still open when the line is written ends the segment no later."""
    duration = line.get("duration_ms")
    took_s = float(duration) / 1000 if is_time(duration) else 0.0
    starts = [float(time) for each in inside if is_time(time := each.get("start_time"))]
    ends = [float(time) for each in inside if is_time(time := each.get("end_time"))]
    start = min(starts) if starts else max(0.0, _epoch_s(line.get("timestamp")) - took_s)
    if len(inside) == 1 and ends:
        # The handler's own: what the line counts besides is what it took to write it.
        return start, max(start, *ends)
    return start, max([start + took_s, *ends])


def _epoch_s(text: object) -> float:
    try:
        return (
            datetime.strptime(str(text)[:40], "%Y-%m-%dT%H:%M:%S.%fZ")
            .replace(tzinfo=timezone.utc)
            .timestamp()
        )
    except (ValueError, OverflowError):
        return 0.0


def _text(value: object) -> str:
    return value[:MAX_TEXT] if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**12 else 0


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

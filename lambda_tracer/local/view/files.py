"""Files with traces, written by `invoke --json`, `view --save`, `aws xray batch-get-traces`, or an export of ours.

Also read: one document or a list of them, OpenTelemetry's requests in JSON, and logs in which there are kept lines.
What can't be read is counted, and does not keep the rest out. In a log all else is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lambda_tracer.local.receive.documents import mapping, mappings
from lambda_tracer.local.receive.json_value import NotJSON, read_loosely
from lambda_tracer.local.receive.kept_lines import (
    KEPT,
    MARK,
    UNPACKABLE,
    KeptLine,
    KeptLines,
    kept_in,
    looks_kept,
    unpacked,
)
from lambda_tracer.local.receive.otlp.span import read_json
from lambda_tracer.local.receive.otlp.wire import WireError
from lambda_tracer.local.view.intake import Intake, Refused
from lambda_tracer.local.view.invocations import invocation_of


@dataclass
class Opened:
    """What came of a file."""

    traces: dict[str, None] = field(default_factory=dict)
    """Their ids, in the order of the file."""
    refused: int = 0
    reason: str = ""
    """For the first that was refused."""
    is_log: bool = False
    """Kept lines were found in it: what is neither that nor a document is passed over."""
    others: int = 0
    """What is none of a trace's, and may be anything that a function writes into its log."""
    others_reason: str = ""
    is_broken: bool = False
    """It is one value that is no JSON."""
    is_foreign: bool = False
    """It can be read and has nothing of a trace's: a log, for example, in which nothing was kept."""

    @property
    def message(self) -> str:
        """What there is to say; empty if all is well."""
        if self.refused:
            return f"{self.refused:,} {'part' if self.refused == 1 else 'parts'} could not be read: {self.reason}"
        return "" if self.traces else "there is no trace in it"

    def refuse(self, reason: str) -> None:
        """One more part that could not be read."""
        self.refused += 1
        self.reason = self.reason or reason

    def pass_over(self, reason: str) -> None:
        """One more part that is none of a trace's: it was refused, unless this turns out to be a log."""
        self.others += 1
        self.others_reason = self.others_reason or reason

    def end(self) -> None:
        """All of it has been read."""
        if self.others and not self.is_log:
            self.is_foreign = not (self.refused or self.traces or self.is_broken)
            self.refused += self.others
            self.reason = self.reason or self.others_reason
        self.others = 0


def open_file(data: bytes, intake: Intake) -> Opened:
    """Put everything that is in a file's `data` into the store."""
    opened = Opened()
    data, is_whole = unpacked(data)
    if not is_whole:
        opened.refuse(UNPACKABLE)
    kept = KeptLines()
    for value in _values(data, opened, kept):
        _take(value, intake, opened)
    for problem, count in kept.problems.items():
        opened.is_log = True
        for _ in range(count):
            opened.refuse(problem)
    opened.end()
    return opened


def _values(data: bytes, opened: Opened, kept: KeptLines) -> Iterator[object]:
    """The JSON of the whole, or of each line."""
    text = data.decode("utf-8-sig", "replace")
    try:
        yield read_loosely(text)
        return
    except NotJSON as exc:
        whole = str(exc)
    lines = [line for line in text.split("\n") if line.strip()]
    # It is one value on several lines, not a line a value.
    is_one = len(lines) == 1 or (bool(lines) and lines[0].strip() in ("{", "["))
    if is_one:
        opened.is_broken = True
        opened.pass_over(f"it is not JSON: {whole}")
    for number, line in enumerate(lines, 1):
        known, was_inside = dict(kept.problems), kept.is_inside
        found = kept.read(line)
        yield from found
        if found or was_inside or kept.is_inside or is_one or kept.problems != known:
            continue
        try:
            yield read_loosely(line)
        except NotJSON as exc:
            opened.pass_over(f"line {number:,} is not JSON: {exc}")
    kept.end()


def _take(value: object, intake: Intake, opened: Opened) -> None:
    waiting: list[object] = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, list):
            waiting += reversed(current)
        elif isinstance(current, str):
            if looks_kept(current):
                _take_kept(kept_in(current), intake, opened)
            else:
                _take_document(current, intake, opened)
        elif not isinstance(current, dict):
            opened.pass_over(f"{json.dumps(current)[:40]} is no document")
        elif current.get(MARK) == KEPT:
            _take_kept([current], intake, opened)
        elif isinstance(current.get("invocations"), list):
            waiting += reversed([{"invocation": item} for item in current["invocations"]])
        elif isinstance(current.get("invocation"), dict):
            _take_invocation(current["invocation"], intake, opened)
        elif isinstance(current.get("Traces"), list):
            waiting += reversed(current["Traces"])
            for item in mappings(current.get("Invocations")):
                _keep_invocation(str(item.get("trace_id")), item, intake, opened)
        elif isinstance(current.get("Segments"), list):
            waiting += reversed([mapping(segment).get("Document") for segment in current["Segments"]])
        elif isinstance(current.get("resourceSpans"), list):
            try:
                opened.traces |= dict.fromkeys(intake.spans(read_json(current)))
            except (Refused, WireError) as exc:
                opened.refuse(str(exc))
        elif current.get("format") == "json" and set(current) <= {"format", "version"}:
            continue  # the header line of a datagram
        elif "trace_id" not in current and _take_kept(kept_in(current), intake, opened):
            continue  # an export of a log, or one of its records
        else:
            _take_document(current, intake, opened)


def _take_kept(lines: Iterable[KeptLine], intake: Intake, opened: Opened) -> bool:
    """Whether there are any."""
    has_some = False
    for line in lines:
        has_some = opened.is_log = True
        opened.traces[intake.kept(line)] = None
    return has_some


def _take_document(document: str | dict[str, Any], intake: Intake, opened: Opened) -> None:
    try:
        if isinstance(document, str):
            opened.traces[intake.text(document)] = None
        else:
            opened.traces[intake.document(document)] = None
    except Refused as exc:
        reason = f"{exc}, in {json.dumps(document)[:60]}"
        is_meant = isinstance(document, dict) and "trace_id" in document
        opened.refuse(reason) if is_meant else opened.pass_over(reason)


def _take_invocation(invocation: dict[str, Any], intake: Intake, opened: Opened) -> None:
    """One of `invoke --json`."""
    trace_id = str(invocation.get("trace_id") or "")
    for name in ("segments", "other_traces"):
        for document in mappings(invocation.get(name)):
            try:
                opened.traces[intake.document_of(trace_id, document)] = None
            except Refused as exc:
                opened.refuse(f"{exc}, in {json.dumps(document)[:60]}")
    if trace_id:
        _keep_invocation(trace_id, _as_handed_over(invocation), intake, opened)


def _keep_invocation(trace_id: str, invocation: dict[str, Any], intake: Intake, opened: Opened) -> None:
    intake.invocation(trace_id, invocation_of(invocation))
    opened.traces[trace_id] = None


def _as_handed_over(invocation: dict[str, Any]) -> dict[str, Any]:
    result = invocation.get("result")
    times = [
        f"{name}: {invocation[key]} ms"
        for name, key in (("Duration", "duration_ms"), ("Init Duration", "init_duration_ms"))
        if isinstance(invocation.get(key), (int, float))
    ]
    return {
        **invocation,
        "result": result if isinstance(result, str) else json.dumps(result, indent=2, ensure_ascii=False),
        "report": "  ".join([f"REPORT RequestId: {invocation.get('request_id')}", *times]),
    }

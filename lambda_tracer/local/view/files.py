"""Files with traces, written by `invoke --json`, `view --save`, `aws xray batch-get-traces`, or an export of ours.

Also read: one document or a list of them, and OpenTelemetry's requests in JSON. What can't be read is counted, and does
not keep the rest out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lambda_tracer.local.receive.documents import mapping
from lambda_tracer.local.receive.json_value import NotJSON, read_loosely
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


def open_file(data: bytes, intake: Intake) -> Opened:
    """Put everything that is in a file's `data` into the store."""
    opened = Opened()
    for value in _values(data, opened):
        _take(value, intake, opened)
    return opened


def _values(data: bytes, opened: Opened) -> Iterator[object]:
    """The JSON of the whole, or of each line."""
    text = data.decode("utf-8-sig", "replace")
    try:
        yield read_loosely(text)
        return
    except NotJSON as exc:
        whole = str(exc)
    lines = [line for line in text.split("\n") if line.strip()]
    for number, line in enumerate(lines, 1):
        try:
            yield read_loosely(line)
        except NotJSON as exc:
            if len(lines) == 1 or (number == 1 and line.strip() in ("{", "[")):
                # It is one value on several lines, not a line a value.
                opened.refuse(f"it is not JSON: {whole}")
                return
            opened.refuse(f"line {number:,} is not JSON: {exc}")


def _take(value: object, intake: Intake, opened: Opened) -> None:
    waiting: list[object] = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, list):
            waiting += reversed(current)
        elif isinstance(current, str):
            _take_document(current, intake, opened)
        elif not isinstance(current, dict):
            opened.refuse(f"{json.dumps(current)[:40]} is no document")
        elif isinstance(current.get("invocations"), list):
            waiting += reversed([{"invocation": item} for item in current["invocations"]])
        elif isinstance(current.get("invocation"), dict):
            _take_invocation(current["invocation"], intake, opened)
        elif isinstance(current.get("Traces"), list):
            waiting += reversed(current["Traces"])
            for item in _dicts(current.get("Invocations")):
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
        else:
            _take_document(current, intake, opened)


def _take_document(document: str | dict[str, Any], intake: Intake, opened: Opened) -> None:
    try:
        if isinstance(document, str):
            opened.traces[intake.text(document)] = None
        else:
            opened.traces[intake.document(document)] = None
    except Refused as exc:
        opened.refuse(f"{exc}, in {json.dumps(document)[:60]}")


def _take_invocation(invocation: dict[str, Any], intake: Intake, opened: Opened) -> None:
    """One of `invoke --json`."""
    trace_id = str(invocation.get("trace_id") or "")
    for name in ("segments", "other_traces"):
        for document in _dicts(invocation.get(name)):
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


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

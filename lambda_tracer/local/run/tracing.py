"""Lambda's own part in tracing: the header that the function gets, and the two segments that Lambda writes itself.

https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html: `AWS::Lambda` is the service's part and a
child of whoever called; `AWS::Lambda::Function` below it is the function's, and the Parent in the header
the function gets.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.documents import SEGMENT_ID, TRACE_ID, Document
from lambda_tracer.local.receive.invocation import Invocation
from lambda_tracer.local.run.function import FunctionSettings
from lambda_tracer.local.run.sandbox import Initialization


@dataclass(frozen=True)
class Tracing:
    """One invocation's place in a trace. Without a usable header `trace_id` is empty and Lambda writes no
    segments."""

    header: str
    trace_id: str
    is_sampled: bool
    service_segment_id: str
    function_segment_id: str
    caller_id: str | None = None

    @classmethod
    def new(cls, is_sampled: bool = True) -> Tracing:
        """A trace that begins here."""
        root = f"1-{int(clock.now()):08x}-{os.urandom(12).hex()}"
        return cls.from_header(f"Root={root};Sampled={1 if is_sampled else 0}")

    @classmethod
    def from_header(cls, header: str) -> Tracing:
        """Continue the trace of `header`: with Root and a decision, Parent becomes the function's segment. What
        else comes (a header without a decision, garbage, nothing) is handed on to the function as it is, as
        Lambda does with PassThrough."""
        fields: dict[str, str] = {}
        for part in header.split(";"):
            name, separator, value = part.strip().partition("=")
            if separator:
                fields[name] = value
        root, sampled = fields.get("Root", ""), fields.get("Sampled")
        service_segment_id, function_segment_id = os.urandom(8).hex(), os.urandom(8).hex()
        if not TRACE_ID.fullmatch(root) or sampled not in ("0", "1"):
            trace_id = root if TRACE_ID.fullmatch(root) else ""
            return cls(header, trace_id, False, service_segment_id, function_segment_id)
        parent = fields.get("Parent", "")
        given = {"Root": root, "Parent": function_segment_id, "Sampled": sampled}
        rest = {name: value for name, value in fields.items() if name not in given and name != "Self"}
        rest.setdefault("Lineage", f"1:{os.urandom(4).hex()}:0")
        return cls(
            ";".join(f"{name}={value}" for name, value in {**given, **rest}.items()),
            root,
            sampled == "1",
            service_segment_id,
            function_segment_id,
            parent if SEGMENT_ID.fullmatch(parent) else None,
        )


def lambda_segments(
    invocation: Invocation,
    tracing: Tracing,
    settings: FunctionSettings,
    submitted_at: float,
    initialization: Initialization | None,
) -> list[Document]:
    """The two segments that Lambda writes for a sampled invocation, which ended already; of one that was interrupted
    they are in progress.

    `initialization` is begin and end of the cold start that this invocation had to wait for.
    """
    started_at = invocation.started_at or submitted_at
    finished_at = invocation.finished_at or started_at
    began_at = initialization[0] if initialization else started_at
    common: Document = {
        "trace_id": tracing.trace_id,
        "name": settings.function_name,
        "resource_arn": settings.arn,
    }
    service: Document = {
        "id": tracing.service_segment_id,
        **common,
        "origin": "AWS::Lambda",
        "start_time": min(submitted_at, began_at),
        "end_time": finished_at,
        "aws": {"request_id": invocation.request_id},
    }
    function: Document = {
        "id": tracing.function_segment_id,
        "parent_id": tracing.service_segment_id,
        **common,
        "origin": "AWS::Lambda::Function",
        "start_time": began_at,
        "end_time": finished_at,
        "aws": {"account_id": settings.arn.split(":")[4], "function_arn": settings.arn},
    }
    if invocation.is_interrupted:
        for segment in (service, function):
            del segment["end_time"]
            segment["in_progress"] = True
    if tracing.caller_id:
        service["parent_id"] = tracing.caller_id
    if initialization:
        function["subsegments"] = [
            {
                "id": os.urandom(8).hex(),
                "name": "Initialization",
                "start_time": initialization[0],
                "end_time": initialization[1],
            }
        ]
    if invocation.error is not None:
        service["fault"] = function["fault"] = True
        function["cause"] = invocation.cause or _cause(invocation.error)
    return [service, function]


def _cause(error: dict[str, Any]) -> Document:
    message, error_type = error.get("errorMessage", ""), error.get("errorType", "")
    return {"exceptions": [{"message": message, "type": error_type, "remote": False}]}

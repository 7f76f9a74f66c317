"""What Lambda makes of a trace header: the one the function gets, and the two segments that Lambda writes
itself.

https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html: `AWS::Lambda` is the service's part and a
child of whoever called; `AWS::Lambda::Function` below it is the function's, and the Parent in the header
the function gets.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from lambda_tracer.clock import clock

_ROOT = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}")
_ID = re.compile(r"[0-9a-fA-F]{16}")


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


def fresh(is_sampled: bool = True) -> Tracing:
    """A trace that begins here."""
    root = f"1-{int(clock.now()):08x}-{os.urandom(12).hex()}"
    return from_header(f"Root={root};Sampled={1 if is_sampled else 0}")


def from_header(header: str) -> Tracing:
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
    if not _ROOT.fullmatch(root) or sampled not in ("0", "1"):
        trace_id = root if _ROOT.fullmatch(root) else ""
        return Tracing(header, trace_id, False, service_segment_id, function_segment_id)
    parent = fields.get("Parent", "")
    given = {"Root": root, "Parent": function_segment_id, "Sampled": sampled}
    rest = {name: value for name, value in fields.items() if name not in given and name != "Self"}
    rest.setdefault("Lineage", f"1:{os.urandom(4).hex()}:0")
    return Tracing(
        ";".join(f"{name}={value}" for name, value in {**given, **rest}.items()),
        root,
        sampled == "1",
        service_segment_id,
        function_segment_id,
        parent if _ID.fullmatch(parent) else None,
    )

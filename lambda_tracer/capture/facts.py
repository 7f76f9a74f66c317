"""What an event and the answer to it say, put on the handler's subsegment: see `events`."""

from __future__ import annotations

from ..events.trigger import facts_of
from ..guard import Late, can_load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events import http
    from ..events.facts import Facts
    from ..trace import w3c
    from ..trace.subsegment import Subsegment
else:
    http = Late("lambda_tracer.events.http")  # only for HTTP requests
    w3c = Late("lambda_tracer.trace.w3c")  # only for those of callers that trace

_MAY_BE_ANSWERED = frozenset(("direct", "bedrock_agent"))
"""What frameworks may answer besides HTTP requests. An application that the code calls for a message answers nobody."""

_status_of: Callable[[object, int | None], int | None] | None = None


def describe(subsegment: Subsegment, event: object, tells_client_ip: bool) -> Facts | None:
    """Put what triggered the invocation on the handler's subsegment; returns it if an HTTP request did."""
    facts = facts_of(event)
    if facts is None:
        return None
    annotations = subsegment.given_annotations
    if annotations is None:
        subsegment.given_annotations = dict(facts.annotations)
    else:
        annotations.update(facts.annotations)
    if facts.metadata is not None:
        subsegment.given_metadata = {"lambda_tracer": facts.metadata}
    request = facts.request
    if request is None:
        if facts.annotations["Trigger"] not in _MAY_BE_ANSWERED:
            subsegment.invocation.handler = None
        return None
    if tells_client_ip and type(facts.client_ip) is str and facts.client_ip:
        request["client_ip"] = facts.client_ip
        if facts.is_forwarded:
            request["x_forwarded_for"] = True
    subsegment.given_http = {"request": request}
    subsegment.invocation.answers_http = True
    return facts


def answered(subsegment: Subsegment, value: object, facts: Facts) -> None:
    """Note the status of what the handler returned, with the flags that it stands for.

    An exception that was recorded on this subsegment has become that answer: with a 4xx it is no fault. A status that
    the user has noted stays.
    """
    global _status_of
    if _status_of is None:
        _status_of = http.status_of if can_load(http) else None
    status = None if _status_of is None else _status_of(value, facts.implied_status)
    if status is None or subsegment.end_time is not None:
        return
    blocks = subsegment.http
    if "response" not in blocks:
        blocks["response"] = {"status": status}
    elif "status" not in blocks["response"]:
        blocks["response"]["status"] = status
    else:
        return
    before = subsegment.invocation.flags_before
    if before is not None:
        subsegment.fault, subsegment.error, subsegment.throttle = before
    if status >= 500:
        subsegment.fault = True
    elif status >= 400:
        subsegment.error = True
        if status == 429:
            subsegment.throttle = True
        if subsegment.cause is not None:
            subsegment.fault = False


def link_caller(subsegment: Subsegment) -> None:
    """Name the caller's subsegment on the handler's, where a `traceparent` came in that is of another trace.

    The trace is the one that Lambda says, whatever came in.
    """
    if not can_load(w3c) or "tracecontext" not in w3c.propagators():
        return
    came = w3c.incoming(subsegment.invocation)
    if came.trace_id and came.trace_id != subsegment.trace_id.lower():
        subsegment.links = ((came.trace_id, came.parent_id),)
        subsegment.annotations[w3c.CALLER_TRACE_ID] = came.trace_id

"""What an event and the answer to it say, put on the handler's subsegment: see `events`."""

from __future__ import annotations

from ..events import trigger
from ..guard import Late, can_load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events import http
    from ..events.facts import Facts
    from ..trace.subsegment import Subsegment
else:
    http = Late("lambda_tracer.events.http")  # only for HTTP requests

_status_of: Callable[[object, int | None], int | None] | None = None


def describe(subsegment: Subsegment, event: object, tells_client_ip: bool) -> Facts | None:
    """Put what triggered the invocation on the handler's subsegment; returns it if an HTTP request did."""
    facts = trigger.facts_of(event)
    if facts is None:
        return None
    subsegment.annotations.update(facts.annotations)
    if facts.metadata is not None:
        subsegment.metadata.setdefault("lambda_tracer", {}).update(facts.metadata)
    request = facts.request
    if request is None:
        return None
    if tells_client_ip and facts.client_ip is not None:
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
    response = subsegment.http.setdefault("response", {})
    if "status" not in response:
        response["status"] = status
        if status >= 400:
            if status < 500 and subsegment.cause is not None:
                subsegment.fault = False
            subsegment.apply_status_code(status)

"""Calls of the Runtime API as a worker makes them, and what is told of them."""

from __future__ import annotations

import http.client
from typing import Any

from lambda_tracer.local.receive.invocation import Invocation
from lambda_tracer.local.receive.runtime_api import RuntimeAPI

PREFIX = "/2018-06-01/runtime/"


ARN = "arn:aws:lambda:us-east-1:123456789012:function:payment"


def invocation(event: bytes = b"{}") -> Invocation:
    """One that waits to be submitted."""
    return Invocation(event, "Root=1-2-3;Sampled=1", 3.0, ARN)


def call(
    api: RuntimeAPI, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(api.address, timeout=30)
    connection.request(method, PREFIX + path, body, headers or {})
    response = connection.getresponse()
    answer = response.status, dict(response.getheaders()), response.read()
    connection.close()
    return answer


def told(api: RuntimeAPI, kind: type) -> Any:
    """The next event of that kind."""
    while True:
        event = api.events.get(timeout=30)
        if isinstance(event, kind):
            return event

"""Handing over: how `lambda-tracer invoke --view` gives a trace to a view that is running.

    view = running_view(2000)
    if view is not None:
        view.hand_over(invocation)      # {"trace_id", "request_id", "documents": [...], "result", "log", ...}
        print(view.address_of(trace_id))

Nothing else of the view is imported for it. It is spoken to over a plain socket: with `invoke --inline` the function's
tracer has patched the HTTP clients of this very process, and what we send is no call of the function's.
"""

from __future__ import annotations

import json
import re
import socket
from typing import Any

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.json_value import quick_json

TIMEOUT_S = 5.0
"""For connecting and sending, and the same for the whole answer."""

MAX_ANSWER_BYTES = 1_000_000

_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})\b")


class HandOverFailed(Exception):
    """The view is there, and did not take it; the message says why, in one line."""


class RunningView:
    """A view that answers on `port` of this machine; `pid` is its process, 0 where it does not say."""

    def __init__(self, port: int, pid: int = 0) -> None:
        self.port = port
        self.pid = pid
        self.address = f"http://127.0.0.1:{port}/"
        """Of its page."""

    def address_of(self, trace_id: str) -> str:
        """Of the page that shows this trace."""
        return f"{self.address}#/trace/{trace_id}"

    def hand_over(self, invocation: dict[str, Any]) -> None:
        """Give it an invocation with its documents: `trace_id`, `request_id`, `documents`, `result`, `log`, `report`,
        `event` (texts) and `failed`."""
        try:
            status, body = _request(
                self.port, "POST", "/api/invocations", quick_json(invocation).encode("ascii")
            )
        except (OSError, ValueError) as exc:
            raise HandOverFailed(f"the view at {self.address} does not answer: {exc}") from exc
        if status != 204:
            message = _message(body)
            raise HandOverFailed(f"the view at {self.address} refuses the trace: {message}")


def running_view(port: int) -> RunningView | None:
    """The view on `port`; None if there is none, or something else answers there."""
    try:
        # No trace has so high a revision: what comes back is what the server says of itself.
        status, body = _request(port, "GET", f"/api/traces?after={10**18 - 1}", b"")
        answer = json.loads(body)
    except (OSError, ValueError):
        return None
    is_view = status == 200 and isinstance(answer, dict) and "revision" in answer and "server" in answer
    return RunningView(port, _pid(answer["server"])) if is_view else None


def _pid(server: object) -> int:
    pid = server.get("pid") if isinstance(server, dict) else None
    return pid if isinstance(pid, int) else 0


def _request(port: int, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer. Raises `OSError`, and `ValueError` where the answer is not HTTP."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answer = b""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
        connection.sendall(head.encode("ascii") + body)
        give_up_at = clock.monotonic() + TIMEOUT_S
        while len(answer) < MAX_ANSWER_BYTES and (part := connection.recv(65_536)):
            answer += part
            # Whoever it is that answers byte by byte: it does not keep us.
            connection.settimeout(max(0.001, give_up_at - clock.monotonic()))
    found = _STATUS.match(answer)
    if found is None:
        raise ValueError("what it says is not HTTP")
    return int(found[1]), answer.partition(b"\r\n\r\n")[2]


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return "no reason is given"

"""An invocation: one event on its way through the function, with what became of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from lambda_tracer.clock import clock

MAX_PAYLOAD_BYTES = 6_291_556
"""Lambda's limit for a synchronous response by its own message, `Function.ResponseSizeTooLarge`: 6 MB and a little."""

MAX_EVENT_BYTES = 6_291_456
"""Lambda's limit for the event of a synchronous invocation by its own message, `RequestEntityTooLargeException`: 6 MB
without that little. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html has 6 MB for both."""


@dataclass(eq=False)
class Invocation:
    """One event; times are epoch seconds. Made by the caller, filled by whoever gets the function's answer."""

    event: bytes
    trace_header: str
    timeout_s: float
    arn: str
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started_at: float | None = None
    """When a worker got it; None while it waits."""
    finished_at: float | None = None
    response: bytes | None = None
    error: dict[str, Any] | None = None
    """What Lambda would answer for a failed one: errorType, errorMessage, stackTrace where there is one."""
    cause: dict[str, Any] | None = None
    """The runtime client's description of the exception for X-Ray, where it gave one."""
    is_interrupted: bool = False
    """It was ended by a Ctrl-C: there is neither a response nor an error."""

    def fail(self, error_type: str, message: str) -> None:
        """End it with an error that Lambda itself reports, not the function."""
        self.finished_at = clock.now()
        self.cause = {"exceptions": [{"type": error_type, "message": message, "remote": False}]}
        self.error = {
            "errorType": error_type,
            "errorMessage": f"RequestId: {self.request_id} Error: {message}",
        }

    def time_out(self, what: str, limit_s: float) -> None:
        """End it because `what`, its task or the initialization before it, took longer than `limit_s`."""
        self.fail("Sandbox.Timedout", f"{what} timed out after {limit_s:.2f} seconds")

    def exit(self, reason: str) -> None:
        """End it because the function's process has ended; `reason` is in Lambda's words."""
        self.fail("Runtime.ExitError", reason)

    def interrupt(self) -> None:
        """End it because the user does not want to wait for it any longer."""
        self.is_interrupted = True
        self.finished_at = clock.now()

    def refuse_response(self) -> None:
        """Make it a failure with Lambda's error for a response over the limit."""
        message = f"Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes)."
        self.error = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}

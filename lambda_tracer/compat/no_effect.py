"""What of the X-Ray SDK has no effect, and is accepted: streaming, how rules are fetched. Each is said once."""

from __future__ import annotations

from .. import settings
from ..guard import warn_once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LAMBDA_OWNS_SEGMENTS = "in Lambda the segment belongs to Lambda"
LAMBDA_SAMPLES = "in Lambda the trace header says what is sampled"
OWN_POLLER = "lambda_tracer asks for X-Ray's rules itself"
TTL = 3600
DEFAULT_INTERVAL = 300


def has_no_effect(what: str, why: str) -> None:
    """Log once that something is accepted and changes nothing. `what` is a name of the SDK's."""
    warn_once(f"compat {what}", "%s: accepted, without effect: %s", what, why)


class DefaultStreaming:
    """When documents leave, which nobody asks: lambda_tracer sends few full ones."""

    __module__ = "aws_xray_sdk.core.streaming.default_streaming"

    def __init__(self, streaming_threshold: int = 30) -> None:
        """`streaming_threshold` is kept."""
        self.streaming_threshold = streaming_threshold

    def is_eligible(self, segment: Any) -> bool:
        """Never."""
        return False

    def stream(self, entity: Any, callback: Any) -> None:
        """Does nothing."""


class Unneeded:
    """A part of how the SDK gets and keeps X-Ray's sampling rules. lambda_tracer has its own. Said once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes anything."""
        has_no_effect("sampling rules", LAMBDA_SAMPLES if settings.in_lambda() else OWN_POLLER)


class ReservoirDecision:
    """What a reservoir may say."""

    TAKE, BORROW, NO = "take", "borrow", "no"

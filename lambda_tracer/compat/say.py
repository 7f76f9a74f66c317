"""What is said where code asks for something of the X-Ray SDK that has no meaning in Lambda: once each, by `guard`."""

from __future__ import annotations

from ..guard import warn_once


def has_no_effect(what: str, why: str) -> None:
    """Log once that something is accepted and changes nothing. `what` is a name of the SDK's."""
    warn_once(f"compat {what}", "%s: accepted, without effect: %s", what, why)


LAMBDA_OWNS_SEGMENTS = "in Lambda the segment belongs to Lambda"
LAMBDA_SAMPLES = "in Lambda the trace header says what is sampled"

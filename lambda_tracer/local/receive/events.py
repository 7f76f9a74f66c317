"""What is told about a function's process: it is ready, could not start, has answered, or has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lambda_tracer.local.receive.invocation import Invocation


@dataclass(frozen=True)
class Ready:
    """A worker asked for its first invocation: the function's module is imported, initialization is over."""

    at: float


@dataclass(frozen=True)
class InitFailed:
    """A worker could not find or import the handler; `error` is what Lambda would answer."""

    error: dict[str, Any]
    at: float


@dataclass(frozen=True)
class Exited:
    """The function's process ended by itself; `reason` is in Lambda's words."""

    process: object
    """The very object that stands for the process: an earlier one may have had the same number."""
    reason: str


Event = Ready | InitFailed | Exited | Invocation
"""An invocation stands for its answer, which is in it."""

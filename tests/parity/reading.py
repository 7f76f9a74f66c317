"""What the tests of known defects read of a trace, and how they name a handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lambda_tracer import Tracer
from tests.daemon import Daemon


def short(part: dict[str, Any]) -> str:
    """The last part of a decorated function's name."""
    return str(part["name"]).removeprefix("## ").rpartition(".")[2]


def parents(daemon: Daemon) -> dict[str, str]:
    """Which subsegment is whose child; the names must be unique."""
    parts = daemon.subsegments()
    names = {part["id"]: short(part) for part in parts}
    assert len(set(names.values())) == len(names)
    return {short(part): names.get(part["parent_id"], "segment") for part in parts}


def metadata(daemon: Daemon, namespace: str = "payment") -> list[Any]:
    """The metadata values of the one subsegment that was sent."""
    [part] = daemon.subsegments()
    return list(part["metadata"][namespace].values())


def capture(tracer: Tracer, function: Callable[..., Any]) -> Any:
    """The handler, decorated, under the name by which these tests look for it."""
    function.__name__ = "handler"
    return tracer.capture_lambda_handler(function)

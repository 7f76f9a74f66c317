"""How the tests of causes make exceptions, and what they read of them in a trace."""

from __future__ import annotations

import pytest

from lambda_tracer import xray_recorder
from tests.daemon import Daemon
from tests.documents import Document


def record(error: BaseException, name: str = "work") -> None:
    """Let an exception leave a subsegment."""
    with pytest.raises(type(error)), xray_recorder.in_subsegment(name):
        raise error


def exceptions(daemon: Daemon, name: str = "work") -> list[Document]:
    found: list[Document] = daemon.subsegment(name)["cause"]["exceptions"]
    return found


def summary(found: list[Document]) -> list[tuple[str, str]]:
    return [(exception["type"], exception.get("message", "")) for exception in found]


def labels(daemon: Daemon, name: str, exception: int = 0) -> list[str]:
    return [frame["label"] for frame in exceptions(daemon, name)[exception]["stack"]]


def down(levels: int) -> None:
    if levels:
        down(levels - 1)
    else:
        raise ValueError("at the bottom")


def chain(daemon: Daemon, name: str = "work") -> list[str]:
    """The types from the exception itself to what led to it, by their references."""
    by_id = {exception["id"]: exception for exception in exceptions(daemon, name)}
    types = []
    id_ = exceptions(daemon, name)[0]["id"]
    while id_ is not None:
        types.append(by_id[id_]["type"])
        id_ = by_id[id_].get("cause")
    return types

"""A server's process: no Lambda function, and one that asks for segments of its own."""

from __future__ import annotations

import pytest

from tests.daemon import Daemon


@pytest.fixture
def server(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    """A daemon, in a process that runs nowhere near Lambda, with `LAMBDA_TRACER_SEGMENT` naming it."""
    monkeypatch.delenv("LAMBDA_TASK_ROOT")
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    monkeypatch.setenv("LAMBDA_TRACER_SEGMENT", "shop")
    return daemon

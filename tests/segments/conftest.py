"""A process that is no Lambda function, and that asks for segments of its own."""

from __future__ import annotations

import pytest

from tests.daemon import Daemon


@pytest.fixture
def outside(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    """A daemon, in a process that runs nowhere near Lambda, with `LAMBDA_TRACER_SEGMENT` on."""
    monkeypatch.delenv("LAMBDA_TASK_ROOT")
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    monkeypatch.setenv("LAMBDA_TRACER_SEGMENT", "on")
    return daemon

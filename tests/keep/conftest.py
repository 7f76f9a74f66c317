"""What tests of kept invocations get: a Lambda function's process in an unsampled invocation, its log, and a clock."""

from __future__ import annotations

import pytest

from lambda_tracer import Tracer
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.keep.lines import Hands, Log


@pytest.fixture
def log(daemon: Daemon, invoke: Invoke, capfd: pytest.CaptureFixture[str]) -> Log:
    """The log of an invocation that is not sampled; what is sent all the same fails the test."""
    invoke(sampled=0)
    return Log(capfd)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def tracer(log: Log) -> Tracer:
    return Tracer(service="shop", auto_patch=False, keep="errors,slow:2000")

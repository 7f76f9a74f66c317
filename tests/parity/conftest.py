"""What the tests of parity get."""

from __future__ import annotations

import pytest

from lambda_tracer import Tracer
from tests.daemon import Daemon


@pytest.fixture
def tracer(daemon: Daemon) -> Tracer:
    return Tracer(service="payment", auto_patch=False)

"""What tests of durable functions get: Python 3.11 or later, and libraries that are unpatched afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from lambda_tracer import xray_recorder

collect_ignore = ["test_handler.py", "test_plugin.py"] if sys.version_info < (3, 11) else []
"""The SDK is for Python 3.11 and later."""


@pytest.fixture(autouse=True)
def _unpatched() -> Iterator[None]:
    yield
    xray_recorder.unpatch_all()

"""OpenTelemetry's API, bridged: each test begins with nothing set, and leaves nothing patched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lambda_tracer import patch
from lambda_tracer.patches.registry import unpatch_all


@pytest.fixture
def otel() -> Iterator[Any]:
    """`opentelemetry.trace`, patched."""
    trace = pytest.importorskip("opentelemetry.trace", reason="opentelemetry-api is not installed")
    patch(["opentelemetry"])
    yield trace
    unpatch_all()

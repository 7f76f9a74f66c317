"""A Runtime API that serves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lambda_tracer.local.receive.runtime_api import RuntimeAPI


@pytest.fixture
def api() -> Iterator[RuntimeAPI]:
    """One that serves anyone."""
    api = RuntimeAPI()
    yield api
    api.close()

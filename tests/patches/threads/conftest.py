"""What tests of threads get: the patch, and a pool."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lambda_tracer import patch
from lambda_tracer.patches.unpatch import unpatch_all


@pytest.fixture(autouse=True)
def _patched() -> Iterator[None]:
    patch(["threads"])
    yield
    unpatch_all()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """A pool with one thread, so that the order of its work is known. No thread is started yet."""
    with ThreadPoolExecutor(1) as pool:
        yield pool

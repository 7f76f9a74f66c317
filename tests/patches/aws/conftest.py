"""What tests of AWS clients get: a stand-in of a service, names that are new, and boto3 patched."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from lambda_tracer import xray_recorder
from tests.patches.aws.servers import Service, running_service

# Its assertions then say what they compared, as those of tests do.
pytest.register_assert_rewrite("tests.patches.aws.calls")


@pytest.fixture
def boto_patched() -> Iterator[None]:
    xray_recorder.patch(["boto3", "aioboto3", "threads"])
    yield
    xray_recorder.unpatch_all()


@pytest.fixture
def service() -> Iterator[Service]:
    with running_service() as service:
        yield service


@pytest.fixture
def name() -> str:
    """One for a resource, which moto has not seen yet."""
    return f"n{uuid.uuid4().hex[:12]}"

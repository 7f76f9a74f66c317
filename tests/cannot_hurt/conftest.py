"""What tests of harmlessness get: what the tracer logs, and the check that nothing in it is too much."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from lambda_tracer import guard
from tests.cannot_hurt.records import Records
from tests.hostile.looked_at import SECRET


@pytest.fixture
def log() -> Iterator[Records]:
    """What the tracer logs, instead of showing it to pytest, which would look at the users' exceptions."""
    handler = Records()
    logger = logging.getLogger("lambda_tracer")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)
    logger.propagate = True


@pytest.fixture
def quiet(log: Records) -> Iterator[Records]:
    """However much goes wrong, one record of a kind is at WARNING and none is worse. None of it is our fault.

    As in production the guard keeps errors of ours to itself; they are counted, and here there may be none.
    """
    guard.reraise = False
    yield log
    loud = [record.msg for record in log.records if record.levelno >= logging.WARNING]
    assert len(loud) == len(set(loud)), loud
    assert all(record.levelno <= logging.WARNING for record in log.records)
    assert log.unprintable == []
    assert SECRET not in log.text
    assert log.errors == []
    assert guard.failures == 0

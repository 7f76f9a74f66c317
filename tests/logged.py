"""What was logged in a test, as a test compares it."""

from __future__ import annotations

import pytest


def messages(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Each message with its level, in order."""
    return [(record.levelname, record.getMessage()) for record in caplog.records]

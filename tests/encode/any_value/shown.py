"""A value as whoever reads the trace sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_tracer.encode import json_text


def shown(value: object, *, is_captured: bool = True) -> Any:
    """The value as whoever reads the trace sees it, as a response or as metadata."""
    text = json_text.dumps(value, is_captured=is_captured)
    assert text.isascii()
    return json.loads(text, parse_constant=pytest.fail)

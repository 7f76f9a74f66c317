# mypy: ignore-errors
# (What it imports is found in the function's folder alone, and it is written as functions are.)
"""Sleeps after what it imports."""

import planted

from . import catalog, constants, quick  # noqa: F401

planted.sleep(__name__, 0.2)

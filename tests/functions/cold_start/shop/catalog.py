# mypy: ignore-errors
# (What it imports is found in the function's folder alone, and it is written as functions are.)
"""Sleeps before and is not done until another slow one is."""

import planted

planted.sleep(__name__, 0.3)

from . import pictures  # noqa: E402, F401

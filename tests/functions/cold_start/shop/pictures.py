# mypy: ignore-errors
# (What it imports is found in the function's folder alone, and it is written as functions are.)
"""Sleeps two levels down."""

import planted

planted.sleep(__name__, 0.25)

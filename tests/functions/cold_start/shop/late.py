# mypy: ignore-errors
# (What it imports is found in the function's folder alone, and it is written as functions are.)
"""Imported when the handler runs."""

import planted

planted.sleep(__name__, 0.2)

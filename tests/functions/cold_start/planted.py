# mypy: ignore-errors
# (What it imports is found in the function's folder alone, and it is written as functions are.)
"""Sleeps, and what they took: a busy machine makes them longer than they were meant to be."""

import time

spans = {}


def sleep(module, seconds):
    """Sleep in the name of `module`."""
    began_at = time.time()
    time.sleep(seconds)
    spans[module] = (began_at, time.time())

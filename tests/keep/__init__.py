"""Invocations that are not sampled, written into the log where they fail."""

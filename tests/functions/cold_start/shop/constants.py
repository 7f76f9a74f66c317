"""Fast: leaves no trace."""

ANSWER = 42

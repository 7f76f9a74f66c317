"""How much is kept of what a user's code gave: limits of our own. X-Ray's are in `lambda_tracer.xray`."""

from __future__ import annotations

MAX_VALUE_BYTES = 64_000
"""What a document could hold of one value."""

MAX_INT_BITS = 1_000
"""Beyond this an int is more than a double holds, and writing it in decimals takes long."""

MAX_MESSAGE = 4_096
"""Characters kept of one exception's message: ten of them, in JSON's escapes, still fit in a document together."""

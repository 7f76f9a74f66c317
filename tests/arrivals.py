"""What arrived at the daemon: which subsegments came finished, and what is said to be missing."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.documents import Document, flatten


def finished(documents: list[Document]) -> Counter[str]:
    """How often each id arrived as finished."""
    parts = [part for document in documents for part in flatten(document)]
    return Counter(part["id"] for part in parts if not part.get("in_progress"))


def losses(subsegment: Document) -> dict[str, Any]:
    """What the outermost subsegment says of what was lost."""
    found: dict[str, Any] = subsegment.get("metadata", {}).get("lambda_tracer", {})
    return found

"""Sample events of what invokes functions, in the shapes that AWS documents, with secrets that must not be recorded."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("*.json"))

SECRETS = ("s3cret", "s3ss10n", "c2VjcmV0", "4111 1111", "jane", "AKIA", "arn:aws")
"""What is in the samples, and in no fact: values, credentials, people, and ARNs."""


def sample(name: str) -> Any:
    """A new copy of an event."""
    return json.loads(_text(name))


@functools.cache
def _text(name: str) -> str:
    return Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8")

"""Explanations: a few sentences on each code, as in the documentation, which not everybody has at hand."""

from __future__ import annotations

import re
from pathlib import Path

_FILE = Path(__file__).with_name("explanations.txt")


def explanations() -> dict[str, str]:
    """The sentences by code, in lines of at most 80 characters."""
    parts = re.split(r"^# (\S+)\n", _FILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {code: text.strip() for code, text in zip(parts[1::2], parts[2::2], strict=True)}

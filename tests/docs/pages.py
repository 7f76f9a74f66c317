"""The pages of the documentation: their fenced blocks, tables, headings, and the prose between them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parents[2]
DOCS = PROJECT / "docs"

PAGES = {
    path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8")
    for path in (
        *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
        *sorted(DOCS.rglob("*.md")),
    )
}
"""The text of each page by its path in the project."""


class Block(NamedTuple):
    """A fenced block: its page and line, its language, and what is in it."""

    page: str
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page} line {self.line}"

    @property
    def is_traced(self) -> bool:
        """Does it record anything, as far as a reader can tell?"""
        return any(word in self.text for word in ("capture", "in_subsegment", "begin_subsegment"))

    @property
    def is_test(self) -> bool:
        """Is it a module of tests?"""
        return self.language == "python" and re.search(r"^ *def test_", self.text, re.MULTILINE) is not None


def _blocks(page: str, text: str) -> list[Block]:
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [Block(page, text.count("\n", 0, match.start()) + 1, match[1], match[2]) for match in found]


BLOCKS = {page: _blocks(page, text) for page, text in PAGES.items()}
"""The blocks of each page, in their order."""

ALL_BLOCKS = [block for blocks in BLOCKS.values() for block in blocks]


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def tables(page: str) -> list[list[str]]:
    """The cells of a page's tables, a list for each row, without the heads."""
    rows = []
    in_table = False
    for line in prose(PAGES[page]).splitlines():
        if not line.startswith("|"):
            in_table = False
        elif re.fullmatch(r"[|:\- ]+", line):
            in_table = True  # what came before was the head
        elif in_table:
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def names(cells: list[str]) -> set[str]:
    """What stands between backticks."""
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)


def anchors(text: str) -> set[str]:
    """What the headings of a page are linked by."""
    return {re.sub(r"[^\w -]", "", title).strip().replace(" ", "-").lower() for title in headings(text)}

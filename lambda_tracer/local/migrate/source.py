"""Source: the text of one file as bytes in UTF-8, and what is to change in it.

Places are byte offsets into that text. What no edit covers is written as it was read, byte for byte: line ends, a byte
order mark, tabs, and an encoding other than UTF-8.
"""

from __future__ import annotations

import io
import re
import tokenize
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_BOM = b"\xef\xbb\xbf"
_LONE_CARRIAGE_RETURN = re.compile(rb"\r(?!\n)")


class Unreadable(Exception):
    """The file is no text that can be edited; the message says why."""


@dataclass(frozen=True, order=True)
class Edit:
    """`text` takes the place of the bytes from `start` to `end`."""

    start: int
    end: int
    text: str


class Source:
    """A file as it was read."""

    def __init__(self, raw: bytes, *, is_python: bool = False) -> None:
        """Raises Unreadable for what is not text in its encoding, which for Python its first lines may name."""
        self.raw = raw
        self.has_bom = raw.startswith(_BOM)
        self.encoding = "utf-8"
        without_bom = raw[len(_BOM) :] if self.has_bom else raw
        if b"\0" in raw:
            raise Unreadable("has null bytes")
        try:
            if is_python:
                self.encoding = tokenize.detect_encoding(io.BytesIO(without_bom).readline)[0]
            text = without_bom.decode(self.encoding)
            self.data = text.encode()
            if text.encode(self.encoding) != without_bom:
                raise Unreadable(f"is not written in {self.encoding} in the usual way")
        except (SyntaxError, LookupError) as exc:
            raise Unreadable(f"names an encoding that Python does not know: {exc}") from exc
        except UnicodeError as exc:
            raise Unreadable(f"is no text in {self.encoding}") from exc
        if _LONE_CARRIAGE_RETURN.search(raw):
            raise Unreadable("has lines that end with a carriage return alone")

    @cached_property
    def newline(self) -> str:
        """How its lines end: as the first one does."""
        first = self.data.find(b"\n")
        return "\r\n" if first > 0 and self.data[first - 1 : first] == b"\r" else "\n"

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer(rb"\n", self.data))]

    def line_at(self, offset: int) -> int:
        """The number of the line, from 1."""
        return bisect_right(self._line_starts, offset)

    def line_start(self, offset: int) -> int:
        """Where the line begins that has the byte at `offset`."""
        return self.data.rfind(b"\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Where the next line begins."""
        end = self.data.find(b"\n", offset)
        return len(self.data) if end < 0 else end + 1

    def text(self, start: int, end: int) -> str:
        """What stands there."""
        return self.data[start:end].decode()

    def indentation(self, offset: int) -> str:
        """What the line of `offset` begins with."""
        start = self.line_start(offset)
        found = re.match(rb"[ \t\f]*", self.data[start:])
        return found[0].decode() if found else ""

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The file with `edits`, as it is to be written. Raises Unreadable where its encoding has no such text."""
        parts = []
        position = 0
        for edit in sorted(set(edits)):
            if edit.start < position:
                raise Unreadable(
                    f"has two changes in line {self.line_at(edit.start)}, which is a defect of ours"
                )
            parts += [self.data[position : edit.start], edit.text.encode()]
            position = edit.end
        data = b"".join([*parts, self.data[position:]])
        try:
            written = data if self.encoding == "utf-8" else data.decode().encode(self.encoding)
        except UnicodeError as exc:
            raise Unreadable(f"{self.encoding} has no such character") from exc
        return _BOM + written if self.has_bom else written

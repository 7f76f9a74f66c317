"""Kept lines in a log: what a tracer has written of invocations that were not sampled, wherever it stands in a text.

A line may stand alone, behind a time and the name of a stream, as a text in other JSON, as a field of CSV, or spread
over several lines. What is no such line is passed over; what was one and can't be read any more is counted.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

from lambda_tracer.local.receive.json_value import NotJSON, read_loosely

KeptLine = dict[str, Any]

MARK, KEPT = "lambda_tracer", "kept"

MAX_LINE_CHARACTERS = 64_000_000
"""Of one line of a text: a compact export of a whole log may be one."""

MAX_BLOCK_CHARACTERS = 2_000_000
"""Of a kept line that is spread over several lines. As it is written it has 65,536 bytes."""

MAX_WRAPPINGS = 6
"""Texts of JSON in each other: a formatter, a subscription and an export are one each."""

MAX_UNPACKED_BYTES = 200_000_000
"""Of a file that was compressed."""

MAX_PAYLOAD_BYTES = 20_000_000
"""Of what a subscription hands over, when it is unpacked."""

GZIP = b"\x1f\x8b"
"""What gzip's files begin with."""

CUT_OFF = "a kept line is cut off, or no JSON any more"
TOO_LONG = f"a line has more than {MAX_LINE_CHARACTERS:,} characters"
UNPACKABLE = "what is compressed in it is damaged, or too large"

# In a text in JSON, and in CSV, quotes have others or backslashes before them, more at each level.
_LOOKS_KEPT = re.compile(r'lambda_tracer[\\"]{1,64}\s*:\s*[\\"]{1,64}kept[\\"]')
_BEGIN = re.compile(r'\{\s*"lambda_tracer"\s*:\s*"kept"')
_FIRST_OF_SEVERAL = re.compile(r'\s*"lambda_tracer"\s*:\s*"kept"\s*,?\s*')
# Both match up to the end where no quote ends them: looked for again from the next quote, they would take the square.
_TEXT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*\\?(?:"|$)')
_CSV_FIELD = re.compile(r'"([^"]*(?:""[^"]*)*)(?:"|$)')

_OBJECTS_TRIED = 10
"""Braces in a line, from the first, at which an object may begin, and objects that begin and do not end."""

_SUBSCRIPTION = "awslogs"

_DECODER = json.JSONDecoder(parse_int=lambda text: int(text) if len(text) < 310 else float(text))


class KeptLines:
    """Finds them in lines of text that are given one by one."""

    def __init__(self) -> None:
        self.problems: dict[str, int] = {}
        """How often what went wrong: clauses of this module."""
        self._block: list[str] | None = None
        self._block_characters = 0
        self._margin = ""
        self._before = ""

    @property
    def is_inside(self) -> bool:
        """Whether the next line belongs to a kept one that has begun."""
        return self._block is not None

    def read(self, line: str) -> list[KeptLine]:
        """Those that end in the next line of the text, which is given without its end."""
        before, self._before = self._before, line
        begins = _FIRST_OF_SEVERAL.fullmatch(line) is not None and before.rstrip().endswith("{")
        if self._block is not None and (begins or _BEGIN.search(line)):
            self.end()  # the one before was cut off
        if self._block is not None:
            return self._go_on(self._block, line)
        if MARK not in line and _SUBSCRIPTION not in line:
            return []
        if begins:
            self._block, self._block_characters = ["{", line], len(line)
            self._margin = before[: len(before) - len(before.lstrip())]
            return []
        return self.of_text(line)

    def of_text(self, text: str) -> list[KeptLine]:
        """Those in a text that stands for itself."""
        if len(text) > MAX_LINE_CHARACTERS:
            self.tell(TOO_LONG)
            return []
        found = list(_in_text(text, 0))
        if not found and _LOOKS_KEPT.search(text):
            self.tell(CUT_OFF)
        return found

    def end(self) -> None:
        """There are no more lines."""
        if self._block is not None:
            self._block = None
            self.tell(CUT_OFF)

    def tell(self, problem: str) -> None:
        """Count a problem."""
        self.problems[problem] = self.problems.get(problem, 0) + 1

    def _go_on(self, block: list[str], line: str) -> list[KeptLine]:
        is_last = line.startswith(self._margin + "}")
        block.append("}" if is_last else line)
        self._block_characters += len(line)
        if is_last:
            self._block = None
            return self.of_text("\n".join(block))
        if self._block_characters > MAX_BLOCK_CHARACTERS:
            self.end()
        return []


def kept_in_log(log: str) -> Iterator[KeptLine]:
    """Those in the log of an invocation. What seems to be one and can't be read is passed over."""
    lines = KeptLines()
    for line in log.split("\n"):
        yield from lines.read(line)


def looks_kept(text: str) -> bool:
    """Whether a text may have a kept line in it, by a quick look."""
    return MARK in text and _LOOKS_KEPT.search(text) is not None


def kept_in(value: object) -> Iterator[KeptLine]:
    """Those in a value of JSON: as objects, and in its texts."""
    return _in_value(value, 0)


def unpacked(data: bytes, most: int = MAX_UNPACKED_BYTES) -> tuple[bytes, bool]:
    """What gzip has packed in `data`, as far as it can be read, and whether that is all; others as they are.

    `most` bytes are unpacked.
    """
    if not data.startswith(GZIP):
        return data, True
    parts: list[bytes] = []
    size = 0
    while data.startswith(GZIP):
        decompressor = zlib.decompressobj(wbits=31)
        try:
            parts.append(decompressor.decompress(data, most - size + 1))
        except zlib.error:
            return b"".join(parts), False
        size += len(parts[-1])
        if size > most or not decompressor.eof:
            return b"".join(parts)[:most], False
        data = decompressor.unused_data
    return b"".join(parts), True


def _in_value(value: object, wrapping: int) -> Iterator[KeptLine]:
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            if current.get(MARK) == KEPT:
                yield current
                continue
            packed = current.get(_SUBSCRIPTION)
            if isinstance(packed, dict) and wrapping < MAX_WRAPPINGS:
                yield from _in_text(_of_subscription(packed.get("data")), wrapping + 1)
            waiting += reversed(current.values())
        elif isinstance(current, list):
            waiting += reversed(current)
        elif isinstance(current, str) and wrapping < MAX_WRAPPINGS and looks_kept(current):
            yield from _in_text(current, wrapping + 1)


def _in_text(text: str, wrapping: int) -> Iterator[KeptLine]:
    if MARK not in text and _SUBSCRIPTION not in text:
        return
    try:
        yield from _in_value(read_loosely(text), wrapping)
        return
    except NotJSON:
        pass
    if _BEGIN.search(text):
        yield from _objects(text, wrapping)
    elif '""lambda_tracer' in text:
        for field in _CSV_FIELD.finditer(text):
            if wrapping < MAX_WRAPPINGS and looks_kept(field[1]):
                yield from _in_text(field[1].replace('""', '"').strip(), wrapping + 1)
    elif looks_kept(text):
        found = list(_first_object(text, wrapping))
        yield from found
        if not found and wrapping < MAX_WRAPPINGS:
            for quoted in _TEXT.finditer(text):
                if looks_kept(quoted[0]):
                    yield from _in_value(_value(quoted[0], 0)[0], wrapping)


def _objects(text: str, wrapping: int) -> Iterator[KeptLine]:
    at = broken = 0
    while broken < _OBJECTS_TRIED and (found := _BEGIN.search(text, at)):
        value, at = _value(text, found.start())
        at = max(at, found.end())
        broken += value is None
        yield from _in_value(value, wrapping)


def _first_object(text: str, wrapping: int) -> Iterator[KeptLine]:
    """Those in the first object that the text has, behind whatever stands before it."""
    at = -1
    for _ in range(_OBJECTS_TRIED):
        at = text.find("{", at + 1)
        if at < 0:
            return
        value, _end = _value(text, at)
        if value is not None:
            yield from _in_value(value, wrapping)
            return


def _value(text: str, at: int) -> tuple[object, int]:
    """The value of JSON that begins there, and where it ends; None where there is none."""
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None, at


def _of_subscription(data: object) -> str:
    """What a subscription of a log group hands to a function: packed, and then in letters."""
    if not isinstance(data, str):
        return ""
    try:
        packed = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return unpacked(packed, MAX_PAYLOAD_BYTES)[0].decode("utf-8", "replace")

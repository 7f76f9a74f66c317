"""Hostile documents, from a fixed seed: what a broken tracer, or somebody who means harm, may send to the daemon."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

HEADER = b'{"format":"json","version":1}\n'
MAX_DATAGRAM_BYTES = 65_000

CONTROLS = (
    "\x00\x07\x08\x0b\x1b\x7f\x80\x9b\xad\u061c\u200b\u200e\u202e\u2028\u2066\ufeff\ud800-\udfff\U000e0001"
)

TEXTS = [
    "",
    " ",
    "work",
    "\x1b]0;title\x07",
    "\x9b2J",
    "a\u202eb",
    "\u2066\u2067\u2068",
    CONTROLS,
    "\r\rover",
    "line\nline",
    "漢字" * 110,
    "e\u0301" * 30,
    "\U0001f468\u200d\U0001f469",
    "x" * 300,
    "\ud83d",
    "[bold red]markup[/]",
    "%s %d {}",
]

NUMBERS = [
    "0",
    "-0.0",
    "-1",
    "1e308",
    "-1e308",
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e-320",
    "9" * 308,
    "9" * 309,
    "9" * 310,
    "-" + "9" * 4_400,
    "253402300799",
    "253402300800",
    "1700000000000",
    "1700000000.5",
]

FIELDS = [
    *("id", "parent_id", "trace_id", "type", "name", "namespace", "start_time", "end_time", "in_progress"),
    *("fault", "error", "throttle", "cause", "http", "aws", "sql", "annotations", "metadata", "subsegments"),
    *("origin", "precursor_ids", "user", "service", "links"),
]

TIMES = ("start_time", "end_time")


class Number(float):
    """A number as it is written, which JSON's writer would not write."""

    text: str


def number(text: str) -> Number:
    """The number that is written so."""
    made = Number(0.0)
    made.text = text
    return made


def datagrams(seed: int, count: int, trace_id: str) -> Iterator[bytes]:
    """`count` datagrams: most are documents of that trace, others are of none, or no documents at all."""
    maker = _Maker(random.Random(seed), trace_id)
    for _ in range(count):
        yield maker.datagram()


def encoded(value: Any) -> str:
    """JSON of `value`, and what is only called so."""

    def marked(item: Any) -> Any:
        if isinstance(item, Number):
            return f"written as {item.text}"
        if isinstance(item, dict):
            return {key: marked(below) for key, below in item.items()}
        return [marked(below) for below in item] if isinstance(item, list) else item

    return re.sub(r'"written as ([^"]*)"', r"\1", json.dumps(marked(value)))


class _Maker:
    def __init__(self, source: random.Random, trace_id: str) -> None:
        self._random = source
        self._trace_id = trace_id
        self._ids = [f"{source.getrandbits(64):016x}" for _ in range(40)]

    def datagram(self) -> bytes:
        kind = self._random.random()
        if kind < 0.03:
            return self._random.randbytes(self._random.randrange(200))
        if kind < 0.05:
            return HEADER + self._random.randbytes(self._random.randrange(200))
        if kind < 0.07:
            return (HEADER + self._nested_text().encode())[:MAX_DATAGRAM_BYTES]
        body = encoded(self._document(0)).encode("utf-8", "surrogatepass")
        if kind < 0.10:
            place = self._random.randrange(len(body))
            body = body[:place] + self._random.randbytes(3) + body[place + 3 :]
        return (HEADER + body)[:MAX_DATAGRAM_BYTES]

    def _document(self, depth: int) -> dict[str, Any]:
        start = 1.7e9 + self._random.random()
        document: dict[str, Any] = {
            "id": self._random.choice(self._ids) if self._random.random() < 0.3 else self._id(),
            "parent_id": self._random.choice(self._ids),
            "trace_id": self._trace_id,
            "type": "subsegment",
            "name": self._text(),
            "start_time": start,
            "end_time": start + self._random.uniform(-1, 2),
        }
        changes: list[Callable[[dict[str, Any], int], None]] = [
            self._missing,
            self._odd_field,
            self._odd_time,
            self._exceptions,
            self._annotations,
            self._children,
            self._chain,
            self._details,
        ]
        for change in self._random.sample(changes, self._random.randrange(4)):
            change(document, depth)
        return document

    def _missing(self, document: dict[str, Any], depth: int) -> None:
        for key in self._random.sample(list(document), self._random.randrange(len(document))):
            document.pop(key)

    def _odd_field(self, document: dict[str, Any], depth: int) -> None:
        for key in self._random.sample(FIELDS, 3):
            document[key] = self._value(0)

    def _odd_time(self, document: dict[str, Any], depth: int) -> None:
        for key in TIMES:
            document[key] = number(self._random.choice(NUMBERS))

    def _exceptions(self, document: dict[str, Any], depth: int) -> None:
        document["fault"] = self._random.choice([True, 1, "yes", []])
        exceptions = [
            {"type": self._value(2), "message": self._value(2)} for _ in range(self._random.randrange(40))
        ]
        document["cause"] = self._random.choice([{"exceptions": exceptions}, {"exceptions": 3}, "0" * 16])

    def _annotations(self, document: dict[str, Any], depth: int) -> None:
        document["annotations"] = {self._text(): self._value(1) for _ in range(self._random.randrange(20))}
        document["metadata"] = {self._text(): self._value(0) for _ in range(5)}

    def _details(self, document: dict[str, Any], depth: int) -> None:
        document["http"] = {
            "request": {"method": self._value(2), "url": self._value(2)},
            "response": {"status": self._value(2)},
        }
        document["aws"] = {"operation": self._value(2)}
        document["sql"] = {"database_type": self._value(2), "sanitized_query": self._value(2)}
        document["origin"] = self._text()

    def _children(self, document: dict[str, Any], depth: int) -> None:
        if depth < 3:
            children = [self._document(depth + 1) for _ in range(self._random.randrange(4))]
            document["subsegments"] = [*children, self._random.choice([None, 3, "x", {}, []])]

    def _chain(self, document: dict[str, Any], depth: int) -> None:
        if depth == 0:
            for _ in range(self._random.choice([2, 2, 2, 2, 2, 2, 60, 120])):
                level = {"id": self._id(), "name": self._random.choice(["level", "\x1b[2J", 3, None])}
                document["subsegments"] = [{**level, "subsegments": document.get("subsegments", [])}]

    def _value(self, depth: int) -> Any:
        kind = self._random.randrange(8 if depth < 3 else 6)
        if kind < 2:
            return self._text()
        if kind < 4:
            return number(self._random.choice(NUMBERS))
        if kind < 6:
            return self._random.choice([None, True, False, [], {}])
        if kind == 6:
            return [self._value(depth + 1) for _ in range(self._random.randrange(4))]
        return {self._text(): self._value(depth + 1) for _ in range(self._random.randrange(4))}

    def _nested_text(self) -> str:
        levels = self._random.choice([9, 90, 99, 110, 300, 900, 985, 9_000])
        opening, closing = self._random.choice([("[", "]"), ('{"a":', "}")])
        field = self._random.choice(FIELDS)
        document = encoded(self._document(3))
        inner = opening * levels + "1" + closing * levels
        return f'{document[:-1]}, "{field}": {inner}}}' if len(document) > 2 else inner

    def _text(self) -> str:
        text = self._random.choice(TEXTS)
        if self._random.random() < 0.3:
            text += self._random.choice(CONTROLS)
        return text

    def _id(self) -> str:
        return f"{self._random.getrandbits(64):016x}"

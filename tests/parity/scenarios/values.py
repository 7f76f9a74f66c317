"""What becomes of the values that functions return: metadata of every kind."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import io
import pathlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pydantic

from tests.parity.lab import Lab, scenario


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Text(str):
    """A subclass of str."""


class Point(NamedTuple):
    x: int
    y: int


@dataclasses.dataclass
class Order:
    id: str
    items: list[str]
    _secret: str = "hidden"


class Plain:
    """An object with attributes of every kind."""

    shared = "of the class"

    def __init__(self) -> None:
        self.public = 1
        self._private = 2
        self.nested = {"key": [1, 2]}
        self.method = lambda: None


class Bare:
    """An object without attributes."""


class WithAst:
    """The X-Ray SDK shows what `_ast` returns."""

    def _ast(self) -> str:
        return "syntax tree"


class Refuses:
    """A value whose iteration fails."""

    def __iter__(self) -> Any:
        raise RuntimeError("no")


class Slotted:
    __slots__ = ("_private", "public")

    def __init__(self) -> None:
        self.public = 1
        self._private = 2


class Customer(pydantic.BaseModel):
    name: str
    tags: list[str]


class Shelf:
    """A container that can be iterated again and again."""

    def __init__(self) -> None:
        self.label = "shelf"

    def __iter__(self) -> Iterator[int]:
        return iter([1, 2])


def _cycle() -> Any:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    return loop


SAME: dict[str, Callable[[], Any]] = {
    "text": lambda: 'plain, ünïcödé, \n\t"quoted" \\',
    "long text": lambda: "x" * 10_000,
    "NUL": lambda: "a\x00b",
    "emoji": lambda: "\U0001f600",
    "true": lambda: True,
    "false": lambda: False,
    "int": lambda: -42,
    "large int": lambda: 2**70,
    "float": lambda: 1.5e300,
    "negative zero": lambda: -0.0,
    "nested": lambda: {"a": [1, {"b": (2, None)}], "c": {"d": {}}},
    "nine levels": lambda: {"1": {"2": {"3": {"4": {"5": {"6": {"7": {"8": "nine"}}}}}}}},
    "tuple": lambda: (1, "two", None),
    "set of one": lambda: {1},
    "frozenset of one": lambda: frozenset(("a",)),
    "named tuple": lambda: Point(1, 2),
    "deque": lambda: collections.deque([1, 2]),
    "ordered dict": lambda: collections.OrderedDict([("b", 1), ("a", 2)]),
    "default dict": lambda: collections.defaultdict(list, {"a": [1]}),
    "counter": lambda: collections.Counter("aab"),
    "numbers as keys": lambda: {1: "one", 2.5: "two and a half"},
    "True, False and None as keys": lambda: {True: 1, False: 2, None: 3},
    "decimal": lambda: decimal.Decimal("12.340"),
    "decimals inside": lambda: {"price": decimal.Decimal("1.10"), "all": [decimal.Decimal(0)]},
    "date": lambda: datetime.date(2024, 1, 2),
    "datetime": lambda: datetime.datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc),
    "time": lambda: datetime.time(3, 4),
    "timedelta": lambda: datetime.timedelta(hours=1),
    "uuid": lambda: uuid.UUID(int=7),
    "complex": lambda: 1 + 2j,
    "object with attributes": Plain,
    "list of objects": lambda: [Plain()],
    "dataclass": lambda: Order("1", ["a"]),
    "path": lambda: pathlib.PurePosixPath("/a/b"),
    "large list": lambda: list(range(500)),
    "views of a dict": lambda: [{"a": 1}.keys(), {"a": 1}.values(), {"a": 1}.items()],
}

OTHER: dict[str, tuple[str, Callable[[], Any]]] = {
    "bytes": ("bytes-as-text", lambda: b"text"),
    "keys that look alike in JSON": ("keys-stay-apart", lambda: {1: "number", "1": "text"}),
    "bytes that are no text": ("bytes-as-text", lambda: b"\xff\xfe"),
    "bytearray inside": ("bytes-as-text", lambda: {"raw": bytearray(b"ab")}),
    "enum": ("enums-and-subclasses", lambda: Colour.RED),
    "int enum": ("enums-and-subclasses", lambda: Level.HIGH),
    "subclass of str": ("enums-and-subclasses", lambda: [Text("text")]),
    "object with slots": ("slots-as-attributes", Slotted),
    "lone surrogate": ("lone-surrogates-are-replaced", lambda: "a\ud800c"),
    "object without attributes": ("objects-that-hold-nothing", Bare),
    "object that refuses iteration": ("objects-that-hold-nothing", Refuses),
    "pydantic model": ("models-as-objects", lambda: Customer(name="a", tags=["b"])),
    "container of one's own": ("containers-are-not-iterated", Shelf),
    "NaN": ("json-is-strict", lambda: float("nan")),
    "infinities": ("json-is-strict", lambda: [float("inf"), float("-inf")]),
    "tuple as key": ("no-value-costs-the-document", lambda: {(1, 2): 3}),
    "cycle": ("no-value-costs-the-document", _cycle),
    "too large": ("no-value-costs-the-document", lambda: "x" * 70_000),
    "object with _ast": ("no-syntax-trees", WithAst),
    "class": ("code-is-named", lambda: Plain),
    "function": ("code-is-named", lambda: _cycle),
    "range": ("ranges-as-text", lambda: range(3)),
    "exception": ("error-metadata", lambda: ValueError("returned, not raised")),
    "iterator": ("streams-are-never-read", lambda: iter([1, 2])),
    "map": ("streams-are-never-read", lambda: map(str, [1, 2])),
    "generator": ("streams-are-never-read", lambda: (number for number in (1, 2))),
    "file": ("streams-are-never-read", lambda: io.StringIO("line\n")),
    "stream of bytes": ("streams-are-never-read", lambda: io.BytesIO(b"0123")),
}


def _response(name: str, make: Callable[[], Any], *differs: str) -> None:
    @scenario(*differs, name=name)
    def run(lab: Lab) -> None:
        tracer = lab.tracer()

        @tracer.capture_method
        def answer() -> Any:
            return make()

        returned = answer()
        if hasattr(returned, "__next__"):
            lab.note("left to the caller", list(returned))


for _name, _make in SAME.items():
    _response(_name, _make)
for _name, (_differs, _make) in OTHER.items():
    _response(_name, _make, _differs)


def _returns(tracer: Any, value: Any) -> Any:
    @tracer.capture_method
    def returns() -> Any:
        return value

    return returns


@scenario()
def false_but_not_none(lab: Lab) -> None:
    tracer = lab.tracer()
    values: tuple[Any, ...] = (False, 0, 0.0, "", [], {}, (), None)
    for value in values:
        lab.attempt(repr(value), _returns(tracer, value))


@scenario()
def response_changed_before_the_end(lab: Lab) -> None:
    """A value is encoded when its subsegment ends, not when it is put."""
    changing = [1]
    with lab.recorder.in_subsegment("changing") as subsegment:
        subsegment.put_metadata("list", changing)
        changing.append(2)


@scenario()
def metadata_of_the_same_values(lab: Lab) -> None:
    tracer = lab.tracer()
    with lab.recorder.in_subsegment("metadata"):
        for name, make in SAME.items():
            tracer.put_metadata(name, make())


@scenario()
def unsampled_values_are_not_touched(lab: Lab) -> None:
    tracer = lab.tracer()
    lab.invoke(sampled="0")

    @tracer.capture_method
    def lines() -> Any:
        return iter(["a", "b"])

    lab.note("left to the caller", list(lines()))

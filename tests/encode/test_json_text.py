"""Any value as JSON: the types one by one, and what is named instead of being looked into."""

from __future__ import annotations

import collections
import contextvars
import datetime
import decimal
import enum
import fractions
import io
import ipaddress
import json
import pathlib
import re
import subprocess
import sys
import types
import uuid
import xml.etree.ElementTree
from dataclasses import InitVar, dataclass, field
from typing import Any, ClassVar, NamedTuple

import pydantic
import pytest

from lambda_tracer import safe
from lambda_tracer.encode import json_text


def shown(value: object) -> Any:
    """The value as whoever reads the trace sees it."""
    text = json_text.dumps(value)
    assert text.isascii()
    return json.loads(text, parse_constant=pytest.fail)


class Colour(enum.Enum):
    RED = "red"
    MIXED = (1, 2)


class Word(str):
    def __str__(self) -> str:
        return "something else"


class Words(str, enum.Enum):
    YES = "yes"


class Level(enum.IntEnum):
    HIGH = 3


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Order:
    number: int
    tags: list[str] = field(default_factory=list)
    _secret: str = "hidden"
    kind: ClassVar[str] = "order"
    given: InitVar[int] = 0


@dataclass(frozen=True)
class Slotted:
    __slots__ = ("number",)
    number: int


class Customer(pydantic.BaseModel):
    name: str
    password: pydantic.SecretStr
    born: datetime.date
    note: str = pydantic.Field(default="internal", exclude=True)


class Plain:
    shared = "of the class"

    def __init__(self) -> None:
        self.number = 1
        self.nested = {"when": datetime.date(2024, 1, 2)}
        self._secret = "hidden"
        self.callback = print

    @property
    def expensive(self) -> int:
        raise AssertionError("properties are not called")


class WithSlots:
    __slots__ = ("_secret", "number", "unset")

    def __init__(self) -> None:
        self.number = 1
        self._secret = "hidden"


class PaymentError(Exception):
    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
        self._secret = "hidden"


VALUES: dict[str, tuple[Any, Any]] = {
    "None": (None, None),
    "true": (True, True),
    "int": (5, 5),
    "large int": (10**100, 10**100),
    "float": (1.5, 1.5),
    "text": ("text", "text"),
    "control characters": ("\x00\n\u2028", "\x00\n\u2028"),
    "letters of other alphabets": ("Überweisung 支付 \U0001f4b0", "Überweisung 支付 \U0001f4b0"),
    "lone surrogate": ("a\ud800b", "a\ud800b"),
    "list": ([1, [2, []]], [1, [2, []]]),
    "tuple": ((1, 2), [1, 2]),
    "dict": ({"a": {"b": 1}}, {"a": {"b": 1}}),
    "ordered dict": (collections.OrderedDict(a=1), {"a": 1}),
    "default dict": (collections.defaultdict(list, a=[1]), {"a": [1]}),
    "counter": (collections.Counter("aab"), {"a": 2, "b": 1}),
    "decimal": (decimal.Decimal("1.10"), "1.10"),
    "fraction": (fractions.Fraction(1, 3), "1/3"),
    "complex": (1 + 2j, "(1+2j)"),
    "range": (range(3), "range(0, 3)"),
    "datetime": (datetime.datetime(2024, 1, 2, 3, 4, 5), "2024-01-02 03:04:05"),
    "date": (datetime.date(2024, 1, 2), "2024-01-02"),
    "time": (datetime.time(3, 4), "03:04:00"),
    "duration": (datetime.timedelta(seconds=90), "0:01:30"),
    "time zone": (datetime.timezone.utc, "UTC"),
    "uuid": (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    "address": (ipaddress.ip_address("10.0.0.1"), "10.0.0.1"),
    "path": (pathlib.PurePosixPath("/a/b"), "/a/b"),
    "pattern": (re.compile("a+"), "re.compile('a+')"),
    "bytes that are text": (b"text \xc3\xa9", "text é"),
    "bytes that are none": (b"\xff\xfe", "//4="),
    "bytearray": (bytearray(b"text"), "text"),
    "memoryview": (memoryview(b"text"), "text"),
    "set": ({1}, [1]),
    "frozenset": (frozenset({"a"}), ["a"]),
    "deque": (collections.deque([1, 2]), [1, 2]),
    "dict keys": ({"a": 1}.keys(), ["a"]),
    "dict values": ({"a": 1}.values(), [1]),
    "dict items": ({"a": 1}.items(), [["a", 1]]),
    "mapping proxy": (types.MappingProxyType({"a": 1}), {"a": 1}),
    "simple namespace": (types.SimpleNamespace(a=1), {"a": 1}),
    "user dict": (collections.UserDict({"a": 1}), {"a": 1}),
    "user list": (collections.UserList([1]), [1]),
    "user string": (collections.UserString("text"), "text"),
    "chain map": (collections.ChainMap({"a": 1}, {"b": 2}), {"a": 1, "b": 2}),
    "named tuple": (Point(1, 2), [1, 2]),
    "enum": (Colour.RED, "red"),
    "enum of a tuple": (Colour.MIXED, [1, 2]),
    "enum of texts": (Words.YES, "yes"),
    "enum of numbers": (Level.HIGH, 3),
    "flag": (Rights.READ | Rights.WRITE, 3),
    "text of a subclass": (Word("text"), "text"),
    "dataclass": (Order(1, ["a"]), {"number": 1, "tags": ["a"]}),
    "dataclass with slots": (Slotted(1), {"number": 1}),
    "pydantic model": (
        Customer(name="Ann", password=pydantic.SecretStr("hunter2"), born=datetime.date(1990, 1, 2)),
        {"name": "Ann", "password": "**********", "born": "1990-01-02"},
    ),
    "secret": (pydantic.SecretStr("hunter2"), "**********"),
    "secret bytes": (pydantic.SecretBytes(b"hunter2"), "b'**********'"),
    "object": (Plain(), {"number": 1, "nested": {"when": "2024-01-02"}}),
    "object with slots": (WithSlots(), {"number": 1}),
    "exception": (ValueError("no"), {"type": "ValueError", "message": "no"}),
    "exception with attributes": (
        PaymentError("declined", 402),
        {"type": "PaymentError", "message": "declined", "status": 402},
    ),
    "class": (Plain, "<tests.encode.test_json_text.Plain>"),
    "function": (shown, "<tests.encode.test_json_text.shown>"),
    "builtin function": (len, "<builtins.len>"),
    "NaN": (float("nan"), "nan"),
    "infinity": (float("-inf"), "-inf"),
}


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES)
def test_each_type_has_its_form(value: Any, expected: Any) -> None:
    assert shown(value) == expected


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=VALUES)
def test_it_has_the_same_form_inside_other_values(value: Any, expected: Any) -> None:
    quick = {"list": [value], "tuple": (value, 1)}
    careful = {"list": [value], "tuple": (value, 1), "makes it careful": float("inf")}

    assert shown(quick) == {"list": [expected], "tuple": [expected, 1]}
    assert shown(careful) == {"list": [expected], "tuple": [expected, 1], "makes it careful": "inf"}


class Folder:
    def __fspath__(self) -> str:
        return "/a/b"


class Table:
    def keys(self) -> list[str]:
        return ["a", "b"]

    def __getitem__(self, key: str) -> str:
        return key.upper()


def test_an_object_that_stands_for_a_path_is_named_for_to_ask_it_could_fetch_a_file() -> None:
    assert shown(Folder()) == "<tests.encode.test_json_text.Folder>"


def test_an_object_that_behaves_like_a_mapping_is_named_for_to_ask_it_could_load_its_values() -> None:
    assert shown(Table()) == "<tests.encode.test_json_text.Table>"


# --- What can be used only once -----------------------------------------------------------------------------


class Stream:
    def __init__(self) -> None:
        self.reads = 0

    def read(self, size: int = -1) -> bytes:
        self.reads += 1
        return b"data"


def test_an_iterator_is_named_and_not_consumed() -> None:
    values: list[Any] = [iter([1, 2]), map(str, [1, 2]), zip("ab", strict=True), (n for n in (1, 2))]

    assert [shown(value) for value in values] == [
        "<builtins.list_iterator>",
        "<builtins.map>",
        "<builtins.zip>",
        "<builtins.generator>",
    ]
    assert [len(list(value)) for value in values] == [2, 2, 2, 2]


def test_a_file_is_named_and_not_read(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "file"
    file.write_text("content")
    with file.open() as opened:
        assert shown({"file": opened}) == {"file": "<_io.TextIOWrapper>"}
        assert opened.read() == "content"


def test_a_stream_is_named_and_not_read() -> None:
    stream, buffer = Stream(), io.BytesIO(b"data")

    assert shown([stream, buffer]) == ["<tests.encode.test_json_text.Stream>", "<_io.BytesIO>"]
    assert stream.reads == 0
    assert buffer.read() == b"data"


def test_a_coroutine_is_named_and_not_awaited() -> None:
    async def work() -> None: ...

    coroutine = work()
    try:
        assert shown(coroutine) == "<builtins.coroutine>"
    finally:
        coroutine.close()


def test_an_asynchronous_generator_is_named() -> None:
    async def work() -> Any:
        yield 1

    assert shown(work()) == "<builtins.async_generator>"


# --- Shapes that JSON lacks ---------------------------------------------------------------------------------


def test_a_cycle_is_named_where_it_closes() -> None:
    cycle: dict[str, Any] = {"number": 1}
    cycle["self"] = cycle
    ring: list[Any] = []
    ring.append({"ring": ring})

    assert shown(cycle) == {"number": 1, "self": "<cycle: builtins.dict>"}
    assert shown(ring) == [{"ring": "<cycle: builtins.list>"}]


def test_a_value_that_occurs_twice_is_no_cycle() -> None:
    twice = [1]

    assert shown({"a": twice, "b": twice, "careful": float("nan")}) == {"a": [1], "b": [1], "careful": "nan"}


KEYS: dict[str, tuple[Any, str]] = {
    "int": (1, "1"),
    "float": (1.5, "1.5"),
    "true": (True, "true"),
    "None": (None, "null"),
    "tuple": ((1, 2), "(1, 2)"),
    "bytes": (b"a", "b'a'"),
    "date": (datetime.date(2024, 1, 2), "2024-01-02"),
    "enum of texts": (Words.YES, "yes"),
    "text of a subclass": (Word("text"), "text"),
    "NaN": (float("nan"), "nan"),
}


@pytest.mark.parametrize(("key", "name"), KEYS.values(), ids=KEYS)
def test_a_key_that_is_no_text_is_made_one(key: Any, name: str) -> None:
    assert shown({key: "value"}) == {name: "value"}


def test_keys_with_one_text_are_both_kept() -> None:
    assert shown({1: "number", "1": "text"}) == {"1": "number", "1'": "text"}
    assert shown({(1, 2): "tuple", "(1, 2)": "text"}) == {"(1, 2)": "tuple", "(1, 2)'": "text"}


def test_deep_nesting_is_cut_and_named() -> None:
    deep: Any = "bottom"
    for _ in range(100_000):
        deep = [deep]

    text = json_text.dumps(deep)
    assert text == "[" * 13 + '"<builtins.list>"' + "]" * 13


def test_ordinary_nesting_is_whole() -> None:
    deep: Any = "bottom"
    for _ in range(100):
        deep = [deep]

    assert shown(deep) == deep


def test_a_careful_walk_shows_the_first_thousand_members_and_says_that_there_are_more() -> None:
    members = list(range(1_500))
    careful = shown({"list": members, "dict": dict.fromkeys(members), "careful": float("nan")})

    assert careful["list"] == [*range(1_000), "... more"]
    assert len(careful["dict"]) == 1_001
    assert careful["dict"]["..."] == "more"


def test_a_very_long_text_is_cut_and_says_how_much_is_missing() -> None:
    [text, _] = shown([Word("x" * 100_000), float("nan")])

    kept = text.count("x")
    assert 59_000 < kept <= 60_000
    assert text == "x" * kept + f"... {100_000 - kept} more characters"


def test_a_value_with_very_many_parts_is_shown_as_far_as_it_goes() -> None:
    wide = [[[0] * 900] * 900, float("nan")]

    assert len(json_text.dumps(wide)) < 1_000_000


def test_of_very_many_long_texts_the_first_one_is_shown_and_the_others_named() -> None:
    texts = [Word("x" * 59_500)] * 5

    assert shown(texts) == ["x" * 59_500, *["<str of 59500 characters>"] * 4]


def test_of_a_long_text_behind_another_what_there_is_room_for_is_shown() -> None:
    shown_last = shown([Word("x" * 40_000), Word("y" * 40_000)])[-1]

    assert re.fullmatch(r"y{19900,20000}\.\.\. \d+ more characters", shown_last)


def test_a_short_text_behind_very_many_long_ones_is_shown() -> None:
    shown_last = shown([*[Word("x" * 60_000)] * 10, "short"])[-1]

    assert shown_last == "short"


def test_a_number_with_very_many_digits_is_named() -> None:
    assert shown(1 << 20_000) == "<int of 20001 bits>"


# --- Values that resist -------------------------------------------------------------------------------------


class Hostile:
    """Fails whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    __str__ = __repr__ = __iter__ = __len__ = __bool__ = __eq__ = __hash__ = __getattribute__  # type: ignore[assignment]


class Interrupting(dict[str, Any]):
    """Leaves by an exception that is none."""

    def items(self) -> Any:
        raise KeyboardInterrupt


class BadModel(pydantic.BaseModel):
    number: int

    def model_dump(self, **kwargs: Any) -> Any:
        raise SystemExit


def test_a_value_that_resists_is_named_and_its_neighbours_are_kept() -> None:
    assert shown({"before": 1, "value": Hostile(), "after": 2}) == {
        "before": 1,
        "value": "<tests.encode.test_json_text.Hostile>",
        "after": 2,
    }


def test_a_model_is_read_without_its_own_methods() -> None:
    assert shown([1, BadModel(number=5), 2]) == [1, {"number": 5}, 2]


def test_a_value_that_interrupts_does_not() -> None:
    value = Interrupting(a=1)

    assert shown([value, float("nan")]) == [{"a": 1}, "nan"]


def test_an_exception_that_cannot_say_its_message_is_named() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert shown(Mute())["type"].endswith("Mute")


def test_a_text_that_cannot_be_made_is_the_name_of_the_type() -> None:
    assert safe.safe_str(Hostile()) == "<tests.encode.test_json_text.Hostile>"
    assert safe.safe_str(Word("x")) == "something else"


# --- jsonpickle ---------------------------------------------------------------------------------------------


def test_an_object_that_has_nothing_to_show_is_shown_by_jsonpickle() -> None:
    class Reducible:
        __slots__ = ()

    assert shown(xml.etree.ElementTree.Element("order", {"number": "1"})) is not None
    assert shown(contextvars.ContextVar("name")) is not None
    assert shown(Reducible()).endswith("Reducible>")


def test_jsonpickle_is_imported_for_such_an_object_and_not_before() -> None:
    program = """
import array, contextvars, datetime, decimal, enum, sys, uuid
from dataclasses import dataclass
from lambda_tracer.encode.json_text import dumps

@dataclass
class Order:
    number: int

class Plain:
    def __init__(self):
        self.a = 1

class Kind(enum.Enum):
    A = 1

cycle = []
cycle.append(cycle)
for value in (1, "a", None, {"a": [1.5]}, decimal.Decimal(1), datetime.date(2024, 1, 2), uuid.UUID(int=1), {1}, b"a",
              Order(1), Plain(), Kind.A, ValueError("no"), cycle, float("nan"), iter([]), Plain, print, object,
              array.array("i", [1])):
    dumps(value)
    assert "jsonpickle" not in sys.modules, value
dumps(contextvars.ContextVar("name"), is_captured=True)
assert "jsonpickle" not in sys.modules
dumps(contextvars.ContextVar("name"))
assert "jsonpickle" in sys.modules
print("done")
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (result.stdout, result.stderr) == ("done\n", "")

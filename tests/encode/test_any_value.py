"""A value is looked at and never asked: nothing of its own runs, nothing lazy is loaded, its cost is bounded."""

from __future__ import annotations

import collections
import collections.abc
import datetime
import decimal
import enum
import fractions
import ipaddress
import itertools
import json
import pathlib
import random
import sqlite3
import threading
import time
import tracemalloc
import types
import urllib.parse
import uuid
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import attrs
import bson
import cachetools
import cloudpathlib
import httpx
import numpy
import pandas
import psycopg2.extras
import pydantic
import pytest
import requests
import sqlalchemy
import yarl
from cloudpathlib.local import LocalS3Client, LocalS3Path
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, Session, mapped_column, relationship

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.encode import any_value, json_text
from lambda_tracer.xray import MAX_DOCUMENT_BYTES
from tests.daemon import Daemon


def shown(value: object, *, is_captured: bool = True) -> Any:
    """The value as whoever reads the trace sees it, as a response or as metadata."""
    text = json_text.dumps(value, is_captured=is_captured)
    assert text.isascii()
    return json.loads(text, parse_constant=pytest.fail)


# --- Nothing of its own runs ----------------------------------------------------------------------------------

ran: list[str] = []
"""What of a value's own code has run."""


def of(kind: type) -> str:
    return f"<{kind.__module__}.{kind.__qualname__}>"


def telling(name: str, base: type, armed: threading.Event) -> type:
    """A class whose attribute of this name says that it was used, once armed."""

    def tell(value: Any, *args: Any) -> Any:
        if not armed.is_set():
            return getattr(super(kind, value), name)(*args)
        ran.append(name)
        raise AttributeError(name)

    def tell_property(value: Any) -> Any:
        if armed.is_set():
            ran.append(name)
        return object.__getattribute__(value, name)

    attribute = property(tell_property) if name in ("__class__", "__dict__") else tell
    kind = types.new_class("Telling", (base,), exec_body=lambda body: body.update({name: attribute}))
    return kind


MAGIC = (
    "__getattribute__",
    "__getattr__",
    "__class__",
    "__dict__",
    "__len__",
    "__iter__",
    "__getitem__",
    "__contains__",
    "__str__",
    "__repr__",
    "__format__",
    "__bool__",
    "__eq__",
    "__hash__",
    "__int__",
    "__float__",
    "__index__",
    "__fspath__",
    "__bytes__",
    "__reduce__",
    "__reduce_ex__",
    "__getstate__",
    "__sizeof__",
    "__dir__",
    "__instancecheck__",
    "__length_hint__",
    "__reversed__",
    "__missing__",
    "keys",
    "items",
    "values",
    "get",
    "dict",
    "json",
    "to_dict",
    "model_dump",
    "_asdict",
    "isoformat",
    "tolist",
    "item",
    "as_posix",
)
BASES = (
    object,
    dict,
    list,
    tuple,
    set,
    frozenset,
    str,
    int,
    float,
    bytes,
    bytearray,
    decimal.Decimal,
    fractions.Fraction,
    datetime.datetime,
    datetime.date,
    datetime.timedelta,
    uuid.UUID,
    pathlib.PurePosixPath,
    collections.OrderedDict,
    collections.deque,
    collections.UserDict,
    collections.UserList,
    collections.UserString,
    collections.ChainMap,
    collections.Counter,
    types.SimpleNamespace,
    ValueError,
    numpy.ndarray,
)
ARGUMENTS: dict[type, tuple[Any, ...]] = {
    datetime.datetime: (2024, 1, 2),
    datetime.date: (2024, 1, 2),
    uuid.UUID: ("00000000-0000-0000-0000-000000000005",),
    collections.UserString: ("text",),
    pathlib.PurePosixPath: ("a", "b"),
    ValueError: ("message",),
    numpy.ndarray: ((2,),),
}


class Meta(type):
    """A class of classes that says when it is asked anything."""

    def __getattribute__(cls, name: str) -> Any:
        ran.append(f"metaclass: {name}")
        return super().__getattribute__(name)

    def __instancecheck__(cls, instance: object) -> bool:
        ran.append("metaclass: __instancecheck__")
        return True

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return type.__call__(cls, *args, **kwargs)


@pytest.mark.parametrize("base", BASES, ids=lambda base: base.__name__)
@pytest.mark.parametrize("name", MAGIC)
def test_no_method_of_a_value_runs(base: type, name: str) -> None:
    armed = threading.Event()
    value = telling(name, base, armed)(*ARGUMENTS.get(base, ()))
    if base is object:
        value.number = 5
    ran.clear()
    armed.set()

    for text in (
        json_text.dumps(value, is_captured=True),
        json_text.dumps([{"a": value}, float("nan")], is_captured=True),
        json_text.dumps({"a": [value, value]}),
    ):
        assert text.isascii()

    assert ran == []


def test_no_metaclass_is_asked() -> None:
    value = Meta("Made", (), {"number": 1})()
    type.__getattribute__(Meta, "__call__")
    value.__dict__["total"] = 5
    ran.clear()

    text = json_text.dumps([value, {"class": type(value)}], is_captured=True)

    assert ran == []
    assert json.loads(text)[0] == {"total": 5}


def test_no_property_and_no_descriptor_runs() -> None:
    class Order:
        def __init__(self) -> None:
            self.number = 1

        @property
        def lines(self) -> Any:
            ran.append("lines")

    ran.clear()

    assert shown(Order()) == {"number": 1}
    assert ran == []


class Lazy(collections.abc.Mapping[int, int]):
    """Of a remote store, a configuration service, an ORM."""

    loaded = 0

    def __iter__(self) -> Iterator[int]:
        Lazy.loaded += 1
        return iter(range(2_000))

    def __len__(self) -> int:
        Lazy.loaded += 1
        return 2_000

    def __getitem__(self, key: int) -> int:
        Lazy.loaded += 1
        return key


class Pair(collections.abc.Sequence[int]):
    def __getitem__(self, index: Any) -> Any:
        raise AssertionError("a sequence of one's own is not read")

    def __len__(self) -> int:
        raise AssertionError("a sequence of one's own is not read")


@pytest.mark.parametrize("make", [Lazy, Pair])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda value: value,
        lambda value: {"it": value},
        types.MappingProxyType,
        lambda value: collections.ChainMap({}, value),
        lambda value: types.SimpleNamespace(it=value),
        lambda value: value.keys() if isinstance(value, Lazy) else [value],
    ],
    ids=["itself", "in a dict", "proxy", "chain map", "namespace", "view"],
)
def test_a_mapping_or_sequence_of_ones_own_is_named_and_loads_nothing(
    make: Callable[[], Any], wrap: Callable[[Any], Any]
) -> None:
    Lazy.loaded = 0
    value = wrap(make())
    before = Lazy.loaded

    shown(value)
    shown(value, is_captured=False)

    assert Lazy.loaded == before


def test_an_lru_cache_keeps_its_order() -> None:
    cache: Any = cachetools.LRUCache(2)
    cache["first"] = 1
    cache["second"] = 2

    shown({"cache": cache, "again": [cache]})
    cache["third"] = 3

    assert list(cache) == ["second", "third"]


class Recency(collections.OrderedDict[str, int]):
    """What many people write in the place of an LRU cache."""

    def __getitem__(self, key: str) -> int:
        self.move_to_end(key)
        return super().__getitem__(key)


def test_a_dict_that_remembers_its_use_is_shown_and_keeps_its_order() -> None:
    cache = Recency(a=1, b=2)

    assert shown(cache) == {"a": 1, "b": 2}
    assert list(cache) == ["a", "b"]


def test_a_cloud_path_downloads_nothing(tmp_path: pathlib.Path) -> None:
    client = LocalS3Client(local_storage_dir=tmp_path / "remote", local_cache_dir=tmp_path / "cache")
    path = LocalS3Path("s3://bucket/object", client=client)
    path.write_text("content")
    client.clear_cache()  # type: ignore[no-untyped-call]

    shown({"path": path})

    assert issubclass(type(path), cloudpathlib.CloudPath)
    assert [each for each in (tmp_path / "cache").rglob("*") if each.is_file()] == []


class Base(MappedAsDataclass, DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="ada")
    orders: Mapped[list[Order]] = relationship(back_populates="user", default_factory=list)


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sqlalchemy.ForeignKey("users.id"), init=False)
    user: Mapped[User] = relationship(back_populates="orders", default=None)


@pytest.fixture
def engine() -> Iterator[sqlalchemy.Engine]:
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(User(id=1, orders=[Order(id=number) for number in range(300)]))
        session.commit()
    yield engine
    engine.dispose()


@pytest.fixture
def queries(engine: sqlalchemy.Engine) -> list[str]:
    queries: list[str] = []
    sqlalchemy.event.listen(engine, "before_cursor_execute", lambda *arguments: queries.append(arguments[2]))
    return queries


def test_an_orm_object_runs_no_query_and_shows_what_is_loaded(
    engine: sqlalchemy.Engine, queries: list[str]
) -> None:
    with Session(engine) as session:
        user = session.get(User, 1)
        session.add(User(id=2, name="pending"))
        queries.clear()

        assert shown(user) == {"id": 1, "name": "ada"}
        assert queries == []
        assert len(session.new) == 1
        assert user is not None
        assert len(user.orders) == 300
        queries.clear()
        text = json_text.dumps(user, is_captured=True)
        session.rollback()
        shown(user)

    assert '"orders":[{' in text
    assert queries == []


def test_a_detached_orm_object_is_shown(engine: sqlalchemy.Engine) -> None:
    with Session(engine) as session:
        user = session.get(User, 1)

    assert shown(user) == {"id": 1, "name": "ada"}


def test_a_pydantic_model_computes_and_serialises_nothing() -> None:
    class Invoice(pydantic.BaseModel):
        net: int
        note: str = pydantic.Field(default="internal", exclude=True)

        @pydantic.computed_field  # type: ignore[prop-decorator]
        @property
        def gross(self) -> int:
            ran.append("computed")
            return self.net * 2

        @pydantic.field_serializer("net")
        def serialize(self, value: int) -> int:
            ran.append("serialised")
            return value

    ran.clear()

    assert shown([Invoice(net=5)]) == [{"net": 5}]
    assert ran == []


def test_a_model_shows_its_further_fields_and_a_root_model_its_root() -> None:
    class Open(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(extra="allow")
        number: int

    class Numbers(pydantic.RootModel[list[int]]):
        pass

    assert shown(Open.model_validate({"number": 1, "further": 2})) == {"number": 1, "further": 2}
    assert shown(Numbers([1, 2])) == [1, 2]


def test_a_time_zone_of_ones_own_is_not_asked() -> None:
    class Zone(datetime.tzinfo):
        def utcoffset(self, when: datetime.datetime | None) -> datetime.timedelta:
            ran.append("utcoffset")
            return datetime.timedelta(hours=1)

        dst = utcoffset

        def tzname(self, when: datetime.datetime | None) -> str:
            ran.append("tzname")
            return "own"

    ran.clear()
    value = [
        datetime.datetime(2024, 1, 2, 3, 4, 5, 6, Zone()),
        datetime.time(3, 4, tzinfo=Zone()),
        Zone(),
    ]

    assert shown(value)[:2] == ["2024-01-02 03:04:05.000006", "03:04:00"]
    assert ran == []


def test_a_weak_proxy_is_not_followed() -> None:
    target = Pair()

    assert shown(weakref.proxy(target)) == "<weakref.ProxyType>"


def test_a_response_of_an_unknown_type_of_c_is_named_and_its_reduction_does_not_run() -> None:
    value = itertools.count()

    assert shown([value, value]) == ["<itertools.count>"] * 2
    assert next(value) == 0


# --- Rows, models, addresses, tables: by a table of types ------------------------------------------------------


def _row() -> Any:
    with sqlalchemy.create_engine("sqlite://").connect() as connection:
        return connection.execute(sqlalchemy.text("select 1 as id, 'ada' as name")).first()


def _sqlite_row() -> Any:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    row = connection.execute("select 1 as id, 'ada' as name").fetchone()
    connection.close()
    return row


def _dict_row() -> Any:
    class Cursor:
        description = (("id",), ("name",))
        index: ClassVar = {"id": 0, "name": 1}

    row = psycopg2.extras.DictRow(Cursor())
    row[0], row[1] = 1, "ada"
    return row


@attrs.define
class Attrs:
    number: int
    _hidden: int = 2


@dataclass
class Small:
    number: int = 1
    tags: list[str] = field(default_factory=list)


class Colour(enum.Enum):
    RED = "red"


class Model(pydantic.BaseModel):
    url: pydantic.HttpUrl
    dsn: pydantic.PostgresDsn


PLAIN_ROW = {"id": 1, "name": "ada"}
KNOWN: dict[str, tuple[Callable[[], Any], Any]] = {
    "sqlalchemy row": (_row, PLAIN_ROW),
    "sqlalchemy row as mapping": (lambda: _row()._mapping, PLAIN_ROW),
    "sqlite3 row": (_sqlite_row, PLAIN_ROW),
    "psycopg2 row": (_dict_row, PLAIN_ROW),
    "attrs": (lambda: Attrs(1), {"number": 1}),
    "dataclass": (Small, {"number": 1, "tags": []}),
    "object id": (lambda: bson.ObjectId("0123456789ab0123456789ab"), "0123456789ab0123456789ab"),
    "decimal of bson": (lambda: bson.Decimal128("1.50"), "1.50"),
    "yarl": (lambda: yarl.URL("https://u:p@example.org/x?q=1#f"), "https://example.org/x?q=1#f"),
    "httpx": (lambda: httpx.URL("https://u:p@example.org:81/x?q=1"), "https://example.org:81/x?q=1"),
    "split": (lambda: urllib.parse.urlsplit("https://u:p@example.org/x?q=1"), "https://example.org/x?q=1"),
    "parsed": (lambda: urllib.parse.urlparse("https://u:p@example.org/x;y?q"), "https://example.org/x;y?q"),
    "pydantic": (
        lambda: Model(url="https://u:p@example.org/x", dsn="postgres://u:p@db:5432/x"),  # type: ignore[arg-type]
        {"url": "https://example.org/x", "dsn": "postgres://db:5432/x"},
    ),
    "headers of requests": (lambda: requests.structures.CaseInsensitiveDict({"A": "b"}), {"A": "b"}),
    "headers of httpx": (lambda: httpx.Headers({"A": "b"}), {"A": "b"}),
    "array": (lambda: numpy.zeros((3, 4)), "<numpy.ndarray (3, 4) float64>"),
    "numpy numbers": (lambda: [numpy.int64(5), numpy.float32(0.5), numpy.bool_(True)], [5, 0.5, True]),
    "numpy text": (lambda: numpy.str_("text"), "text"),
    "frame": (lambda: pandas.DataFrame({"a": [1, 2]}), "(2, 1)"),
    "series": (lambda: pandas.Series([1, 2]), "(2,)"),
    "timestamp": (lambda: pandas.Timestamp("2024-01-02 03:04:05"), "2024-01-02 03:04:05"),
    "no timestamp": (lambda: [pandas.NaT, pandas.NA], ["NaT", "<NA>"]),
    "network": (lambda: ipaddress.ip_network("10.0.0.0/8"), "10.0.0.0/8"),
    "interface": (lambda: ipaddress.ip_interface("10.0.0.1/8"), "10.0.0.1/8"),
    "fraction": (lambda: [fractions.Fraction(1, 3), fractions.Fraction(4, 2)], ["1/3", "2"]),
    "enum as key": (lambda: {Colour.RED: Colour.RED}, {"Colour.RED": "red"}),
    "module": (lambda: types, "<builtins.module>"),
    "method": (lambda: Attrs(1).__eq__, "<tests.encode.test_any_value.Attrs.__eq__>"),
}


@pytest.mark.parametrize(("make", "expected"), KNOWN.values(), ids=KNOWN)
@pytest.mark.parametrize("is_captured", [True, False], ids=["response", "metadata"])
def test_a_known_type_shows_what_it_holds(make: Callable[[], Any], expected: Any, is_captured: bool) -> None:
    seen = shown(make(), is_captured=is_captured)

    if isinstance(expected, str) and expected.startswith("("):
        assert expected in seen
    else:
        assert seen == expected


def test_an_exception_shows_plain_attributes_and_names_what_it_refers_to() -> None:
    class Declined(Exception):
        def __init__(self) -> None:
            super().__init__("declined")
            self.order = "A-1"
            self.limits = {"eur": 500, "by": ["risk"]}
            self.when = datetime.date(2024, 1, 2)
            self.request = requests.Request("POST", "https://example.org", json={"iban": "CANARY"})
            self.rows = list(range(100))

    assert shown(Declined()) == {
        "type": "test_an_exception_shows_plain_attributes_and_names_what_it_refers_to.<locals>.Declined",
        "message": "declined",
        "order": "A-1",
        "limits": {"eur": 500, "by": ["risk"]},
        "when": "2024-01-02",
        "request": "<requests.models.Request>",
        "rows": [*range(20), "... more"],
    }


def test_what_an_exception_was_made_with_is_its_message_and_its_own_code_does_not_run() -> None:
    class Own(Exception):
        def __str__(self) -> str:
            ran.append("__str__")
            return "own"

    ran.clear()

    assert shown(Own("given", 5))["message"] == "('given', 5)"
    assert shown(ValueError(Pair()))["message"] == "<tests.encode.test_any_value.Pair>"
    assert shown(KeyError("k"))["message"] == "'k'"
    assert ran == []


# --- Bounds ---------------------------------------------------------------------------------------------------

MAX_PEAK_BYTES = 1_500_000


class Node:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Text(str):
    pass


class OwnDict(dict):
    pass


def deep(levels: int, wrap: Callable[[Any], Any]) -> Any:
    value: Any = "bottom"
    for _ in range(levels):
        value = wrap(value)
    return value


def graph(size: int) -> Any:
    """Objects that refer to each other, as a session of an ORM holds them."""
    choices = random.Random(1)
    nodes = [Node(id=number, name=f"node {number}") for number in range(size)]
    for node in nodes:
        node.__dict__["links"] = choices.sample(nodes, 5)
        node.__dict__["by_name"] = {str(number): choices.choice(nodes) for number in range(5)}
    return nodes[0]


HUGE: dict[str, Callable[[], Any]] = {
    "text in a dict": lambda: {"body": "x" * 6_000_000},
    "text of other letters": lambda: {"body": "\u00e9" * 6_000_000},
    "text itself": lambda: "\U0001f600" * 1_500_000,
    "text of another type": lambda: Text("x" * 6_000_000),
    "text of escapes": lambda: {"body": "\x00" * 63_000},
    "JSON in a dict": lambda: {"body": json.dumps([{"id": n, "password": "p" * 20} for n in range(100_000)])},
    "JSON that just fits": lambda: {"body": json.dumps([{"id": n, "token": "t"} for n in range(2_500)])},
    "many texts of JSON": lambda: [json.dumps({"token": "t", "id": 1})] * 2_000,
    "many keys": lambda: {f"key{number}": number for number in range(300_000)},
    "keys that just fit": lambda: {f"id-{number}-x": number for number in range(3_500)},
    "long keys": lambda: {"k" * 60_000 + str(number): 1 for number in range(100)},
    "keys of one name": lambda: {Node(): 1 for _ in range(5_000)},
    "list": lambda: [None] * 1_000_000,
    "numbers that just fit": lambda: [1] * 31_000,
    "floats": lambda: [0.1 + number for number in range(30_000)],
    "long numbers": lambda: [10**4_000] * 1_000,
    "one long number": lambda: 10**100_000,
    "decimals": lambda: [decimal.Decimal("1" * 50_000)] * 30_000,
    "short decimals": lambda: [decimal.Decimal("12.50")] * 30_000,
    "times": lambda: [datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc)] * 30_000,
    "rows": lambda: [{"id": n, "name": f"customer {n}", "total": n * 1.5} for n in range(5_000)],
    "empty lists": lambda: [[] for _ in range(100_000)],
    "set": lambda: set(range(1_000_000)),
    "deque": lambda: collections.deque(range(1_000_000)),
    "dict of another type": lambda: OwnDict.fromkeys(range(300_000)),
    "chain map": lambda: collections.ChainMap(dict.fromkeys(range(300_000)), dict.fromkeys(range(9))),
    "items": lambda: dict.fromkeys(range(300_000)).items(),
    "lists in lists": lambda: deep(100_000, lambda value: [value]),
    "dicts in dicts": lambda: deep(100_000, lambda value: {"a": value}),
    "objects in objects": lambda: deep(10_000, lambda value: Node(inner=value)),
    "objects": lambda: [Node(a=1, b="x", c=2.5) for _ in range(20_000)],
    "graph": lambda: graph(5_000),
    "exceptions": lambda: [ValueError("x" * 500, number) for number in range(5_000)],
    "long message": lambda: ValueError("x" * 10_000_000),
    "bytes": lambda: b"\xff\x00" * 5_000_000,
    "bytes in a dict": lambda: {"body": bytearray(b"\xff\x00" * 5_000_000)},
    "memory": lambda: {"body": memoryview(bytearray(8_000_000))},
    "memory of numbers": lambda: memoryview(bytearray(8_000_000)).cast("q"),
    "memory of two dimensions": lambda: memoryview(bytearray(8_000_000)).cast("B", (2, 4_000_000)),
    "array": lambda: numpy.zeros((1_000, 1_000)),
    "array of objects": lambda: numpy.array([Node()] * 100_000, dtype=object),
    "frame": lambda: pandas.DataFrame({"a": range(1_000_000)}),
    "numpy numbers": lambda: [numpy.float64(1.5)] * 100_000,
}


@pytest.mark.parametrize("make", HUGE.values(), ids=HUGE)
@pytest.mark.parametrize("is_captured", [True, False], ids=["response", "metadata"])
def test_a_value_of_any_size_takes_little_memory_and_makes_a_text_that_fits(
    make: Callable[[], Any], is_captured: bool
) -> None:
    value = make()
    json_text.dumps(value, is_captured=is_captured)  # what is loaded once is not the value's
    tracemalloc.start()
    try:
        text = json_text.dumps(value, is_captured=is_captured)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < MAX_PEAK_BYTES
    assert len(text) < 6.1 * MAX_DOCUMENT_BYTES
    json.loads(text)


@pytest.mark.alone
@pytest.mark.parametrize("make", HUGE.values(), ids=HUGE)
def test_a_value_of_any_size_takes_little_time(make: Callable[[], Any]) -> None:
    """What it takes is counted in the benchmarks; here, that it is bounded at all, on a machine that is busy."""
    value = make()

    def took() -> float:
        start = time.thread_time()
        json_text.dumps(value, is_captured=True)
        return time.thread_time() - start

    assert min(took() for _ in range(5)) < 0.02


def test_a_careful_walk_does_no_more_than_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []
    look = any_value._Walk.plain

    def count(self: Any, value: Any, depth: int) -> Any:
        looked_at.append(depth)
        return look(self, value, depth)

    monkeypatch.setattr(any_value._Walk, "plain", count)

    shown(graph(5_000))

    assert len(looked_at) < any_value.MAX_WORK


def test_what_is_cut_says_how_large_it_is_or_is_at_least() -> None:
    exactly = shown({"body": "x" * 10})
    text = shown("x" * 100_000)
    within = shown({"status": 200, "body": "x" * 6_000_000})

    assert exactly == {"body": "x" * 10}
    assert text == {"lambda_tracer": "cut", "bytes": 100_002, "starts_with": '"' + "x" * 199}
    assert within["bytes_at_least"] > 6_000_000
    assert within["starts_with"].startswith('{"status":200,"body":"xxx')


@pytest.mark.parametrize("size", [59_000, 63_700, 64_100, 70_000])
@pytest.mark.parametrize("letter", ["x", "\u00e9", '"'])
def test_what_fits_is_whole(size: int, letter: str) -> None:
    text = letter * (size // (len(json.dumps(letter)) - 2))

    seen = shown([text])

    assert (seen == [text]) == (size <= 63_999) or letter == '"'


def test_a_careful_result_fits_in_a_document(daemon: Daemon) -> None:
    @Tracer(service="shop", auto_patch=False).capture_method
    def respond() -> Any:
        return [Text("x" * 50_000), Text("\u00e9" * 50_000), *[Node(number=number) for number in range(900)]]

    respond()

    (document,) = daemon.documents()
    ((_, kept),) = document["metadata"]["shop"].items()
    assert kept[0] == "x" * 50_000


@pytest.mark.parametrize(
    "value",
    [lambda: "x" * 60_000, lambda: [{"id": n} for n in range(2_000)], lambda: Node(a=["x" * 60_000])],
    ids=["text", "rows", "object"],
)
def test_metadata_is_bounded_as_a_whole(value: Callable[[], Any], daemon: Daemon) -> None:
    values = [value() for _ in range(1_000)]
    xray_recorder.begin_subsegment("work")
    subsegment = xray_recorder.current_subsegment()
    assert subsegment is not None
    for number, each in enumerate(values):
        subsegment.put_metadata(f"key {number}", each)
    subsegment.put_annotation("kept", True)
    started = time.thread_time()
    subsegment.serialize()
    took = time.thread_time() - started
    tracemalloc.start()
    try:
        xray_recorder.end_subsegment()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    work = daemon.subsegment("work")
    assert peak < 6_000_000
    assert took < 2
    assert work["annotations"] == {"kept": True}
    assert "key 0" in work["metadata"]["default"]


@pytest.mark.parametrize("size", [100_000, 6_000_000])
def test_sql_and_aws_of_any_size_are_cut_before_they_are_encoded(size: int, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.set_sql({"sanitized_query": "select " + "\u00e9" * size, "user": "u"})
        subsegment.set_aws({"operation": "Get", "further": ["\u00e9" * size]})
        tracemalloc.start()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    work = daemon.subsegment("work")
    assert work["sql"]["sanitized_query"].startswith("select \u00e9")
    assert work["sql"]["sanitized_query"].endswith(f"[cut: {size + 7} characters]")
    assert work["aws"] == {"operation": "Get"}
    assert work["metadata"]["lambda_tracer"]["cut"]["bytes"] > size
    assert peak < MAX_PEAK_BYTES


# --- Halves of characters -------------------------------------------------------------------------------------


def test_a_lone_surrogate_becomes_the_replacement_character_wherever_it_stands(daemon: Daemon) -> None:
    bad = 'a\udcff \U0001f600 \ud83d \\ud800 \\\ud800 "\udfff'
    good = 'a\ufffd \U0001f600 \ufffd \\ud800 \\\ufffd "\ufffd'
    with xray_recorder.in_subsegment("work", namespace=bad) as subsegment:
        subsegment.put_annotation("note", bad)
        subsegment.put_metadata("value", {bad: [bad], "careful": {bad}})
        subsegment.put_metadata(bad, 1, bad)
        subsegment.put_http_meta("url", bad)
        subsegment.set_sql({"sanitized_query": bad})
        subsegment.set_aws({"operation": bad})
        subsegment.add_exception(ValueError(bad), [(bad, 1, bad)])

    (datagram,) = daemon.datagrams()
    text = datagram.decode().partition("\n")[2]
    json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")
    work = daemon.subsegment("work")
    assert work["namespace"] == good
    assert work["annotations"] == {"note": good}
    assert work["metadata"] == {"default": {"value": {good: [good], "careful": [good]}}, good: {good: 1}}
    assert work["http"]["request"] == {"url": good}
    assert work["sql"] == {"sanitized_query": good}
    assert work["aws"] == {"operation": good}
    (exception,) = work["cause"]["exceptions"]
    assert exception["message"] == good
    assert exception["stack"][0]["label"] == good

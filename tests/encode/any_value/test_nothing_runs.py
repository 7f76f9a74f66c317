"""A value is looked at and never asked: nothing of its own runs, nothing lazy is loaded."""

from __future__ import annotations

import collections
import collections.abc
import datetime
import decimal
import fractions
import itertools
import json
import pathlib
import threading
import types
import uuid
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import cachetools
import cloudpathlib
import numpy
import pydantic
import pytest
import sqlalchemy
from cloudpathlib.local import LocalS3Client, LocalS3Path
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, Session, mapped_column, relationship

from lambda_tracer.encode import json_text
from tests.encode.any_value.shown import shown

ran: list[str] = []
"""What of a value's own code has run."""


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


def test_what_an_exception_was_made_with_is_its_message_and_its_own_code_does_not_run() -> None:
    class Own(Exception):
        def __str__(self) -> str:
            ran.append("__str__")
            return "own"

    ran.clear()

    assert shown(Own("given", 5))["message"] == "('given', 5)"
    assert shown(ValueError(Pair()))["message"] == "<tests.encode.any_value.test_nothing_runs.Pair>"
    assert shown(KeyError("k"))["message"] == "'k'"
    assert ran == []

"""Values that a tracer must survive: what they raise when they are looked at, never end, or would be used up.

`RECIPES` maps a name to a function that makes the value anew, so that a failing test shows the name and not the value.
"""

from __future__ import annotations

import asyncio
import builtins
import collections
import contextlib
import contextvars
import csv
import dataclasses
import decimal
import enum
import functools
import io
import itertools
import operator
import os
import re
import sqlite3
import sys
import tempfile
import threading
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from botocore.response import StreamingBody

from tests.hostile.looked_at import (
    LOOKED_AT,
    RAISED,
    ModuleIsNoText,
    Nasty,
    OfInstance,
    OfRefusing,
    OfUnhashable,
    made_raising,
    raising,
)

overruns: list[str] = []
"""What has been read beyond reason. An endless value ends there, so that the test fails instead of never ending."""

ENOUGH = 100_000


def endless(what: str) -> Iterator[int]:
    """Numbers from 0 on; who reads more than ENOUGH of them has overrun."""
    yield from range(ENOUGH)
    overruns.append(what)
    raise Nasty(f"{what} was read without end")


class EndlessIterable:
    def __iter__(self) -> Iterator[int]:
        return endless("iterable")


class EndlessMapping(collections.abc.Mapping[Any, Any]):
    def __getitem__(self, key: Any) -> int:
        return 1

    def __iter__(self) -> Iterator[int]:
        return endless("mapping")

    def __len__(self) -> int:
        return 3


class EndlessList(list[Any]):
    """A list that shows more than it holds, without end."""

    def __iter__(self) -> Iterator[Any]:
        return endless("list")


class EndlessDict(dict[Any, Any]):
    def items(self) -> Any:
        return ((str(number), 1) for number in endless("dict"))

    def __iter__(self) -> Iterator[Any]:
        return endless("dict")

    keys = __iter__  # type: ignore[assignment]


class EndlessDeque(collections.deque[Any]):
    def __iter__(self) -> Iterator[Any]:
        return endless("deque")


class Counted:
    """A leaf that counts how often it was looked at."""

    def __init__(self) -> None:
        self._numbers = endless("value that contains itself again and again")

    def model_dump(self) -> Any:
        return next(self._numbers)


class EndlessSequence(collections.abc.Sequence[Any]):
    def __getitem__(self, index: Any) -> Any:
        return 1

    def __len__(self) -> int:
        return 1 << 60


class EndlessAttributes:
    """Every attribute exists and is another such object."""

    def __getattr__(self, name: str) -> EndlessAttributes:
        return EndlessAttributes()


class EndlessDepth:
    """A tree made on the way down."""

    @property
    def model_dump(self) -> Any:
        return lambda: {"below": EndlessDepth()}


class Slotted:
    __slots__ = ("never_set", "set", "unset")

    def __init__(self) -> None:
        self.set = float("nan")


class Colour(enum.Enum):
    RED = object()
    LOOP = frozenset(("a",))


class Text(str):
    def __str__(self) -> str:
        raise Nasty("__str__ of a str")

    def __iter__(self) -> Iterator[str]:
        raise Nasty("__iter__ of a str")

    def __len__(self) -> int:
        raise Nasty("__len__ of a str")

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        raise Nasty("__eq__ of a str")


class Number(int):
    def __repr__(self) -> str:
        raise Nasty("__repr__ of an int")

    __str__ = __int__ = __index__ = __repr__  # type: ignore[assignment]


class Real(float):
    def __repr__(self) -> str:
        raise Nasty("__repr__ of a float")

    __str__ = __float__ = __repr__  # type: ignore[assignment]

    def __sub__(self, other: object) -> float:
        raise Nasty("__sub__ of a float")


@dataclasses.dataclass
class Record:
    value: Any
    me: Any = None

    @property
    def shown(self) -> Any:
        raise Nasty("a property")


def _cycle() -> Any:
    cycle: list[Any] = [{"a": 1}]
    cycle[0]["cycle"] = cycle
    return cycle


def _record_cycle() -> Any:
    record = Record(Slotted())
    record.me = record
    return record


def _deep(levels: int, wrap: Callable[[Any], Any], value: Any = "bottom") -> Any:
    for _ in range(levels):
        value = wrap(value)
    return value


class DeepObject:
    def __init__(self, below: Any) -> None:
        self.below = below


def _changing() -> Any:
    """A dict that another thread changes as long as somebody holds it."""
    value: dict[Any, Any] = {"list": [1, 2, 3], "set": {1, 2}, "deque": collections.deque([1, 2])}
    stop = threading.Event()

    class Held(dict[Any, Any]):
        def __del__(self) -> None:
            stop.set()

    held = Held(value)

    def change() -> None:
        for number in itertools.count():
            if stop.wait(0.00001) or number > 20_000:
                return
            value["list"].append(number)
            value["set"].add(number)
            value["deque"].append(number)
            value[number] = number
            if number % 7 == 0:
                value["list"].clear()
                value["set"].clear()
                value["deque"].clear()
                value.pop(number - 3, None)

    held["shared"] = value
    threading.Thread(target=change, daemon=True).start()
    return held


def _generator() -> Iterator[int]:
    yield from (1, 2, 3)


async def _coroutine() -> int:
    return 1


async def _async_generator() -> Any:
    yield 1


def _closed_coroutine() -> Any:
    """Closed, so that nobody warns that it was never awaited; a tracer that awaits it would still fail."""
    coroutine = _coroutine()
    coroutine.close()
    return coroutine


RECIPES: dict[str, Callable[[], Any]] = {
    **{
        f"{name} raises {raised.__name__}": made_raising(name, raised)
        for name in LOOKED_AT
        for raised in RAISED
    },
    **{
        f"{base.__name__} whose {name} raises": made_raising(name, Nasty, base)
        for base, names in (
            (
                dict,
                ("items", "keys", "__iter__", "__len__", "__getitem__", "__class__", "__bool__", "__eq__"),
            ),
            (list, ("__iter__", "__len__", "__getitem__", "__class__", "__bool__", "__eq__")),
            (tuple, ("__iter__", "__len__", "__class__")),
            (set, ("__iter__", "__len__", "__class__")),
            (str, ("__str__", "__len__", "__iter__", "__hash__", "__class__", "__format__", "__bool__")),
            (int, ("__repr__", "__str__", "__int__", "__class__", "__bool__")),
            (float, ("__repr__", "__float__", "__class__")),
            (bytes, ("__iter__", "__len__", "__getitem__", "__class__")),
            (decimal.Decimal, ("__str__", "__repr__", "__class__")),
            (collections.deque, ("__iter__", "__len__", "__class__")),
            (collections.OrderedDict, ("items", "keys", "__iter__")),
            (collections.UserDict, ("items", "keys", "__iter__", "__getattribute__")),
        )
        for name in names
    },
    "class that refuses": lambda: object.__new__(OfRefusing),
    "the refusing class itself": lambda: OfRefusing,
    "class without a hash": lambda: object.__new__(OfUnhashable),
    "the class without a hash itself": lambda: OfUnhashable,
    "class with an instance check": OfInstance,
    "class whose module is no text": ModuleIsNoText,
    "cycle": _cycle,
    "cycle of records": _record_cycle,
    "NaN": lambda: float("nan"),
    "infinities": lambda: [float("inf"), {"low": -float("inf")}],
    "signalling NaN": lambda: decimal.Decimal("sNaN"),
    "int of 5,000 digits": lambda: 10**5_000,
    "int of 4,000 digits": lambda: [10**4_000, -(10**4_000)],
    "int of 400 digits": lambda: 10**400,
    "dict with a huge int as key": lambda: {10**5_000: 1, -1: 10**5_000},
    "10 MB text": lambda: "x" * 10_000_000,
    "10 MB of surrogates": lambda: "\ud800" * 2_500_000,
    "10 MB of bytes": lambda: b"\xff\x00" * 5_000_000,
    "memoryview": lambda: memoryview(b"\xff" * 100),
    "released memoryview": lambda: _released(memoryview(b"x")),
    "wide memoryview": lambda: memoryview(bytearray(64)).cast("q"),
    "surrogates": lambda: ["\ud800", "\udfff\ud800", {"\udc80": "\udc80"}],
    "text with a NUL": lambda: "\0\x1f\u2028",
    "100,000 lists deep": lambda: _deep(100_000, lambda value: [value]),
    "100,000 dicts deep": lambda: _deep(100_000, lambda value: {"a": value}),
    "100,000 tuples deep": lambda: _deep(100_000, lambda value: (value,)),
    "10,000 objects deep": lambda: _deep(10_000, DeepObject),
    "10,000 records deep": lambda: _deep(10_000, Record),
    "10,000 partials deep": lambda: _deep(10_000, lambda value: functools.partial(print, value)),
    "list of a million": lambda: [None] * 1_000_000,
    "2^18 ways to the same leaf": lambda: _deep(18, lambda value: [value, value], Counted()),
    "dict with odd keys": lambda: {
        None: 1,
        True: 2,
        1.5: 3,
        (1, 2): 4,
        b"x": 5,
        frozenset(): 6,
        float("nan"): 7,
        object(): 8,
        "1": 9,
        2: 10,
        Colour.RED: 11,
    },
    "dict with hostile keys": lambda: {
        raising(name, Nasty)(): 1
        for name in ("__str__", "__repr__", "__class__", "__getattribute__", "__iter__")
    },
    "text that refuses": lambda: Text("abc"),
    "int that refuses": lambda: Number(7),
    "float that refuses": lambda: Real(7.5),
    "dict of refusing keys": lambda: {Text("abc"): Text("def"), Number(3): Real(2)},
    "enum": lambda: [Colour.RED, Colour.LOOP, Colour],
    "slots": Slotted,
    "record": lambda: Record(object()),
    "endless iterable": EndlessIterable,
    "endless mapping": EndlessMapping,
    "endless list": EndlessList,
    "endless dict": lambda: EndlessDict(a=1),
    "endless deque": EndlessDeque,
    "endless sequence": EndlessSequence,
    "endless attributes": EndlessAttributes,
    "endless depth": EndlessDepth,
    "mock": mock.Mock,
    "magic mock": mock.MagicMock,
    "async mock": mock.AsyncMock,
    "mock with a spec": lambda: mock.create_autospec(io.BytesIO),
    "changed by another thread": _changing,
    "lock": threading.Lock,
    "module": lambda: types,
    "function": lambda: _generator,
    "lambda": lambda: lambda: 1,
    "builtin": lambda: len,
    "class": lambda: Record,
    "bound method": lambda: [].append,
    "exception": lambda: ValueError("x", object()),
    "exception group": lambda: group_of("several", [ValueError("a"), OSError("b")]),
    "frame": sys._getframe,
    "regular expression": lambda: re.compile("x"),
    "context": contextvars.copy_context,
    "proxy of an endless mapping": lambda: types.MappingProxyType(EndlessMapping()),
    "dead weak reference": lambda: weakref.proxy(set()),
    "namespace": lambda: types.SimpleNamespace(a=float("nan"), _b=1, c=print),
    "chain map": lambda: collections.ChainMap({"a": 1}, {"b": {1, 2}}),
    "named tuple": lambda: collections.namedtuple("N", "a b")(1, {2}),  # type: ignore[call-arg, arg-type]
    "closed coroutine": _closed_coroutine,
    "async generator": _async_generator,
    "future": lambda: asyncio.Future(loop=mock.Mock(get_debug=lambda: False)),
}


def _released(view: memoryview) -> memoryview:
    view.release()
    return view


def group_of(message: str, members: list[BaseException]) -> BaseException:
    group = getattr(builtins, "BaseExceptionGroup", None)  # from Python 3.11 on
    return group(message, members) if group else ValueError(message, members)


def _file() -> Any:
    file = tempfile.TemporaryFile("w+")  # noqa: SIM115, closed by the test that made it
    file.write("first line\nsecond line\n")
    file.seek(0)
    return file


class _Connection(sqlite3.Connection):
    """Closed when its last cursor is let go of."""

    def __del__(self) -> None:
        self.close()


def _database() -> sqlite3.Cursor:
    return sqlite3.connect(":memory:", factory=_Connection).execute("select 1 union select 2")


CONSUMABLE: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "iterator": (lambda: iter([1, 2, 3]), list),
    "generator": (_generator, list),
    "map": (lambda: map(str, [1, 2]), list),
    "zip": (lambda: zip([1], [2], strict=True), list),
    "count": (itertools.count, next),
    "dict iterator": (lambda: iter({"a": 1}.items()), list),
    "csv reader": (lambda: csv.reader(["a,b"]), list),
    "open file": (_file, lambda file: (file.closed, file.tell(), file.read(), file.close())),
    "StringIO": (lambda: io.StringIO("text"), lambda file: (file.closed, file.tell(), file.read())),
    "BytesIO": (lambda: io.BytesIO(b"text"), lambda file: (file.closed, file.tell(), file.read())),
    "StreamingBody": (
        lambda: StreamingBody(io.BytesIO(b"body"), 4),
        lambda body: (body._raw_stream.closed, body.tell(), body.read()),
    ),
    "scandir": (lambda: os.scandir("/"), lambda names: (bool(list(names)), names.close())),
    "cursor": (
        _database,
        lambda cursor: (cursor.fetchall(), cursor.connection.close()),
    ),
    "context manager": (
        contextlib.contextmanager(_generator),
        lambda manager: list(manager.gen),
    ),
    "coroutine": (_coroutine, asyncio.run),
    "async generator": (_async_generator, lambda generator: asyncio.run(generator.__anext__())),
    "file-like": (lambda: io.BufferedReader(io.BytesIO(b"x" * 10)), operator.methodcaller("read")),
}
"""What looking at must not use up: how to make one, and what is left in it."""

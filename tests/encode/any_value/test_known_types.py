"""Rows, models, addresses, tables and exceptions show what they hold: by a table of types."""

from __future__ import annotations

import datetime
import enum
import fractions
import ipaddress
import sqlite3
import types
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import attrs
import bson
import httpx
import numpy
import pandas
import psycopg2.extras
import pydantic
import pytest
import requests
import sqlalchemy
import yarl

from tests.encode.any_value.shown import shown


def _row() -> Any:
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        row = connection.execute(sqlalchemy.text("select 1 as id, 'ada' as name")).first()
    engine.dispose()
    return row


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
    "method": (lambda: Attrs(1).__eq__, "<tests.encode.any_value.test_known_types.Attrs.__eq__>"),
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

"""A table goes its own way to JSON, and comes out as any other value does."""

from __future__ import annotations

import decimal
import gc
import json
import random
import string
from typing import Any

import pytest

from lambda_tracer.encode import json_text, table
from lambda_tracer.encode.json_text import dumps


class Text(str):
    """A text that says when it is asked for anything."""

    def __hash__(self) -> int:
        if is_watched:
            raise AssertionError("the key's own code was run")
        return hash(str(self))

    def __eq__(self, other: object) -> bool:
        raise AssertionError("the key's own code was run")


is_watched = False


def rows(count: int = 20, **cells: Any) -> list[dict[str, Any]]:
    """A table with a number, and with further columns of one value each."""
    return [{"number": number, **cells} for number in range(count)]


def as_table(value: Any) -> str | None:
    """What the table's way makes of a value whose keys have been met before."""
    json_text.dumps(value, is_captured=True)
    return table.text_of(value, json_text._harmless, 64_000)


@pytest.mark.parametrize(
    "cell",
    [
        *("", "item", 'a "b"', "100 %s %d%%", "\u00e9\u4e2d\U0001f600", "\x00\n"),
        *(0, -1, 2**63, 1.5, -0.0, 1e300, 1e-300, True, False, None),
    ],
)
def test_a_table_is_json_as_the_encoder_writes_it(cell: Any) -> None:
    value = rows(cell=cell)

    assert as_table(value) == json.dumps(value, separators=(",", ":"))
    assert as_table({"items": value, "next": None, "count": 20, "of": "b%"}) == json.dumps(
        {"items": value, "next": None, "count": 20, "of": "b%"}, separators=(",", ":")
    )


def test_columns_of_several_kinds_are_json_as_the_encoder_writes_them() -> None:
    chance = random.Random(1)
    for _ in range(200):
        names = chance.sample(["id", "50%", "na\u00efve", "%s", 'a"b', "x"], chance.randint(2, 6))
        value = [
            {name: chance.choice([None, True, 1, -5, 2.25, "t", 'q"%s', "\u20ac"]) for name in names}
            for _ in range(chance.randint(8, 40))
        ]

        assert as_table(value) == json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize(
    "cell",
    [
        *(float("nan"), float("inf"), 1 << 64, [1], {"a": 1}, (1, 2), b"x", object(), decimal.Decimal(1)),
        *(Text("x"), json_text, {1}),
    ],
)
@pytest.mark.parametrize("place", [0, 7, 19])
def test_what_is_no_table_is_left_to_the_others(cell: Any, place: int) -> None:
    value = rows(cell=1.5)
    value[place]["cell"] = cell

    assert as_table(value) is None
    assert json.loads(dumps(value, is_captured=True))[1]["number"] == 1


def test_rows_with_other_keys_are_no_table() -> None:
    other: list[dict[Any, Any]] = [{"number": 1}, {"number": 1, "b": 2}, {"number": 1, "cell": 2, "c": 3}, {}]
    for row in other:
        value: list[Any] = [*rows(cell=1), row]

        assert as_table(value) is None
        assert json.loads(dumps(value, is_captured=True)) == value


def test_keys_in_another_order_are_the_same_keys() -> None:
    value = [*rows(cell=1), {"cell": 5, "number": 6}]

    assert json.loads(as_table(value) or "null") == value


def test_of_attributes_each_value_keeps_its_own_name() -> None:
    """The dicts of objects of one class share their keys, in an order that may not be their own."""

    class Row:
        pass

    value = []
    for number in range(20):
        row = Row()
        for name in ("a", "b", "c") if number % 2 else ("c", "b", "a"):
            setattr(row, name, f"{name}{number}")
        value.append(vars(row))

    assert as_table(value) is None or json.loads(as_table(value) or "") == value
    assert json.loads(dumps(value, is_captured=True)) == value


def test_a_key_of_a_type_of_its_own_is_not_asked_for_anything() -> None:
    """Failing means that this Python shows the garbage collector no keys: see `table`."""
    global is_watched
    odd = {"number": 1, Text("cell"): 1}
    assert len(gc.get_referents(odd)) == 4

    value: list[Any] = [*rows(cell=1), odd, *rows(cell=1)]
    as_table(rows(cell=1))
    is_watched = True
    try:
        assert table.text_of(value, json_text._harmless, 64_000) is None
    finally:
        is_watched = False


def test_a_secret_in_a_table_is_not_recorded() -> None:
    assert "hunter2" not in dumps(rows(password="hunter2"), is_captured=True)
    assert "hunter2" not in dumps({"items": rows(password="hunter2")}, is_captured=True)
    assert "hunter2" not in dumps(rows(body='{"password": "hunter2"}'), is_captured=True)
    assert "hunter2" not in dumps([{"name": "password", "value": "hunter2"}] * 20, is_captured=True)


def test_a_table_that_is_too_large_is_cut_and_not_read_to_its_end() -> None:
    value = rows(cell="x" * 1_000_000)
    as_table(rows(cell="x"))

    assert table.text_of(value, json_text._harmless, 64_000) is None
    assert json.loads(dumps(value, is_captured=True))["lambda_tracer"] == "cut"
    assert json.loads(dumps(rows(1_400, cell="\u20ac" * 40), is_captured=True))["lambda_tracer"] == "cut"


def test_names_made_of_data_do_not_fill_the_memory() -> None:
    for _ in range(500):
        name = "".join(random.choices(string.ascii_lowercase, k=12))
        as_table(rows(**{name: 1}))

    assert len(table._heads) <= 200

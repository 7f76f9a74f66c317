"""Many values are surveyed together, and come out as each by itself does."""

from __future__ import annotations

import datetime
import decimal
import json
import random
import threading
from typing import Any

import pytest

from lambda_tracer.encode import redaction, secret_search
from lambda_tracer.encode.json_text import dumps

MANY = 60


class Kind(type):
    """A type that says when it is asked for anything."""

    def __hash__(self) -> int:
        asked.append("hash")
        return 1

    def __eq__(self, other: object) -> bool:
        asked.append("eq")
        return True


class Odd(metaclass=Kind):
    """What is shown by its type's name."""

    __slots__ = ()


class Name(str):
    """A key that says when it is asked for anything."""

    __slots__ = ()

    def __hash__(self) -> int:
        asked.append("hash")
        return hash(str.__str__(self))

    def __eq__(self, other: object) -> bool:
        asked.append("eq")
        return True


asked: list[str] = []


def shown(value: Any) -> Any:
    """What is recorded of a captured response, which all its names are known of."""
    dumps(value, is_captured=True)
    asked.clear()
    return json.loads(dumps(value, is_captured=True))


def made(chance: random.Random, depth: int) -> Any:
    """A value with many members, of a few kinds or of one."""
    scalars = [None, True, 5, -(2**63), 2.5, -0.0, "text", "\u4e2d" * 30, 'a "b"\\', ""]
    kinds = [chance.choice(scalars) for _ in range(chance.choice([1, 4]))]
    if depth == 0:
        return chance.choice(kinds)
    size = chance.choice([0, 3, 8, MANY])
    if chance.random() < 0.5:
        return [
            made(chance, depth - 1) if chance.random() < 0.4 else chance.choice(kinds) for _ in range(size)
        ]
    return {name: made(chance, depth - 1) for name in chance.sample("abcdefghij", chance.randint(0, 6))}


def test_many_values_are_json_as_the_encoder_writes_them() -> None:
    chance = random.Random(5)
    for _ in range(400):
        value = made(chance, 4)
        text = json.dumps(value, separators=(",", ":"))

        if len(text) < 30_000 and text.count("[") + text.count("{") < 1_000:
            assert dumps(value) == text


@pytest.mark.parametrize(
    "cell", [decimal.Decimal("1.50"), datetime.datetime(2026, 1, 2, 3), datetime.date(2026, 1, 2)]
)
def test_many_scalars_that_json_lacks_are_shown_as_text(cell: Any) -> None:
    for value in (
        [[cell, 1]] * MANY,
        [{"a": cell, "b": 1}] * MANY,
        [cell] * MANY,
        [[cell], {"a": cell}] * MANY,
    ):
        assert shown(value) == json.loads(json.dumps(value, default=str))


@pytest.mark.parametrize(
    "cells", [(0.0, -0.0), (1.5, 1.5), (1.5, 2.5), (7, 7), ("%s", "%s"), (None, None), (True, False)]
)
def test_what_comes_again_in_a_column_is_written_as_often(cells: tuple[Any, Any]) -> None:
    value = [{"number": number, "cell": cells[number % 2]} for number in range(MANY)]
    dumps(value)

    assert dumps(value) == json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize("place", [0, 30, MANY - 1])
def test_a_secret_among_many_values_is_not_recorded(place: int) -> None:
    for secret in ({"password": "hunter2"}, ["Set-Cookie", "hunter2"], {"body": '{"pin": "hunter2"}'}):
        value: list[Any] = [[{"a": 1}, ["b", 2]] for _ in range(MANY)]
        value[place].append(secret)

        assert "hunter2" not in dumps(value, is_captured=True)


def test_a_secret_beside_a_table_is_not_recorded() -> None:
    table = [{"a": number, "b": 1} for number in range(MANY)]
    dumps({"a": 1, "b": table}, is_captured=True)
    for value in ({"a": table, "password": "hunter2"}, {"a": 1, "b": table, "x": {"password": "hunter2"}}):
        dumps(value, is_captured=True)

        assert "hunter2" not in dumps(value, is_captured=True)


def test_of_many_lists_that_begin_alike_none_takes_a_secrets_name_for_a_text() -> None:
    value = [{"id": number, "tags": ["token of love", "b"]} for number in range(600)]

    assert shown([["tag", "token"]] * 600) == [["tag", "token"]] * 600
    assert shown(value)[0] == {"id": 0, "tags": ["token of love", "[redacted]"]}


def test_nothing_among_many_values_is_asked() -> None:
    odd = [[1, "a"] for _ in range(MANY)]
    for value in ([*odd, [Odd()]], [Odd(), *odd], [Odd()] * MANY, {"a": odd, "b": Odd()}):
        shown(value)

        assert not asked


def test_a_key_of_a_type_of_its_own_among_many_dicts_is_not_compared() -> None:
    many: list[Any] = [{"a": [number], "b": 1} for number in range(MANY)]
    odd = {Name("a"): [1], "b": 1}
    for value in ([*many, odd], [odd, *many], [odd] * MANY, [{"a": odd}], {"a": odd}):
        shown(value)

        assert "eq" not in asked


@pytest.mark.parametrize("name", [*redaction.PARTS, *redaction.LAST_WORDS, *redaction.WHOLE_NAMES])
def test_each_name_is_found_in_a_text(name: str) -> None:
    assert secret_search.may_be_in(f'{{"a":1,"{name.upper()}":2}}')
    assert not secret_search.may_be_in('{"a":1,"b":2}')


def test_a_value_that_another_thread_changes_is_encoded_all_the_same() -> None:
    value: dict[str, Any] = {"items": [], "lists": []}
    is_over = threading.Event()

    def change() -> None:
        number = 0
        while not is_over.is_set():
            number += 1
            for rows in value.values():
                if len(rows) > 2 * MANY:
                    rows.clear()
                row: dict[str, Any] = {"a": 1, "b": [1, "x"] * 30}
                rows.append(row)
                rows[number % len(rows)][f"k{number % 3}"] = number
                rows[-1].pop("a")

    changer = threading.Thread(target=change, daemon=True)
    changer.start()
    try:
        for _ in range(300):
            assert json.loads(dumps(value, is_captured=True)) is not None
    finally:
        is_over.set()
        changer.join()

"""Values made at random, with a secret under a secret's name somewhere in each: none is in what is recorded."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from lambda_tracer.encode import json_text
from tests.encode.secret_shapes import SHAPES, Shape

CANARY = "CANARY-4111"

SECRETS = (
    "password",
    "db_pass",
    "X-Api-Key",
    "refreshToken",
    "otp",
    "Authorization",
    "connection_string",
    "AccountKey",
)

HARMLESS = ("id", "name_of_it", "NextToken", "total", "items", "note", "nested", "é", "a b")


def is_json(shape: Shape) -> bool:
    """Whether values of this shape can stand in a JSON text."""
    try:
        json.dumps(shape("password", CANARY))
    except (TypeError, ValueError):
        return False
    return True


JSON_SHAPES = [shape for shape in SHAPES.values() if is_json(shape)]


def value(source: random.Random, depth: int) -> Any:
    """A value of any shape that JSON has."""
    kind = source.randrange(4 if depth < 5 else 1)
    if kind == 0:
        return source.choice(
            [None, True, source.random(), source.randrange(10**9), "text", "{not json", '"', "\ufeff"]
        )
    if kind == 1:
        return [value(source, depth + 1) for _ in range(source.randrange(5))]
    if kind == 2:
        return tuple(value(source, depth + 1) for _ in range(source.randrange(4)))
    return {source.choice(HARMLESS): value(source, depth + 1) for _ in range(source.randrange(5))}


def with_secret(source: random.Random, depth: int = 0) -> Any:
    """A value with a secret in it, at any depth, in any of the shapes."""
    if depth < 4 and source.random() < 0.6:
        inner = with_secret(source, depth + 1)
        around = source.randrange(4)
        if around == 0:
            return [value(source, 3), inner]
        if around == 1:
            return {"text": json.dumps(inner), "other": value(source, 3)}
        return {source.choice(HARMLESS): inner, "beside": value(source, 3)}
    name = source.choice(SECRETS)
    return source.choice(JSON_SHAPES)(name, CANARY)


@pytest.mark.parametrize("count", [2_000, pytest.param(20_000, marks=pytest.mark.soak)])
def test_no_secret_under_its_name_is_in_a_value_made_at_random(count: int) -> None:
    for seed in range(count):
        shown = json_text.dumps(with_secret(random.Random(seed)), is_captured=True)

        assert CANARY not in shown, f"seed {seed}"
        json.loads(shown)

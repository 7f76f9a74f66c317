"""Attributes may be of any type, size and number: nothing is raised, nothing of theirs runs."""

from __future__ import annotations

import decimal
import enum
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambda_tracer import guard
from lambda_tracer.otel import described, mapping
from lambda_tracer.otel.conventions import NAMES, SHORT_FACTS
from tests.daemon import Daemon
from tests.hostile.values import RECIPES, overruns
from tests.otel.spans import Kind, Span, said, told


class Text(str):
    """A text that shows itself as another."""

    def __str__(self) -> str:
        return "another"

    def __eq__(self, other: object) -> bool:
        raise SystemExit("it was asked")

    __hash__ = str.__hash__


class Number(enum.IntEnum):
    NOT_FOUND = 404


KNOWN = sorted({name for names in NAMES.values() for name in names} | {*SHORT_FACTS, "exception.type"})


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        b"bytes",
        math.nan,
        math.inf,
        10**400,
        -1,
        True,
        {"a": {"b": [1]}},
        {1, 2},
        decimal.Decimal("1.5"),
        object(),
        "x" * 100_000,
        ["x"] * 10_000,
        "\ud800",
        ("a", None, 1),
        [[[[[]]]]],
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("kind", [Kind.CLIENT, Kind.SERVER])
def test_every_known_attribute_may_be_anything(value: Any, kind: Kind, daemon: Daemon) -> None:
    attributes = dict.fromkeys(KNOWN, value)

    told(daemon, Span(attributes=attributes, kind=kind, status_code="ERROR", status_description=value))
    for name in KNOWN:
        mapping.begin_name(name, kind, {name: value})

    assert guard.failures == 0


def test_other_attributes_and_names_may_be_anything_too(daemon: Daemon) -> None:
    odd: dict[Any, Any] = {1: 2, None: 3, Text("key"): Text("value"), ("a", 1): object()}
    events: list[Any] = [(object(), odd, object()), ("e", None, None), ("exception", odd, 1)]
    links: list[Any] = [(object(), object(), odd), (1, 2, odd), (1 << 200, 1, {}), (1, 1 << 70, None)]

    document = said(daemon, odd, name=Text("name"), kind=Kind.INTERNAL, events=events, links=links)

    assert document["name"] == "name"
    assert document["metadata"]["default"]["1"] == 2
    assert document["metadata"]["default"]["('a', 1)"] == "<builtins.object>"
    assert [link["id"] for link in document["links"]] == ["0000000000000002", "0000000000000000"]


def test_texts_are_read_without_their_subclass(daemon: Daemon) -> None:
    attributes = {
        "server.address": Text("host"),
        "http.request.method": Text("GET"),
        "http.response.status_code": Number.NOT_FOUND,
    }

    document = said(daemon, attributes)

    assert (document["name"], document["error"]) == ("host", True)
    assert document["http"] == {
        "request": {"method": "GET", "url": "http://host"},
        "response": {"status": 404},
    }


def test_so_many_attributes_are_looked_at(daemon: Daemon) -> None:
    metadata = said(daemon, {f"key{number}": number for number in range(1_000)})["metadata"]

    assert len(metadata["default"]) == described.MAX_ATTRIBUTES
    assert metadata["lambda_tracer"] == {"attributes_left_out": 1_000 - described.MAX_ATTRIBUTES}


def test_what_is_too_large_gives_way(daemon: Daemon) -> None:
    large = {f"key{number}": "x" * 30_000 for number in range(50)}
    events = [("e", large, 1)] * 30
    links = [(1, number, large) for number in range(1, 30)]

    document = said(daemon, {**large, "server.address": "host"}, events=events, links=links)

    assert document["name"] == "host"
    assert len(document["links"]) == 20


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()),
    lambda inner: st.one_of(st.lists(inner), st.tuples(inner), st.dictionaries(st.text(), inner)),
    max_leaves=5,
)
ATTRIBUTES = st.dictionaries(st.one_of(st.sampled_from(KNOWN), st.text()), VALUES, max_size=12)


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(
    attributes=ATTRIBUTES,
    kind=st.sampled_from(list(Kind)),
    name=st.text(),
    event=st.tuples(st.one_of(st.text(), st.just("exception")), ATTRIBUTES, st.integers()),
    description=st.text(),
)
def test_nothing_is_raised(
    attributes: dict[str, Any],
    kind: Kind,
    name: str,
    event: tuple[str, dict[str, Any], int],
    description: str,
    daemon: Daemon,
) -> None:
    links = [(1, 2, attributes)]

    told(daemon, Span(name, kind, attributes, [event], "ERROR", description, links))

    assert guard.failures == 0


def test_a_hostile_value_is_never_asked(daemon: Daemon) -> None:
    names = (
        "custom",
        "server.address",
        "http.method",
        "url.full",
        "db.system",
        "gen_ai.prompt",
        "aws.region",
    )
    for recipe, make in RECIPES.items():
        attributes = dict.fromkeys((*names, "aws.xray.annotations", "http.status_code"), make())

        told(daemon, Span(attributes=attributes, events=[("e", attributes, 1)], links=[(1, 2, attributes)]))

        assert guard.failures == 0, recipe
        assert overruns == [], recipe

"""What a value costs is bounded, however large it is: time, memory, and the text that is made of it."""

from __future__ import annotations

import collections
import collections.abc
import datetime
import decimal
import json
import random
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy
import pandas
import pytest

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.encode import any_value, json_text
from lambda_tracer.xray import MAX_DOCUMENT_BYTES
from tests.daemon import Daemon
from tests.encode.any_value.shown import shown

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


ROWS = [{"id": n} for n in range(2_000)]


@pytest.mark.parametrize(
    "value",
    [lambda: "x" * 60_000, ROWS.copy, lambda: Node(a=["x" * 60_000])],
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


class Slotted:
    __slots__ = tuple(f"slot_{number}" for number in range(50))

    def __init__(self) -> None:
        self.slot_1 = 1


def holding_itself() -> dict[str, Any]:
    """A dict of dicts of itself: a walk that looks at each of them anew has no end."""
    value: dict[str, Any] = {}
    value.update({f"key {one}": {f"{two}": value for two in range(20)} for one in range(300)})
    return value


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(holding_itself, id="holds itself"),
        pytest.param(lambda: ["\U0001f600" * 500] * 20, id="a beginning that is large itself"),
        pytest.param(lambda: [Slotted() for _ in range(500)], id="empty slots"),
        pytest.param(lambda: [1 << 900] * 9_000, id="large numbers"),
        pytest.param(lambda: {f"module {number}": json for number in range(1_000)}, id="what is only named"),
    ],
)
def test_a_value_takes_the_time_that_what_is_kept_of_it_does(value: Callable[[], Any]) -> None:
    made = value()
    json_text.dumps(made, is_captured=True)
    took = []
    for _ in range(5):
        started = time.thread_time()
        text = json_text.dumps(made, is_captured=True)
        took.append(time.thread_time() - started)

    json.loads(text)
    assert min(took) < 0.02

"""Values with which Powertools' Tracer or the X-Ray SDK goes wrong, done right."""

from __future__ import annotations

import datetime
import decimal
import enum
import functools
import io
import itertools
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.daemon import Daemon
from tests.parity.reading import capture, metadata, parents


def test_a_response_over_the_size_of_a_datagram_is_cut(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method
    def large() -> str:
        return "x" * 70_000

    @functools.partial(capture, tracer)
    def handler(event: Any, context: Any) -> int:
        return len(large())

    result = handler({}, None)

    assert result == 70_000
    assert parents(daemon) == {"handler": "segment", "large": "handler"}
    [shown] = daemon.subsegments()[1]["metadata"]["payment"].values()
    assert shown["bytes"] == 70_002


@pytest.mark.parametrize(
    ("make", "read", "expected"),
    [
        pytest.param(lambda: io.BytesIO(b"0123"), lambda value: value.read(), b"0123", id="stream"),
        pytest.param(lambda: map(str, [1, 2]), list, ["1", "2"], id="map"),
        pytest.param(lambda: iter("ab"), list, ["a", "b"], id="iterator"),
        pytest.param(lambda: (n for n in (1, 2)), list, [1, 2], id="generator"),
        pytest.param(itertools.count, next, 0, id="endless iterator"),
    ],
)
def test_what_can_be_read_only_once_is_left_to_the_caller(
    make: Any, read: Any, expected: Any, daemon: Daemon, tracer: Tracer
) -> None:
    @tracer.capture_method
    def fetch() -> Any:
        return make()

    result = read(fetch())

    assert result == expected
    assert metadata(daemon)[0].startswith("<")


def test_a_streaming_body_is_left_to_the_caller(daemon: Daemon, tracer: Tracer) -> None:
    response = pytest.importorskip("botocore.response")

    @tracer.capture_method
    def fetch() -> Any:
        return {"Body": response.StreamingBody(io.BytesIO(b"0123"), 4)}

    result = fetch()["Body"].read()

    assert result == b"0123"
    assert metadata(daemon) == [{"Body": "<botocore.response.StreamingBody>"}]


def test_exception_metadata_keeps_the_message(daemon: Daemon, tracer: Tracer) -> None:
    @tracer.capture_method
    def fail() -> None:
        raise ValueError("the message")

    with pytest.raises(ValueError):
        fail()

    assert metadata(daemon) == [{"type": "ValueError", "message": "the message"}]


def test_values_of_unusual_types_are_readable(daemon: Daemon) -> None:
    class Colour(enum.Enum):
        RED = 1

    class Name(str):
        """A subclass."""

    value = [
        Colour.RED,
        Name("abc"),
        b"ab",
        {1: "a", None: "b"},
        decimal.Decimal("1.1"),
        datetime.date(2024, 1, 2),
        "\ud800",
    ]

    with xray_recorder.in_subsegment("values") as subsegment:
        subsegment.put_metadata("value", value)

    assert metadata(daemon, "default") == [
        [1, "abc", "ab", {"1": "a", "null": "b"}, "1.1", "2024-01-02", "\ufffd"]
    ]


def test_limits_of_the_format_are_kept(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("n" * 300) as subsegment:
        subsegment.put_annotation("k" * 600, "left out")
        subsegment.put_annotation("", "left out")
        subsegment.put_annotation("key", "v" * 2000)
        subsegment.put_http_meta("url", "http://h/" + "p" * 400)
    with xray_recorder.in_subsegment("???"):
        pass

    long, unnamed = daemon.subsegments()
    assert long["name"] == "n" * 200
    assert long["annotations"] == {"key": "v" * 1000}
    assert len(long["http"]["request"]["url"]) == 250
    assert unnamed["name"] == "unnamed"


class Bad:
    """A value whose iteration fails."""

    def __iter__(self) -> Any:
        raise ZeroDivisionError


class Interrupts:
    """A value that raises what nobody catches."""

    def __iter__(self) -> Any:
        raise KeyboardInterrupt

    __str__ = __repr__ = __iter__


class Endless:
    """A value whose iteration never ends."""

    def __iter__(self) -> Any:
        return itertools.count()


def cycle() -> dict[str, Any]:
    loop: dict[str, Any] = {}
    loop["self"] = loop
    return loop


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({(1, 2): 3}, id="key that is no text"),
        pytest.param(float("nan"), id="NaN"),
        pytest.param([1, Bad(), 2], id="iteration fails"),
        pytest.param(cycle(), id="cycle"),
        pytest.param(Interrupts(), id="KeyboardInterrupt"),
        pytest.param(Endless(), id="endless"),
    ],
)
def test_one_bad_value_costs_nothing_else(value: Any, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("values") as subsegment:
        subsegment.put_metadata("before", 1)
        subsegment.put_metadata("value", value)
        subsegment.put_metadata("after", 2)

    shown = daemon.subsegment("values")["metadata"]["default"]
    assert (shown["before"], shown["after"]) == (1, 2)
    assert len(str(shown["value"])) < 200


def test_a_value_that_cannot_be_printed_can_be_put(daemon: Daemon, tracer: Tracer) -> None:
    with xray_recorder.in_subsegment("values"):
        tracer.put_metadata("value", Interrupts())
        tracer.put_annotation("key", "value")

    assert daemon.subsegment("values")["annotations"] == {"key": "value"}

"""What ran is in the trace, whatever its size: every document is acceptable, and what had to be cut is said to be.

Each datagram is checked for X-Ray's rules on its way in.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.arrivals import finished, losses
from tests.conftest import Invoke
from tests.daemon import Daemon

tracer = Tracer(service="payment", disabled=False, auto_patch=False)

SIZES = [1, 100, 10_000, 47_000, 48_000, 63_000, 64_000, 66_000, 200_000, 1_000_000, 10_000_000]

VALUES: dict[str, Callable[[int], Any]] = {
    "text": lambda size: "x" * size,
    "text that JSON escapes": lambda size: '"\u00e9\U0001f600' * (size // 3 + 1),
    "bytes": lambda size: b"\xff" * size,
    "list": lambda size: [1] * (size // 2),
    "dict": lambda size: {f"key {number}": number for number in range(size // 18 + 1)},
    "nested": lambda size: {"a": [{"b": "x" * (size // 10)} for _ in range(10)]},
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", VALUES)
def test_a_value_of_any_size_costs_no_subsegment(kind: str, size: int, daemon: Daemon) -> None:
    value = VALUES[kind](size)

    @tracer.capture_method(capture_response=True)
    def respond() -> Any:
        return value

    with xray_recorder.in_subsegment("handler") as handler:
        with xray_recorder.in_subsegment("before"):
            pass
        respond()
        with xray_recorder.in_subsegment("with metadata") as subsegment:
            subsegment.put_metadata("value", value)
            subsegment.put_annotation("kept", True)
        with xray_recorder.in_subsegment("after"):
            pass
    documents = daemon.documents()

    assert set(finished(documents).values()) == {1}
    assert len(finished(documents)) == 5
    assert daemon.subsegment("with metadata")["annotations"] == {"kept": True}
    assert all(part["parent_id"] == handler.id for part in daemon.subsegments() if part["name"] != "handler")


def test_small_values_come_whole_and_nothing_is_said(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"):
        for number in range(20):
            with xray_recorder.in_subsegment(f"child {number}") as child:
                child.put_metadata("value", "x" * 40_000)

    parts = daemon.subsegments()
    assert [len(part["metadata"]["default"]["value"]) for part in parts if part["name"] != "handler"] == (
        [40_000] * 20
    )
    assert losses(daemon.subsegment("handler")) == {}


def test_what_was_cut_is_said_in_the_outermost_subsegment(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"), xray_recorder.in_subsegment("method"):
        for number in range(3):
            with xray_recorder.in_subsegment(f"child {number}") as child:
                child.put_metadata("value", "x" * 100_000)
                child.put_metadata("small", "kept")

    cut = losses(daemon.subsegment("handler"))["cut"]
    assert cut["count"] == 3
    assert 299_000 < cut["bytes"] < 300_000
    for number in range(3):
        metadata = daemon.subsegment(f"child {number}")["metadata"]["default"]
        assert metadata["value"]["lambda_tracer"] == "cut"
        assert metadata["value"]["bytes"] == 100_002
        assert metadata["small"] == "kept"
    assert losses(daemon.subsegment("method")) == {}


def test_the_outermost_subsegment_also_says_that_it_was_cut_itself(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler") as handler:
        for number in range(10):
            handler.put_metadata(f"value {number}", "x" * 30_000)

    cut = losses(daemon.subsegment("handler"))["cut"]
    assert cut["count"] == 1
    assert cut["bytes"] > 230_000


def test_losses_of_one_invocation_are_not_said_in_the_next(daemon: Daemon, invoke: Invoke) -> None:
    with xray_recorder.in_subsegment("first") as first:
        first.put_metadata("value", "x" * 100_000)
    invoke()
    with xray_recorder.in_subsegment("second"):
        pass

    assert "cut" in losses(daemon.subsegment("first"))
    assert losses(daemon.subsegment("second")) == {}


def test_what_could_not_be_sent_is_said_in_the_outermost_subsegment(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    address = os.environ["AWS_XRAY_DAEMON_ADDRESS"]
    with xray_recorder.in_subsegment("handler"):
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", "nowhere")
        for number in range(3):
            with xray_recorder.in_subsegment(f"lost {number}") as child:
                child.put_metadata("value", "x" * 50_000)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", address)
        xray_recorder.emitter.reset()
        with xray_recorder.in_subsegment("kept"):
            pass

    daemon.expect_tree("handler\n  kept")
    not_sent = losses(daemon.subsegment("handler"))["not_sent"]
    assert not_sent["count"] == 3
    assert 150_000 < not_sent["bytes"] < 152_000
    assert "cut" not in losses(daemon.subsegment("handler"))
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize("count", [1, 50, 1_000, 20_000])
def test_annotations_of_any_number_leave_the_document_acceptable(count: int, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"), xray_recorder.in_subsegment("annotated") as subsegment:
        for number in range(count):
            subsegment.put_annotation(f"key_{number}", "x" * (number % 1_200))
        subsegment.put_metadata("value", "x" * 60_000)

    annotated = daemon.subsegment("annotated")
    left_out = losses(annotated).get("annotations_left_out", 0)
    assert len(annotated["annotations"]) + left_out == count
    assert annotated["annotations"]["key_0"] == ""
    assert left_out == 0 or count > 50


def test_metadata_of_any_number_of_keys_leaves_the_document_acceptable(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler") as handler:
        for number in range(20_000):
            handler.put_metadata(f"key {number}", number, namespace=f"namespace {number % 50}")

    metadata = daemon.subsegment("handler")["metadata"]
    left_out = metadata["lambda_tracer"]["metadata_left_out"]
    kept = sum(len(values) for namespace, values in metadata.items() if namespace != "lambda_tracer")
    assert kept > 100
    assert kept + left_out >= 20_000


def test_huge_exceptions_arrive_with_type_and_message(daemon: Daemon) -> None:
    def raise_deep(levels: int) -> None:
        if levels:
            raise_deep(levels - 1)
        raise ValueError("m" * 10_000_000)

    def raise_chain(length: int) -> None:
        try:
            if length:
                raise_chain(length - 1)
            raise_deep(200)
        except Exception as error:
            raise RuntimeError(f"{length} " + "\U0001f600" * 100_000) from error

    @xray_recorder.capture("handler")
    @xray_recorder.capture("method")
    def method() -> None:
        subsegment = xray_recorder.current_subsegment()
        assert subsegment is not None
        subsegment.put_metadata("value", "x" * 1_000_000)
        subsegment.set_sql({"sanitized_query": "SELECT " + "x" * 10_000_000, "database_type": "SQLite"})
        raise_chain(30)

    xray_recorder.configure(max_trace_back=1_000)
    with pytest.raises(RuntimeError):
        method()

    arrived = daemon.subsegment("method")
    assert arrived["fault"] is True
    assert arrived["cause"]["exceptions"][0]["type"] == "RuntimeError"
    assert arrived["cause"]["exceptions"][0]["message"].startswith("30 ")
    assert daemon.subsegment("handler")["cause"] == arrived["cause"]["exceptions"][0]["id"]
    assert losses(daemon.subsegment("handler"))["cut"]["count"] == 1


@pytest.mark.parametrize("size", SIZES)
def test_sql_of_any_size_leaves_the_document_acceptable(size: int, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("query") as query:
        query.set_sql({"sanitized_query": "SELECT " + "x" * size, "database_type": "SQLite"})

    sql = daemon.subsegment("query")["sql"]
    assert sql["sanitized_query"].startswith("SELECT x")
    assert sql["database_type"] == "SQLite"
    assert ("cut" in losses(daemon.subsegment("query"))) == (size > 63_500)


def test_everything_at_once_is_one_acceptable_document(daemon: Daemon) -> None:
    choices = random.Random(0)
    ids = []
    with xray_recorder.in_subsegment("handler") as handler:
        for number in range(60):
            with xray_recorder.in_subsegment("n" * choices.choice((1, 200, 5_000))) as part:
                ids.append(part.id)
                size = choices.choice((1, 1_000, 30_000, 70_000, 300_000))
                part.put_metadata("m" * choices.choice((1, 300, 90_000)), "x" * size, "ns" * (size // 10))
                part.put_http_meta("url", "https://example.com/" + "u" * size)
                part.put_http_meta("status", 500)
                part.set_aws({"operation": "Get", "table_name": "t" * size, "further": ["x" * size]})
                part.set_sql({"sanitized_query": "s" * size, "user": "u" * size, "url": "l" * size})
                part.put_annotation("text", "a" * size)
                part.put_annotation("number", number)
                part.add_exception(ValueError("e" * size))

    parts = {part["id"]: part for part in daemon.subsegments()}
    assert finished(daemon.documents()) == Counter([*ids, handler.id])
    assert [parts[id_]["annotations"]["number"] for id_ in ids] == list(range(60))
    assert all(parts[id_]["fault"] for id_ in ids)

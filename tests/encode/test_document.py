"""Documents within X-Ray's limits: what is too long gives way, with a marker, and the rest always arrives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_tracer import xray_recorder
from lambda_tracer.xray import MAX_DATAGRAM_BYTES, MAX_LINKS
from tests.daemon import Daemon
from tests.documents import Document

Unknown = Any


def name_of(name: Any, daemon: Daemon) -> str:
    with xray_recorder.in_subsegment(name):
        pass
    return str(daemon.subsegments()[0]["name"])


def sent(daemon: Daemon, subsegment: str = "work") -> Document:
    """The subsegment, from a trace in which no datagram is too large."""
    assert all(len(datagram) <= MAX_DATAGRAM_BYTES for datagram in daemon.datagrams())
    return daemon.subsegment(subsegment)


def test_a_document_is_one_line_of_ascii_behind_the_daemons_header(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("Zahlung é") as subsegment:
        subsegment.put_metadata("key", "line\nbreak ü \ud800 \x00")

    header, line = daemon.datagrams()[0].split(b"\n")
    assert header == b'{"format":"json","version":1}'
    assert line.isascii()
    assert json.loads(line)["metadata"]["default"]["key"] == "line\nbreak ü \ufffd \x00"


def test_a_document_says_what_it_is_and_nothing_more(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work"):
        pass

    assert list(daemon.documents()[0]) == [
        "trace_id",
        "parent_id",
        "type",
        "id",
        "name",
        "start_time",
        "end_time",
        "in_progress",
        "namespace",
    ]


def test_finished_children_are_embedded_to_any_depth(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("a"), xray_recorder.in_subsegment("b"), xray_recorder.in_subsegment("c"):
        pass

    [document] = daemon.documents()
    [child] = document["subsegments"]
    [grandchild] = child["subsegments"]
    assert grandchild["name"] == "c"
    assert not {"trace_id", "parent_id", "type"} & set(grandchild)


def test_links_are_written_as_far_as_xray_takes_them(daemon: Daemon) -> None:
    links = tuple((f"1-68e77c00-{number:024x}", f"{number:016x}") for number in range(30))

    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.links = links

    assert sent(daemon)["links"] == [
        {"trace_id": trace_id, "id": own_id} for trace_id, own_id in links[:MAX_LINKS]
    ]


# --- Names --------------------------------------------------------------------------------------------------


NAMES: dict[str, tuple[Unknown, str]] = {
    "ordinary": ("## app.Orders.pay", "## app.Orders.pay"),
    "all signs": ("a_.:/%&#=+-@Z9 z", "a_.:/%&#=+-@Z9 z"),
    "other signs": ("a?;*()!$~^<>\\|'\"b", "ab"),
    "line breaks and tabs": ("a\nb\tc*", "a b c"),
    "letters of other alphabets": ("Überweisung Δοκιμή 支付", "Überweisung Δοκιμή 支付"),
    "emoji": ("pay \U0001f4b0 now", "pay  now"),
    "lone surrogate": ("a\ud800b", "ab"),
    "nothing left": ("???", "unnamed"),
    "empty": ("", "unnamed"),
    "space": ("   ", "unnamed"),
    "too long": ("n" * 201, "n" * 200),
    "None": (None, "unnamed"),
    "number": (5, "5"),
    "list": ([1, 2], "1 2"),
}


@pytest.mark.parametrize(("name", "shown"), NAMES.values(), ids=NAMES)
def test_a_name_is_made_what_x_ray_accepts(name: Unknown, shown: str, daemon: Daemon) -> None:
    assert name_of(name, daemon) == shown


def test_a_name_that_cannot_be_made_a_text_is_that_of_its_type(daemon: Daemon) -> None:
    class Mute:
        def __str__(self) -> str:
            raise RuntimeError

    assert name_of(Mute(), daemon).endswith("Mute")


def test_a_name_that_is_used_again_is_the_same_again(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("all"):
        for _ in range(2):
            with xray_recorder.in_subsegment("a*b"):
                pass

    daemon.expect_tree("all\n  ab\n  ab")


# --- Texts --------------------------------------------------------------------------------------------------


def test_a_long_annotation_is_cut_to_what_x_ray_accepts(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_annotation("key", "v" * 1_001)
        subsegment.put_annotation("k" * 500, "v" * 1_000)

    assert sent(daemon)["annotations"] == {"key": "v" * 1_000, "k" * 500: "v" * 1_000}


@pytest.mark.parametrize("key", ["url", "method", "user_agent", "client_ip"])
def test_a_long_http_text_is_cut_to_what_x_ray_accepts(key: str, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_http_meta(key, "t" * 251)

    assert sent(daemon)["http"] == {"request": {key: "t" * 250}}


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [("url", b"bytes", "b'bytes'"), ("method", 5, "5"), ("x_forwarded_for", "10.0.0.1", True)],
)
def test_an_http_value_of_another_type_is_made_what_x_ray_accepts(
    key: str, value: object, shown: object, daemon: Daemon
) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_http_meta(key, value)

    assert sent(daemon)["http"] == {"request": {key: shown}}


def test_a_long_database_user_is_cut_to_what_x_ray_accepts(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.set_sql({"user": "u" * 251})

    assert sent(daemon)["sql"] == {"user": "u" * 250}


@pytest.mark.parametrize("namespace", [None, ""])
def test_an_empty_namespace_is_left_out(namespace: Unknown, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work", namespace=namespace):
        pass

    assert "namespace" not in sent(daemon)


# --- Too large ----------------------------------------------------------------------------------------------


def test_the_largest_metadata_gives_way_to_a_marker(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_annotation("key", "value")
        subsegment.put_metadata("small", [1, 2])
        subsegment.put_metadata("large", "x" * 100_000)
        subsegment.put_metadata("middling", "y" * 20_000)
        subsegment.put_http_meta("status", 404)

    document = sent(daemon)
    marker = document["metadata"]["default"]["large"]
    assert marker == {"lambda_tracer": "cut", "bytes": marker["bytes"], "starts_with": '"' + "x" * 199}
    assert marker["bytes"] >= 64_000
    assert document["metadata"]["default"]["small"] == [1, 2]
    assert document["metadata"]["default"]["middling"] == "y" * 20_000
    assert document["annotations"] == {"key": "value"}
    assert document["http"] == {"response": {"status": 404}}
    assert document["error"] is True


def test_no_more_gives_way_than_must(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        for size in (10_000, 20_000, 30_000, 40_000):
            subsegment.put_metadata(f"{size}", "x" * size)

    cut = [key for key, value in sent(daemon)["metadata"]["default"].items() if isinstance(value, dict)]
    assert cut == ["40000"]


def test_a_value_as_large_as_the_limit_allows_is_whole(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_metadata("key", "x" * 63_000)

    assert sent(daemon)["metadata"]["default"]["key"] == "x" * 63_000


def test_of_very_many_values_the_first_ones_stay_and_the_others_are_counted(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        for number in range(10_000):
            subsegment.put_metadata(f"key {number}", number)

    metadata = sent(daemon)["metadata"]
    kept = metadata["default"]
    assert list(kept.items())[:2] == [("key 0", 0), ("key 1", 1)]
    assert metadata["lambda_tracer"]["metadata_left_out"] == 10_000 - len(kept)
    assert metadata["lambda_tracer"]["cut"]["count"] == 1
    assert len(kept) > 500


def test_of_very_many_annotations_the_first_ones_stay_and_the_others_are_counted(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        for number in range(100):
            subsegment.put_annotation(f"key_{number}", "v" * 1_000)

    document = sent(daemon)
    kept = document["annotations"]
    assert list(kept) == [f"key_{number}" for number in range(len(kept))]
    assert len(kept) >= 39
    assert document["metadata"] == {"lambda_tracer": {"annotations_left_out": 100 - len(kept)}}


def test_after_metadata_the_stacks_of_exceptions_give_way(daemon: Daemon) -> None:
    stack = [("app.py", number, "label " * 200) for number in range(10)]
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_metadata("large", "x" * 70_000)
        for number in range(10):
            subsegment.add_exception(ValueError(f"no {number}"), stack)

    document = sent(daemon)
    assert document["metadata"]["default"]["large"]["lambda_tracer"] == "cut"
    assert [
        (exception["message"], exception["truncated"]) for exception in document["cause"]["exceptions"]
    ] == [(f"no {number}", 10) for number in range(10)]
    assert not any("stack" in exception for exception in document["cause"]["exceptions"])


def test_then_the_text_of_sql(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work", namespace="remote") as subsegment:
        subsegment.set_sql({"sanitized_query": "select " + "x" * 100_000, "database_type": "PostgreSQL"})

    sql = sent(daemon)["sql"]
    assert sql["sanitized_query"].startswith("select xxx")
    assert sql["sanitized_query"].endswith("... [cut: 100007 characters]")
    assert sql["database_type"] == "PostgreSQL"


def test_then_the_rest_of_the_aws_block(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("dynamodb", namespace="aws") as subsegment:
        subsegment.set_aws({"operation": "BatchGetItem", "region": "eu-west-1", "keys": ["k" * 100_000]})

    assert sent(daemon, "dynamodb")["aws"] == {"operation": "BatchGetItem", "region": "eu-west-1"}


def test_what_is_too_large_in_every_way_still_arrives(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("n" * 300, namespace="remote") as subsegment:
        for number in range(200):
            subsegment.put_annotation(f"key_{number}", "é" * 1_000)
            subsegment.put_metadata("k" * 10_000 + str(number), "x" * 10_000)
            subsegment.add_exception(ValueError("\x00" * 10_000), [("p" * 1_000, 1, "l" * 1_000)] * 10)
        subsegment.set_sql({f"field {number}": "x" * 1_000 for number in range(200)})
        subsegment.set_aws({f"field {number}": "x" * 1_000 for number in range(200)})
        for key in ("url", "method", "user_agent", "client_ip"):
            subsegment.put_http_meta(key, "é" * 10_000)
        subsegment.put_http_meta("status", 500)

    [datagram] = daemon.datagrams()
    document = json.loads(datagram.split(b"\n")[1])
    assert len(datagram) <= MAX_DATAGRAM_BYTES
    assert document["name"] == "n" * 200
    assert document["fault"] is True
    assert document["annotations"]["key_0"] == "é" * 1_000
    assert document["metadata"]["lambda_tracer"]["left_out"].endswith("bytes of metadata, cause, sql and aws")

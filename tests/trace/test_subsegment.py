"""Subsegment: who it is, and what its methods accept and record."""

from __future__ import annotations

import enum
import time
from decimal import Decimal
from typing import Any

import pytest

from lambda_tracer import xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.logged import messages


class Colour(str, enum.Enum):
    RED = "red"

    def __str__(self) -> str:
        return "something else"


class Level(enum.IntEnum):
    HIGH = 3


# --- Identity and times -------------------------------------------------------------------------------------


def test_a_subsegment_knows_who_it_is(daemon: Daemon, invoke: Invoke) -> None:
    invocation = invoke()
    with (
        xray_recorder.in_subsegment("work", namespace="remote") as outer,
        xray_recorder.in_subsegment("inner") as inner,
    ):
        pass

    document = daemon.subsegment("work")
    assert (outer.name, outer.namespace, outer.type) == ("work", "remote", "subsegment")
    assert (outer.trace_id, outer.parent_id) == (invocation.root, invocation.parent)
    assert (inner.trace_id, inner.parent_id) == (invocation.root, outer.id)
    assert outer.sampled is True
    assert document["id"] == outer.id


def test_ids_are_sixteen_hexadecimal_digits_and_never_the_same(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("all"):
        for _ in range(100):
            with xray_recorder.in_subsegment("one"):
                pass

    ids = {part["id"] for part in daemon.subsegments()}
    assert len(ids) == 101
    assert all(len(id_) == 16 and int(id_, 16) >= 0 for id_ in ids)


def test_times_are_seconds_since_1970(daemon: Daemon) -> None:
    before = time.time()
    with xray_recorder.in_subsegment("work") as subsegment:
        assert subsegment.in_progress
        assert subsegment.end_time is None
    after = time.time()

    document = daemon.subsegment("work")
    microsecond = 1e-6  # what a document shows
    assert before - microsecond <= document["start_time"] <= document["end_time"] <= after + microsecond
    assert document["in_progress"] is False
    assert not subsegment.in_progress


def test_an_end_before_the_start_counts_as_the_start(daemon: Daemon) -> None:
    xray_recorder.begin_subsegment("work")
    xray_recorder.end_subsegment(end_time=1.0)

    document = daemon.subsegment("work")
    assert document["end_time"] == document["start_time"]


@pytest.mark.parametrize(
    "end_time",
    [0, -1, None, "yesterday", float("nan"), float("inf"), 1_700_000_000_000, 10**400],
    ids=["zero", "negative", "None", "text", "nan", "inf", "milliseconds", "enormous"],
)
def test_an_end_that_is_no_time_counts_as_now(end_time: Any, daemon: Daemon) -> None:
    before = time.time()
    subsegment = xray_recorder.begin_subsegment("work")
    subsegment.close(end_time)

    assert subsegment.end_time is not None
    assert before <= subsegment.end_time <= time.time()
    assert len(daemon.documents()) == 1


# --- Annotations --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        *((value, value) for value in ("text", "", 5, 1.5, True, False, 0)),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
    ],
)
def test_an_annotation_is_a_text_a_number_or_a_boolean(value: Any, sent: object, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_annotation("key", value)

    annotation = daemon.subsegment("work")["annotations"]["key"]
    assert annotation == sent
    assert type(annotation) is type(sent)


@pytest.mark.parametrize("value", [None, [1], {"a": 1}, b"bytes", Decimal("1.5"), object()])
def test_another_annotation_is_left_out_and_said_once(
    value: Any, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_annotation("key", value)
        subsegment.put_annotation("key", value)

    kind = f"<{type(value).__module__}.{type(value).__qualname__}>"
    assert "annotations" not in daemon.subsegment("work")
    assert messages(caplog) == [
        ("WARNING", f"annotation left out: its value must be str, int, float or bool, not {kind}")
    ]


@pytest.mark.parametrize("key", ["a-b", "a b", "é", "", "k" * 501, 5, None, "a/b", "a\n"])
def test_an_annotation_with_a_key_that_x_ray_refuses_is_kept_as_metadata_and_said_once(
    key: Any, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_annotation(key, 1)
        subsegment.put_annotation(key, 2)
        subsegment.put_annotation("good.KEY_1", 1)

    assert daemon.subsegment("work")["annotations"] == {"good.KEY_1": 1}
    assert daemon.subsegment("work")["metadata"] == {"annotations": {str(key): 2}}
    assert messages(caplog) == [
        (
            "WARNING",
            "annotation kept as metadata: its key must be 1 to 500 ASCII letters, digits, underscores or dots",
        )
    ]


def test_the_last_annotation_of_a_key_wins(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_annotation("key", 1)
        subsegment.put_annotation("key", 2)

    assert daemon.subsegment("work")["annotations"] == {"key": 2}


@pytest.mark.parametrize(
    "value", [float("nan"), float("-inf"), 10**400, -(10**4000)], ids=["nan", "inf", "1e400", "1e4000"]
)
def test_a_number_that_x_ray_cannot_hold_becomes_a_text(value: Any, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_annotation("key", value)
        subsegment.put_annotation("other", 1)

    annotations = daemon.subsegment("work")["annotations"]
    assert isinstance(annotations["key"], str)
    assert annotations["other"] == 1


# --- Metadata -----------------------------------------------------------------------------------------------


def test_metadata_is_kept_by_namespace_and_key(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_metadata("a", {"deep": [1, None]})
        subsegment.put_metadata("b", None)
        subsegment.put_metadata("a", "again", namespace="orders")
        subsegment.put_metadata("empty", "", namespace="")

    assert daemon.subsegment("work")["metadata"] == {
        "default": {"a": {"deep": [1, None]}, "b": None},
        "orders": {"a": "again"},
        "": {"empty": ""},
    }


def test_metadata_is_encoded_when_the_subsegment_closes(daemon: Daemon) -> None:
    value = [1]
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_metadata("key", value)
        value.append(2)
    value.append(3)

    assert daemon.subsegment("work")["metadata"] == {"default": {"key": [1, 2]}}


@pytest.mark.parametrize("namespace", ["AWS.", "AWS.x", 5, None, b"bytes"])
def test_a_namespace_that_x_ray_keeps_for_itself_is_left_out_and_said_once(
    namespace: Any, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_metadata("key", 1, namespace)
        subsegment.put_metadata("key", 1, namespace)

    assert "metadata" not in daemon.subsegment("work")
    assert messages(caplog) == [
        ("WARNING", "metadata left out: its namespace must be a str that does not start with 'AWS.'")
    ]


@pytest.mark.parametrize("namespace", ["AWS", "aws.x", "my AWS."])
def test_a_namespace_that_only_looks_like_it_is_taken(namespace: str, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_metadata("key", 1, namespace)

    assert daemon.subsegment("work")["metadata"] == {namespace: {"key": 1}}


@pytest.mark.parametrize(
    ("key", "shown"), [(5, "5"), (None, "None"), ((1, 2), "(1, 2)"), (True, "True"), ([1], "[1]")]
)
def test_a_metadata_key_may_be_anything(key: Any, shown: str, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_metadata(key, "value")

    assert daemon.subsegment("work")["metadata"] == {"default": {shown: "value"}}


def test_two_metadata_keys_with_one_text_are_both_kept(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_metadata("5", "text")
        subsegment.put_metadata(5, "number")  # type: ignore[arg-type]

    assert sorted(daemon.subsegment("work")["metadata"]["default"].values()) == ["number", "text"]


# --- HTTP, SQL, AWS -----------------------------------------------------------------------------------------


def test_an_http_exchange_is_described_piece_by_piece(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("example.com", namespace="remote") as subsegment:
        subsegment.put_http_meta("url", "https://example.com/orders")
        subsegment.put_http_meta("method", "GET")
        subsegment.put_http_meta("user_agent", "test")
        subsegment.put_http_meta("client_ip", "10.0.0.1")
        subsegment.put_http_meta("x_forwarded_for", True)
        subsegment.put_http_meta("status", 200)
        subsegment.put_http_meta("content_length", "17")

    assert daemon.subsegment("example.com")["http"] == {
        "request": {
            "url": "https://example.com/orders",
            "method": "GET",
            "user_agent": "test",
            "client_ip": "10.0.0.1",
            "x_forwarded_for": True,
        },
        "response": {"status": 200, "content_length": 17},
    }


@pytest.mark.parametrize("key", ["url", "status", "method", "unknown"])
def test_an_http_value_of_none_is_ignored(key: str, daemon: Daemon, caplog: pytest.LogCaptureFixture) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_http_meta(key, None)

    assert "http" not in daemon.subsegment("work")
    assert messages(caplog) == []


@pytest.mark.parametrize("status", ["five", "", [], object(), float("nan"), float("inf")])
def test_a_status_that_is_no_number_is_left_out_and_said_once(
    status: Any, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_http_meta("status", status)
        subsegment.put_http_meta("status", status)

    kind = f"<{type(status).__module__}.{type(status).__qualname__}>"
    assert "http" not in daemon.subsegment("work")
    assert messages(caplog) == [("WARNING", f"http status left out: it must be a number, not {kind}")]


def test_an_http_key_that_x_ray_does_not_know_is_left_out_and_said_once(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_http_meta("body", "secret")
        subsegment.put_http_meta("body", "secret")

    assert "http" not in daemon.subsegment("work")
    assert messages(caplog) == [("WARNING", "http value left out: X-Ray knows no such key")]


STATUSES = {
    200: "",
    302: "",
    399: "",
    400: "error",
    404: "error",
    429: "error throttle",
    499: "error",
    500: "fault",
    503: "fault",
    599: "fault",
}


@pytest.mark.parametrize(("status", "flags"), STATUSES.items())
def test_a_status_sets_the_flags_it_stands_for(status: int, flags: str, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("applied") as subsegment:
        subsegment.apply_status_code(status)
    with xray_recorder.in_subsegment("put") as subsegment:
        subsegment.put_http_meta("status", str(status))

    daemon.expect_tree(f"applied  {flags}\nput  {flags}".replace("  \n", "\n").rstrip())


@pytest.mark.parametrize("status", [None, 0, "500"])
def test_no_status_sets_no_flags(status: Any, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.apply_status_code(status)

    daemon.expect_tree("work")


def test_flags_are_set_one_by_one_and_stay(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("fault") as subsegment:
        subsegment.add_fault_flag()
    with xray_recorder.in_subsegment("error") as subsegment:
        subsegment.add_error_flag()
        subsegment.apply_status_code(200)
    with xray_recorder.in_subsegment("throttle") as subsegment:
        subsegment.add_throttle_flag()

    daemon.expect_tree("""
        fault  fault
        error  error
        throttle  throttle
    """)


def test_the_aws_block_is_sent_without_what_is_none(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("dynamodb", namespace="aws") as subsegment:
        subsegment.set_aws(
            {"operation": "PutItem", "region": None, "request_id": 5, "retries": 2, "table_names": ("a", "b")}
        )

    document = daemon.subsegment("dynamodb")
    assert document["namespace"] == "aws"
    assert document["aws"] == {
        "operation": "PutItem",
        "request_id": "5",
        "retries": 2,
        "table_names": ["a", "b"],
    }


def test_the_sql_block_is_sent_as_text_without_what_is_none(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("orders@db", namespace="remote") as subsegment:
        subsegment.set_sql({"sanitized_query": "select ?", "user": None, "database_version": 15})

    assert daemon.subsegment("orders@db")["sql"] == {"sanitized_query": "select ?", "database_version": "15"}


@pytest.mark.parametrize("setter", ["set_aws", "set_sql"])
def test_an_empty_block_is_not_sent(setter: str, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        getattr(subsegment, setter)({})

    assert not {"aws", "sql"} & set(daemon.subsegment("work"))


# --- Parents and children -----------------------------------------------------------------------------------


def test_an_open_subsegment_may_be_put_under_another(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("all"):
        first: Any = xray_recorder.begin_subsegment("first")
        second: Any = xray_recorder.begin_subsegment("second")
        all_: Any = first.parent
        all_.add_subsegment(second)
        second.close()
        first.close()

    daemon.expect_tree("""
        all
          first
          second
    """)


def test_a_child_that_is_removed_belongs_to_the_one_above(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("all"):
        outer: Any = xray_recorder.begin_subsegment("outer")
        inner: Any = xray_recorder.begin_subsegment("inner")
        outer.remove_subsegment(inner)
        outer.remove_subsegment(inner)
        inner.close()
        outer.close()

    daemon.expect_tree("""
        all
          outer
          inner
    """)


def test_a_subsegment_is_never_put_under_itself(daemon: Daemon) -> None:
    outer: Any = xray_recorder.begin_subsegment("outer")
    inner: Any = xray_recorder.begin_subsegment("inner")
    inner.add_subsegment(outer)
    inner.add_subsegment(inner)
    inner.add_subsegment("no subsegment")
    inner.close()
    outer.close()

    daemon.expect_tree("""
        outer
          inner
    """)


# --- After the end ------------------------------------------------------------------------------------------


def test_what_comes_after_the_end_is_ignored_and_said_once(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    with xray_recorder.in_subsegment("open"):
        subsegment: Any = xray_recorder.begin_subsegment("work")
        subsegment.close()
        for _ in range(2):
            subsegment.put_annotation("a", 1)
            subsegment.put_metadata("m", 1)
            subsegment.put_http_meta("status", 500)
            subsegment.apply_status_code(500)
            subsegment.set_aws({"operation": "x"})
            subsegment.set_sql({"url": "x"})
            subsegment.add_fault_flag()
            subsegment.add_error_flag()
            subsegment.add_throttle_flag()
            subsegment.add_exception(ValueError("no"))
            subsegment.add_subsegment(subsegment)
            subsegment.close()

    ignored = ["put_annotation", "put_metadata", "put_http_meta", "apply_status_code", "set_aws"]
    ignored += ["set_sql", "add_fault_flag", "add_error_flag", "add_throttle_flag"]
    ignored += ["add_exception", "add_subsegment", "close"]
    daemon.expect_tree("open\n  work", annotations=True, metadata=True, http=True)
    assert messages(caplog) == [
        ("WARNING", f"{method}: ignored, the subsegment has ended and may have been sent")
        for method in ignored
    ]


# --- Documents ----------------------------------------------------------------------------------------------


def test_a_subsegment_shows_its_document(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outer"), xray_recorder.in_subsegment("work") as subsegment:
        subsegment.put_annotation("key", 1)
        open_document = subsegment.to_dict()
    closed_document = subsegment.to_dict()

    assert open_document["in_progress"] is True
    assert "end_time" not in open_document
    assert open_document["annotations"] == {"key": 1}
    assert closed_document == {"type": "subsegment", **daemon.subsegment("work")}


def test_a_subsegment_gives_its_document_as_text(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        pass

    text = subsegment.serialize()
    assert text is not None
    assert daemon.datagrams()[0].endswith(text.encode())


def test_attributes_that_users_set_are_accepted_and_not_sent(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as plain:
        pass
    with xray_recorder.in_subsegment("work") as subsegment:
        subsegment.my_attribute = "mine"  # type: ignore[union-attr]
        subsegment.origin = "AWS::Lambda"  # type: ignore[union-attr]

    first, second = daemon.documents()
    assert subsegment.my_attribute == "mine"  # type: ignore[union-attr]
    assert set(first) == set(second)
    assert plain.id != subsegment.id


def test_a_header_may_be_kept_with_a_subsegment_and_is_not_sent(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("work") as subsegment:
        assert subsegment.get_origin_trace_header() is None
        header = object()
        subsegment.save_origin_trace_header(header)
        assert subsegment.get_origin_trace_header() is header

    assert "origin_trace_header" not in daemon.subsegment("work")


def test_a_name_that_is_changed_later_is_cleaned_too(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("before") as subsegment:
        subsegment.name = "a?b"

    daemon.expect_tree("ab")

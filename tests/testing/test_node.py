"""A node: everything that a subsegment's document says, found under the name that X-Ray has for it."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.testing.exception import Frame
from lambda_tracer.testing.node import Link, Node
from tests.daemon import Daemon
from tests.testing.sent import ROOT, SEGMENT, made, sent


def record(daemon: Daemon) -> Node:
    """One subsegment with everything in it."""
    with xray_recorder.in_subsegment("call", namespace="remote") as subsegment:
        subsegment.put_annotation("Risk", 0.01)
        subsegment.put_metadata("cart", {"items": [1, 2]}, "shop")
        subsegment.put_metadata("cart", "empty")
        subsegment.put_metadata("stage", "test")
        subsegment.put_http_meta("url", "https://example.com/")
        subsegment.put_http_meta("status", 404)
        subsegment.set_aws({"operation": "PutItem"})
        subsegment.set_sql({"sanitized_query": "SELECT 1"})
        subsegment.links = ((ROOT, SEGMENT),)
    return sent(daemon).one("call")


def test_a_node_has_what_was_recorded(daemon: Daemon) -> None:
    node = record(daemon)

    assert node.namespace == "remote"
    assert node.annotations == {"Risk": 0.01}
    assert node.http == {"request": {"url": "https://example.com/"}, "response": {"status": 404}}
    assert node.aws == {"operation": "PutItem"}
    assert node.sql == {"sanitized_query": "SELECT 1"}
    assert node.links == (Link(ROOT, SEGMENT),)
    assert (node.fault, node.error, node.throttle, node.flags) == (False, True, False, {"error"})
    [document] = daemon.documents()
    assert (node.raw, node.id, node.trace_id, node.parent_id) == (
        document,
        document["id"],
        document["trace_id"],
        document["parent_id"],
    )
    assert (node.start_time, node.end_time) == (document["start_time"], document["end_time"])
    assert node.duration == document["end_time"] - document["start_time"]
    assert node.in_progress is False


def test_metadata_is_found_by_its_key_and_by_its_namespace(daemon: Daemon) -> None:
    metadata = record(daemon).metadata

    assert metadata["stage"] == "test"
    assert metadata.of("shop") == {"cart": {"items": [1, 2]}}
    assert metadata.of("default") == {"cart": "empty", "stage": "test"}
    assert metadata.of("no such") == {}
    assert (metadata.namespaces, list(metadata), len(metadata)) == (("shop", "default"), ["cart", "stage"], 2)
    assert "cart" in metadata
    assert "basket" not in metadata
    with pytest.raises(KeyError, match=r"'cart' is in 2 namespaces: ask for .*shop.* or .*default"):
        metadata["cart"]
    assert repr(metadata) == repr({"shop": {"cart": {"items": [1, 2]}}, "default": metadata.of("default")})


def test_a_key_that_is_missing_is_told_with_those_that_are_there(daemon: Daemon) -> None:
    node = record(daemon)

    with pytest.raises(KeyError, match="'risk': there is 'Risk'"):
        node.annotations["risk"]
    with pytest.raises(KeyError, match="'basket': there are 'cart', 'stage'"):
        node.metadata["basket"]
    with pytest.raises(KeyError, match="'table_name': there is 'operation'"):
        node.aws["table_name"]
    with pytest.raises(KeyError, match="'url': there are 'request', 'response'"):
        node.http["url"]


def test_what_was_not_recorded_is_empty() -> None:
    node = made({"id": "0" * 16, "name": "a"}).one()

    assert (node.annotations, node.http, node.aws, node.sql) == ({}, {}, {}, {})
    assert node.metadata == {}
    assert (node.links, node.exceptions, node.flags, node.children) == ((), (), frozenset(), ())
    assert (node.response, node.exception, node.parent, node.namespace) == (None, None, None, "")


def test_odd_documents_are_no_error() -> None:
    odd: dict[str, Any] = {"annotations": 1, "metadata": {"a": 1}, "http": [], "cause": 5, "links": [1]}
    odd |= {"name": None, "start_time": "x", "end_time": None, "id": 5, "fault": "yes", "subsegments": [7]}
    traces = made({**odd, "parent_id": 3}, {"id": "1" * 16, "name": "b", "cause": {"exceptions": [1, {}]}})

    assert traces.tree == "b  unknown exception\n(no name)  in progress"
    node = traces.one("(no name)")
    assert (node.annotations, node.links, node.duration) == ({}, (), None)
    assert node.metadata == {}
    assert traces.documents[0]["subsegments"] == [7]


def test_the_response_is_what_the_decorator_captured(daemon: Daemon) -> None:
    tracer = Tracer(service="payment")

    class Shop:
        @tracer.capture_method
        def charge(self, amount: Any) -> Any:
            tracer.put_metadata("bank response", "of its own")
            return amount

    @tracer.capture_lambda_handler
    def lambda_handler(event: object, context: object) -> None:
        for amount in ({"charged": (1, 2)}, False, None):
            Shop().charge(amount)

    lambda_handler({}, None)
    traces = sent(daemon)

    charges = traces.one("## lambda_handler").children
    assert [node.response for node in charges] == [{"charged": [1, 2]}, False, None]
    assert traces.one("## lambda_handler").response is None
    assert charges[0].metadata.of("payment") == {
        f"{charges[0].name[3:]} response": {"charged": [1, 2]},
        "bank response": "of its own",
    }


def test_a_record_has_the_response_of_the_function_that_worked_on_it(daemon: Daemon) -> None:
    tracer = Tracer(service="payment")

    @tracer.capture_record
    def work(record: dict[str, Any]) -> str:
        return f"did {record['messageId']}"

    work({"messageId": "1", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:1:orders"})

    assert sent(daemon).one("## sqs orders").response == "did 1"


def test_a_name_that_had_to_be_cleaned_is_that_of_its_response(daemon: Daemon) -> None:
    def pay() -> int:
        return 1

    pay.__qualname__ = "pay|{me}"
    Tracer(service="payment").capture_method(pay)()

    assert sent(daemon).one("## tests.testing.test_node.payme").response == 1


def test_a_response_that_is_not_captured_is_none(daemon: Daemon) -> None:
    tracer = Tracer(service="payment")
    tracer.capture_method(lambda: 1, capture_response=False)()

    assert sent(daemon).one().response is None


def test_an_exception_is_resolved_where_another_subsegment_describes_it(daemon: Daemon) -> None:
    tracer = Tracer(service="payment")

    @tracer.capture_method
    def low() -> None:
        raise ValueError("low")

    @tracer.capture_method
    def middle() -> None:
        try:
            low()
        except ValueError as error:
            raise LookupError("middle") from error

    @tracer.capture_lambda_handler
    def lambda_handler(event: object, context: object) -> None:
        middle()

    with pytest.raises(LookupError, match="middle"):
        lambda_handler({}, None)
    outer, inner, innermost = sent(daemon)

    assert isinstance(outer.raw["cause"], str)
    assert outer.exception == inner.exception
    assert outer.exceptions == ()
    assert inner.exception is not None
    assert (inner.exception.type, inner.exception.message, inner.exception.remote) == (
        "LookupError",
        "middle",
        False,
    )
    assert [str(each) for each in inner.exception.chain] == ["LookupError: middle", "ValueError: low"]
    assert inner.exception.cause == innermost.exception
    assert innermost.exception is not None
    assert [frame.label for frame in innermost.exception.stack] == ["lambda_handler", "middle", "low"]
    assert innermost.exception.raised_at == Frame("test_node.py", low_line(low), "low")
    assert repr(innermost.exception) == f"<ValueError: low at test_node.py:{low_line(low)} in low>"
    assert (innermost.exception.truncated, innermost.exception.cause) == (0, None)
    assert outer.fault


def low_line(function: Any) -> int:
    """Where the only statement of a decorated function is."""
    line: int = function.__wrapped__.__code__.co_firstlineno
    return line + 2


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs Python 3.11 for groups")
def test_members_of_a_group_are_among_the_exceptions(daemon: Daemon) -> None:
    kind = eval("ExceptionGroup")  # no name of Python 3.10

    @xray_recorder.capture("group")
    def fail() -> None:
        raise kind("both", [ValueError("a"), KeyError("b")])

    with pytest.raises(kind):
        fail()
    node = sent(daemon).one()

    assert [each.type for each in node.exceptions] == ["ExceptionGroup", "ValueError", "KeyError"]
    assert node.exception == node.exceptions[0]


def test_an_exception_that_was_described_nowhere_is_unknown() -> None:
    node = made({"id": "0" * 16, "name": "a", "fault": True, "cause": "f" * 16}).one()

    assert node.exception is not None
    assert (node.exception.type, node.exception.stack, str(node)) == ("", (), "a  fault unknown exception")


def test_exceptions_in_a_circle_have_an_end() -> None:
    exceptions = [{"id": "1", "type": "A", "cause": "2"}, {"id": "2", "type": "B", "cause": "1"}]
    node = made({"id": "0" * 16, "name": "a", "cause": {"exceptions": exceptions}}).one()

    assert node.exception is not None
    assert [each.type for each in node.exception.chain] == ["A", "B"]


def test_parents_and_children_know_each_other(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("a"):
        with xray_recorder.in_subsegment("b"), xray_recorder.in_subsegment("c"):
            pass
        with xray_recorder.in_subsegment("d"):
            pass
    a, b, c, d = sent(daemon)

    assert (a.children, b.children, c.children) == ((b, d), (c,), ())
    assert (c.parent, b.parent, d.parent, a.parent) == (b, a, a, None)
    assert list(a.below()) == [b, c, d]
    assert c.path == "a > b > c"
    assert b.tree == "b\n  c"
    assert a.one("c") == c
    with pytest.raises(AssertionError, match="no subsegment named 'd'\n  b\n    c"):
        b.one("d")
    assert a != "a"


def test_a_child_that_comes_before_its_parent_is_below_it() -> None:
    traces = made(
        {"id": "1" * 16, "name": "child", "parent_id": "0" * 16},
        {"id": "0" * 16, "name": "parent"},
    )

    assert traces.tree == "parent\n  child"
    assert not traces.one("child").is_orphan


def test_what_was_in_progress_is_replaced_when_it_comes_finished(daemon: Daemon) -> None:
    traces = made(
        {"id": "0" * 16, "name": "a", "in_progress": True},
        {"id": "1" * 16, "name": "b", "parent_id": "0" * 16},
        {"id": "0" * 16, "name": "a", "start_time": 1.0, "end_time": 3.5},
        {"id": "2" * 16, "name": "c", "in_progress": True, "start_time": 4.0},
    )

    assert traces.tree == "a\n  b\nc  in progress"
    assert traces.one("a").duration == 2.5
    assert (traces.one("c").in_progress, traces.one("c").duration) == (True, None)
    assert len(traces.documents) == 4


def test_an_orphan_says_so() -> None:
    traces = made({"id": "0" * 16, "name": "a", "parent_id": "f" * 16})

    assert traces.one("a").is_orphan
    assert traces.one("a").parent is None
    assert list(traces) == [traces.one("a")]


def test_a_node_is_shown_by_what_matters() -> None:
    traces = made(
        {
            "id": "0" * 16,
            "name": "## app",
            "fault": True,
            "annotations": {"Risk": 1},
            "metadata": {"shop": {"cart": "x" * 1_000}},
            "subsegments": [{"id": "1" * 16, "name": "b", "start_time": 1.0, "end_time": 1.0}],
        }
    )

    assert repr(traces.one("## app")) == (
        "<## app  fault  annotations={'Risk': 1}  metadata of 'cart'  1 child>"
    )
    assert repr(traces.one("b")) == "<b  0 children>"

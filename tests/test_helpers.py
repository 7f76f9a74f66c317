"""The suite's own instruments: what they let pass, no test would notice."""

from __future__ import annotations

import copy
import json
import os
import secrets
import socket
from collections.abc import Callable
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.documents import HEADER, MAX_DATAGRAM_BYTES, Document, Unacceptable, flatten, parse
from tests.tree import tree

pytest_plugins = ["pytester"]


def a_document(**fields: Any) -> Document:
    """A document that X-Ray takes, with one of everything in it."""
    return {
        "trace_id": "1-5759e988-bd862e3fe1be46a994272793",
        "parent_id": "53995c3f42cd8ad8",
        "type": "subsegment",
        "id": secrets.token_hex(8),
        "name": "## app.Zahlung_é.pay 1",
        "start_time": 1700000000.25,
        "end_time": 1700000000.5,
        "namespace": "remote",
        "fault": True,
        "error": False,
        "throttle": False,
        "http": {
            "request": {"url": "https://example.com/", "method": "GET", "x_forwarded_for": True},
            "response": {"status": 200, "content_length": 17},
        },
        "annotations": {"ColdStart": True, "Service": "payment", "amount": 12.5},
        "metadata": {"payment": {"response": [None, {"deep": 1}]}},
        "aws": {"operation": "PutItem", "request_id": "ABC", "retries": 2, "table_names": ["a", "b"]},
        "sql": {"url": "db.example.com", "sanitized_query": "select ?", "user": "reader"},
        "cause": {
            "working_directory": "/var/task",
            "paths": [],
            "exceptions": [
                {
                    "id": "0123456789abcdef",
                    "message": "no",
                    "type": "ValueError",
                    "remote": False,
                    "truncated": 0,
                    "stack": [{"path": "app.py", "line": 3, "label": "pay"}],
                }
            ],
        },
        "subsegments": [
            {
                "id": secrets.token_hex(8),
                "name": "dynamodb",
                "start_time": 1700000000,
                "end_time": 1700000000,
                "cause": "0123456789abcdef",
            }
        ],
        **fields,
    }


def a_datagram(document: Any) -> bytes:
    return HEADER + json.dumps(document).encode()


def test_an_acceptable_document_passes_with_everything_in_it() -> None:
    document = a_document()

    assert parse(a_datagram(document)) == document


def test_an_open_subsegment_is_acceptable_in_progress() -> None:
    document = a_document(in_progress=True)
    del document["end_time"]

    assert parse(a_datagram(document))["in_progress"] is True


def without(key: str) -> Callable[[Document], object]:
    return lambda document: document.pop(key)


def put(**fields: Any) -> Callable[[Document], object]:
    return lambda document: document.update(fields)


def put_in(*path: str | int, **fields: Any) -> Callable[[Document], object]:
    def change(document: Any) -> None:
        for step in path:
            document = document[step]
        document.update(fields)

    return change


BROKEN = {
    "no id": without("id"),
    "no name": without("name"),
    "no start": without("start_time"),
    "no trace id": without("trace_id"),
    "no parent": without("parent_id"),
    "no type": without("type"),
    "neither end nor progress": without("end_time"),
    "both end and progress": put(in_progress=True),
    "in progress as a word": put(in_progress="true"),
    "short id": put(id="abc"),
    "id not hexadecimal": put(id="x" * 16),
    "id with a newline": put(id="0123456789abcdef\n"),
    "parent as a number": put(parent_id=5),
    "trace id of W3C": put(trace_id="5759e988bd862e3fe1be46a994272793"),
    "another type": put(type="segment"),
    "empty name": put(name=""),
    "long name": put(name="n" * 201),
    "name with a star": put(name="a*b"),
    "name with a tab": put(name="a\tb"),
    "name that is null": put(name=None),
    "start as text": put(start_time="1700000000"),
    "start in milliseconds": put(start_time=1700000000250, end_time=1700000000500),
    "start as a boolean": put(start_time=True),
    "end before start": put(end_time=1600000000.0),
    "namespace that is null": put(namespace=None),
    "fault as a number": put(fault=1),
    "error that is null": put(error=None),
    "throttle as text": put(throttle="yes"),
    "http as a list": put(http=[]),
    "http of another shape": put(http={"url": "https://example.com"}),
    "request that is null": put_in("http", request=None),
    "long url": put_in("http", "request", url="u" * 251),
    "url as a list": put_in("http", "request", url=["u"]),
    "long method": put_in("http", "request", method="m" * 251),
    "long user agent": put_in("http", "request", user_agent="a" * 251),
    "long client ip": put_in("http", "request", client_ip="1" * 251),
    "x_forwarded_for as text": put_in("http", "request", x_forwarded_for="10.0.0.1"),
    "status as text": put_in("http", "response", status="200"),
    "content length as text": put_in("http", "response", content_length="17"),
    "annotations as a list": put(annotations=[]),
    "annotation key with a dash": put_in("annotations", **{"a-b": 1}),
    "annotation key with a letter of another alphabet": put_in("annotations", é=1),
    "empty annotation key": put_in("annotations", **{"": 1}),
    "long annotation key": put_in("annotations", **{"k" * 501: 1}),
    "long annotation": put_in("annotations", text="t" * 1001),
    "annotation that is null": put_in("annotations", nothing=None),
    "annotation that is a list": put_in("annotations", several=[1]),
    "annotation that no double holds": put_in("annotations", huge=10**400),
    "metadata as a list": put(metadata=[]),
    "metadata namespace as a value": put(metadata={"payment": "x"}),
    "aws that is null": put(aws=None),
    "request id that is null": put_in("aws", request_id=None),
    "operation as a number": put_in("aws", operation=3),
    "region that is null": put_in("aws", region=None),
    "table name as a list": put_in("aws", table_name=["a"]),
    "sql as text": put(sql="select 1"),
    "query that is null": put_in("sql", sanitized_query=None),
    "long sql user": put_in("sql", user="u" * 251),
    "sql with a stray field": put_in("sql", rows=3),
    "cause as a message": put(cause="no"),
    "cause that is null": put(cause=None),
    "paths that are not texts": put_in("cause", paths=[1]),
    "exceptions as an object": put_in("cause", exceptions={}),
    "exception as text": put_in("cause", exceptions=["no"]),
    "exception without id": put_in("cause", exceptions=[{"message": "no"}]),
    "exception with a short id": put_in("cause", "exceptions", 0, id="1"),
    "message that is null": put_in("cause", "exceptions", 0, message=None),
    "exception type as a number": put_in("cause", "exceptions", 0, type=1),
    "remote as text": put_in("cause", "exceptions", 0, remote="no"),
    "truncated as a boolean": put_in("cause", "exceptions", 0, truncated=True),
    "chained cause that is no id": put_in("cause", "exceptions", 0, cause="TypeError"),
    "stack as text": put_in("cause", "exceptions", 0, stack="app.py"),
    "frame as text": put_in("cause", "exceptions", 0, stack=["app.py"]),
    "frame with a line as text": put_in("cause", "exceptions", 0, stack=[{"line": "3"}]),
    "frame with a path that is null": put_in("cause", "exceptions", 0, stack=[{"path": None}]),
    "frame with a stray field": put_in("cause", "exceptions", 0, stack=[{"locals": {}}]),
    "stray field": put(children_lock="x"),
    "subsegments as an object": put(subsegments={}),
    "embedded as text": put(subsegments=["x"]),
    "embedded without id": lambda document: document["subsegments"][0].pop("id"),
    "embedded without end": lambda document: document["subsegments"][0].pop("end_time"),
    "embedded in progress": put_in("subsegments", 0, in_progress=True),
    "embedded with a trace id": put_in("subsegments", 0, trace_id="1-5759e988-bd862e3fe1be46a994272793"),
    "embedded with a parent": put_in("subsegments", 0, parent_id="53995c3f42cd8ad8"),
    "embedded with a bad name": put_in("subsegments", 0, name="a?b"),
    "an id twice": lambda document: document["subsegments"].append(copy.deepcopy(document["subsegments"][0])),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_a_document_that_breaks_one_rule_is_refused(change: Callable[[Document], object]) -> None:
    document = a_document()
    change(document)

    with pytest.raises(Unacceptable, match="document breaks the rules"):
        parse(a_datagram(document))


@pytest.mark.parametrize("part", ["document", "http", "annotations", "cause"])
def test_a_key_that_comes_twice_is_refused(part: str) -> None:
    fields = {"http": '"http":{"request":{},"request":{}}', "annotations": '"annotations":{"a":1,"a":2}'}
    fields |= {"document": '"user":"a","user":"b"', "cause": '"cause":{"paths":[],"paths":[]}'}
    bare = {key: value for key, value in a_document().items() if key not in (*fields, "subsegments")}
    text = json.dumps(bare)[:-1] + "," + fields[part] + "}"

    with pytest.raises(Unacceptable, match="came twice"):
        parse(HEADER + text.encode())


@pytest.mark.parametrize(
    "datagram",
    [
        pytest.param(a_datagram(a_document(metadata={"n": {"x": float("nan")}})), id="NaN"),
        pytest.param(a_datagram(a_document(metadata={"n": {"x": float("-inf")}})), id="infinity"),
        pytest.param(a_datagram(a_document())[:-1], id="cut off"),
        pytest.param(a_datagram(a_document()) + b"{}", id="two documents"),
        pytest.param(a_datagram(a_document()).replace(b"ValueError", b"Value\xff"), id="not UTF-8"),
        pytest.param(a_datagram(a_document()).replace(b"\n", b"", 1), id="no newline after the header"),
        pytest.param(a_datagram(a_document())[len(HEADER) :], id="no header"),
        pytest.param(a_datagram([a_document()]), id="a list"),
        pytest.param(a_datagram(a_document(metadata={"n": {"x": "y" * MAX_DATAGRAM_BYTES}})), id="too long"),
    ],
)
def test_a_datagram_that_the_daemon_would_not_take_is_refused(datagram: bytes) -> None:
    with pytest.raises(Unacceptable):
        parse(datagram)


def test_a_datagram_may_be_as_long_as_the_limit_and_no_longer() -> None:
    document = a_document(metadata={"n": {"x": ""}})
    room = MAX_DATAGRAM_BYTES - len(a_datagram(document))
    document["metadata"]["n"]["x"] = "y" * room

    assert len(a_datagram(parse(a_datagram(document)))) == MAX_DATAGRAM_BYTES


def test_flattening_gives_every_subsegment_its_trace_and_its_parent() -> None:
    inner = {"id": "c", "subsegments": [{"id": "d"}]}
    document = {"id": "a", "trace_id": "t", "parent_id": "p", "subsegments": [{"id": "b"}, inner]}

    flat = flatten(document)

    assert [(part["id"], part["parent_id"], part["trace_id"]) for part in flat] == [
        ("a", "p", "t"),
        ("b", "a", "t"),
        ("c", "a", "t"),
        ("d", "c", "t"),
    ]
    assert not any("subsegments" in part for part in flat)


def send(daemon: Daemon, *documents: Document) -> None:
    host, _, port = daemon.address.partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for document in documents:
            sender.sendto(a_datagram(document), (host, int(port)))


def test_the_daemon_hands_out_all_that_was_sent_before_it_was_asked(daemon: Daemon) -> None:
    documents = [a_document(annotations={"number": number}) for number in range(500)]
    send(daemon, *documents)

    assert daemon.documents() == documents
    assert len(daemon.datagrams()) == 500
    assert len(daemon.subsegments()) == 1000


def test_the_daemon_forgets_what_was_cleared(daemon: Daemon) -> None:
    send(daemon, a_document())
    daemon.clear()
    later = a_document()
    send(daemon, later)

    assert daemon.documents() == [later]


def test_the_daemon_waits_for_what_another_process_sends(daemon: Daemon) -> None:
    document = a_document()
    go, start = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover
        os.close(start)
        os.read(go, 1)
        send(daemon, document)
        os._exit(0)
    os.close(go)
    assert daemon.documents() == []
    os.close(start)

    assert daemon.documents(at_least=1) == [document]
    assert os.waitpid(child, 0)[1] == 0


def test_a_subsegment_that_comes_again_replaces_the_first(daemon: Daemon) -> None:
    finished = a_document(subsegments=[])
    in_progress = {**finished, "in_progress": True}
    del in_progress["end_time"]
    send(daemon, in_progress, a_document(name="between", subsegments=[]), finished)

    assert [part["name"] for part in daemon.subsegments()] == [finished["name"], "between"]
    assert "in_progress" not in daemon.subsegment(finished["name"])


def test_the_daemon_refuses_what_x_ray_would_drop(daemon: Daemon) -> None:
    send(daemon, a_document(name="a*b"))

    with pytest.raises(Unacceptable, match=r"document\.name: wanted a name"):
        daemon.documents()


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Without the plugins that are installed for other tests: they take seconds to load, and one shuffles."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester


def test_a_test_that_leaves_a_document_unread_fails(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from tests.test_helpers import a_document, send

        def test_reads(daemon):
            send(daemon, a_document(name="read"))
            assert len(daemon.documents()) == 1

        def test_forgets(daemon):
            send(daemon, a_document(name="forgotten"))

        def test_sends_rubbish(daemon):
            send(daemon, a_document(name="a*b"))
        """
    )

    result = pytester.runpytest_inprocess("-p", "no:asyncio", "-p", "no:randomly", "-p", "tests.conftest")

    result.assert_outcomes(passed=3, errors=2)
    result.stdout.fnmatch_lines(
        ["*documents that the test did not read: forgotten*", "*document.name: wanted a name*"]
    )


def test_a_skipped_test_fails_where_nothing_may_be_skipped(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.conftest.NO_SKIP", True)
    monkeypatch.setattr("tests.conftest.TAKEN_AWAY", ("taken",))
    pytester.makepyfile(
        test_module="import pytest; pytest.importorskip('no_such_module')",
        test_functions="""
        import pytest

        def test_within():
            pytest.skip("no server")

        @pytest.mark.skipif(True, reason="no program")
        def test_before(): ...

        @pytest.mark.skipif(True, reason="taken is not installed")
        def test_of_what_is_taken_away(): ...

        @pytest.mark.skipif(True, reason="needs Python 4")
        def test_for_another_python(): ...

        @pytest.mark.xfail(strict=True)
        def test_known_to_fail():
            assert False
        """,
    )

    result = pytester.runpytest_inprocess(
        "-p", "no:asyncio", "-p", "tests.conftest", "--continue-on-collection-errors"
    )

    result.assert_outcomes(failed=1, errors=2, skipped=2, xfailed=1)
    result.stdout.fnmatch_lines(["*no server: no test may be skipped here*"])


@pytest.mark.parametrize("turn", ["first", "second"])
def test_nothing_of_one_test_is_left_to_the_next(turn: str, daemon: Daemon) -> None:
    tracer = Tracer()
    assert tracer.service == ""
    assert not tracer.disabled
    assert xray_recorder.current_subsegment() is None
    assert xray_recorder.max_trace_back == 10

    @tracer.capture_lambda_handler
    async def handler(event: object, context: object) -> None:
        xray_recorder.begin_subsegment("never ended")

    handler({}, None)
    assert daemon.subsegment("## handler")["annotations"]["ColdStart"] is True

    xray_recorder.begin_subsegment("left open")
    xray_recorder.configure(max_trace_back=0)
    Tracer(service=turn, disabled=True)


def test_the_header_is_what_the_runtime_would_set(invoke: Invoke) -> None:
    begun = invoke(Lineage="1:a:0")

    assert os.environ["_X_AMZN_TRACE_ID"] == begun.header
    assert begun.header == f"Root={begun.root};Parent={begun.parent};Sampled=1;Lineage=1:a:0"
    assert invoke() != begun
    assert invoke(root="1-a", parent="", sampled=None, Lineage="x").header == "Root=1-a;Lineage=x"


def subsegment(name: str, id_: str, parent: str, start: float = 1.0, **fields: Any) -> Document:
    return {"name": name, "id": id_, "parent_id": parent, "start_time": start, **fields}


def test_a_tree_shows_parents_order_and_what_went_wrong() -> None:
    raised = {"exceptions": [{"id": "e", "type": "ValueError"}, {"id": "f", "type": "KeyError"}]}
    arrived = [
        subsegment("second", "4", "2", start=3.0, namespace="aws", error=True, throttle=True),
        subsegment("first", "3", "2", start=2.0, cause=raised, fault=True),
        subsegment("also second", "5", "2", start=3.0, in_progress=True),
        subsegment("outer", "2", "lambda", cause="e", annotations={"ColdStart": True}),
    ]

    assert (
        tree(arrived)
        == """
        outer  ValueError
          first  fault ValueError
          second  error throttle
          also second  in progress
    """
    )
    assert (
        tree(arrived, annotations=True, namespace=True)
        == """
        outer  ValueError  {"ColdStart": true}
          first  fault ValueError
          second  error throttle  [aws]
          also second  in progress
    """
    )


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("a\nb", id="no indentation"),
        pytest.param("a\n  b\n  c", id="one more"),
        pytest.param("a", id="one less"),
        pytest.param("a\n  b  fault", id="a flag"),
        pytest.param("b\n  a", id="another order"),
        pytest.param("", id="nothing"),
    ],
)
def test_trees_that_differ_are_not_equal(other: str) -> None:
    arrived = [subsegment("a", "1", "lambda"), subsegment("b", "2", "1")]

    assert tree(arrived) == "a\n  b"
    assert tree(arrived) != other


def test_a_tree_that_is_not_the_expected_one_is_shown_beside_it(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("came"):
        pass

    with pytest.raises(pytest.fail.Exception, match=r"the trace differs.*\n- expected\n\+ came"):
        daemon.expect_tree("expected")
    daemon.expect_tree("came")

"""What a test asks of its traces: the one subsegment, all of them, what failed, and a file of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import Tracer, xray_recorder
from lambda_tracer.local.view.files import open_file
from lambda_tracer.local.view.intake import Intake
from lambda_tracer.local.view.log import Log
from lambda_tracer.local.view.store import Store
from lambda_tracer.testing.traces import Traces
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.testing.sent import AllSent, Sent, given, made, of, sent


@pytest.fixture
def traces(daemon: Daemon) -> Traces:
    """Of a payment: two charges, one of which fails."""
    tracer = Tracer(service="payment")

    @tracer.capture_method
    def charge(amount: int) -> dict[str, int]:
        tracer.put_annotation("Amount", amount)
        with xray_recorder.in_subsegment("dynamodb", namespace="aws") as call:
            call.set_aws({"operation": "PutItem", "table_name": "payments"})
        if amount < 0:
            raise ValueError("negative")
        return {"charged": amount}

    @tracer.capture_lambda_handler
    def lambda_handler(event: object, context: object) -> dict[str, int]:
        charged = charge(12)
        with pytest.raises(ValueError, match="negative"):
            charge(-1)
        return charged

    lambda_handler({}, None)
    return sent(daemon)


CHARGE = "## tests.testing.test_traces.traces.locals.charge"

TREE = f"""
    ## lambda_handler
      {CHARGE}
        dynamodb
      {CHARGE}  fault ValueError
        dynamodb
"""


def test_one_is_found_by_its_name_and_its_annotations(traces: Traces) -> None:
    assert traces.tree == TREE

    assert traces.one("## lambda_handler").response == {"charged": 12}
    assert traces.one(CHARGE, Amount=12).response == {"charged": 12}
    assert traces.one(re.compile(r"charge$"), Amount=-1).fault
    assert traces.one(lambda node: node.exception is not None).annotations == {"Amount": -1}
    assert traces.one(ColdStart=...).name == "## lambda_handler"
    assert traces.one(Service=re.compile("^pay")).name == "## lambda_handler"
    assert traces.one(CHARGE, Amount=12).one().name == "dynamodb"


def test_all_are_found_in_order(traces: Traces) -> None:
    assert [node.annotations["Amount"] for node in traces.all(CHARGE)] == [12, -1]
    assert traces.all("no such") == traces.all(CHARGE, Risk=...) == []
    assert traces.all() == list(traces)
    assert traces.all(Amount=-1) == traces.faults == [traces.all(CHARGE)[1]]
    assert [node.name for node in traces.one("## lambda_handler").all("dynamodb")] == ["dynamodb"] * 2


def test_an_annotation_may_have_any_name() -> None:
    traces = made({"id": "0" * 16, "name": "a", "annotations": {"name": "x", "self": "y"}})

    assert traces.one(name="x", self="y").name == "a"
    assert traces.one("a").annotations == {"name": "x", "self": "y"}


@pytest.mark.parametrize(
    ("name", "annotations", "message"),
    [
        ("charge", {}, f"no subsegment named 'charge'\ndid you mean {CHARGE!r}?"),
        (
            "## lamda_handlr",
            {},
            "no subsegment named '## lamda_handlr'\ndid you mean '## lambda_handler'?",
        ),
        ("dynamodb", {}, "2 subsegments named 'dynamodb', where one is wanted"),
        (re.compile("refund"), {}, "no subsegment with a name that matches 'refund'"),
        (
            "## lambda_handler",
            {"Service": "refund", "Stage": ...},
            "no subsegment named '## lambda_handler' with the annotations Service='refund', Stage\n"
            "## lambda_handler has {'ColdStart': True, 'Service': 'payment'}",
        ),
        (None, {"Risk": 0.5}, "no subsegment with the annotation Risk=0.5"),
        (None, {}, "5 subsegments, where one is wanted"),
    ],
)
def test_who_is_not_found_is_looked_for_in_the_tree(
    traces: Traces, name: str | None, annotations: dict[str, object], message: str
) -> None:
    with pytest.raises(AssertionError) as error:
        traces.one(name, **annotations)

    shown = "\n".join(f"  {line}" for line in traces.tree.splitlines())
    assert str(error.value) == f"{message}\n{shown}"


def test_what_is_no_name_and_no_tree_is_refused(traces: Traces) -> None:
    anything: Any = traces

    with pytest.raises(TypeError, match="a name is a text, a pattern or a function, not bytes"):
        anything.one(b"dynamodb")
    with pytest.raises(TypeError, match="a tree is compared with a text, not list"):
        anything.assert_tree([])


def test_lines_tell_more_where_it_is_asked_for(traces: Traces) -> None:
    assert (
        traces.show(annotations=("Amount",), exceptions=True, aws=True, namespace=True)
        == f"""
        ## lambda_handler
          {CHARGE}  {{"Amount": 12}}
            dynamodb  [aws]  aws={{"operation": "PutItem", "table_name": "payments"}}
          {CHARGE}  fault ValueError  {{"Amount": -1}}  exception="ValueError: negative"
            dynamodb  [aws]  aws={{"operation": "PutItem", "table_name": "payments"}}
    """
    )
    assert traces.show(flags=False, metadata=True).splitlines()[1:3] == [
        f'  {CHARGE}  metadata={{"payment": {{"{CHARGE[3:]} response": {{"charged": 12}}}}}}',
        "    dynamodb",
    ]
    assert traces.show(response=True, annotations="Service").splitlines()[0] == (
        '## lambda_handler  {"Service": "payment"}  response={"charged": 12}'
    )
    assert re.fullmatch(r"## lambda_handler  [\d.]+ ms", traces.show(duration=True).splitlines()[0])


def test_http_and_sql_and_links_are_told_where_there_are_any() -> None:
    traces = made(
        {"id": "0" * 16, "name": "a", "http": {"response": {"status": 200}}, "sql": {"user": "me"}},
        {"id": "1" * 16, "name": "b", "links": [{"trace_id": "1", "id": "2"}]},
    )

    assert (
        traces.show(http=True, sql=True, links=True)
        == """
        a  http={"response": {"status": 200}}  sql={"user": "me"}
        b  links=1
    """
    )


def test_flags_are_told_apart() -> None:
    traces = made(
        {"id": "0" * 16, "name": "fails", "fault": True},
        {"id": "1" * 16, "name": "is limited", "error": True, "throttle": True},
        {"id": "2" * 16, "name": "works"},
    )

    assert [node.name for node in traces.faults] == ["fails"]
    assert [node.name for node in traces.errors] == [node.name for node in traces.throttles] == ["is limited"]


def test_invocations_are_asked_one_by_one(daemon: Daemon, invoke: Invoke) -> None:
    tracer = Tracer(service="payment")

    @tracer.capture_lambda_handler
    def lambda_handler(event: str, context: object) -> str:
        return event

    first = invoke()
    lambda_handler("a", None)
    second = invoke()
    lambda_handler("b", None)
    traces = sent(daemon, first, second)

    assert [each.one("## lambda_handler").response for each in traces.invocations] == ["a", "b"]
    assert [each.cold_start for each in traces.invocations] == [True, False]
    assert [(each.trace_id, each.parent_id, each.header) for each in traces.invocations] == [
        (first.root, first.parent, first.header),
        (second.root, second.parent, second.header),
    ]
    assert [root.parent_id for root in traces.roots] == [first.parent, second.parent]
    assert [len(each.documents) for each in traces.invocations] == [1, 1]
    with pytest.raises(AssertionError, match="2 subsegments named '## lambda_handler', where one is wanted"):
        traces.one("## lambda_handler")


def test_documents_are_what_was_sent(daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("outer"), xray_recorder.in_subsegment("inner"):
        pass
    traces = sent(daemon)

    assert traces.documents == daemon.documents()
    assert [each["name"] for each in traces.documents[0]["subsegments"]] == ["inner"]
    assert traces.size_bytes == len(daemon.datagrams()[0]) - len('{"format":"json","version":1}\n')


def test_what_is_sent_while_it_is_looked_at_is_there_when_it_is_asked_again() -> None:
    first = {"id": "0" * 16, "name": "a", "start_time": 1.0, "in_progress": True}
    documents = list(made(first).invocations[0].texts)
    invocations: list[Sent] = []
    traces = Traces(AllSent(invocations))
    assert not traces

    invocations.append(of(documents))
    assert traces.tree == "a  in progress"
    node = traces.one("a")

    last = {**json.loads(documents[0]), "end_time": 2.0, "in_progress": False}
    documents.append(json.dumps({**last, "subsegments": [{"id": "1" * 16, "name": "b", "start_time": 1.0}]}))
    assert traces.tree == "a\n  b  in progress"
    assert traces.one("a") == node
    assert (len(traces), len(traces.documents)) == (2, 2)


def test_each_document_is_parsed_once() -> None:
    traces = made({"id": "0" * 16, "name": "a"})

    assert traces.one("a") is traces.one("a")
    assert traces.documents[0] is traces.documents[0]
    assert traces.one("a") in {traces.one("a")}


def test_nothing_may_be_expected(daemon: Daemon, invoke: Invoke) -> None:
    tracer = Tracer(service="payment")
    invocation = invoke(sampled=0)

    tracer.capture_lambda_handler(lambda event, context: None)({}, None)
    traces = sent(daemon, invocation)

    traces.assert_nothing()
    assert not traces
    assert (len(traces), list(traces), traces.documents, traces.size_bytes) == (0, [], [], 0)
    assert repr(traces) == "<Traces: nothing was sent: the invocation is not sampled>"
    assert str(traces) == "nothing was sent: the invocation is not sampled"
    traces.assert_valid()
    traces.assert_no_secrets("hunter2")


def test_something_where_nothing_is_expected_is_shown(traces: Traces) -> None:
    with pytest.raises(AssertionError) as error:
        traces.assert_nothing()

    assert str(error.value).splitlines()[:2] == [
        "5 subsegments where none was expected",
        "  ## lambda_handler",
    ]


def test_the_report_of_a_failed_test_has_what_is_needed_to_see_why(traces: Traces) -> None:
    report = traces.report()

    assert report.startswith(
        f"invocation 1: {traces.invocations[0].trace_id}, cold start\n  ## lambda_handler"
    )
    assert re.search(
        r'fault ValueError  \{"Amount": -1\}  exception="ValueError: negative"'
        r"  at test_traces.py:\d+ in charge  [\d.]+ ms",
        report,
    )
    assert 'aws={"operation": "PutItem"' in report
    assert "X-Ray" not in report


def test_a_report_says_what_is_missing() -> None:
    traces = Traces(AllSent([Sent(is_sampled=False), given({"id": "x", "name": "a"})]))

    lines = traces.report().splitlines()

    assert lines[0].endswith(", not sampled")
    assert lines[1] == "  (nothing was sent)"
    assert lines[-1] == "X-Ray: the document of a (x) would be dropped: it has no id of 16 hex digits"
    assert Traces(AllSent()).report() == "nothing was sent: there was no invocation"


def test_a_saved_file_is_one_that_the_view_opens(traces: Traces, tmp_path: Path) -> None:
    traces.save(tmp_path / "traces.json")
    store = Store()
    opened = open_file((tmp_path / "traces.json").read_bytes(), Intake(store, Log()))

    assert opened.message == ""
    [trace] = store.traces()
    assert (trace.id, trace.problems) == (traces.invocations[0].trace_id, [])
    assert [(entry.kind, entry.node.name.rpartition(".")[2]) for entry in trace.entries] == [
        ("segment", "test-function"),
        ("segment", "test-function"),
        ("subsegment", "## lambda_handler"),
        ("subsegment", "charge"),
        ("subsegment", "dynamodb"),
        ("subsegment", "charge"),
        ("subsegment", "dynamodb"),
    ]
    assert trace.entries[1].id == traces.invocations[0].parent_id
    assert [entry.has("fault") for entry in trace.entries[:3]] == [False, False, False]
    assert json.loads(trace.invocations[0]["result"]) == {"charged": 12}


def test_a_handler_that_failed_makes_lambdas_segments_fail(daemon: Daemon, tmp_path: Path) -> None:
    tracer = Tracer(service="payment")

    @tracer.capture_lambda_handler
    def lambda_handler(event: object, context: object) -> None:
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        lambda_handler({}, None)
    sent(daemon).save(str(tmp_path / "traces.json"))

    [invocation] = json.loads((tmp_path / "traces.json").read_text())["invocations"]
    assert invocation["failed"] is True
    assert invocation["result"] == {"errorType": "OSError", "errorMessage": "no disk"}
    assert [segment["fault"] for segment in invocation["segments"]] == [True]


def test_the_page_has_the_traces_in_it(traces: Traces) -> None:
    page = traces.html()

    assert page.startswith("<!doctype html>")
    assert traces.invocations[0].trace_id in page
    assert CHARGE in page


def test_nothing_can_be_saved_too(tmp_path: Path) -> None:
    traces = Traces(AllSent([Sent(is_sampled=False)]))

    traces.save(tmp_path / "traces.json")

    [invocation] = json.loads((tmp_path / "traces.json").read_text())["invocations"]
    assert (invocation["segments"], invocation["failed"]) == ([], False)
    assert "<html" in traces.html()


def test_traces_and_nodes_are_shown_in_a_line_and_printed_as_a_tree(traces: Traces) -> None:
    assert repr(traces) == "<Traces: 5 subsegments>"
    assert repr(traces.invocations[0]) == "<Invocation: 5 subsegments>"
    assert str(traces) == str(traces.invocations[0]) == traces.tree
    assert repr(traces.one("## lambda_handler")).startswith(
        "<## lambda_handler  annotations={'ColdStart': True, 'Service': 'payment'}"
        "  metadata of 'lambda_handler response'  2 children>"
    )

"""Documents of a trace come in any order, in parts, again, and without what is above them."""

from __future__ import annotations

import random
import time
from typing import Any

from lambda_tracer.local.receive.json_value import quick_json
from lambda_tracer.local.view.critical_path import critical_path
from lambda_tracer.local.view.details import details_of
from lambda_tracer.local.view.joined_trace import JoinedTrace
from lambda_tracer.local.view.size import Size
from lambda_tracer.local.view.store import Store
from lambda_tracer.local.view.summary import summary_of
from tests.local.texts import tree
from tests.local.view.senders import Document, embedded, new_trace_id, payment, segment, subsegment

SIZE = Size(100, 100)


def joined(*documents: Document, problems: list[str] | None = None) -> JoinedTrace:
    trace = JoinedTrace(documents[0]["trace_id"])
    for document in documents:
        trace.add(document, SIZE, problems or [])
    return trace


def drawn(trace: JoinedTrace) -> str:
    """The tree of names, with what is not an ordinary subsegment."""
    lines = []
    for entry in trace.entries:
        depth, parent = 0, entry.parent
        while parent is not None:
            depth, parent = depth + 1, parent.parent
        kind = "" if entry.kind == "subsegment" else f" [{entry.kind}]"
        lines.append(f"{'  ' * depth}{entry.node.name}{kind}")
    return "\n".join(lines)


def test_any_order_and_any_repetition_give_one_tree() -> None:
    documents = payment()
    expected = tree("""
        payment [segment]
          payment [segment]
            ## handler
              DynamoDB
              shop.example
    """)
    for seed in range(20):
        shuffled = documents * 2
        random.Random(seed).shuffle(shuffled)

        assert drawn(joined(*shuffled)) == expected


def test_what_is_in_progress_gives_way_to_what_is_finished_and_not_the_other_way_round() -> None:
    trace_id = new_trace_id()
    finished = segment("app", trace_id, 0, 2)
    begun = {**finished, "in_progress": True, "subsegments": [embedded(subsegment("work", finished, 0, 1))]}
    del begun["end_time"]

    trace = joined(begun)
    assert summary_of(trace)["in_progress"]
    assert summary_of(trace)["duration"] is None
    for document in (finished, begun):
        trace.add(document, SIZE, [])

        assert not summary_of(trace)["in_progress"]
        assert summary_of(trace)["duration"] == 2
        assert drawn(trace) == "app [segment]\n  work"


def test_a_missing_parent_has_a_placeholder_and_the_trace_says_so() -> None:
    _, function, handler = payment()
    other = subsegment("later", function, 1, 2, annotations={"Service": "payments", "ColdStart": True})

    trace = joined(handler, other)
    summary = summary_of(trace)

    assert drawn(trace) == tree(f"""
        ({function["id"]} was not received) [missing]
          ## handler
            DynamoDB
            shop.example
          later
    """)
    assert summary["root_missing"]
    assert summary["name"] == "payments"
    assert summary["cold_start"]
    nodes = details_of(trace)["nodes"]
    assert [(node["id"], node["parent"], node["kind"]) for node in nodes[:2]] == [
        (function["id"], None, "missing"),
        (handler["id"], function["id"], "subsegment"),
    ]
    trace.add(function, SIZE, [])
    assert not summary_of(trace)["root_missing"]
    del other["annotations"]
    assert summary_of(joined(handler, other))["name"] == "## handler and 1 more"


def test_a_ring_of_parents_and_documents_that_name_none_are_shown_all_the_same() -> None:
    trace_id = new_trace_id()
    first = segment("first", trace_id)
    second = subsegment("second", first, type="subsegment")
    first |= {"type": "subsegment", "parent_id": second["id"]}
    nameless: Document = {"trace_id": trace_id, "id": 7, "start_time": "soon", "type": "subsegment"}

    trace = joined(first, second, nameless, {"trace_id": trace_id})
    nodes = details_of(trace)["nodes"]

    assert {node["name"] for node in nodes} >= {"first", "second", "(no name)"}
    assert len({node["id"] for node in nodes}) == len(nodes)
    assert all(isinstance(node["start"], float) for node in nodes)


def test_several_segments_tell_whose_each_subsegment_is() -> None:
    trace_id = new_trace_id()
    web = segment("web", trace_id, 0, 3)
    call = subsegment("api", web, 1, 2, namespace="remote")
    api = segment("api", trace_id, 1.1, 1.9, parent_id=call["id"], user="alice")
    query = subsegment("orders@db", api, 1.2, 1.3, namespace="remote", sql={"database_type": "SQLite"})

    details = details_of(joined(query, api, call, web))

    assert {node["name"]: node["service"] for node in details["nodes"]} == {
        "web": "web",
        "api": "api",
        "orders@db": "api",
    }
    assert details["summary"]["services"] == ["web", "api"]
    assert details["summary"]["user"] == "alice"
    named = {service["id"]: service for service in details["graph"]["services"]}
    assert [(each["name"], each["type"], each["root"]) for each in named.values()] == [
        ("web", "", True),
        ("api", "", False),
        ("orders@db", "Database::SQL", False),
    ]
    edges = details["graph"]["edges"]
    assert [(named[edge["from"]]["name"], named[edge["to"]]["name"], edge["count"]) for edge in edges] == [
        ("web", "api", 1),
        ("api", "orders@db", 1),
    ]
    assert round(edges[0]["total_time"], 3) == 1.0, "as the caller saw it"


def test_the_critical_path_is_what_the_end_waited_for() -> None:
    trace_id = new_trace_id()
    root = segment("root", trace_id, 0, 10)
    parts = [("first", 0, 4), ("beside first", 1, 3), ("second", 4, 9), ("not waited for", 5, 5.5)]
    children = {name: subsegment(name, root, begin, end) for name, begin, end in parts}
    below = subsegment("below second", children["second"], 5, 8)

    trace = joined(root, *children.values(), below)
    names = {entry.id: entry.node.name for entry in trace.entries}

    path = [names[node_id] for node_id in critical_path(trace.entries, now=root["end_time"])]
    assert path == ["root", "first", "second", "below second"]


def test_problems_name_the_document_and_go_when_it_comes_right() -> None:
    trace_id = new_trace_id()
    wrong = segment("app", trace_id, 0, 1)
    trace = joined(wrong, problems=["has no name"])

    expected = [{"id": wrong["id"], "message": "X-Ray would reject this document because it has no name"}]
    assert trace.problems == expected
    trace.add({**wrong, "user": "alice"}, SIZE, [])
    assert trace.problems == []
    trace.add(segment("backwards", trace_id, 1, 0), Size(600_000, 100), [])
    messages = [problem["message"] for problem in trace.problems]
    assert messages == [
        "It ends before it starts",
        "The trace has 600,200 bytes; X-Ray keeps 500,000, and drops the rest",
    ]


def test_the_store_lets_the_oldest_go_and_tells_who_asks_later() -> None:
    store = Store(max_traces=3, max_bytes=1_000)
    begin = store.revision
    ids = [new_trace_id() for _ in range(5)]

    def add(trace_id: str, memory: int = 100) -> None:
        store.add(segment("app", trace_id), Size(10, memory), [])

    for trace_id in ids:
        add(trace_id)
    changes = store.changes_since(begin)
    assert [trace.id for trace in changes.traces] == ids[2:]
    assert changes.dropped == ids[:2]
    assert not changes.is_cleared
    assert store.dropped == 2

    add(ids[0], memory=850)
    later = store.changes_since(changes.revision)
    assert [trace.id for trace in later.traces] == [ids[0]], "it is back"
    assert later.dropped == ids[2:4], "what did not fit beside it"

    store.clear()
    assert store.changes_since(later.revision).is_cleared
    assert store.changes_since(begin - 1_000).is_cleared, "from a server that ran before"
    assert store.changes_since(store.revision).traces == []


def test_a_trace_without_end_is_bounded() -> None:
    trace_id = new_trace_id()
    trace = JoinedTrace(trace_id)
    for _ in range(3):
        trace.add(segment("huge", trace_id), Size(1_000_000, 60_000_000), [])

    assert trace.documents == 2
    assert trace.problems[-1]["message"] == "1 more documents were not kept: too much memory"


def test_a_document_that_is_nested_very_deeply_is_shown_flat() -> None:
    trace_id = new_trace_id()
    inner: dict[str, Any] = embedded(segment("innermost", trace_id))
    for level in range(900):
        inner = {**embedded(segment(f"level {level}", trace_id)), "subsegments": [inner]}

    assert len(details_of(joined({**inner, "trace_id": trace_id}))["nodes"]) == 901


def test_twenty_thousand_subsegments_are_told_at_once() -> None:
    root = segment("root", new_trace_id(), 0, 20)
    call = {"namespace": "aws", "aws": {"operation": "GetItem"}}
    calls = [subsegment("DynamoDB", root, at / 1000, at / 1000 + 0.001, **call) for at in range(20_000)]
    trace = joined(root, *calls)

    begin = time.process_time()
    text = quick_json(details_of(trace))

    # Half a second on an idle machine of 2023.
    assert time.process_time() - begin < 3
    assert text.count('"GetItem"') == 20_000
    assert len(summary_of(trace)["services"]) == 1

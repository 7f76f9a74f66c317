"""Traces from files and to files: what one writes, the other opens."""

from __future__ import annotations

import json
from typing import Any

from lambda_tracer.local.view.exports import html_of_invocations
from lambda_tracer.local.view.files import Opened, open_file
from lambda_tracer.local.view.intake import Intake
from lambda_tracer.local.view.joined_trace import JoinedTrace
from lambda_tracer.local.view.log import Log
from lambda_tracer.local.view.segments import segments_of
from lambda_tracer.local.view.size import Size
from lambda_tracer.local.view.store import Store
from lambda_tracer.local.view.trace_events import trace_events_of
from tests.local.texts import HOSTILE, commands_in
from tests.local.view.senders import Here, embedded, new_trace_id, payment, segment, subsegment


def opened(text: str) -> tuple[Store, Opened]:
    store = Store()
    return store, open_file(text.encode(), Intake(store, Log()))


def names(store: Store) -> list[list[str]]:
    return [[f"{entry.kind} {entry.node.name}" for entry in trace.entries] for trace in store.traces()]


PAYMENT = [
    "segment payment",
    "segment payment",
    "subsegment ## handler",
    "subsegment DynamoDB",
    "subsegment shop.example",
]


def test_files_of_every_kind_are_opened() -> None:
    documents = payment()
    service, function, handler = documents
    nested = {**service, "subsegments": [{**function, "subsegments": [embedded(handler)]}]}
    as_texts = [json.dumps(document) for document in documents]
    batch = {"Traces": [{"Id": "x", "Segments": [{"Id": "y", "Document": text} for text in as_texts]}]}
    invocation = {
        "request_id": "c0ffee",
        "trace_id": service["trace_id"],
        "duration_ms": 12.5,
        "failed": True,
        "result": {"ok": False},
        "segments": [nested],
        "other_traces": [],
    }

    for text in (
        "\n".join(as_texts),
        "\n".join(f'{{"format": "json", "version": 1}}\n{text}' for text in as_texts),
        json.dumps(documents, indent=2),
        json.dumps(nested),
        "\ufeff" + json.dumps(batch),
        json.dumps(batch["Traces"]),
        json.dumps({"invocations": [invocation]}, indent=2),
    ):
        store, found = opened(text)

        assert names(store) == [PAYMENT]
        assert list(found.traces) == [service["trace_id"]]
        assert (found.refused, found.message) == (0, "")
    [kept] = store.traces()[0].invocations
    assert kept == {
        "request_id": "c0ffee",
        "result": '{\n  "ok": false\n}',
        "log": "",
        "report": "REPORT RequestId: c0ffee  Duration: 12.5 ms",
        "event": None,
        "failed": True,
    }


def test_what_is_here_already_is_no_new_arrival() -> None:
    documents = payment()
    saved = "\n".join(json.dumps(document) for document in documents)
    store = Store()
    intake = Intake(store, Log())
    open_file(saved.encode(), intake)
    trace = store.traces()[0]
    counted = trace.documents, trace.size_bytes, store.memory_bytes, trace.problems

    exported = json.dumps(segments_of(trace))
    for text in (saved, saved, exported):
        assert list(open_file(text.encode(), intake).traces) == [trace.id]
        assert (trace.documents, trace.size_bytes, store.memory_bytes, trace.problems) == counted

    corrected = {**documents[-1], "annotations": {"Order": "A-2"}}
    open_file(json.dumps(corrected).encode(), intake)
    assert trace.documents == len(documents) + 1
    assert names(store) == [PAYMENT]


def test_what_was_put_together_may_be_large() -> None:
    """The limit of 64 kB is one for what is sent."""
    service, _, handler = payment(metadata={"default": {"text": "x" * 100_000}})
    batch = {
        "Traces": [{"Segments": [{"Document": json.dumps(document)} for document in (service, handler)]}]
    }
    invocation = {
        "trace_id": service["trace_id"],
        "segments": [{**service, "subsegments": [embedded(handler)]}],
    }

    for content in (batch, {"invocations": [invocation]}):
        store, _ = opened(json.dumps(content))

        assert store.traces()[0].problems == []


def test_what_can_not_be_read_is_said_and_keeps_nothing_out() -> None:
    app = json.dumps(segment("app", new_trace_id()))
    for text, message, count in [
        (
            f"{app}\n{{broken\n{app}",
            "1 part could not be read: line 2 is not JSON: Expecting property name",
            1,
        ),
        (f'[{app}, 7, {{"id": "x"}}]', "2 parts could not be read: 7 is no document", 1),
        ("{\n  broken", "1 part could not be read: it is not JSON: Expecting property name", 0),
        ("{}", "1 part could not be read: it has no trace_id that could be one, in {}", 0),
        ("[]", "there is no trace in it", 0),
        ("", "there is no trace in it", 0),
    ]:
        store, found = opened(text)

        assert found.message.startswith(message)
        assert len(store) == count


def test_exports_hold_the_trace(here: Here) -> None:
    documents = payment("<script>alert(1)</script>" + HOSTILE)
    trace_id = documents[0]["trace_id"]
    invocation = {"request_id": "r", "trace_id": trace_id, "documents": documents, "result": "</script><b>"}
    here.view.intake.handed_over(invocation)

    found = {}
    for ending in ("html", "json", "txt", "trace-events.json"):
        response, body = here.ask("GET", f"/t/{trace_id}.{ending}")
        assert response.status == 200
        assert response.headers["Content-Disposition"] == f'attachment; filename="{trace_id}.{ending}"'
        found[ending] = body.decode()

    store, _ = opened(found["json"])
    assert names(store) == [PAYMENT]
    assert store.traces()[0].invocations[0]["result"] == "</script><b>"
    assert "## handler" in found["txt"]
    assert not commands_in(found["txt"])
    events = json.loads(found["trace-events.json"])["traceEvents"]
    assert [event["name"] for event in events if event["ph"] == "X"] == ["payment", *PAYMENT_NAMES]
    assert [event["args"]["name"] for event in events if event["ph"] == "M"] == ["payment"]
    for page in (found["html"], html_of_invocations([invocation])):
        assert "<script>alert" not in page
        assert "## handler" in page
    response, body = here.ask("POST", "/api/open", found["json"].encode())
    assert json.loads(body) == {"traces": [trace_id], "refused": 0, "message": None}


PAYMENT_NAMES = [name.partition(" ")[2] for name in PAYMENT[1:]]


def test_what_runs_at_the_same_time_is_on_threads_of_its_own() -> None:
    root = segment("root", new_trace_id(), 0, 10)
    trace = JoinedTrace(root["trace_id"])
    parts = [("a", 0, 5), ("beside a", 1, 4), ("overlaps both", 3, 6), ("after", 6, 7), ("open", 7, None)]
    for document in (root, *(subsegment(name, root, begin, end) for name, begin, end in parts)):
        trace.add(document, Size(1, 1), [])

    events: list[dict[str, Any]] = [
        each for each in trace_events_of(trace)["traceEvents"] if each["ph"] == "X"
    ]

    threads: dict[int, list[dict[str, Any]]] = {}
    for event in events:
        threads.setdefault(event["tid"], []).append(event)
    assert len(threads) == 2
    for on_thread in threads.values():
        for first in on_thread:
            for second in on_thread:
                ends = first["ts"] + first["dur"], second["ts"] + second["dur"]
                is_apart = second["ts"] >= ends[0] or first["ts"] >= ends[1]
                is_within = first["ts"] <= second["ts"] and ends[1] <= ends[0]
                assert is_apart or is_within or (second["ts"] <= first["ts"] and ends[0] <= ends[1])
    assert events[-1]["args"]["in_progress"]
    assert events[-1]["dur"] == 3_000_000.0

"""Logs with kept lines are opened as files of traces are, and their traces are marked wherever they are shown."""

from __future__ import annotations

import gzip
import json
import re
from urllib.parse import quote

import pytest

from lambda_tracer.local.view.exports import as_batch, as_html, as_text, html_of_invocations
from lambda_tracer.local.view.files import Opened, open_file
from lambda_tracer.local.view.intake import Intake
from lambda_tracer.local.view.log import Log
from lambda_tracer.local.view.store import Store
from lambda_tracer.local.view.summary import summary_of
from tests.local import kept_logs
from tests.local.view.senders import Here, payment


def opened(data: bytes | str, store: Store | None = None) -> tuple[Store, Opened]:
    store = Store() if store is None else store
    return store, open_file(data if isinstance(data, bytes) else data.encode(), Intake(store, Log()))


def test_every_form_of_a_log_is_opened_with_nothing_to_complain_of(kept_line: str) -> None:
    trace_id = json.loads(kept_line)["xray_trace_id"]
    store = Store()
    for name, text in kept_logs.forms(kept_line).items():
        for data in (text.encode(), gzip.compress(text.encode())):
            _, found = opened(data, store)

            assert (list(found.traces), found.message) == ([trace_id], ""), name
    [trace] = store.traces()
    # However often it came, it is there once.
    assert [entry.node.name.rpartition(".")[2] for entry in trace.entries] == [
        "payment",
        "## handler",
        "charge",
    ]
    assert (trace.documents, trace.problems, trace.is_finished) == (1, [], True)


def test_a_log_may_have_traces_beside_it_and_is_told_what_is_broken(kept_line: str) -> None:
    documents = "\n".join(map(json.dumps, payment()))
    truncated = gzip.compress(f"{kept_line}\nmore\n".encode())[:-9]
    for data, traces, message in (
        (f"{documents}\nSTART\n{kept_line}\n7\n{{}}", 2, ""),
        (f'START\n{kept_line}\n{{"trace_id": 7}}', 1, "1 part could not be read: it has no trace_id"),
        (
            f"{kept_line}\n{kept_line[:200]}\n{kept_line[:300]}\nEND",
            1,
            "2 parts could not be read: a kept line is cut off",
        ),
        (truncated, 1, "1 part could not be read: what is compressed in it is damaged"),
        (
            json.dumps({"events": [{"message": kept_line}]}, indent=2)[:-10],
            1,
            "",
        ),
        (f"START\n{kept_line[:200]}", 0, "1 part could not be read: a kept line is cut off"),
        ("START\nEND", 0, "2 parts could not be read: line 1 is not JSON"),
    ):
        store, found = opened(data)

        assert len(store) == traces, data
        assert found.message.startswith(message), data
        assert bool(found.message) == bool(message)


def test_a_kept_trace_is_marked_in_the_list_in_exports_and_to_filters(here: Here, kept_line: str) -> None:
    slow = {**json.loads(kept_line), "reason": "slow", "xray_trace_id": None, "left_out": 2}
    opened(f"{kept_line}\n{json.dumps(slow)}", here.view.store)
    here.send(*payment())
    trace_id = json.loads(kept_line)["xray_trace_id"]

    summaries = here.get("/api/traces")["traces"]
    words = {tuple(mark["word"] for mark in summary["kept"]) for summary in summaries}
    assert words == {("exception",), ("slow",), ()}
    for expression, count in (("fault", 1), ('annotation.Kept = "slow"', 1), ('annotation.order = "A-1"', 2)):
        assert here.get(f"/api/traces?filter={quote(expression)}")["matched"] == count
    assert here.get(f"/api/traces/{trace_id}")["problems"] == []
    trace = here.view.store.get(trace_id)
    assert trace is not None
    again, _ = opened(as_batch([trace]))
    for exported in (as_text(trace), as_text(again.traces()[0])):
        assert "\nkept, not sampled: an exception left the handler; request ed2791d9-0000\n" in exported
    page = as_html([trace])
    assert '"word":"exception"' in page


def test_an_invocation_that_is_handed_over_brings_what_it_has_kept(kept_line: str) -> None:
    trace_id = json.loads(kept_line)["xray_trace_id"]
    given = {"trace_id": trace_id, "documents": [], "request_id": "r", "log": f"asked\n{kept_line}\nEND"}

    page = html_of_invocations([given])

    [data] = re.findall(r'id="data">(.*?)</script>', page)
    [summary] = json.loads(data)["traces"]
    assert [mark["told"] for mark in summary["kept"]] == [
        "an exception left the handler; request ed2791d9-0000"
    ]
    assert summary["has_invocation"]


@pytest.mark.parametrize("depth", [60, 400])
def test_what_is_nested_more_deeply_than_a_tracer_writes_is_shown_as_far_as_that_goes(depth: int) -> None:
    inside = '{"name":"x","subsegments":[' * depth + "]}" * depth
    store, found = opened(f'{{"lambda_tracer":"kept","segments":[{inside}]}}')

    [trace] = store.traces()
    assert (len(trace.entries), found.message) == (depth + 1, "")
    assert summary_of(trace)["kept"][0]["word"] == "unknown"

"""The server as a browser and other programs see it: lists, one trace, events, files; and who is not answered."""

from __future__ import annotations

import json
import socket

import pytest

from lambda_tracer.local.view.hand_over import HandOverFailed, running_view
from tests.local.view.senders import Here, events, new_trace_id, payment, segment, subsegment


def test_a_trace_that_was_sent_is_listed_and_told(here: Here) -> None:
    documents = payment()
    trace_id = documents[0]["trace_id"]
    here.send(*documents)

    listed = here.get("/api/traces")
    details = here.get(f"/api/traces/{trace_id}")

    assert [summary["id"] for summary in listed["traces"]] == [trace_id]
    assert (listed["total"], listed["matched"], listed["dropped"]) == (1, 1, 0)
    assert listed["server"]["udp"] == listed["server"]["tcp"] == f"127.0.0.1:{here.port}"
    assert details["summary"] == listed["traces"][0]
    assert [node["name"] for node in details["nodes"]] == [
        "payment",
        "payment",
        "## handler",
        "DynamoDB",
        "shop.example",
    ]
    assert details["nodes"][3]["document"]["aws"] == {"operation": "GetItem"}
    assert set(details["critical_path"]) <= {node["id"] for node in details["nodes"]}
    assert here.get(f"/api/traces?after={listed['revision']}")["traces"] == []
    assert here.matching('annotation.Order = "A-1001"') == ["payment"]
    assert here.get("/api/graph?filter=fault")["services"] == []
    response, body = here.ask("GET", "/api/traces?filter=fault+AND")
    assert response.status == 400
    assert json.loads(body) == {"message": "expected a keyword, not the end, at character 10"}


def test_what_is_not_there_is_said(here: Here) -> None:
    answers = {
        ("GET", "/api/traces/1-2-3"): 404,
        ("GET", "/api/nothing"): 404,
        ("GET", "/app/../details.py"): 404,
        ("GET", "/app/%2e%2e/details.py"): 404,
        ("GET", "/app//etc/passwd.html"): 404,
        ("GET", "/t/1-2-3.pdf"): 404,
        ("GET", "/t/1-2-3.txt"): 404,
        ("PUT", "/api/traces"): 405,
        ("GET", "/TraceSummaries"): 405,
        ("POST", "/api/invocations"): 400,
        ("DELETE", "/api/traces"): 204,
        ("HEAD", "/api/traces"): 200,
    }

    for (method, path), status in answers.items():
        response, body = here.ask(method, path)
        assert (method, path, response.status) == (method, path, status)
        assert status < 400 or set(json.loads(body)) == {"message"}
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"


REFUSED: list[dict[str, str]] = [
    {"Host": "shop.example:{port}"},
    {"Host": "127.0.0.1"},
    {"Host": "127.0.0.1:1"},
    {"Host": "host.docker.internal:{port}"},
    {"Origin": "http://shop.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"},
]


@pytest.mark.parametrize("headers", REFUSED, ids=lambda headers: " ".join(headers.values()))
@pytest.mark.parametrize("request_line", ["GET /api/traces", "DELETE /api/traces", "POST /api/open"])
def test_a_page_of_another_site_is_refused(here: Here, request_line: str, headers: dict[str, str]) -> None:
    """By its own name for this address (DNS rebinding), or by what the browser says of where it comes from."""
    here.send(segment("app", new_trace_id()))
    method, path = request_line.split()
    given = {name: value.format(port=here.port) for name, value in headers.items()}

    response, body = here.ask(method, path, b"{}" if method == "POST" else None, **given)

    assert response.status == 403
    assert "app" not in body.decode()
    assert len(here.view.store) == 1


def test_the_page_and_programs_are_answered(here: Here) -> None:
    port = here.port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"):
        own = {"Host": host, "Origin": f"http://{host}", "Sec_Fetch_Site": "same-origin"}
        assert here.ask("DELETE", "/api/traces", None, **own)[0].status == 204
    followed = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert here.ask("GET", "/", None, **followed)[0].status == 200
    in_container = {"Host": f"host.docker.internal:{port}"}
    assert here.ask("POST", "/GetSamplingRules", b"{}", **in_container)[0].status == 200


def test_a_page_that_stays_open_is_told_what_happens(here: Here) -> None:
    first, second = payment("A-1"), payment("A-2", fault=True)
    with events(here) as told:
        here.send(*first)
        name, data = told.next()
        assert (name, data["id"], data["summary"]["name"]) == ("trace", first[0]["trace_id"], "payment")
        here.view.store.clear()
        while name != "cleared":
            name, data = told.next()
        last_id = str(here.view.store.revision)

    here.send(*first, *second)
    with events(here, last_id=last_id) as told:
        names = [told.next() for _ in range(2)]
        assert [data["id"] for _, data in names] == [first[0]["trace_id"], second[0]["trace_id"]]
        assert told.last_id == str(here.view.store.revision)
    with events(here, last_id="12") as told:
        assert told.next() == ("cleared", {}), "the revision is one of another server"
        assert told.next()[1]["id"] == first[0]["trace_id"]


def test_with_a_filter_a_page_is_told_what_begins_and_what_ceases_to_match(here: Here) -> None:
    app = segment("app", new_trace_id(), 0, None)
    here.send(segment("other", new_trace_id()))
    with events(here, "?filter=partial") as told:
        here.send(app)
        assert told.next()[1]["summary"]["name"] == "app"
        finished = {**app, "end_time": app["start_time"] + 1, "in_progress": False}
        here.send(segment("another", new_trace_id()), finished)
        name, data = told.next()
        assert (name, data["id"], data["summary"]) == ("trace", app["trace_id"], None)


def test_what_invoke_hands_over_is_beside_its_trace(here: Here) -> None:
    documents = payment()
    trace_id = documents[0]["trace_id"]
    view = running_view(here.port)
    assert view is not None

    known = {"result": '{"ok": true}', "log": "paid\n", "report": "REPORT", "event": "{}", "failed": False}
    invocation = {"trace_id": trace_id, "request_id": "c0ffee", "documents": documents, **known}
    view.hand_over(invocation)
    view.hand_over(invocation)

    details = here.get(f"/api/traces/{trace_id}")
    assert details["invocations"] == [{"request_id": "c0ffee", **known}]
    assert len(details["nodes"]) == 5
    assert details["summary"]["has_invocation"]
    assert view.address_of(trace_id) == f"http://127.0.0.1:{here.port}/#/trace/{trace_id}"
    with pytest.raises(HandOverFailed, match=r"refuses the trace: its documents are no list of objects$"):
        view.hand_over({"trace_id": trace_id, "documents": [1]})
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert running_view(port) is None


def test_what_x_ray_would_reject_is_shown_with_the_reason(here: Here) -> None:
    app = segment("app", new_trace_id())
    wrong = subsegment("work", app, annotations={"a-b": 1}, fault="yes")
    here.send(app, wrong)
    here.send_raw(b"hello")
    here.send({**app, "name": "app again"})

    assert [each["message"] for each in here.get(f"/api/traces/{app['trace_id']}")["problems"]] == [
        "X-Ray would reject this document because it has a fault that is not true or false",
        "X-Ray would reject this document because it has the annotation key 'a-b' (letters, digits, _ and . only)",
        "1 finished documents had the id of another one, of which the last is shown",
    ]
    reason = 'it does not begin with the line {"format":"json","version":1}'
    assert here.get("/api/traces")["refused"]["last"][-1] == f"a datagram of 5 bytes was not taken: {reason}"

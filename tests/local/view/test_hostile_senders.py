"""Whatever is sent, and however slowly: the view runs on and answers."""

from __future__ import annotations

import json
import random
import socket
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from lambda_tracer.local.view import http_server
from tests.local.hostile_documents import datagrams
from tests.local.view.senders import PATIENCE_S, Here, new_trace_id, payment, segment

ADOT = [line.encode() for line in (Path(__file__).parent / "adot_datagrams.txt").read_text().splitlines()]
HEADER = b'{"format":"json","version":1}\n'


def assert_it_answers(here: Here) -> None:
    app = segment("still here", new_trace_id())
    here.send(app)
    assert "still here" in [summary["name"] for summary in here.get("/api/traces")["traces"]]
    for trace in here.view.store.traces()[:200]:
        assert here.ask("GET", f"/api/traces/{quote(trace.id, safe='')}")[0].status == 200


def test_ten_thousand_fuzzed_datagrams(here: Here) -> None:
    made = random.Random(16)
    whole = [HEADER + json.dumps(document).encode() for document in payment()]
    whole += [HEADER + line for line in ADOT if line.startswith(b"T1")]
    for number in range(10_000):
        data = bytearray(made.choice(whole))
        for _ in range(made.randrange(1, 12)):
            at = made.randrange(len(data))
            kind = made.randrange(4)
            if kind == 0:
                data[at] = made.randrange(256)
            elif kind == 1:
                del data[at : at + made.randrange(40)]
            elif kind == 2:
                data[at:at] = made.randbytes(made.randrange(8))
            else:
                data[at:at] = made.choice(
                    [b"{", b"[", b'"', b"null", b"1e999", b"-", b"\\ud800", b"\n", b"T1S"]
                )
            data = data or bytearray(b"x")
        here.send_raw(bytes(data))
        if number % 100 == 0:
            time.sleep(0.005)

    assert_it_answers(here)
    assert here.get("/api/traces")["refused"]["count"] > 1_000


def test_documents_with_any_values_in_any_place(here: Here) -> None:
    trace_id = new_trace_id()
    for datagram in datagrams(16, 400, trace_id):
        here.view.intake.datagram(datagram)

    assert here.get(f"/api/traces/{trace_id}")["summary"]["documents"] > 200
    for path in ("txt", "json", "trace-events.json", "html"):
        assert here.ask("GET", f"/t/{trace_id}.{path}")[0].status == 200
    for path, arguments in {
        "/Traces": {"TraceIds": [trace_id]},
        "/TraceGraph": {"TraceIds": [trace_id]},
        "/TraceSummaries": {"StartTime": 0, "EndTime": 10**11, "TimeRangeType": "Event"},
        "/ServiceGraph": {"StartTime": 0, "EndTime": 10**11},
    }.items():
        assert here.ask("POST", path, json.dumps(arguments).encode())[0].status == 200
    expressions = [
        "service() { http.status > 1 OR responsetime < 1 }",
        'rootcause.fault.entity { name = "a" }',
    ]
    for expression in expressions:
        here.matching(f'{expression} OR annotation.a > 1 OR user = "x" OR http.url CONTAINS "a"')


def test_documents_nested_two_thousand_levels_deep(here: Here) -> None:
    trace_id = new_trace_id()
    head = json.dumps(segment("deep", trace_id))[:-1]
    for inner in (
        '"metadata": ' + '{"a": ' * 2_000 + "1" + "}" * 2_000,
        '"metadata": {"a": ' + "[" * 2_000 + "]" * 2_000 + "}",
    ):
        here.send_raw(HEADER + f"{head}, {inner}}}".encode())
    text = ""
    for _ in range(2_000):
        text = json.dumps(segment("level", trace_id))[:-1] + f', "subsegments": [{text}]}}'
        if len(text) > 60_000:
            break
    here.send_raw(HEADER + text.encode())

    assert_it_answers(here)


def test_a_body_of_a_hundred_megabytes_is_refused_before_it_is_read(here: Here) -> None:
    for path in ("/TraceSegments", "/api/open", "/v1/traces"):
        for framing in ("Content-Length: 100000000", "Expect: 100-continue\r\nContent-Length: 100000000"):
            with socket.create_connection(("127.0.0.1", here.port), timeout=PATIENCE_S) as connection:
                connection.sendall(
                    f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{here.port}\r\n{framing}\r\n\r\n".encode()
                )
                assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    assert_it_answers(here)


SMUGGLED = [
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding : chunked",
    "Content-Length: +5",
    "Host: evil.example:{port}",
    "X: 1\nHost: evil.example",
]


@pytest.mark.parametrize("header", SMUGGLED)
def test_a_request_of_two_meanings_is_refused(here: Here, header: str) -> None:
    line = header.format(port=here.port)
    head = f"POST /TelemetryRecords HTTP/1.1\r\nHost: 127.0.0.1:{here.port}\r\n{line}\r\n\r\n0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", here.port), timeout=PATIENCE_S) as connection:
        connection.sendall(head.encode())
        answer = b""
        while piece := connection.recv(10_000):
            answer += piece

    assert answer[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 403")
    assert answer.count(b"HTTP/1.1") == 1


def test_idle_and_slow_clients_make_room_for_others(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "MAX_CONNECTIONS", 40)
    monkeypatch.setattr(http_server, "MAX_STREAMS", 10)
    clients = []
    for number in range(http_server.MAX_CONNECTIONS + 20):
        client = socket.create_connection(("127.0.0.1", here.port), timeout=PATIENCE_S)
        clients.append(client)
        if number % 2:
            client.sendall(b"GET /api/traces HTTP/1.1\r\nHo")
    streams = []
    for _ in range(http_server.MAX_STREAMS + 10):
        stream = socket.create_connection(("127.0.0.1", here.port), timeout=PATIENCE_S)
        streams.append(stream)
        stream.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{here.port}\r\n\r\n".encode())
    answers = [stream.recv(12)[9:] for stream in streams]

    assert answers.count(b"200") <= http_server.MAX_STREAMS
    assert set(answers) == {b"200", b"503"}
    assert_it_answers(here)
    for client in (*clients, *streams):
        client.close()


def test_a_request_that_takes_too_long_is_ended(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "REQUEST_S", 0.3)
    with socket.create_connection(("127.0.0.1", here.port), timeout=PATIENCE_S) as client:
        client.sendall(b"GET / HTTP/1.1\r\n")

        assert client.recv(100) == b"", "the connection was closed"
    assert_it_answers(here)


def test_a_small_body_that_would_be_huge_in_memory_is_refused(here: Here) -> None:
    empty = ("{}," * 1_100_000)[:-1]
    document = f'{{"TraceSegmentDocuments":["{{\\"subsegments\\":[{empty}]}}"]}}'.encode()
    for path in ("/TraceSegments", "/api/open", "/api/invocations"):
        assert here.ask("POST", path, document)[0].status == 413
    spans = f'{{"resourceSpans":[{empty}]}}'.encode()
    assert here.ask("POST", "/v1/traces", spans, Content_Type="application/json")[0].status == 400
    response, body = here.ask("POST", "/v1/traces", b"\x12\x00" * 300_000)
    assert (response.status, json.loads(body)["message"]) == (400, "a message of more than 200,000 fields")
    assert_it_answers(here)


@pytest.mark.parametrize("address", ["//[", "http://[/", "//[?filter=fault"])
def test_an_address_that_is_none_is_refused(here: Here, address: str) -> None:
    head = f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1:{here.port}\r\nSec-Fetch-Site: cross-site\r\n\r\n"
    with socket.create_connection(("127.0.0.1", here.port), timeout=PATIENCE_S) as client:
        client.sendall(head.encode())

        assert client.recv(100).startswith(b"HTTP/1.1 400 ")


def test_the_head_of_a_stream_has_an_end(here: Here) -> None:
    response, body = here.ask("HEAD", "/api/events")

    assert (response.status, response.getheader("Content-Type"), body) == (200, "text/event-stream", b"")


def test_logs_beyond_ascii_are_counted_as_they_lie_in_memory(here: Here) -> None:
    given = {"trace_id": new_trace_id(), "documents": [], "log": "\U0001f600" * 100_000}
    assert here.ask("POST", "/api/invocations", json.dumps(given).encode())[0].status == 204
    assert here.view.store.memory_bytes > 400_000


def test_numbers_of_spans_in_json_that_are_none(here: Here) -> None:
    for value in ("²", "--5", "-", 1.5, None, 10**300):
        attributes = [{"key": "k", "value": {"intValue": value}}]
        span = {
            "traceId": "a" * 32,
            "spanId": "b" * 16,
            "attributes": attributes,
            "startTimeUnixNano": 9 * 10**308,
            "endTimeUnixNano": "-1",
            "events": [{"timeUnixNano": 10**308}],
        }
        body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
        assert here.ask("POST", "/v1/traces", body, Content_Type="application/json")[0].status == 200
    assert_it_answers(here)

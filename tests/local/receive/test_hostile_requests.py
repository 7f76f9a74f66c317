"""Hostile requests to the Runtime API: each is refused or answered, and the function's own are served after all."""

from __future__ import annotations

import contextlib
import http.client
import json
import resource
import shutil
import socket
import sys
import time
from pathlib import Path
from queue import Empty

import pytest

from lambda_tracer.local.receive.events import Ready
from lambda_tracer.local.receive.http_connection import MAX_HEADERS
from lambda_tracer.local.receive.invocation import Invocation
from lambda_tracer.local.receive.runtime_api import MAX_CONNECTIONS, RuntimeAPI
from tests.local.command import invoke, started
from tests.local.receive import hostile_requests
from tests.local.receive.calls import PREFIX, call, invocation, told

only_on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a peer can't be known")


FUZZING = """
import os
from hostile_requests import requests, send

def handler(event, context):
    for number, data in enumerate(requests(seed=event, count=100)):
        send(os.environ["AWS_LAMBDA_RUNTIME_API"], data, number)
    return "fine"
"""


OUT_OF_TURN = """
import http.client, os

def call(method, path, body=None):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"], timeout=10)
    connection.request(method, "/2018-06-01/runtime/" + path, body)
    return connection.getresponse().status

def handler(event, context):
    error = b'{"errorType": "Other", "errorMessage": "not ours"}'
    return [
        call("POST", "init/error", error), call("POST", "restore/error", error), call("GET", "restore/next"),
        call("GET", "invocation/next"), call("POST", "invocation/other/response", b"1"),
    ]
"""


WAITING = """
import os, time

def handler(event, context):
    print("api", os.environ["AWS_LAMBDA_RUNTIME_API"], context.aws_request_id, flush=True)
    while not os.path.exists("go on"):
        time.sleep(0.01)
    return "mine"
"""


def raw(api: RuntimeAPI, data: bytes) -> bytes:
    """All that comes back for these bytes."""
    host, _, port = api.address.partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        with contextlib.suppress(OSError):  # it has been answered and closed meanwhile
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := client.recv(65_536):
                answer += piece
        except ConnectionResetError:
            pass  # what was not read is left there
    return answer


@pytest.mark.timeout(400)
def test_whatever_was_sent_the_next_client_is_served(
    api: RuntimeAPI, capfd: pytest.CaptureFixture[str]
) -> None:
    for number, data in enumerate(hostile_requests.requests(seed=11, count=500)):
        hostile_requests.send(api.address, data, number)
    mine = invocation(b'"mine"')
    api.expect_process()
    api.submit(mine)

    _, headers, event = call(api, "GET", "invocation/next")
    status, _, _ = call(api, "POST", f"invocation/{headers['Lambda-Runtime-Aws-Request-Id']}/response", b"1")

    assert (event, status, told(api, Invocation)) == (b'"mine"', 202, mine)
    assert capfd.readouterr() == ("", "")


@pytest.mark.timeout(400)
def test_a_function_that_sends_anything_to_its_runtime_api_is_answered(folder: Path) -> None:
    (folder / "fuzzing.py").write_text(FUZZING)
    shutil.copy(hostile_requests.__file__, folder)

    ran = invoke("fuzzing.handler", "-e", "1", "-e", "2", "--timeout", "100", folder=folder)

    assert (ran.results, ran.exit_code) == (["fine", "fine"], 0)
    assert "Traceback" not in ran.err


def test_a_request_out_of_turn_is_refused_and_said(folder: Path) -> None:
    (folder / "turns.py").write_text(OUT_OF_TURN)

    ran = invoke("turns.handler", "-n", "2", folder=folder)

    assert ran.results == [[403, 403, 403, 403, 400]] * 2
    assert ran.err.count("The Runtime API refused 5 requests: of strangers, or out of turn") == 2
    assert "not ours" not in ran.err


@only_on_linux
def test_a_process_that_the_function_has_not_started_is_refused(folder: Path) -> None:
    """Even one that knows the address and the id of the invocation that runs."""
    (folder / "waiting.py").write_text(WAITING)

    with started("waiting.handler", "--timeout", "60", folder=folder) as process:
        assert process.stderr is not None
        _, address, request_id = process.stderr.readline().split()
        statuses = []
        for method, path in (
            ("POST", "init/error"),
            ("GET", "invocation/next"),
            ("POST", f"invocation/{request_id}/response"),
            ("POST", f"invocation/{request_id}/error"),
        ):
            connection = http.client.HTTPConnection(address, timeout=30)
            connection.request(method, PREFIX + path, b"{}" if method == "POST" else None)
            statuses.append(connection.getresponse().status)
            connection.close()
        # One that does not wait for its answer.
        hostile_requests.send(
            address, f"POST {PREFIX}invocation/{request_id}/response HTTP/1.1\r\n\r\n".encode(), 2
        )
        time.sleep(0.2)
        (folder / "go on").touch()
        out, err = process.communicate(timeout=60)

    assert statuses == [403] * 4
    assert (out, process.returncode) == ('"mine"\n', 0)
    assert "The Runtime API refused 5 requests" in err


def test_a_cause_of_a_megabyte_is_taken(api: RuntimeAPI) -> None:
    failing = invocation()
    api.submit(failing)
    call(api, "GET", "invocation/next")
    cause = {"exceptions": [{"type": "E", "message": "é" * 500_000}]}
    text = json.dumps(cause, ensure_ascii=False).encode()

    status, _, _ = call(
        api,
        "POST",
        f"invocation/{failing.request_id}/error",
        b'{"errorType": "E"}',
        {"Lambda-Runtime-Function-XRay-Error-Cause": text.decode("latin-1")},
    )

    assert (status, told(api, Invocation).cause) == (202, cause)


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("nothing", 400),
        ("GET / HTTP/2.0\r\n\r\n", 400),
        (f"GET /{'a' * 9_000} HTTP/1.1\r\n\r\n", 414),
        (f"GET / HTTP/1.1\r\nX: {'y' * 2_200_000}\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\n" + "X: y\r\n" * (MAX_HEADERS + 1) + "\r\n", 431),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        ("PUT / HTTP/1.1\r\n\r\n", 404),
    ],
)
def test_what_is_no_request_is_refused(api: RuntimeAPI, request_text: str, status: int) -> None:
    data = request_text.encode() if request_text != "nothing" else b"nothing\r\n\r\n"

    assert raw(api, data).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_response_that_was_cut_off_is_no_answer(api: RuntimeAPI) -> None:
    submitted = invocation()
    api.submit(submitted)
    call(api, "GET", "invocation/next")

    raw(
        api,
        f"POST {PREFIX}invocation/{submitted.request_id}/response HTTP/1.1\r\nContent-Length: 9\r\n\r\n1".encode(),
    )

    told(api, Ready)
    with pytest.raises(Empty):
        api.events.get(timeout=0.2)
    assert submitted.response is None


def test_a_body_of_any_size_takes_bounded_memory(api: RuntimeAPI) -> None:
    submitted = invocation()
    api.submit(submitted)
    call(api, "GET", "invocation/next")
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    status, _, _ = call(
        api,
        "POST",
        f"invocation/{submitted.request_id}/response",
        iter([b"x" * 1_000_000] * 300),  # type: ignore[arg-type]
    )

    assert status == 413
    assert told(api, Invocation).error["errorType"] == "Function.ResponseSizeTooLarge"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 60_000


def test_more_connections_than_served_are_closed_and_others_served_after(api: RuntimeAPI) -> None:
    host, _, port = api.address.partition(":")
    silent = [socket.create_connection((host, int(port)), timeout=30) for _ in range(MAX_CONNECTIONS + 20)]
    closed = [client for client in silent[MAX_CONNECTIONS:] if client.recv(1) == b""]
    for client in silent:
        client.close()
    give_up_at = time.monotonic() + 30

    status = None
    while status is None and time.monotonic() < give_up_at:
        try:
            status, _, _ = call(api, "GET", "restore/next")
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)

    assert (len(closed), status) == (20, 200)


def test_an_earlier_process_is_not_listened_to(api: RuntimeAPI) -> None:
    connection = http.client.HTTPConnection(api.address, timeout=30)
    connection.request("GET", PREFIX + "restore/next")
    connection.getresponse().read()

    api.expect_process()
    connection.request("POST", PREFIX + "init/error", b"{}")

    with pytest.raises((OSError, http.client.HTTPException)):
        connection.getresponse()
    connection.close()
    assert api.events.empty()


def test_initialization_fails_once_and_not_after_the_first_event(api: RuntimeAPI) -> None:
    api.submit(invocation())

    first = call(api, "GET", "invocation/next")[0]
    after = [call(api, "POST", path, b"{}")[0] for path in ("init/error", "restore/error")]
    api.expect_process()
    again = [call(api, "POST", "init/error", b"{}")[0] for _ in range(2)]

    assert (first, after, again) == (200, [403, 403], [202, 403])

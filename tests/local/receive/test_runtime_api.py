"""The Runtime API as workers see it: over HTTP, several at a time, also the runtime client's own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import pytest

from lambda_tracer.local.receive.daemon import Daemon
from lambda_tracer.local.receive.events import InitFailed, Ready
from lambda_tracer.local.receive.invocation import Invocation
from lambda_tracer.local.receive.runtime_api import RuntimeAPI
from lambda_tracer.local.run.function import FunctionSettings
from tests.local.receive.calls import ARN, PREFIX, call, invocation, told


def test_next_hands_out_the_event_with_lambdas_headers(api: RuntimeAPI) -> None:
    submitted = invocation(b'{"a": 1}')
    api.submit(submitted)

    status, headers, body = call(api, "GET", "invocation/next")

    assert (status, body, headers["Content-Type"]) == (200, b'{"a": 1}', "application/json")
    assert headers["Lambda-Runtime-Aws-Request-Id"] == submitted.request_id
    assert headers["Lambda-Runtime-Trace-Id"] == "Root=1-2-3;Sampled=1"
    assert headers["Lambda-Runtime-Invoked-Function-Arn"] == ARN
    assert submitted.started_at is not None
    assert int(headers["Lambda-Runtime-Deadline-Ms"]) == int((submitted.started_at + 3.0) * 1000)


def test_an_answer_is_matched_by_request_id_and_taken_once(api: RuntimeAPI) -> None:
    first, second = invocation(), invocation()
    for each in (first, second):
        api.submit(each)
        call(api, "GET", "invocation/next")

    statuses = [
        call(api, "POST", f"invocation/{request_id}/response", b"1")[0]
        for request_id in (second.request_id, second.request_id, "unknown")
    ]

    assert statuses == [202, 400, 400]
    assert told(api, Invocation) is second
    assert (second.response, first.response) == (b"1", None)


def test_an_error_comes_with_its_cause_for_x_ray(api: RuntimeAPI) -> None:
    failing = invocation()
    api.submit(failing)
    call(api, "GET", "invocation/next")
    cause = {"exceptions": [{"type": "ValueError", "message": "no"}]}

    call(
        api,
        "POST",
        f"invocation/{failing.request_id}/error",
        b'{"errorType": "ValueError", "errorMessage": "no"}',
        {"Lambda-Runtime-Function-XRay-Error-Cause": json.dumps(cause)},
    )

    assert told(api, Invocation) is failing
    assert (failing.error, failing.cause) == ({"errorType": "ValueError", "errorMessage": "no"}, cause)


@pytest.mark.parametrize("path", ["init/error", "restore/error"])
def test_a_failed_initialization_is_told(api: RuntimeAPI, path: str) -> None:
    status, _, _ = call(api, "POST", path, b'{"errorType": "E", "errorMessage": "m"}')

    assert status == 202
    assert told(api, InitFailed).error == {"errorType": "E", "errorMessage": "m"}


def test_an_error_that_is_no_json_keeps_its_type(api: RuntimeAPI) -> None:
    call(api, "POST", "init/error", b"boom", {"Lambda-Runtime-Function-Error-Type": "Runtime.Boom"})

    assert told(api, InitFailed).error == {"errorType": "Runtime.Boom", "errorMessage": "boom"}


def test_restore_next_answers_at_once_and_other_paths_are_unknown(api: RuntimeAPI) -> None:
    assert call(api, "GET", "restore/next")[0] == 200
    assert [call(api, method, "nowhere")[0] for method in ("GET", "POST")] == [404, 404]


def test_a_response_in_chunks_is_put_together(api: RuntimeAPI) -> None:
    streaming = invocation()
    api.submit(streaming)
    call(api, "GET", "invocation/next")
    connection = http.client.HTTPConnection(api.address, timeout=30)

    connection.request(
        "POST",
        f"{PREFIX}invocation/{streaming.request_id}/response",
        iter([b'"one ', b'two"']),
        encode_chunked=True,
        headers={"Transfer-Encoding": "chunked"},
    )

    assert connection.getresponse().status == 202
    assert told(api, Invocation).response == b'"one two"'
    connection.close()


def test_many_workers_get_each_invocation_once(api: RuntimeAPI) -> None:
    submitted = [invocation(str(number).encode()) for number in range(200)]
    answered: SimpleQueue[bytes] = SimpleQueue()

    def work(_: int) -> None:
        connection = http.client.HTTPConnection(api.address, timeout=30)
        while True:
            connection.request("GET", PREFIX + "invocation/next")
            response = connection.getresponse()
            event = response.read()
            if event == b"stop":
                break
            answered.put(event)
            request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
            connection.request("POST", f"{PREFIX}invocation/{request_id}/response", event)
            connection.getresponse().read()
        connection.close()

    with ThreadPoolExecutor(8) as workers:
        done = workers.map(work, range(8))
        for each in [*submitted, *(invocation(b"stop") for _ in range(8))]:
            api.submit(each)
        list(done)

    assert sorted(int(answered.get()) for _ in submitted) == list(range(200))
    assert answered.empty()
    assert [each.response for each in submitted] == [each.event for each in submitted]


def test_a_worker_that_died_waiting_gets_nothing(api: RuntimeAPI) -> None:
    dead = http.client.HTTPConnection(api.address, timeout=30)
    dead.request("GET", PREFIX + "invocation/next")
    told(api, Ready)
    dead.close()

    api.submit(invocation(b'"mine"'))

    assert call(api, "GET", "invocation/next")[2] == b'"mine"'


def test_the_runtime_clients_own_workers_share_the_work(tmp_path: Path) -> None:
    """Its mode for several invocations at a time forks workers; two that wait for each other need two."""
    pytest.importorskip("awslambdaric.lambda_multi_concurrent_utils")
    (tmp_path / "app.py").write_text(
        "import os, time\n"
        "def handler(event, context):\n"
        "    open(event['own'], 'w').close()\n"
        "    while not os.path.exists(event['other']):\n"
        "        time.sleep(0.005)\n"
        "    return os.getpid()\n"
    )
    api, daemon = RuntimeAPI(), Daemon()
    settings = FunctionSettings("app.handler", tmp_path, environment={"AWS_LAMBDA_MAX_CONCURRENCY": "2"})
    variables = settings.variables(daemon.host, daemon.port, api.address)
    runtime = subprocess.Popen(
        [sys.executable, "-m", "awslambdaric", "app.handler"],
        cwd=tmp_path,
        env=variables,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    paths = [str(tmp_path / "one"), str(tmp_path / "two")]
    pair = [
        invocation(json.dumps({"own": own, "other": other}).encode()) for own, other in (paths, paths[::-1])
    ]

    for each in pair:
        api.submit(each)
    finished = {told(api, Invocation).request_id for _ in pair}
    os.killpg(runtime.pid, signal.SIGKILL)
    runtime.wait()
    api.close()
    daemon.close()

    assert finished == {each.request_id for each in pair}
    assert len({each.response for each in pair}) == 2


def test_closing_lets_waiting_workers_go() -> None:
    api = RuntimeAPI()
    failures: SimpleQueue[Exception] = SimpleQueue()

    def wait() -> None:
        try:
            call(api, "GET", "invocation/next")
        except (OSError, http.client.HTTPException) as exc:
            failures.put(exc)

    worker = threading.Thread(target=wait)
    worker.start()
    told(api, Ready)
    api.close()
    worker.join(timeout=30)

    assert not worker.is_alive()
    assert failures.qsize() == 1

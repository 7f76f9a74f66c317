"""Traces in a browser: handed over to a view that runs, to one that is started, or written as a page."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import socketserver
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer.local.view import hand_over
from tests.local.command import Ran, await_end, invoke

HANDLER = """
import os, signal
from lambda_tracer import Tracer

tracer = Tracer(service="shop")

@tracer.capture_lambda_handler
def handler(event, context):
    print("a line of the log")
    if "kill" in event:
        os.kill(event["kill"], signal.SIGKILL)
    if event.get("fails"):
        raise ValueError("</script>")
    return {"ok": event}
"""


@pytest.fixture
def port() -> int:
    """One that is free for TCP and UDP, as far as can be known."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "app.py").write_text(HANDLER)
    return folder


@pytest.fixture
def views() -> Iterator[list[int]]:
    """Processes that are ended at the end, whatever happens."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            continue
    assert await_end(pids) == []


def test_invocations_are_handed_over_to_a_view_that_is_started_and_lives_on(
    shop: Path, port: int, views: list[int]
) -> None:
    at = ("--view-port", str(port))
    first = invoke("app.handler", *at, "-e", '{"n": 1}', "-e", '{"fails": true}', folder=shop)
    views.append(_started(first, port))
    inline = invoke("app.handler", *at, "-e", '{"n": 3}', "--inline", "-n", "2", folder=shop)
    last = invoke("app.handler", *at, "-e", f'{{"kill": {views[0]}}}', "-n", "2", folder=shop)

    links = re.findall(
        rf"lambda-tracer: see it at http://127.0.0.1:{port}/#/trace/(\S+)", first.err + inline.err
    )
    assert (first.exit_code, inline.exit_code, len(links)) == (1, 0, 4)
    assert f"lambda-tracer: traces go to the view at http://127.0.0.1:{port}/\n" in inline.err
    # What hands it over is no call of the function's.
    assert "Received meanwhile" not in inline.err
    # A view that goes while the function runs is one line.
    told = [line for line in last.complaints if "--view" in line]
    assert len(told) == 1
    assert told[0].startswith("lambda-tracer: --view: nothing more is handed over: ")
    assert (last.exit_code, len(last.results)) == (0, 2)


def test_the_view_has_the_trace_with_its_result_its_log_and_its_report(
    shop: Path, port: int, views: list[int]
) -> None:
    ran = invoke("app.handler", "--view-port", str(port), "-e", '{"n": 1}', folder=shop)
    views.append(_started(ran, port))

    (summary,) = _get(port, "/api/traces")["traces"]
    details = _get(port, f"/api/traces/{summary['id']}")
    assert [node["name"] for node in details["nodes"]] == ["shop", "shop", "Initialization", "## handler"]
    assert details["problems"] == []
    (invocation,) = details["invocations"]
    assert json.loads(invocation["result"]) == {"ok": {"n": 1}}
    assert (invocation["event"], invocation["log"]) == ('{"n": 1}', "a line of the log\n")
    assert invocation["report"].startswith(f"REPORT RequestId: {invocation['request_id']}  Duration: ")
    assert invocation["failed"] is False


def test_of_commands_that_start_a_view_at_once_one_has_done_it(
    shop: Path, port: int, views: list[int]
) -> None:
    with ThreadPoolExecutor(3) as pool:
        ran = list(pool.map(lambda _: invoke("app.handler", "--view-port", str(port), folder=shop), range(3)))
    started = [found for each in ran for found in re.findall(r"kill (\d+) ends it", each.err)]
    views += map(int, started)

    assert len(started) == 1
    assert [each.err.count("see it at") for each in ran] == [1, 1, 1]


def test_an_answer_byte_by_byte_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand_over, "TIMEOUT_S", 0.3)

    class Slow(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                for _ in range(100):
                    self.request.sendall(b"x")
                    time.sleep(0.05)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Slow) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        began_at = time.monotonic()

        assert hand_over.running_view(server.server_address[1]) is None
        assert time.monotonic() - began_at < 3
        server.shutdown()


def test_where_something_else_listens_the_invocation_is_none_the_worse(shop: Path) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as other:
        threading.Thread(target=other.serve_forever, args=(0.01,), daemon=True).start()
        at = other.server_address[1]
        ran = invoke("app.handler", "--view-port", str(at), folder=shop)
        other.shutdown()

    told = [line for line in ran.complaints if line.startswith("lambda-tracer: ")]
    assert told == [f"lambda-tracer: --view: something else than a view listens at 127.0.0.1:{at}"]
    assert (ran.exit_code, ran.results) == (0, [{"ok": {}}])


@pytest.mark.parametrize("mode", [[], ["--inline"]])
def test_a_page_holds_the_traces_as_data(shop: Path, mode: list[str]) -> None:
    events = ("-e", '{"n": 1}', "-e", '{"fails": true}')

    ran = invoke("app.handler", *events, "--html", "page.html", *mode, folder=shop)

    page = (shop / "page.html").read_text(encoding="utf-8")
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    data = json.loads(text)
    failed, fine = data["traces"]
    assert (failed["fault"], fine["fault"], ran.exit_code) == (True, False, 1)
    assert set(data["details"]) == {failed["id"], fine["id"]}
    (invocation,) = data["details"][failed["id"]]["invocations"]
    assert json.loads(invocation["result"])["errorMessage"] == "</script>"


def test_a_page_that_can_not_be_written_is_told_before_anything_runs(shop: Path) -> None:
    ran = invoke("app.handler", "--html", "no/page.html", folder=shop)

    assert ran.complaints == [
        f"lambda-tracer: --html: {shop / 'no' / 'page.html'}: No such file or directory "
        "(see lambda-tracer invoke --help)"
    ]
    assert (ran.exit_code, ran.out) == (2, "")


def _started(ran: Ran, port: int) -> int:
    """The process of the view that the command says it has started."""
    (pid,) = re.findall(
        rf"lambda-tracer: a view was started at http://127.0.0.1:{port}/ and stays there; kill (\d+) ends it\n",
        ran.err,
    )
    return int(pid)


def _get(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return json.load(answer)

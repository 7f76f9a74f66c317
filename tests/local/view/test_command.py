"""`lambda-tracer view` as a user runs it."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lambda_tracer.local.cli import main
from tests.local.command import COMMAND, PATIENCE_S, environment
from tests.local.texts import HOSTILE, commands_in
from tests.local.view.senders import Document, payment


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def viewing(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command, once it has said where it listens; `process.port` says where."""
    process = subprocess.Popen(
        [*COMMAND, "view", *arguments],
        env=environment({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    return process.stderr.readline()


def send(port: int, documents: list[Document]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for document in documents:
            data = b'{"format":"json","version":1}\n' + json.dumps(document).encode()
            sender.sendto(data, ("127.0.0.1", port))


def view(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """A run that ends by itself, in this process: exit code and standard error."""
    code = main(["view", *arguments])
    out, err = capsys.readouterr()
    assert out == ""
    return code, err


def test_it_receives_saves_and_ends_with_ctrl_c(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port, saved = free_port(), tmp_path / "saved.ndjson"
    documents = payment()
    with viewing("--port", str(port), "--save", str(saved)) as process:
        assert line_of(process) == (
            f"lambda-tracer: traces sent to 127.0.0.1:{port} are shown at http://127.0.0.1:{port}/ (Ctrl-C ends it)\n"
        )
        code, said = view(capsys, "--port", str(port))
        assert code == 2
        assert said == (
            f"lambda-tracer: TCP 127.0.0.1:{port} is taken by another view or an X-Ray daemon: "
            "--port chooses another\n"
        )
        send(port, documents)
        give_up_at = time.monotonic() + PATIENCE_S
        while saved.read_text().count("\n") < len(documents) and time.monotonic() < give_up_at:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)

        assert process.wait(timeout=PATIENCE_S) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert [json.loads(line) for line in saved.read_text().splitlines()] == documents

    # The same file once more: what it holds is shown, and not written to its end again.
    with viewing(str(saved), "--port", str(port), "--save", str(saved)) as process:
        line_of(process)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=PATIENCE_S)
    assert saved.read_text().count("\n") == len(documents)

    html = tmp_path / "page.html"
    with saved.open("a", encoding="utf-8") as file:
        rejected = {**documents[0], "id": "0" * 16, "annotations": {"a-b": 1}}
        file.write(json.dumps(rejected) + "\n")
    said = (
        f"lambda-tracer: {documents[0]['trace_id']}: X-Ray would reject payment ({'0' * 16}): "
        "it has the annotation key 'a-b' (letters, digits, _ and . only)\n"
    )
    assert view(capsys, str(saved), "--html", str(html)) == (
        0,
        f"{said}lambda-tracer: 1 trace written to {html}\n",
    )
    assert documents[0]["trace_id"] in html.read_text(encoding="utf-8")
    html.unlink()
    piped = subprocess.run(
        [*COMMAND, "view", "-", "--html", str(html)],
        env=environment({}),
        input=saved.read_bytes(),
        capture_output=True,
        timeout=PATIENCE_S,
        check=True,
    )
    assert (piped.stdout, piped.stderr.decode()) == (
        b"",
        f"{said}lambda-tracer: 1 trace written to {html}\n",
    )


def test_follow_prints_finished_traces_that_match() -> None:
    port = free_port()
    wanted, other = payment(f"A-1{HOSTILE}", fault=True), payment("A-2")
    wanted[-1]["annotations"]["a-b"] = 1
    expression = 'annotation.Order BEGINSWITH "A-1" AND fault'
    with viewing("--port", str(port), "--follow", "--no-page", "--filter", expression) as process:
        assert (
            line_of(process)
            == f"lambda-tracer: traces sent to 127.0.0.1:{port} (UDP) are printed; Ctrl-C ends it\n"
        )
        send(port, [*other, *wanted])
        assert process.stdout is not None
        printed = ""
        while "X-Ray would reject" not in printed:
            printed += process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        printed += process.communicate(timeout=PATIENCE_S)[0]

        assert process.returncode == 0
    assert not commands_in(printed)
    assert re.match(rf"\d\d:\d\d:\d\d  payment  1,000 ms  fault  {wanted[0]['trace_id']}\n", printed)
    assert other[0]["trace_id"] not in printed
    assert "DynamoDB" in printed
    assert f"\nX-Ray would reject ## handler ({wanted[-1]['id']}): it has the annotation key 'a-b'" in printed


def test_a_terminal_that_is_stopped_does_not_stop_the_page() -> None:
    port = free_port()
    text = "x" * 150
    with viewing("--port", str(port), "--follow") as process:
        line_of(process)
        for number in range(300):
            documents = payment(f"{text}{number}")
            documents[0]["start_time"] = documents[0]["end_time"] = 253_402_300_799 if number == 0 else 1
            send(port, documents)
        # Nobody reads standard output: its pipe is full soon.
        time.sleep(1.5)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/traces", timeout=PATIENCE_S) as answer:
            assert json.load(answer)["total"] > 100
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)

        assert process.returncode == 0


def test_a_file_is_opened_beside_a_view_that_runs(tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    file.write_text(json.dumps(payment()) + "\n", encoding="utf-8")
    port = free_port()
    with viewing("--port", str(port), str(file)) as process:
        assert f"http://127.0.0.1:{port}/" in line_of(process)


def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.json"
    empty.write_text("[]", encoding="utf-8")
    missing = tmp_path / "missing.json"
    for arguments, message in [
        (["--port", "70000"], "--port: at most 65535: 70000 (see lambda-tracer view --help)"),
        (["--filter", "ok"], "--filter needs --follow (see lambda-tracer view --help)"),
        (["--no-page"], "--no-page needs --follow (see lambda-tracer view --help)"),
        (["--follow", "--filter", "nope"], "--filter: unknown keyword nope at character 1"),
        (["--html", "x.html"], "--html needs a file to read traces from (see lambda-tracer view --help)"),
        ([str(missing)], f"{missing}: No such file or directory"),
        ([str(empty), "--html", "x.html"], f"{empty}: there is no trace in it"),
        (["-", "-"], "standard input can be read once: - was given more than once"),
        (["--save", str(tmp_path)], f"--save: {tmp_path}: Is a directory"),
        (["--udp-host", "192.0.2.1", "--port", str(free_port())], "UDP 192.0.2.1:"),
        (["--udp-host", "", "--port", str(free_port())], "UDP: an empty address"),
        (["--udp-host", "x\ud800", "--port", str(free_port())], "UDP x\\ud800:"),
    ]:
        code, said = view(capsys, *arguments)

        assert code == 2
        assert said.startswith(f"lambda-tracer: {message}")
        assert said.count("\n") == 1

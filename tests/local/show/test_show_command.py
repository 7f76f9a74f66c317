"""`lambda-tracer show` as a user runs it: on files, and on a log that comes line by line."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_tracer.local.cli import main
from tests.local import kept_logs
from tests.local.command import COMMAND, PATIENCE_S, environment, invoke
from tests.local.texts import HOSTILE, commands_in
from tests.local.view.senders import payment

pytestmark = pytest.mark.once


class Show:
    """The command in this process: exit code, what it draws, and what it says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capfd = capfd
        monkeypatch.setenv("COLUMNS", "100")

    def __call__(self, *arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        self._capfd.readouterr()
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        handlers = {
            number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            code = main(["show", *arguments])
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        return (code, *self._capfd.readouterr())


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Show:
    return Show(monkeypatch, capfd)


def test_a_log_is_drawn_as_it_comes(kept_line: str) -> None:
    """Each invocation is there before the pipe has ended, and once."""
    log = kept_logs.forms(kept_line)["tail --format detailed"].encode() + b"\n"
    with subprocess.Popen(
        [*COMMAND, "show"],
        env=environment({}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(log)
        process.stdin.flush()
        drawn = [process.stdout.readline().decode()]
        while drawn[-1].strip():
            drawn.append(process.stdout.readline().decode())
        process.stdin.write(log + log[: log.index(b"LookupError")] + b"\n" + HOSTILE.encode())
        rest, said = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0
    assert (rest, said) == (
        b"",
        b"lambda-tracer: standard input: a kept line is cut off, or no JSON any more\n",
    )
    assert json.loads(kept_line)["xray_trace_id"] in drawn[0]
    text = "".join(drawn[1:])
    assert text.startswith("kept, not sampled: an exception left the handler; request ed2791d9-0000\n")
    for expected in ("payment  fault", "└─ ## handler  fault", "LookupError: no", "order=A-1"):
        assert expected in text


def test_files_and_what_is_one_document_are_drawn_the_oldest_first(
    tmp_path: Path, kept_line: str, show: Show
) -> None:
    hostile = {
        **dict.fromkeys(("reason", "function_name", "xray_trace_id"), HOSTILE),
        "lambda_tracer": "kept",
    }
    log = tmp_path / "log.txt"
    log.write_text(f"{kept_line}\n{json.dumps(hostile)}\n", encoding="utf-8")
    documents = payment()
    traces = tmp_path / "traces.json"
    traces.write_text(json.dumps({"invocations": [{"trace_id": "1", "segments": documents}]}))

    code, drawn, said = show(str(log), str(traces))
    filtered = show("--filter", 'annotation.Kept = "error"', str(log), str(traces))[1]
    exported = kept_logs.forms(kept_line)["Insights, as JSON with sorted keys"]
    of_export = show(stdin=exported.encode())
    of_documents = show("-", stdin=json.dumps(documents, indent=2).encode())

    assert (code, said) == (0, "")
    assert drawn.count("kept, not sampled") == 2
    assert drawn.index("title") < drawn.index("LookupError")
    assert "DynamoDB" in drawn
    assert not commands_in(drawn)
    assert filtered.count("kept, not sampled") == 1
    assert "DynamoDB" not in filtered
    assert (of_export[0], of_export[1].count("kept, not sampled"), of_export[2]) == (0, 1, "")
    assert (of_documents[0], "DynamoDB" in of_documents[1], of_documents[2]) == (0, True, "")


def test_the_exit_code_says_whether_there_was_something_to_draw(tmp_path: Path, show: Show) -> None:
    nothing = "lambda-tracer: there is nothing to draw: no kept line and no trace\n"

    assert show(stdin=b"START\n{\nREPORT\n") == (1, "", nothing)
    for name, text in (
        ("log", "START\nREPORT"),
        ("log.json", '{"level": "INFO"}\n{"message": "x"}'),
        ("events.json", '{"events": [{"message": "START"}]}'),
        ("no-message.csv", "@timestamp,reason\n2026-11-30,error\n"),
    ):
        (tmp_path / name).write_text(text)
        assert show(str(tmp_path / name)) == (1, "", nothing), name
    (tmp_path / "broken").write_text('{\n "trace_id":')
    assert "could not be read: it is not JSON" in show(str(tmp_path / "broken"))[2]
    assert show(str(tmp_path / "x")) == (
        2,
        "",
        f"lambda-tracer: {tmp_path}/x: No such file or directory (see lambda-tracer show --help)\n",
    )
    assert show("--filter", "nope")[0] == 2


def test_an_id_that_has_no_room_beside_the_rest_has_a_line_of_its_own(
    kept_line: str, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "70")

    first, second, *_ = show(stdin=kept_line.encode())[1].splitlines()

    assert "  payment  " in first
    assert second == json.loads(kept_line)["xray_trace_id"]


def test_an_invocation_that_is_not_sampled_is_drawn_by_what_it_has_kept(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "from lambda_tracer import Tracer\n"
        "tracer = Tracer(service='shop', keep='errors')\n"
        "@tracer.capture_method\n"
        "def charge():\n"
        "    raise LookupError('no card')\n"
        "@tracer.capture_lambda_handler\n"
        "def handler(event, context):\n"
        "    return charge() if event else None\n"
    )

    ran = invoke("app.handler", "--unsampled", "-e", '{"a": 1}', "-e", "{}", folder=tmp_path)

    failed, fine = ran.err.split("Invocation 2 of 2")
    assert "\nkept, not sampled: an exception left the handler\n" in failed
    assert "└─ ## app.charge  fault" in failed
    assert "LookupError: no card" in failed
    assert "No trace: the invocation is not sampled." in fine
    assert "kept, not sampled" not in fine

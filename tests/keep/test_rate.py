"""No more than a line a second is written; the next one says how many were left out."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import Any

import pytest

from lambda_tracer import Tracer
from tests.keep.lines import Hands, Log
from tests.logged import messages


@pytest.fixture
def fail(tracer: Tracer) -> Any:
    @tracer.capture_lambda_handler
    def handler(event: Any, context: Any) -> None:
        raise ValueError("no")

    def call() -> None:
        with pytest.raises(ValueError, match="no"):
            handler({}, None)

    return call


def test_ten_thousand_failing_invocations_write_a_line_a_second(fail: Any, log: Log, hands: Hands) -> None:
    for _ in range(10_000):
        fail()
        hands.go(0.01)

    lines = log.lines()
    assert 99 <= len(lines) <= 100
    assert "left_out" not in lines[0]
    assert {line["left_out"] for line in lines[1:]} <= {98, 99, 100}
    assert len(lines) + sum(line.get("left_out", 0) for line in lines) > 9_890


def test_a_line_after_a_second_says_nothing_of_others(fail: Any, log: Log, hands: Hands) -> None:
    fail()
    hands.go(1)
    fail()

    assert [line.get("left_out") for line in log.lines()] == [None, None]


def test_a_line_is_written_at_once_and_whole(
    fail: Any, log: Log, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    class Output(io.StringIO):
        def write(self, text: str) -> int:
            written.append(text)
            return len(text)

    monkeypatch.setattr(sys, "__stdout__", Output())
    fail()

    (text,) = written
    assert text.count("\n") == 1
    assert text.endswith("}\n")


def test_what_a_block_of_code_prints_is_collected_without_it(fail: Any, log: Log) -> None:
    collected = io.StringIO()
    with contextlib.redirect_stdout(collected):
        fail()

    assert collected.getvalue() == ""
    assert log.line()["reason"] == "error"


def test_where_nothing_can_be_written_the_function_does_not_notice(
    fail: Any, log: Log, hands: Hands, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patched:
        closed = io.StringIO()
        closed.close()
        patched.setattr(sys, "__stdout__", closed)
        fail()
    hands.go(2)
    fail()

    assert messages(caplog) == [("WARNING", "no line can be written to standard output: ValueError")]
    assert log.line()["left_out"] == 1

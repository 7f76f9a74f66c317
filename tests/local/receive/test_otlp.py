"""Spans that the daemon of `lambda-tracer invoke` is sent in the place of documents."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambda_tracer.local.receive.daemon import Daemon
from tests.local.command import invoke

ADOT = (Path(__file__).parents[1] / "view" / "adot_datagrams.txt").read_bytes().splitlines()


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    daemon = Daemon()
    yield daemon
    daemon.close()


def send(daemon: Daemon, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in datagrams:
            sender.sendto(datagram, (daemon.host, daemon.port))


def test_each_span_is_a_document(daemon: Daemon) -> None:
    send(daemon, b"\n".join(ADOT[:2]), b"\n".join(ADOT[2:4]))
    received = daemon.take()

    documents = [each.document for each in received if each.document is not None]
    assert [document["name"] for document in documents] == ["DynamoDB", "check", "shop"] * 2
    assert [each.problems for each in received] == [[], [], []] + [["is not sampled"]] * 3
    assert all(0 < each.size_bytes < 1_000 for each in received)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"T1S", "it holds none"),
        (b"T1S!", "it is not base64: "),
        (b"T1SCv8=", "it ends within a number"),
        (b"T1SCgYSBBICKgA=", "a span in it has no trace id, or no id of its own"),
    ],
)
def test_what_can_not_be_read_says_why(body: bytes, problem: str, daemon: Daemon) -> None:
    send(daemon, b'{"format":"json","version":1}\n' + body)
    [received] = daemon.take()

    assert received.document is None
    assert received.problems[0].startswith(f"holds spans that can't be read: {problem}")


HANDLER = """
from lambda_tracer import Tracer, xray_recorder

tracer = Tracer(service="payment")

@tracer.capture_method
def check():
    raise ValueError("amount must be positive")

@tracer.capture_lambda_handler
def handler(event, context):
    try:
        with xray_recorder.in_subsegment("bank") as subsegment:
            subsegment.put_metadata("otel.span.name", "ask the bank")
        check()
    except ValueError:
        return {"statusCode": 400}
"""


def test_the_command_shows_the_same_tree_for_both(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HANDLER)
    ran = [
        invoke(
            *("app.handler", "--event", "{}", "--inline", "--metadata"),
            *("--env", f"LAMBDA_TRACER_WIRE={wire}"),
            folder=tmp_path,
        )
        for wire in ("xray", "otlp")
    ]

    assert ran[0].tree == ran[1].tree
    assert "## handler" in ran[1].tree
    assert all("default.otel.span.name: ask the bank" in each.err for each in ran)
    assert "ValueError: amount must be positive  app.py:8" in ran[1].err
    assert "Received: 3 documents" in ran[1].err, "the spans of one datagram"
    assert ran[1].err.count("WIRE") == 0, "it is known"

"""Hostile documents: each is read, put together, drawn and written, and none ends the command or reaches a terminal."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lambda_tracer.local.receive.daemon import Datagram
from lambda_tracer.local.receive.documents import read_datagram
from lambda_tracer.local.receive.invocation import Invocation
from lambda_tracer.local.receive.json_value import as_json
from lambda_tracer.local.receive.trace import Trace
from lambda_tracer.local.run.session import Outcome
from lambda_tracer.local.run.tracing import Tracing
from lambda_tracer.local.show.report import Report
from tests.local.command import invoke, invoke_in_terminal
from tests.local.hostile_documents import HEADER, datagrams, encoded, number
from tests.local.texts import commands_in, strictly

COUNTS = pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.soak)])
"""How many hostile documents: all of them take minutes."""


SENDER = """
import os, pathlib, socket, time

def handler(event, context):
    host, _, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].partition(":")
    root = os.environ["_X_AMZN_TRACE_ID"].partition(";")[0].removeprefix("Root=").encode()
    data = pathlib.Path("datagrams").read_bytes()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        at = 0
        while at < len(data):
            end = at + 4 + int.from_bytes(data[at:at + 4], "big")
            sender.sendto(data[at + 4:end].replace(b"TRACE-ID", root), (host, int(port)))
            at = end
            time.sleep(0.0001)
"""


def draw(received: list[bytes], width: int = 100, encoding: str = "utf-8") -> tuple[str, Outcome]:
    """What is shown of an invocation while which those datagrams came."""
    tracing = Tracing.new()
    invocation = Invocation(b"{}", tracing.header, 3.0, "arn", started_at=1.7e9, finished_at=1.7e9 + 1)
    trace, elsewhere = Trace(tracing.trace_id), Trace("")
    read = [Datagram(*read_datagram(data)[:1], len(data), read_datagram(data)[1]) for data in received]
    for item in read:
        if item.document is not None:
            ours = item.document.get("trace_id") == "TRACE-ID"
            (trace if ours else elsewhere).add(item.document)
    outcome = Outcome(invocation, tracing, None, trace, elsewhere, read, None)
    stream = io.TextIOWrapper(io.BytesIO(), encoding, errors="backslashreplace")
    console = Console(file=stream, width=width, height=25, highlight=False, emoji=False, markup=False)
    Report(console, metadata=True).write(outcome, 1, 1)
    stream.flush()
    return stream.buffer.getvalue().decode(encoding), outcome


def document(**fields: Any) -> bytes:
    """A datagram with one document of the trace."""
    given = {
        "id": "1" * 16,
        "trace_id": "TRACE-ID",
        "name": "work",
        "start_time": 1.7e9,
        "end_time": 1.7e9 + 1,
    }
    return HEADER + encoded({**given, **fields}).encode("utf-8", "surrogatepass")


@COUNTS
@pytest.mark.parametrize(("width", "encoding"), [(1, "utf-8"), (40, "ascii"), (100, "utf-8"), (300, "utf-8")])
def test_hostile_documents_are_drawn_and_written(width: int, encoding: str, count: int) -> None:
    received = list(datagrams(seed=width, count=count // 4, trace_id="TRACE-ID"))

    for start in range(0, count // 4, 25):
        shown, outcome = draw(received[start : start + 25], width, encoding)

        assert commands_in(shown) == set()
        assert strictly(as_json(outcome.to_dict(), indent=2))["received"]["documents"] == 25


@COUNTS
def test_thousands_of_hostile_documents_make_one_trace(count: int) -> None:
    received = list(datagrams(seed=12, count=count, trace_id="TRACE-ID"))

    shown, outcome = draw(received)

    assert commands_in(shown) == set()
    assert "segments and subsegments in all" in shown
    assert len(strictly(as_json(outcome.to_dict()))["segments"]) > count // 100


@COUNTS
def test_the_command_itself_shows_thousands_of_hostile_documents(folder: Path, count: int) -> None:
    received = list(datagrams(seed=13, count=count, trace_id="TRACE-ID"))
    (folder / "sender.py").write_text(SENDER)
    (folder / "datagrams").write_bytes(b"".join(len(data).to_bytes(4, "big") + data for data in received))

    options = ("--timeout", "60", "--json", "t.json", "--metadata")

    ran = invoke("sender.handler", *options, folder=folder)

    (invocation,) = strictly((folder / "t.json").read_text())["invocations"]
    assert (ran.exit_code, ran.out) == (0, "null\n")
    assert "Traceback" not in ran.err
    assert "bug in lambda-tracer" not in ran.err
    assert commands_in(ran.err) == set()
    assert invocation["received"]["documents"] > count * 0.9


def test_the_command_draws_hostile_documents_in_a_terminal(folder: Path) -> None:
    received = list(datagrams(seed=14, count=500, trace_id="TRACE-ID"))
    (folder / "sender.py").write_text(SENDER)
    (folder / "datagrams").write_bytes(b"".join(len(data).to_bytes(4, "big") + data for data in received))

    ran = invoke_in_terminal("sender.handler", "--timeout", "60", folder=folder)

    assert ran.exit_code == 0
    assert commands_in(re.sub(r"\x1b\[[0-9;]*m", "", ran.err)) == set()


@pytest.mark.parametrize("text", ["1e308", "-1e308", "1e999", "NaN", "-5", "1700000000000", "9" * 5_000])
@pytest.mark.parametrize("key", ["start_time", "end_time"])
def test_a_time_that_is_none_is_said(key: str, text: str) -> None:
    shown, outcome = draw([document(**{key: number(text)})])

    assert f"work  {key} is no time" in shown
    assert outcome.datagrams[0].problems


def test_an_end_before_its_start_is_said() -> None:
    shown, _ = draw([document(end_time=1.7e9 - 5)])

    assert "work  ends before it starts" in shown
    assert "-5,000 ms" in shown


def test_the_others_keep_their_bars_beside_a_time_that_is_none() -> None:
    shown, _ = draw([document(), document(id="2" * 16, start_time=number("1e308"), end_time=number("1e308"))])

    assert re.search(r"work +1,000 ms █{10,}", shown)


def test_two_finished_subsegments_of_one_id_are_said() -> None:
    trace = Trace("TRACE-ID")
    for name in ("first", "second"):
        trace.add({"id": "1" * 16, "name": name, "start_time": 1.7e9, "end_time": 1.7e9})

    assert [node.name for node in trace.roots()] == ["second"]
    assert trace.replaced == 1


def test_a_finished_subsegment_that_came_again_with_a_correction_is_no_other() -> None:
    trace = Trace("TRACE-ID")
    for flags in ({}, {"fault": True}):
        trace.add({"id": "1" * 16, "name": "first", "start_time": 1.7e9, "end_time": 1.7e9, **flags})

    assert [node.document.get("fault") for node in trace.roots()] == [True]
    assert trace.replaced == 0


def test_what_hangs_below_a_ring_of_parents_stays_below_it() -> None:
    trace = Trace("TRACE-ID")
    for own, parent in ((3, 1), (4, 3), (1, 2), (2, 1)):
        trace.add({"id": str(own), "parent_id": str(parent), "name": f"name {own}"})

    (root,) = trace.roots()

    assert (root.name, root.is_orphan) == ("name 1", True)
    assert [child.name for child in root.children] == ["name 3", "name 2"]


def test_a_deep_tree_in_which_each_level_has_exceptions_of_its_own_takes_no_time() -> None:
    levels = [
        document(
            id=f"{level:016x}",
            parent_id=f"{level - 1:016x}",
            cause={"exceptions": [{"type": "E", "message": f"{level} {index}"} for index in range(5)]},
        )
        for level in range(3_000)
    ]

    shown, _ = draw(levels)

    assert "E: 0 0" in shown

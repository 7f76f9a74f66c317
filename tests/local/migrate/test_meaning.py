"""What a moved program does: the same as before, in the same trace. And once moved, it is moved."""

from __future__ import annotations

import ast
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local.command import PROJECT, environment
from tests.local.migrate.projects import LIST, make, migrated, plan_of
from tests.local.migrate.test_python import MOVES
from tests.local.migrate.test_staying import STAYS

PROGRAM = {
    "app.py": """\
import json
import aws_xray_sdk.core
from aws_xray_sdk.core.lambda_launcher import LambdaContext
from aws_lambda_powertools import (
    Logger,
    Tracer,  # what is seen
)
import prices
from aws_xray_sdk.core.models.trace_header import TraceHeader

aws_xray_sdk.core.xray_recorder.configure(context=LambdaContext(), service="shop")
tracer = Tracer(service="payment", auto_patch=False)
logger = Logger()

@tracer.capture_method
def pay(order):
    tracer.put_annotation("Order", order)
    return {"total": prices.price(order)}

@tracer.capture_lambda_handler
def lambda_handler(event, context):
    with aws_xray_sdk.core.xray_recorder.in_subsegment("mail") as subsegment:
        subsegment.put_metadata("copies", 2)
    try:
        prices.fail()
    except ValueError:
        pass
    return {"paid": pay("A-1"), "root": TraceHeader.from_header_str("Root=1-5759e988-bd862e3fe1be46a994272793").root}
""",
    "prices.py": """\
def recorder():
    from aws_xray_sdk import core
    return core.xray_recorder

@recorder().capture("price")
def price(order):
    recorder().put_annotation("Currency", "EUR")
    return 250

@recorder().capture("fail")
def fail():
    raise ValueError("never")
""",
    "test_prices.py": """\
from unittest import mock
import prices

def test_price():
    with mock.patch("aws_xray_sdk.core.xray_recorder.put_annotation") as put_annotation:
        assert prices.price("a") == 250
    put_annotation.assert_called_once_with("Currency", "EUR")

test_price()
""",
    "run.py": """\
import json, app
print(json.dumps(app.lambda_handler({}, None)))
import test_prices
""",
    "requirements.txt": "aws-lambda-powertools[tracer]\n",
}


def test_a_moved_program_does_the_same_and_gives_the_same_trace(tmp_path: Path) -> None:
    make(tmp_path, PROGRAM)
    before = ran(tmp_path)

    plan = plan_of(tmp_path)
    changed = migrated(tmp_path, plan)
    after = ran(tmp_path)

    assert plan.findings == []
    assert sorted(changed) == ["app.py", "prices.py", "requirements.txt", "test_prices.py"]
    assert "aws_xray_sdk" not in "".join(changed.values())
    assert after == before
    assert [names for names, _ in before[1]] == [
        ("## lambda_handler",),
        ("## lambda_handler", "## app.pay"),
        ("## lambda_handler", "## app.pay", "price"),
        ("## lambda_handler", "fail"),
        ("## lambda_handler", "mail"),
        ("price",),
    ]


def ran(folder: Path) -> tuple[Any, list[tuple[tuple[str, ...], dict[str, Any]]]]:
    """What a program printed, and its subsegments by the names of those that they are below."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        done = subprocess.run(
            [sys.executable, "run.py"],
            cwd=folder,
            env=environment(
                {
                    "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{receiver.getsockname()[1]}",
                    "LAMBDA_TASK_ROOT": str(folder),
                    "AWS_LAMBDA_FUNCTION_NAME": "payment",
                    "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
                    "PYTHONPATH": str(PROJECT),
                }
            ),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        receiver.setblocking(False)
        found = [part for document in _datagrams(receiver) for part in _flat(document, document["parent_id"])]
    by_id = {part["id"]: part for part in found}
    return json.loads(done.stdout), sorted((_names(part, by_id), _told(part)) for part in found)


def _datagrams(receiver: socket.socket) -> Iterator[dict[str, Any]]:
    with contextlib.suppress(BlockingIOError):
        while True:
            for line in receiver.recv(65_536).decode().splitlines():
                document = json.loads(line)
                if "id" in document:
                    yield document


def _flat(document: dict[str, Any], parent_id: str) -> Iterator[dict[str, Any]]:
    yield {**document, "parent_id": parent_id}
    for child in document.get("subsegments", ()):
        yield from _flat(child, document["id"])


def _names(part: dict[str, Any], by_id: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    above = by_id.get(part["parent_id"])
    return (*(_names(above, by_id) if above else ()), part["name"])


def _told(part: dict[str, Any]) -> dict[str, Any]:
    told = {name: part.get(name) for name in ("annotations", "metadata", "namespace", "fault")}
    return told | {"exceptions": [each["message"] for each in part.get("cause", {}).get("exceptions", ())]}


SNIPPETS = [before for before, _ in MOVES.values() if "\n" in before[:-1] or before.endswith("\n")]
PLACES = [
    "{}",
    "x = 'ä'\n\n\n{}# end\n",
    '"""aws_xray_sdk."""\nimport os\n{}',
    "{}\n\nclass A:\n    '''b'''\n",
]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    files=st.lists(
        st.tuples(
            st.lists(st.sampled_from(SNIPPETS), min_size=1, max_size=4),
            st.sampled_from(PLACES),
            st.booleans(),
        ),
        min_size=1,
        max_size=3,
    ),
    staying=st.one_of(st.none(), st.sampled_from(list(STAYS))),
)
def test_a_second_run_changes_nothing(files: list[tuple[list[str], str, bool]], staying: str | None) -> None:
    texts = {}
    for number, (snippets, place, is_crlf) in enumerate(files):
        text = place.format("".join(_plain(snippet) for snippet in snippets))
        texts[f"test_{number}.py"] = text.replace("\n", "\r\n") if is_crlf else text
    if staying is not None:
        texts["blocked/app.py"] = staying
    with tempfile.TemporaryDirectory() as name:
        folder = make(Path(name), {**texts, "requirements.txt": LIST})
        plan = plan_of(folder)
        changed = migrated(folder, plan)

        assert plan_of(folder).changes == []
        assert [finding for finding in plan.findings if "defect" in finding.message] == []
        for path, text in changed.items():
            before = texts.get(path)
            if before is not None:
                assert _is_python(text) == _is_python(before)
                assert ("\r\n" in text) == ("\r\n" in before)
                assert text.count("\n") == text.count("\r\n") or "\r" not in before


def _plain(snippet: str) -> str:
    """Without what may only stand at the top of a file, and with an end."""
    text = snippet.lstrip("\ufeff").replace("\r\n", "\n")
    return "".join(line[8:] if line.startswith(" " * 8) else line for line in text.splitlines(True)) + (
        "" if text.endswith("\n") else "\n"
    )


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True

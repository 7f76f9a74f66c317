"""What stands beside a name: status, route, resource, and what of it gives way where there is little room."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.local.command import invoke
from tests.local.texts import tree

ROUTE = "GET /shops/{shop}/customers/{customer}/orders/{order}"


def lines(folder: Path, *documents: dict[str, Any], columns: int = 80, **variables: str) -> list[str]:
    """What is drawn of subsegments: the lines of their names."""
    event = json.dumps([{"id": f"{number + 1:016x}", **each} for number, each in enumerate(documents)])
    ran = invoke("app.several", "--event", event, folder=folder, COLUMNS=str(columns), **variables)
    assert ran.exit_code == 0
    return [line.strip("├─└│|-` ") for line in ran.tree.splitlines()[3:]]


def handler(status: int | None, route: str = "GET /items/{id}", **more: Any) -> dict[str, Any]:
    """A handler's document."""
    http: dict[str, Any] = {"request": {"method": "GET", "url": "https://shop.example.com/items/5"}}
    if status is not None:
        http["response"] = {"status": status}
    return {"name": "## lambda_handler", "http": http, "annotations": {"Route": route}, **more}


def test_the_route_and_the_status_stand_beside_the_handler(folder: Path) -> None:
    shown = lines(folder, handler(200), handler(404, error=True), handler(None), columns=140)

    assert shown == [
        "## lambda_handler  GET /items/{id} → 200",
        "## lambda_handler  error  GET /items/{id} → 404",
        "## lambda_handler  GET /items/{id}",
    ]


def test_a_route_is_not_told_twice(folder: Path) -> None:
    document = {**handler(200), "annotations": {"ColdStart": True, "Route": "GET /items/{id}", "Order": 7}}

    ran = invoke("app.several", "--event", json.dumps([document]), folder=folder)

    assert ran.err.count("GET /items/{id}") == 1
    assert "Order=7  ColdStart=true\n" in ran.err


def test_a_route_that_is_the_only_annotation_leaves_no_empty_line(folder: Path) -> None:
    ran = invoke("app.several", "--event", json.dumps([handler(200)]), folder=folder)

    drawn = ran.err.partition("## lambda_handler")[2].partition("\nREPORT")[0].splitlines()
    assert [line.strip() for line in drawn[1:]] == ["https://shop.example.com/items/5"]


def test_a_route_that_the_user_noted_of_something_else_is_an_annotation(folder: Path) -> None:
    ran = invoke("app.several", "--event", json.dumps([{"annotations": {"Route": "A7"}}]), folder=folder)

    assert "Route=A7\n" in ran.err


@pytest.mark.parametrize("columns", [60, 80, 100, 140])
def test_flag_and_status_are_never_what_is_cut(columns: int, folder: Path) -> None:
    names = ("## lambda_handler", "## " + "very_long_name_" * 8)

    drawn = lines(folder, *(handler(503, ROUTE, name=name, fault=True) for name in names), columns=columns)

    for line, shown in zip(drawn, ("## lambda_handler", "## very_long"), strict=True):
        assert line.startswith(shown[: columns // 8])
        assert "  fault" in line
        assert line.endswith("→ 503")


def test_of_a_long_route_the_end_is_cut(folder: Path) -> None:
    (line,) = lines(folder, handler(404, ROUTE, error=True))

    assert line == "## lambda_handler  error  GET… → 404"


def test_where_the_encoding_has_no_arrow_two_characters_are_one(folder: Path) -> None:
    ran = invoke(
        *("app.several", "--event", json.dumps([handler(404, error=True)])),
        folder=folder,
        PYTHONIOENCODING="ascii",
        PYTHONUTF8="0",
        COLUMNS="140",
    )

    assert "## lambda_handler  error  GET /items/{id} -> 404" in ran.err


def test_a_call_to_aws_says_what_it_is_about(folder: Path) -> None:
    calls: list[tuple[dict[str, Any], str]] = [
        ({"table_name": "orders"}, "orders"),
        ({"table_names": ["orders"]}, "orders"),
        ({"table_names": ["orders", "items", "customers"]}, "orders and 2 more"),
        ({"bucket_name": "invoices", "key": "2026/11/a.pdf"}, "invoices/2026/11/a.pdf"),
        ({"bucket_name": "invoices"}, "invoices"),
        ({"queue_url": "https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo"}, "orders.fifo"),
        ({"topic_arn": "arn:aws:sns:eu-west-1:123456789012:news"}, "news"),
        ({"function_name": "charge"}, "charge"),
        ({"function_name": "arn:aws:lambda:eu-west-1:123456789012:function:charge"}, "charge"),
        ({"state_machine_arn": "arn:aws:states:eu-west-1:123456789012:stateMachine:checkout"}, "checkout"),
        ({"model_id": "anthropic.claude-3-haiku-20240307-v1:0"}, "anthropic.claude-3-haiku-20240307-v1:0"),
        ({"table_name": 7, "queue_url": None, "bucket_name": [], "table_names": [7]}, ""),
    ]

    drawn = lines(
        folder,
        *(
            {
                "name": f"aws {number}",
                "aws": {"operation": "Do", **aws},
                "http": {"response": {"status": 200}},
            }
            for number, (aws, _) in enumerate(calls)
        ),
        columns=160,
    )

    assert drawn == [
        "  ".join(part for part in (f"aws {number}", "Do", resource, "200") if part)
        for number, (_, resource) in enumerate(calls)
    ]


def test_a_wide_terminal_has_longer_bars_where_names_are_short(folder: Path) -> None:
    ran = invoke("app.traced", folder=folder, COLUMNS="140")

    # What is left by names and durations; a bar may begin and end within a column.
    longest = max(line.count("█") for line in ran.complaints)
    assert 0 <= 140 - 42 - 12 - longest <= 4


def test_a_wide_terminal_has_room_for_long_names(folder: Path) -> None:
    (line,) = lines(folder, handler(404, ROUTE, error=True), columns=160)

    assert line == f"## lambda_handler  error  {ROUTE} → 404"


FAILING = """
import json, sys
import helper

def check(order):
    return json.loads(order)

def handler(event, context):
    import lambda_tracer
    tracer = lambda_tracer.Tracer(auto_patch=False)
    return tracer.capture_lambda_handler(lambda event, context: helper.run(check, event))(event, context)
"""


@pytest.mark.parametrize("mode", [[], ["--inline"]], ids=["process", "inline"])
def test_an_exception_says_where_it_came_from_in_the_users_own_code(folder: Path, mode: list[str]) -> None:
    """The library that raised is not it, nor one that was installed beside the code."""
    (folder / "failing.py").write_text(FAILING)
    (folder / "helper.py").write_text("def run(function, value):\n    return function(value)\n")
    (folder / "helper-1.0.dist-info").mkdir()
    (folder / "helper-1.0.dist-info" / "RECORD").write_text("helper.py,,\nhelper-1.0.dist-info/RECORD,,\n")

    ran = invoke("failing.handler", *mode, "--event", '"no json"', folder=folder)

    assert "JSONDecodeError: Expecting value" in ran.err
    assert "failing.py:6\n" in ran.err
    assert ran.err.count("failing.py:6\n") == 1


def with_causes(folder: Path, *causes: dict[str, Any]) -> str:
    """What is drawn of subsegments with these causes, whose exceptions get messages of their own: no 0, no 1..."""
    documents = []
    for number, cause in enumerate(causes):
        exceptions = [
            {**each, "type": "ValueError", "message": f"no {number}"} for each in cause["exceptions"]
        ]
        documents.append(
            {
                "id": f"{number + 1:016x}",
                "name": f"work {number}",
                "cause": {**cause, "exceptions": exceptions},
                "fault": True,
            }
        )
    ran = invoke("app.several", "--event", json.dumps(documents), folder=folder)
    assert ran.exit_code == 0
    return ran.err


def test_a_stack_without_a_frame_of_the_users_has_no_place(folder: Path) -> None:
    stacks: list[object] = [
        None,
        [],
        7,
        [None],
        [{"path": "app.py"}],
        [{"path": "app.py", "line": "x", "label": "traced"}],
        [{"path": "app.py", "line": 10**9, "label": "traced"}],
        [{"path": "app.py", "line": 3, "label": "elsewhere"}],
        [{"path": "../payment/none.py", "line": 3, "label": "traced"}],
    ]
    causes = [{"working_directory": str(folder), "exceptions": [{"stack": stack}]} for stack in stacks]

    shown = with_causes(folder, *causes)

    assert [stack for number, stack in enumerate(stacks) if f" ValueError: no {number}\n" not in shown] == []


def test_a_folder_that_is_none_is_not_looked_through(folder: Path) -> None:
    directories: list[object] = [None, 7, "", "/nowhere", "\0", "/proc/self/fd", "x" * 10_000]
    exception = {"stack": [{"path": "app.py", "line": 1, "label": "traced"}]}
    causes = [{"working_directory": directory, "exceptions": [exception]} for directory in directories]

    shown = with_causes(folder, *causes)

    assert [
        directory
        for number, directory in enumerate(directories)
        if f" ValueError: no {number}\n" not in shown
    ] == []


def test_a_whole_api_call_is_told(folder: Path) -> None:
    """From the event to the waterfall, as a user sees it."""
    (folder / "api.py").write_text(
        "from lambda_tracer import Tracer\n"
        "tracer = Tracer(service='shop')\n"
        "@tracer.capture_lambda_handler\n"
        "def handler(event, context):\n"
        "    return {'statusCode': 404, 'body': 'no such item'}\n"
    )
    samples = Path(__file__).parents[2] / "events" / "samples"

    ran = invoke("api.handler", "--event", str(samples / "api_rest.json"), folder=folder, COLUMNS="100")

    assert ran.tree.endswith(
        tree(
            """
            └─ ## handler  error  GET /items/{id} → 404
            """
        )
    )
    assert "https://70ixmpl4fl.execute-api.us-east-2.amazonaws.com/Prod/items/5\n" in ran.err
    assert "ColdStart=true  Service=shop  Trigger=api  Source=70ixmpl4fl\n" in ran.err

"""`lambda-tracer invoke` from the outside: results, traces, logs, files, exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import dedent

import pytest

from tests.local.command import invoke, invoke_in_terminal

ESCAPE = "\x1b["
ROOT = "1-6afff803-a8d924bb6b80d998d67e49e4"


def tree(text: str) -> str:
    """An expected tree without the margin it has in the test."""
    return dedent(text).strip("\n")


def test_results_are_the_only_thing_on_standard_output(folder: Path) -> None:
    ran = invoke("app.noisy", "-n", "2", folder=folder)

    assert (ran.exit_code, ran.out) == (0, "null\nnull\n")


def test_the_function_log_comes_live_in_order_and_before_the_trace(folder: Path) -> None:
    ran = invoke("app.noisy", folder=folder)

    assert ran.complaints[:3] == ["printed to output", "printed to error", "unfinished"]
    assert ran.complaints[3].startswith("── Invocation, cold start ─")


def test_the_first_invocation_is_cold_and_the_second_warm(folder: Path) -> None:
    ran = invoke("app.traced", "-n", "2", folder=folder)

    assert ran.tree == tree(
        """
        payment  AWS::Lambda
        └─ payment  AWS::Lambda::Function
           ├─ Initialization
           └─ work
        payment  AWS::Lambda
        └─ payment  AWS::Lambda::Function
           └─ work
        """
    )
    assert re.findall(r"Invocation \d of 2, ([a-z ]+) ─", ran.err) == ["cold start", "warm"]
    assert ran.err.count("Init Duration: ") == 1


def test_documents_that_name_their_parents_become_one_tree_in_any_order(folder: Path) -> None:
    late, early = {"start_time": 2e9, "end_time": 2e9 + 3}, {"start_time": 2e9 - 9, "end_time": 2e9 + 9}
    documents = [
        {"id": "3" * 16, "parent_id": "2" * 16, "name": "grandchild", **late},
        {"id": "2" * 16, "parent_id": "1" * 16, "name": "child", **early},
        {"id": "1" * 16, "name": "still running", "in_progress": True, "end_time": None, **early},
        {"id": "1" * 16, "name": "parent", "subsegments": [{"id": "4" * 16, "name": "embedded", **early}]},
        {"id": "5" * 16, "parent_id": "f" * 16, "name": "orphan", **early},
    ]

    ran = invoke("app.several", "--event", json.dumps(documents), "-n", "2", folder=folder, COLUMNS="160")

    assert ran.tree.partition("Initialization\n")[2].partition("\npayment")[0].splitlines()[:5] == [
        "   └─ parent",
        "      ├─ child",
        "      │  └─ grandchild",
        "      └─ embedded",
        "orphan  (its parent ffffffffffffffff was not received)",
    ]


def test_a_line_says_what_is_known_of_http_aws_sql_and_annotations(folder: Path) -> None:
    document = {
        "http": {
            "request": {"method": "GET", "url": "https://example.com/a"},
            "response": {"status": 503},
        },
        "aws": {"operation": "PutItem"},
        "sql": {"database_type": "PostgreSQL", "sanitized_query": "SELECT 1"},
        "annotations": {"ColdStart": True, "Service": "payment", "Count": 3},
        "metadata": {"payment": {"response": {"id": 7}}},
        "throttle": True,
    }

    ran = invoke("app.traced", "--metadata", "--event", json.dumps(document), folder=folder)

    lines = [line.strip() for line in ran.complaints]
    assert any(line.startswith("└─ work  throttle  PutItem  GET 503  PostgreSQL") for line in lines)
    start = lines.index("https://example.com/a")
    assert lines[start : start + 4] == [
        "https://example.com/a",
        "SELECT 1",
        "ColdStart=true  Service=payment  Count=3",
        'payment.response: {"id": 7}',
    ]


def test_a_failing_handler_shows_its_error_as_lambda_would_and_the_next_event_still_runs(
    folder: Path,
) -> None:
    ran = invoke("app.failing", "--event", "{}", "--event", '{"fine": 1}', folder=folder)

    error, fine = ran.results
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "amount must be positive")
    assert 'raise ValueError("amount must be positive")' in error["stackTrace"][0]
    assert (fine, ran.exit_code) == ("fine", 1)
    assert "── Invocation 1 of 2, cold start, failed: ValueError ─" in ran.err
    assert "\nTraceback (most recent call last):\n" in ran.err


def test_an_exception_is_told_once_where_it_was_recorded(folder: Path) -> None:
    ran = invoke("app.failing", folder=folder)

    trace = ran.err.partition("── Invocation")[2]
    assert trace.count("ValueError: amount must be positive") == 1
    assert ran.tree == tree(
        """
        payment  fault  AWS::Lambda
        └─ payment  fault  AWS::Lambda::Function
           ├─ Initialization
           └─ checks  fault
        """
    )


def test_an_exception_that_the_tracer_did_not_record_is_told_at_the_function(folder: Path) -> None:
    (folder / "plain.py").write_text("def handler(event, context):\n    return 1 / 0\n")

    ran = invoke("plain.handler", folder=folder)

    trace = ran.err.partition("── Invocation")[2]
    assert "   │  ZeroDivisionError: division by zero\n" in trace


def test_unsampled_tells_the_function_so_and_draws_no_trace(folder: Path) -> None:
    ran = invoke("app.described", "--unsampled", folder=folder)

    assert re.fullmatch(
        r"Root=1-\w{8}-\w{24};Parent=\w{16};Sampled=0;Lineage=1:\w{8}:0", ran.results[0]["header"]
    )
    assert "No trace: the invocation is not sampled." in ran.err
    assert ran.tree == ""


def test_a_given_trace_is_continued_with_the_function_as_parent(folder: Path) -> None:
    given = f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:abcdef01:2;Tenant=a"

    ran = invoke("app.described", "--trace-header", given, "--json", "trace.json", folder=folder)

    service, *_ = segments = json.loads((folder / "trace.json").read_text())["invocations"][0]["segments"]
    function = service["subsegments"][0]
    assert [segment["parent_id"] for segment in segments] == ["53995c3f42cd8ad8"]
    assert (
        ran.results[0]["header"]
        == f"Root={ROOT};Parent={function['id']};Sampled=1;Lineage=1:abcdef01:2;Tenant=a"
    )


@pytest.mark.parametrize("header", [f"Root={ROOT};Lineage=1:abcdef01:2", "garbage", "Root=;;=", ""])
def test_a_header_without_a_decision_is_handed_on_as_it_is(folder: Path, header: str) -> None:
    ran = invoke("app.described", "--trace-header", header, folder=folder)

    assert (ran.exit_code, ran.results[0]["header"] or "") == (0, header)
    assert ran.tree == ""


def test_json_holds_results_and_whole_traces(folder: Path) -> None:
    ran = invoke(
        "app.traced", "-n", "2", "--event", '{"annotations": {"a": 1}}', "--json", "out.json", folder=folder
    )

    cold, warm = json.loads((folder / "out.json").read_text())["invocations"]
    assert ran.results == [{"ok": True}, {"ok": True}]
    assert (cold["cold_start"], warm["cold_start"], warm["init_duration_ms"]) == (True, False, None)
    assert (cold["failed"], cold["result"]) == (False, {"ok": True})
    assert (cold["received"]["documents"], cold["received"]["problems"]) == (1, [])
    (service,) = cold["segments"]
    (function,) = service["subsegments"]
    assert (service["origin"], function["origin"]) == ("AWS::Lambda", "AWS::Lambda::Function")
    assert [child["name"] for child in function["subsegments"]] == ["Initialization", "work"]
    assert function["subsegments"][1]["annotations"] == {"a": 1}
    assert {cold["trace_id"]} == {service["trace_id"], function["subsegments"][1]["trace_id"]}


def test_json_to_standard_output_takes_the_place_of_the_results(folder: Path) -> None:
    ran = invoke("app.traced", "--json", "-", folder=folder)

    assert json.loads(ran.out)["invocations"][0]["result"] == {"ok": True}


def test_events_are_files_standard_input_and_literals_used_in_turn(folder: Path) -> None:
    (folder / "event.json").write_text('{"from": "file"}')
    events = ("--event", "event.json", "--event", "-", "-e", '"literal"')

    ran = invoke("app.echo", *events, "-n", "4", folder=folder, stdin="[1.50, 2]")

    assert ran.results == [{"from": "file"}, [1.5, 2], "literal", {"from": "file"}]


def test_the_environment_is_lambdas_and_not_the_shells(folder: Path) -> None:
    asked = {
        "LAMBDA_TASK_ROOT": str(folder),
        "_HANDLER": "app.environment",
        "AWS_LAMBDA_FUNCTION_NAME": "payment",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "from the shell",
        "AWS_ENDPOINT_URL_S3": "http://localhost:1",
        "TABLE": "a=b",
        "TZ": ":UTC",
        "POWERTOOLS_SERVICE_NAME": None,
        "AWS_SAM_LOCAL": None,
    }
    options = ("--memory", "256", "--env", "TABLE=a=b", "--event", json.dumps(list(asked)))

    ran = invoke(
        "app.environment",
        *options,
        folder=folder,
        AWS_REGION="eu-west-1",
        AWS_ACCESS_KEY_ID="from the shell",
        AWS_ENDPOINT_URL_S3="http://localhost:1",
        POWERTOOLS_SERVICE_NAME="from the shell",
        AWS_SAM_LOCAL="true",
    )

    assert ran.results == [asked]


def test_the_task_root_and_a_handler_in_a_folder_are_found_as_lambda_finds_them(folder: Path) -> None:
    (folder / "src").mkdir()
    (folder / "src" / "app.py").write_text("def handler(event, context):\n    return __name__\n")

    ran = invoke("src/app.handler", "--task-root", "payment", folder=folder.parent)

    assert ran.results == ["src.app"]


def test_another_tracers_trace_and_its_late_documents_are_shown_apart(folder: Path) -> None:
    ran = invoke("app.traced", "--event", json.dumps({"trace_id": ROOT}), folder=folder)

    assert "Received meanwhile, of other traces" in ran.err
    assert ran.tree.splitlines()[-1].startswith("work  (its parent ")


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"id": "short"}, "'work': it has no id of 16 hex digits"),
        ({"trace_id": "1-2-3"}, "'work': it has no trace_id of the form 1-8hex-24hex"),
        ({"end_time": None}, "'work': it has no end_time and is not in_progress"),
        ({"annotations": {"a-b": 1}}, "'work': it has the annotation key 'a-b' (letters, digits and _ only)"),
        (
            {"annotations": {"a": [1]}},
            "'work': it has the annotation 'a' that is no string, number or boolean",
        ),
        ({"metadata": {"a": 1}}, "'work': it has the metadata namespace 'a' that is not an object"),
        ({"metadata": {"a": {"b": "x" * 64_000}}}, "bytes, more than 64,000"),
        ({"name": "<lambda>"}, "'<lambda>': it has a name with characters outside X-Ray's alphabet"),
        (
            {"subsegments": [{"name": "inner"}]},
            "it has no id of 16 hex digits in its subsegment 'inner'",
        ),
    ],
)
def test_what_x_ray_would_reject_is_said(folder: Path, document: dict[str, object], problem: str) -> None:
    (folder / "event.json").write_text(json.dumps(document))

    ran = invoke("app.traced", "--event", "event.json", folder=folder, COLUMNS="300")

    assert ran.exit_code == 0
    (said,) = [line for line in ran.complaints if line.startswith("X-Ray would reject the document")]
    assert problem in said


@pytest.mark.parametrize(
    ("datagram", "problem"),
    [
        ("no header", 'does not begin with the line {"format":"json","version":1}'),
        ('{"format":"json","version":1}\nno json', "is not JSON"),
        ('{"format":"json","version":1}\n[]', "is not a JSON object"),
    ],
)
def test_a_datagram_that_is_no_document_is_said(folder: Path, datagram: str, problem: str) -> None:
    ran = invoke("app.raw", "--event", json.dumps(datagram), folder=folder, COLUMNS="200")

    assert f"X-Ray would reject the document of {len(datagram)} bytes: it {problem}" in ran.err


def test_a_pipe_gets_no_escape_codes_whatever_is_in_the_names(folder: Path) -> None:
    document = {
        "name": "red \x1b[31m\x07 text\nsecond",
        "annotations": {"a": "\x1b]0;title\x07"},
        "cause": {"exceptions": [{"type": "E", "message": "\x1b[2J\ud800"}]},
        "fault": True,
    }

    ran = invoke("app.traced", "--event", json.dumps(document), folder=folder, FORCE_COLOR="1")

    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", ran.err)
    assert r"red \x1b[31m\x07 text second" in ran.err


def test_a_terminal_gets_colours_with_faults_in_red(folder: Path) -> None:
    ran = invoke_in_terminal("app.failing", folder=folder)

    assert re.search(r"\x1b\[1;31mchecks", ran.err)
    assert re.search(r"\x1b\[1;31mValueError: amount must be positive", ran.err)


def test_a_terminal_gets_the_result_indented(folder: Path) -> None:
    ran = invoke_in_terminal("app.traced", folder=folder)

    assert '{\n  "ok": true\n}' in ran.out


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_a_terminal_without_colours_gets_no_escape_codes(folder: Path, variable: str) -> None:
    variables = {variable: "dumb"}

    ran = invoke_in_terminal("app.failing", columns=100, folder=folder, **variables)

    assert ran.exit_code == 1
    assert ESCAPE not in ran.err


@pytest.mark.parametrize("columns", [40, 80, 140, 200])
def test_no_line_is_wider_than_the_terminal(folder: Path, columns: int) -> None:
    nested: dict[str, object] = {"id": "1" * 16, "name": "漢字" * 80, "start_time": 2e9, "end_time": 2e9 + 1}
    for number in range(60):
        nested = {**nested, "id": f"{number:016x}", "name": "long name " * 19, "subsegments": [nested]}
    nested["annotations"] = {f"key{number}": "v" * 900 for number in range(20)}

    ran = invoke_in_terminal(
        "app.traced", "--event", json.dumps(nested), folder=folder, columns=columns, NO_COLOR="1"
    )

    drawn = ran.err.partition("── Invocation")[2].splitlines()[1:-3]
    assert len(drawn) > 60
    wide = [line for line in drawn if not line.startswith(("REPORT", "XRAY", "  "))]
    assert max(len(line) + len(re.findall("[漢字]", line)) for line in wide) <= columns


def test_many_equal_siblings_are_summed_up_but_faults_are_shown(folder: Path) -> None:
    now = {"start_time": 2e9, "end_time": 2e9 + 1}
    many = [{"id": f"{number:016x}", "name": "put", **now} for number in range(200)]
    many[150] = {**many[150], "fault": True}

    ran = invoke("app.traced", "--event", json.dumps({"subsegments": many}), folder=folder)

    below = ran.tree.partition("work\n")[2].splitlines()
    assert [line.strip("├─└│ ") for line in below] == [*["put"] * 5, "… 194 more put", "put  fault"]


def test_every_one_of_many_documents_is_received(folder: Path) -> None:
    (folder / "burst.py").write_text(
        "from app import *\n"
        "def handler(event, context):\n"
        "    for number in range(2_000):\n"
        "        send(subsegment(f'step {number}'))\n"
    )

    ran = invoke("burst.handler", "--timeout", "60", "--json", "t.json", folder=folder)

    assert "Received: 2,000 documents" in ran.err
    assert "… 1,901 more subsegments" in ran.err
    function = json.loads((folder / "t.json").read_text())["invocations"][0]["segments"][0]["subsegments"][0]
    assert len(function["subsegments"]) == 2_001


def test_thousands_of_levels_are_drawn_in_part_and_written_in_full(folder: Path) -> None:
    chain = [
        {"id": f"{number + 1:016x}", "parent_id": f"{number:016x}", "name": f"level {number}"}
        for number in range(3_000)
    ]
    chain[0].pop("parent_id")
    (folder / "event.json").write_text(json.dumps(chain))

    ran = invoke(
        "app.several", "-e", "event.json", "--timeout", "60", "--json", "t.json", folder=folder, COLUMNS="80"
    )

    written = (folder / "t.json").read_text()
    assert ran.exit_code == 0
    assert written.count('"name": "level ') == 3_000
    assert "… and so on: 3,003 segments and subsegments in all" in ran.err


def test_parents_in_a_ring_are_drawn_as_orphans(folder: Path) -> None:
    ring = [
        {"id": "1" * 16, "parent_id": "2" * 16, "name": "one"},
        {"id": "2" * 16, "parent_id": "1" * 16, "name": "two"},
    ]

    ran = invoke("app.several", "--event", json.dumps(ring), folder=folder)

    assert ran.tree.partition("Initialization\n")[2] == (
        "one  (its parent 2222222222222222 was not received)\n└─ two"
    )


def test_where_the_encoding_has_no_lines_the_tree_is_drawn_in_ascii(folder: Path) -> None:
    ran = invoke("app.traced", folder=folder, PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert ran.err.isascii()
    assert re.search(r"^`- payment  AWS::Lambda::Function +[\d.]+ ms #+$", ran.err, re.MULTILINE)
    assert re.search(r"^   `- work ", ran.err, re.MULTILINE)


def test_powertools_tracer_is_shown_as_well(folder: Path) -> None:
    pytest.importorskip("aws_lambda_powertools.tracing")
    (folder / "power.py").write_text(
        "from aws_lambda_powertools import Tracer\n"
        "tracer = Tracer(service='payment', auto_patch=False)\n"
        "@tracer.capture_method\n"
        "def charge():\n"
        "    return 3\n"
        "@tracer.capture_lambda_handler\n"
        "def handler(event, context):\n"
        "    return charge()\n"
    )

    ran = invoke("power.handler", "--timeout", "30", folder=folder)

    assert ran.results == [3]
    assert ran.tree.partition("Initialization\n")[2] == "   └─ ## handler\n      └─ ## power.charge"
    assert "ColdStart=true  Service=payment" in ran.err


def test_the_sdks_recorder_is_shown_as_well(folder: Path) -> None:
    pytest.importorskip("aws_xray_sdk")
    (folder / "sdk.py").write_text(
        "from aws_xray_sdk.core import xray_recorder\n"
        "@xray_recorder.capture('inner')\n"
        "def inner():\n"
        "    xray_recorder.put_annotation('by', 'the SDK')\n"
        "def handler(event, context):\n"
        "    with xray_recorder.in_subsegment('outer'):\n"
        "        inner()\n"
    )

    ran = invoke("sdk.handler", "--timeout", "30", "-n", "2", folder=folder)

    assert (
        ran.tree.rpartition("payment  AWS::Lambda\n")[2]
        == tree(
            """
            └─ payment  AWS::Lambda::Function
               └─ outer
                  └─ inner
            """
        ).lstrip()
    )
    assert "by=the SDK" in ran.err
    assert "X-Ray would reject" not in ran.err

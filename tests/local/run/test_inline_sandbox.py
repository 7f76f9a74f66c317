"""The handler in the process of the command: results, traces and errors are those of a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.local.command import invoke

INLINE = "--inline"


def test_results_and_traces_are_those_of_a_process(folder: Path) -> None:
    options = ("--event", '{"annotations": {"a": 1}}', "-n", "2")

    inline, process = (invoke("app.traced", *options, *mode, folder=folder) for mode in ([INLINE], []))

    assert (inline.exit_code, inline.out) == (process.exit_code, process.out)
    assert inline.tree == process.tree


def test_the_handler_gets_the_same_environment_and_context(folder: Path) -> None:
    options = ("--memory", "512", "--timeout", "3")

    inline, process = (
        invoke("app.described", *options, *mode, folder=folder).results[0] for mode in ([INLINE], [])
    )

    assert inline.keys() == process.keys()
    same = ("cwd", "path", "arn", "name", "memory", "clock")
    assert [inline[key] for key in same] == [process[key] for key in same]
    assert 2_000 < inline["remaining"] <= 3_000
    assert inline["header"].startswith("Root=1-")


def test_what_the_handler_prints_stays_out_of_the_results(folder: Path) -> None:
    (folder / "prints.py").write_text(
        "import logging, os, subprocess\n"
        "logging.getLogger().setLevel('INFO')\n"
        "def handler(event, context):\n"
        "    print('printed')\n"
        "    logging.info('logged %s', 1)\n"
        "    subprocess.run(['echo', 'from a child'])\n"
        "    return 1\n"
    )

    ran = invoke("prints.handler", INLINE, folder=folder)

    assert ran.out == "1\n"
    assert ran.complaints[0] == "printed"
    assert ran.complaints[1].startswith("[INFO]\t")
    assert ran.complaints[1].endswith("\tlogged 1")
    assert ran.complaints[2] == "from a child"


def test_a_failing_handler_shows_its_own_part_of_the_stack(folder: Path) -> None:
    ran = invoke("app.failing", "-e", "{}", "-e", '{"fine": 1}', INLINE, folder=folder)

    error, fine = ran.results
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "amount must be positive")
    assert len(error["stackTrace"]) == 1
    assert 'app.py", line ' in error["stackTrace"][0]
    assert (fine, ran.exit_code) == ("fine", 1)


def test_a_handler_past_its_time_out_is_interrupted(folder: Path) -> None:
    events = ("--event", "{}", "--event", '{"fine": 1}')

    ran = invoke("app.sleeping", "--timeout", "0.3", *events, INLINE, folder=folder)

    assert [result if result == "fine" else result["errorType"] for result in ran.results] == [
        "Sandbox.Timedout",
        "fine",
    ]
    assert "naps  in progress" in ran.tree


def test_without_a_time_out_it_runs_for_as_long_as_it_takes(folder: Path) -> None:
    """A debugger holds it longer than Lambda's default."""
    (folder / "held.py").write_text(
        "import time\n"
        "def handler(event, context):\n"
        "    time.sleep(3.2)\n"
        "    return context.get_remaining_time_in_millis()\n"
    )

    ran = invoke("held.handler", INLINE, folder=folder)

    assert ran.exit_code == 0
    assert 890_000 < ran.results[0] < 897_000


def test_an_exit_ends_the_run(folder: Path) -> None:
    ran = invoke("app.exiting", "-e", '{"status": 4}', "-e", '{"fine": 1}', INLINE, folder=folder)

    (error,) = ran.results
    assert error["errorMessage"].endswith("Runtime exited with error: exit status 4")
    assert ran.complaints[-1] == "lambda-tracer: the handler exited, which ends an --inline run"
    assert ran.exit_code == 1


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Decimal('1.50')", 1.5),
        ("Decimal('3')", 3),
        ("b'[1]'", [1]),
        ("b'text'", "text"),
        ("'grüß'", "grüß"),
        ("{1: (2, None)}", {"1": [2, None]}),
    ],
)
def test_responses_are_encoded_as_the_runtime_client_does(
    folder: Path, expression: str, expected: object
) -> None:
    source = f"from decimal import Decimal\ndef handler(event, context):\n    return {expression}\n"
    (folder / "returns.py").write_text(source, encoding="utf-8")

    inline, process = (invoke("returns.handler", *mode, folder=folder) for mode in ([INLINE], []))

    assert (inline.results, process.results) == ([expected], [expected])


def test_a_response_that_is_no_json_is_lambdas_error(folder: Path) -> None:
    (folder / "returns.py").write_text("def handler(event, context):\n    return {1, 2}\n")

    errors = [invoke("returns.handler", *mode, folder=folder).results[0] for mode in ([INLINE], [])]

    assert [error["errorType"] for error in errors] == ["Runtime.MarshalError"] * 2
    assert json.dumps(errors[0]["errorMessage"]).startswith('"Unable to marshal response: ')


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        ("    raise type('Stop', (BaseException,), {})('x')", "Runtime.ExitError"),
        ("    raise type('Bad', (Exception,), {'__str__': lambda self: 1 / 0})()", "Bad"),
        ("    raise type('Bad', (Exception,), {'__str__': lambda self: exit(3)})()", "Bad"),
        ("    import sys; sys.stdout.close(); sys.stderr = None; raise KeyError('x')", "KeyError"),
        ("    return 'x' * 7_000_000", "Function.ResponseSizeTooLarge"),
        ("    import time; time.time = None; raise ValueError", "ValueError"),
    ],
)
def test_an_inline_handler_that_breaks_its_process_is_told(folder: Path, body: str, error_type: str) -> None:
    (folder / "breaks.py").write_text(f"def handler(event, context):\n{body}\n")

    ran = invoke("breaks.handler", "--inline", folder=folder)

    assert ran.results[0]["errorType"] == error_type
    assert (ran.exit_code, "bug in lambda-tracer" in ran.err) == (1, False)


@pytest.mark.parametrize(
    ("body", "options"),
    [
        ("    import threading, time; threading.Thread(target=time.sleep, args=(300,)).start()", []),
        (
            "    import time\n    while True:\n        try:\n            time.sleep(300)\n"
            "        except BaseException:\n            pass",
            ["--timeout", "0.3"],
        ),
    ],
)
def test_an_inline_handler_that_never_ends_is_ended(folder: Path, body: str, options: list[str]) -> None:
    (folder / "endless.py").write_text(f"def handler(event, context):\n{body}\n")

    ran = invoke("endless.handler", "--inline", *options, folder=folder)

    assert ran.complaints[-1].startswith("lambda-tracer: ")
    assert ran.exit_code == (1 if options else 0)

"""Each fault is found, at its line; and nothing where there is none."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lambda_tracer.local.doctor import variables
from lambda_tracer.local.doctor.finding import CODES
from lambda_tracer.patches import registry
from tests.docs.pages import names, tables
from tests.local.command import COMMAND, PROJECT, environment
from tests.local.doctor import planted
from tests.local.doctor.planted import Examined, doctor, plant


def examined(folder: Path, text: str, *arguments: str) -> Examined:
    """The project, examined: all that was planted is found, and nothing else."""
    expected = plant(folder, text)
    found = doctor(folder, *arguments)
    assert found.places == expected
    return found


@pytest.mark.otel
def test_every_fault_of_a_sam_application_is_found(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")
    found = examined(tmp_path, planted.SAM)

    assert found.exit_code == 1
    assert found.of("tracing-pass-through") == {
        "code": "tracing-pass-through",
        "severity": "worth knowing",
        "file": "template.yaml",
        "line": 23,
        "functions": ["Passing"],
        "what": "Tracing of Passing is PassThrough: only what a caller has sampled is traced.",
        "remedy": "Leave it if that is meant. Write `Tracing: Active` in its properties, or under Globals.",
        "more": "lambda-tracer doctor --explain tracing-pass-through",
    }
    misspelt = found.of("misspelt-variable")
    assert misspelt["remedy"] == "Write POWERTOOLS_TRACE_DISABLED."
    # What functions that share a folder have in common is said once.
    assert found.of("other-tracer")["functions"] == ["Observed"]
    assert "Script" not in [each["name"] for each in found.functions]


def test_every_fault_of_the_code_is_found(tmp_path: Path) -> None:
    found = examined(tmp_path, planted.CODE, ".", "app.method")

    assert "Pointer" not in found.of("patch-not-taken")["what"]
    assert (
        "pymysql could not be patched as it is installed here (AttributeError: "
        in found.of("patch-not-taken")["what"]
    )
    assert [each["imported"] for each in found.functions] == [True]


def test_every_other_notation_is_read(tmp_path: Path) -> None:
    expected = plant(tmp_path, planted.OTHER_NOTATIONS)
    # JSON has no comments to plant a mark in.
    expected |= {("plain/template.json", 6, "no-permission"), ("plain/template.json", 8, "tracer-disabled")}

    found = doctor(tmp_path)

    assert found.places == expected
    # A service's functions are read from its own folder, Terraform's code is not looked for.
    assert sorted(note.partition(":")[0] for note in found.notes) == [
        "Function (template.json)",
        "image (main.tf)",
        "look (main.tf)",
        "order (main.tf)",
    ]
    only = doctor(tmp_path, "terraform/main.tf")
    assert {each["file"] for each in only.findings} == {"main.tf"}


def test_what_keeps_a_line_from_the_log_is_found(tmp_path: Path) -> None:
    found = examined(tmp_path, planted.LOG)

    words = [(each["what"], each["remedy"]) for each in found.findings if each["code"] == "keep-word"]
    assert words == [
        ("Tracer(keep=...) has the word 'quick': it raises ValueError.", "Write errors, or slow:2000."),
        ("LAMBDA_TRACER_KEEP has the word 'error': it counts for nothing.", "Write errors, or slow:2000."),
        (
            "LAMBDA_TRACER_KEEP has the word 'slow': it counts for nothing.",
            "Write slow with milliseconds, as in slow:2000.",
        ),
    ]


def test_settings_of_logs_are_read_in_every_notation(tmp_path: Path) -> None:
    examined(tmp_path, planted.LOG_ELSEWHERE, "--no-import")


def test_a_handler_is_captured_however_that_is_written(tmp_path: Path) -> None:
    found = examined(tmp_path, planted.HANDLERS)

    assert found.of("handler-not-captured")["functions"] == ["Plain"]
    assert all(each["imported"] for each in found.functions)
    # Without an import a file is read, and what it computes is not known.
    read = doctor(tmp_path, "--no-import")
    assert read.exit_code == 0
    assert not any(each["imported"] for each in read.functions)


def test_what_a_handler_does_while_it_is_imported_is_one_clear_finding(tmp_path: Path) -> None:
    found = examined(tmp_path, planted.HOSTILE)

    fails = {each["file"]: each["what"] for each in found.findings if each["code"] == "handler-fails"}
    assert fails.keys() == {"src/folder/fails.py", "src/broken.py"}
    assert (
        fails["src/folder/fails.py"]
        == "Importing folder/fails.handler fails with ZeroDivisionError: division by zero."
    )
    assert [each["name"] for each in found.functions if each["imported"]] == ["Fine"]


def test_a_handler_that_hangs_ends_with_what_it_has_started(tmp_path: Path) -> None:
    wrapped = "AWS_LAMBDA_EXEC_WRAPPER=/opt/lambda-tracer"
    found = examined(tmp_path, hangs(tmp_path), ".", "hangs.handler", "--timeout", "5", "--env", wrapped)

    what = "Importing hangs.handler did not end within 5 s: Lambda ends an initialisation after 10 s."
    assert found.of("handler-hangs")["what"] == what
    assert left_behind(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="what a handler has started is found in /proc")
def test_an_interruption_ends_the_handlers_that_are_being_imported(tmp_path: Path) -> None:
    plant(tmp_path, hangs(tmp_path))
    command = [*COMMAND, "doctor", ".", "hangs.handler", "--timeout", "300"]

    with subprocess.Popen(command, cwd=tmp_path, env=environment({}), stdout=subprocess.DEVNULL) as process:
        while len(left_behind(tmp_path)) < 3 and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        exit_code = process.wait()

    assert exit_code == 130
    assert left_behind(tmp_path) == []


def hangs(folder: Path) -> str:
    """The handler that hangs, of which the processes are known by the folder."""
    return planted.HANGS.replace("left by a handler", f"left by {folder}")


def left_behind(folder: Path) -> list[Path]:
    """The processes that the handler planted in a folder has started."""
    mark = f"left by {folder}".encode()
    return [path for path in Path("/proc").glob("[0-9]*/cmdline") if mark in _bytes(path)]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_nothing_is_wrong_with_the_examples() -> None:
    found = doctor(PROJECT)

    assert (found.exit_code, found.findings) == (0, [])
    assert [each["name"] for each in found.functions if each["imported"]] == [
        "PaymentApiFunction",
        "BatchFunction",
        "ZeroCodeFunction",
        "GreetingFunction",
    ]
    for name, handler in (("payment", "app"), ("sqs_batch", "plain")):
        found = doctor(PROJECT / "examples" / name, ".", f"{handler}.lambda_handler")
        assert (found.exit_code, found.findings) == (0, [])


def test_every_code_is_planted() -> None:
    """But for a template that can't be read, which is one of the hostile files."""
    assert planted.CODES | {"template-unreadable"} == CODES.keys()


def test_the_variables_are_those_that_the_tracer_reads() -> None:
    read = names([row[0] for row in tables("docs/reference/environment-variables.md")])
    # Who names plugins runs outside Lambda, where no template is of a function.
    of_plugins = {name for name in read if name.startswith(("AWS_EC2_", "ECS_"))}

    assert read - of_plugins <= {*variables.OURS, *variables.X_RAY, *variables.RESERVED, *variables.LOCAL}
    assert {name for name in variables.OURS if name.startswith("POWERTOOLS_")} <= variables.POWERTOOLS


def test_the_libraries_are_those_that_can_be_patched() -> None:
    from lambda_tracer.local.doctor.libraries import DISTRIBUTIONS, UNTRACED

    without_distribution = {"threads", "httplib", "sqlite3", "aiohttp_web"}
    assert {*DISTRIBUTIONS.values()} | without_distribution == registry.LIBRARIES.keys()
    assert UNTRACED.keys() & DISTRIBUTIONS.keys() == set()


def test_the_names_of_the_sdk_are_no_second_tracer_where_they_are_taken_over(tmp_path: Path) -> None:
    expected = plant(tmp_path, planted.BESIDE)

    with_both = doctor(tmp_path)
    take_over = ("--env", "LAMBDA_TRACER_TAKE_OVER=true")
    unread = doctor(tmp_path, ".", "app.lambda_handler", "--no-import", *take_over)
    wrapper = ("--env", "AWS_LAMBDA_EXEC_WRAPPER=/opt/lambda-tracer")
    taken_over = doctor(tmp_path, ".", "app.lambda_handler", "--no-import", *take_over, *wrapper)

    assert with_both.places == expected
    # Nobody but the wrapper reads the variable.
    told = {each["remedy"] for each in unread.findings if each["code"] == "two-tracers"}
    assert len(told) == 1
    assert "lambda_tracer.compat.install()" in told.pop()
    assert "two-tracers" not in {each["code"] for each in taken_over.findings}


def test_names_that_are_taken_over_too_late_are_a_second_tracer(tmp_path: Path) -> None:
    late = plant(tmp_path, planted.INSTALLED)

    two = [
        {place for place in doctor(tmp_path, ".", handler, "--no-import").places if place[2] == "two-tracers"}
        for handler in ("early.handler", "late.handler")
    ]

    assert two == [set(), late]

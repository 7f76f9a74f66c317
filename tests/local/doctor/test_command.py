"""The command itself: its words, its exit codes, and what it withstands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lambda_tracer.local.doctor import files
from tests.local.doctor.planted import doctor, plant, run

WRONG = """
=== template.yaml
Resources:
  "Or\\eder":
    Type: AWS::Serverless::Function
    Properties: {Handler: app.handler, CodeUri: ., Tracing: Disabled}
=== app.py
from lambda_tracer import Tracer
tracer = Tracer(service="shop")
@tracer.capture_lambda_handler
def handler(event, context):
    tracer.put_annotation("a-b\\x1b", 1)
"""


def test_findings_are_told_in_words_one_line_for_a_sentence(tmp_path: Path) -> None:
    plant(tmp_path, WRONG)

    ran = run(tmp_path)

    assert ran.returncode == 1
    assert ran.stdout == (
        "wrong: tracing-not-active  template.yaml:4  (Or\\x1bder)\n"
        "    The template does not turn active tracing on for Or\\x1bder: Lambda samples nothing.\n"
        "    -> Write `Tracing: Active` in its properties, or under Globals.\n"
        "    lambda-tracer doctor --explain tracing-not-active\n"
        "\n"
        "wrong: annotation-key  app.py:5  (Or\\x1bder)\n"
        "    The annotation 'a-b\\x1b' has a key that X-Ray drops: it becomes metadata, and can't be searched for.\n"
        "    -> Use 1 to 500 ASCII letters, digits, underscores and dots.\n"
        "    lambda-tracer doctor --explain annotation-key\n"
        "\n"
        "2 wrong, 0 worth knowing: 1 function examined, 1 handler imported\n"
    )


def test_a_code_is_explained_without_an_examination(tmp_path: Path) -> None:
    ran = run(tmp_path, "--explain", "wrapper-without-layer")

    assert (ran.returncode, ran.stdout, ran.stderr) == (
        0,
        "wrong: wrapper-without-layer\n\n"
        "The wrapper comes with the layer. Without it the function does not start.\n",
        "",
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["app.h"],
            "PATH: no such file or folder: app.h (a handler comes second: lambda-tracer doctor . HANDLER)",
        ),
        ([".", "app"], "HANDLER must be MODULE.FUNCTION"),
        ([".", "app.handler", "--timeout", "0"], "argument --timeout: expected seconds"),
        (["--env", "A"], "--env: this shell has no variable 'A'"),
        (
            ["--explain", "two-tracer"],
            "--explain: no such code: 'two-tracer'; there is two-tracers, no-tracer, other-tracer",
        ),
        (["--bogus"], "unrecognized arguments: --bogus"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], line: str) -> None:
    ran = run(tmp_path, *arguments)

    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert ran.stderr.startswith(f"lambda-tracer: {line}")


def test_an_empty_folder_has_nothing_wrong_and_the_command_says_what_it_did(tmp_path: Path) -> None:
    ran = run(tmp_path)

    assert ran.returncode == 0
    assert ran.stdout == (
        "note: no template here names a function: only the code was read, and no handler imported\n"
        "nothing wrong: code read, 0 handlers imported\n"
    )


def test_a_hostile_project_is_examined_like_any_other(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 40)
    )
    role = "  Role: {Type: AWS::IAM::Role, Properties: {Policies: *a39, ManagedPolicyArns: &self [*self]}}\n"
    function = (
        "  F: {Type: AWS::Serverless::Function, Properties: {Role: !GetAtt Role.Arn, Environment: *a39}}\n"
    )
    (tmp_path / "template.yaml").write_text(f"{bomb}Resources:\n{role}{function}")
    deep = tmp_path / "deep"
    deep.mkdir()
    (deep / "nested.yaml").write_text("# AWS::Lambda::Function\n" + "[" * 100_000)
    (deep / "blocks.json").write_text('{"AWS::Lambda::Function": ' + '{"a":' * 50_000)
    (deep / "list.yml").write_text("- AWS::Lambda::Function\n")
    (deep / "huge.yaml").write_text("AWS::Lambda::Function: 1\n" * 100_000)
    (deep / "template.yaml").mkdir()
    os.symlink(tmp_path, deep / "loop")
    os.symlink("itself.py", deep / "itself.py")
    os.mkfifo(deep / "pipe.py")
    os.mkfifo(deep / "pipe.yaml")
    (deep / "nul.py").write_text("tracer = 1\0")
    (deep / "calls.py").write_text("tracer = " + "(" * 5_000)
    (deep / "bytes.py").write_bytes(b"# tracer \xff\xfe\n")
    many = tmp_path / "many"
    many.mkdir()
    for number in range(5_000):
        (many / f"m{number}.py").write_text("import lambda_tracer\n" if number % 10 == 0 else "x = 1\n")

    found = doctor(tmp_path)

    unreadable = sorted(each["file"] for each in found.findings if each["code"] == "template-unreadable")
    assert unreadable == ["deep/blocks.json", "deep/list.yml", "deep/nested.yaml"]
    assert "tracing-not-active" in [each["code"] for each in found.findings]
    assert any(note.startswith("deep/huge.yaml is larger than") for note in found.notes)
    assert any(note.startswith("nul.py was not read") for note in found.notes)


def test_what_pip_has_installed_into_a_folder_is_not_the_functions_own(tmp_path: Path) -> None:
    plant(
        tmp_path,
        """
=== app.py
from lambda_tracer import Tracer
=== theirs/__init__.py
from aws_xray_sdk.core import xray_recorder
=== theirs-1.0.dist-info/RECORD
theirs/__init__.py,sha256=x,1
=== .venv/lib/module.py
from aws_xray_sdk.core import xray_recorder
""",
    )

    assert [path.name for path in files.python_files(tmp_path, [])] == ["app.py"]
    assert doctor(tmp_path).exit_code == 0

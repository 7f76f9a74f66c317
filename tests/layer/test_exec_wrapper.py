"""The exec wrapper points the runtime at us, however the runtime is started, and lets everything else be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.layer import running
from tests.layer.running import WRAPPER, quoted
from tests.local import command

HANDLER = """
import os, sys

print("the module is imported")

def lambda_handler(event, context):
    return {"argument": sys.argv[-1], "handler": os.environ["LAMBDA_TRACER_HANDLER"]}
"""

TREE = """\
shop  AWS::Lambda
└─ shop  AWS::Lambda::Function
   ├─ Initialization
   └─ ## lambda_handler"""

NO_IMPORTS = ("--env", "LAMBDA_TRACER_IMPORTS_MS=60000")
"""No import is slow enough to be recorded."""

SHOW = 'echo "$_HANDLER" "$LAMBDA_TRACER_HANDLER" "$@"'


@pytest.fixture
def function(tmp_path: Path) -> Path:
    """An unchanged function's folder."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "app.py").write_text(HANDLER)
    return folder


def run_wrapper(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **variables}
    return subprocess.run([WRAPPER, *arguments], env=environment, capture_output=True, text=True, check=False)


def stand_in(folder: Path, name: str) -> Path:
    """A program of that name, which shows what reached it."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{SHOW}\n")
    program.chmod(0o755)
    return program


def test_a_function_is_traced_where_lambdas_runtime_reads_the_environment(
    function: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap = tmp_path / "bootstrap.py"
    bootstrap.write_text(running.LAMBDA_BOOTSTRAP)
    running.start_through(
        monkeypatch, tmp_path / "python", f"exec {quoted(WRAPPER, sys.executable, bootstrap)}"
    )

    ran = command.invoke("app.lambda_handler", *NO_IMPORTS, folder=function)

    assert ran.results == [{"argument": str(bootstrap), "handler": "app.lambda_handler"}]
    assert ran.tree == TREE
    assert ran.err.count("the module is imported") == 1


def test_a_function_is_traced_where_the_runtime_client_takes_an_argument(
    function: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.start_through(monkeypatch, tmp_path / "python", f'exec {quoted(WRAPPER, sys.executable)} "$@"')

    ran = command.invoke("app.lambda_handler", *NO_IMPORTS, folder=function)

    assert ran.results == [{"argument": "lambda_tracer.auto.handler", "handler": "app.lambda_handler"}]
    assert ran.tree == TREE
    assert ran.err.count("the module is imported") == 1


def test_a_handler_that_is_ours_already_is_not_ours_twice(tmp_path: Path) -> None:
    ran = run_wrapper(
        stand_in(tmp_path, "python3.12"),
        "bootstrap.py",
        _HANDLER="lambda_tracer.auto.handler",
        LAMBDA_TRACER_HANDLER="app.handler",
    )

    assert (ran.stdout, ran.stderr) == ("lambda_tracer.auto.handler app.handler bootstrap.py\n", "")


def test_arguments_pass_as_they_are(tmp_path: Path) -> None:
    program = stand_in(tmp_path, "python3.12")
    program.write_text('#!/bin/sh\nprintf "[%s]" "$@"\n')

    ran = run_wrapper(program, "-m", "awslambdaric", "", "two words", "*", 'a"b', "app.handler")

    assert ran.stdout == '[-m][awslambdaric][][two words][*][a"b][lambda_tracer.auto.handler]'


@pytest.mark.parametrize("name", ["node", "java", "bootstrap"])
def test_functions_in_other_languages_start_as_without_us(name: str, tmp_path: Path) -> None:
    ran = run_wrapper(stand_in(tmp_path, name), "index.mjs", _HANDLER="index.handler")

    assert (ran.stdout, ran.stderr) == ("index.handler  index.mjs\n", "")


@pytest.mark.parametrize("name", ["python3.8", "python3.9", "python2.7"])
def test_older_pythons_start_as_without_us_and_say_so(name: str, tmp_path: Path) -> None:
    ran = run_wrapper(stand_in(tmp_path, name), "bootstrap.py", _HANDLER="app.handler")

    assert ran.stdout == "app.handler  bootstrap.py\n"
    assert ran.stderr == "lambda_tracer needs Python 3.10 or later: the function runs untraced\n"


@pytest.mark.parametrize("name", ["python", "python3", "python3.10", "python3.14"])
def test_every_python_that_we_know_is_taken(name: str, tmp_path: Path) -> None:
    ran = run_wrapper(stand_in(tmp_path, name), "bootstrap.py", _HANDLER="app.handler")

    assert (ran.stdout, ran.stderr) == ("lambda_tracer.auto.handler app.handler bootstrap.py\n", "")


def test_the_exit_code_is_that_of_what_was_started(tmp_path: Path) -> None:
    program = stand_in(tmp_path, "python3.12")
    program.write_text("#!/bin/sh\nexit 7\n")

    assert run_wrapper(program, _HANDLER="app.handler").returncode == 7

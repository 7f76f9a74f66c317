"""The function's variables: from files, from the command line, and by name from the shell."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lambda_tracer import settings
from lambda_tracer.local.commands.usage import UsageError
from lambda_tracer.local.commands.variables import KNOWN, variables
from tests.local.command import invoke

FILE = """\
\ufeff# what the shop needs

TABLE=orders   # the one of the tests
export REGION = eu-west-1
URL=https://example.com/#top
EMPTY=
SINGLE='a # \\n "b"'
DOUBLE="a\\tb \\"c\\" \\\\ # d" # e
KEY="-----BEGIN-----
# no comment
-----END-----"
AGAIN=1
AGAIN=2
FROM_SHELL
WINDOWS=1\r
"""

EXPECTED = {
    "TABLE": "orders",
    "REGION": "eu-west-1",
    "URL": "https://example.com/#top",
    "EMPTY": "",
    "SINGLE": 'a # \\n "b"',
    "DOUBLE": 'a\tb "c" \\ # d',
    "KEY": "-----BEGIN-----\n# no comment\n-----END-----",
    "AGAIN": "2",
    "FROM_SHELL": "it's",
    "WINDOWS": "1",
}


def test_they_come_from_files_from_the_command_line_and_by_name_from_the_shell(folder: Path) -> None:
    (folder / ".env").write_text(FILE, encoding="utf-8")
    (folder / "more").write_text("TABLE=more\nREGION=us-east-2\n")
    asked = json.dumps([*EXPECTED, "OTHER"])
    # The last one is Lambda's own, and stays so: where the process asks for its invocations.
    named = ("--env", "TABLE=given", "--env", "OTHER", "--env", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:9")
    options = ("--env-file", ".env", "--env-file", "more", *named)

    ran = invoke("app.environment", *options, "-e", asked, folder=folder, FROM_SHELL="it's", OTHER="b=c")

    expected = {**EXPECTED, "REGION": "us-east-2", "TABLE": "given", "OTHER": "b=c"}
    assert ran.results == [expected]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("TABLE orders", "expected NAME=VALUE: 'TABLE orders'"),
        ("=orders", "expected NAME=VALUE: '=orders'"),
        ("A=1\0", "expected NAME=VALUE: 'A=1\\x00'"),
        ("A='b' c", "after the closing quote there is more: 'c'"),
        ('A="b\nc', "the quotes are never closed: 'A=\"b'"),
        ("NOT_THERE_1", "this shell has no variable 'NOT_THERE_1'; to set one, write NOT_THERE_1=VALUE"),
    ],
)
def test_a_bad_line_is_told_with_its_number(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / ".env"
    path.write_text(f"# the first\nFINE=1\n{line}\n")

    with pytest.raises(UsageError) as raised:
        variables([str(path)], [])

    assert str(raised.value) == f"--env-file: {path}, line 3: {message}"


def test_what_nobody_reads_is_warned_about_once(folder: Path) -> None:
    options = ("--env", "LAMBDA_TRACER_REDAKT=a", "--env", "LAMBDA_TRACER_HANDLER=app.echo", "-n", "2")

    ran = invoke("app.echo", *options, folder=folder, LAMBDA_TRACER_IMPORTS_MS="1", LAMBDA_TRACER_X="1")

    assert [line for line in ran.complaints if "lambda-tracer: " in line] == [
        "lambda-tracer: LAMBDA_TRACER_IMPORTS_MS of this shell does not reach the function: give it with "
        "--env LAMBDA_TRACER_IMPORTS_MS",
        "lambda-tracer: LAMBDA_TRACER_REDAKT is read by nobody: did you mean LAMBDA_TRACER_REDACT?",
        f"lambda-tracer: LAMBDA_TRACER_X is read by nobody: there are {', '.join(KNOWN)}",
    ]
    assert ran.exit_code == 0


def test_the_known_ones_are_those_that_the_tracer_reads() -> None:
    assert settings.__file__ is not None
    source = Path(settings.__file__).read_text(encoding="utf-8")

    assert set(KNOWN) == set(re.findall(r'"(LAMBDA_TRACER_[A-Z_]+)"', source))

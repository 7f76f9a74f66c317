"""The command line: what it takes, and what can't be done is said in one line, with an exit code."""

from __future__ import annotations

import codecs
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_tracer.local.cli import main
from lambda_tracer.local.commands.invoke_options import events
from lambda_tracer.local.commands.usage import UsageError
from lambda_tracer.local.receive.invocation import MAX_EVENT_BYTES
from tests.local.command import COMMAND, PROJECT, environment, in_terminal, invoke
from tests.local.hostile_documents import TEXTS
from tests.local.texts import HOSTILE, MODES, seen

EACH = """
import json, pathlib, sys
from lambda_tracer.local.cli import main
for arguments in json.loads(pathlib.Path("lines.json").read_text()):
    try:
        code = main(["invoke", *arguments])
    except SystemExit as exc:
        code = exc.code
    print(f"== {code} ==", file=sys.stderr, flush=True)
"""
"""One command after the other in one process; what starts no function needs none of its own."""


def ends(shown: str) -> list[tuple[int, str]]:
    """How each of them ended, and what it said before."""
    parts = re.split(r"^== (\d+) ==\n", shown, flags=re.MULTILINE)
    assert parts.pop() == ""
    return [(int(code), said) for said, code in zip(parts[::2], parts[1::2], strict=True)]


def test_bad_usage_is_one_line_and_exit_code_2(folder: Path) -> None:
    usages: list[tuple[list[str], str]] = [
        (
            ["app"],
            "HANDLER must be MODULE.FUNCTION, as in app.lambda_handler or src/app.lambda_handler: 'app'",
        ),
        (["./app.echo"], "HANDLER must be MODULE.FUNCTION"),
        (["/app.echo"], "HANDLER must be MODULE.FUNCTION"),
        (["app:echo"], "HANDLER must be MODULE.FUNCTION"),
        (["app..echo"], "HANDLER must be MODULE.FUNCTION"),
        ([], "the following arguments are required: HANDLER (see lambda-tracer invoke --help)"),
        (["app.echo", "--bogus"], "unrecognized arguments: --bogus"),
        (["app.echo", "--event", "{bad"], "--event: the text '{bad' is not JSON: Expecting property name"),
        (
            ["app.echo", "--event", "[NaN]"],
            "--event: the text '[NaN]' is not JSON: NaN is not a value of JSON",
        ),
        (["app.echo", "--event", "missing.json"], "--event: missing.json: No such file or directory"),
        (["app.echo", "--event", "."], "--event: .: Is a directory"),
        (["app.echo", "--event", "app.py"], "--event: app.py is not JSON: "),
        (["app.echo", "--event", "latin1.json"], "--event: latin1.json is not UTF-8 (byte 1)"),
        (["app.echo", "--event", "-"], "--event: standard input is not JSON: "),
        (["app.echo", "--sample", "sqss"], "argument --sample: expected one of rest_api, http_api, "),
        (["app.echo", "-n", "0"], "argument -n/--invocations: expected a whole number above 0: '0'"),
        (["app.echo", "--timeout", "nan"], "argument --timeout: expected seconds, above 0 and at most a day"),
        (["app.echo", "--env", "=1"], "--env: expected K=V or NAME: '=1'"),
        (
            ["app.echo", "--env", "TABLE"],
            "--env: this shell has no variable 'TABLE'; to set one, write TABLE=",
        ),
        (["app.echo", "--env-file", ".env"], "--env-file: .env: No such file or directory"),
        (
            ["app.echo", "--trace-header", "a\nb"],
            "--trace-header: an HTTP header holds printable ASCII characters only: 'a\\nb'",
        ),
        (["app.echo", "--trace-header", "a", "--unsampled"], "argument --unsampled: not allowed with"),
        (["app.echo", "--task-root", "nowhere"], "--task-root: no such folder: 'nowhere'"),
        (["app.echo", "--json", "no/where.json"], "--json: "),
    ]
    (folder / "latin1.json").write_bytes(b'"\xe9"')
    (folder / "lines.json").write_text(json.dumps([arguments for arguments, _ in usages]))

    ran = subprocess.run(
        [sys.executable, "-c", EACH],
        cwd=folder,
        env=environment({}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (0, "")
    for (arguments, line), (code, said) in zip(usages, ends(ran.stderr), strict=True):
        assert said.startswith(f"lambda-tracer: {line}"), arguments
        assert said.endswith("(see lambda-tracer invoke --help)\n"), arguments
        assert (code, said.count("\n")) == (2, 1), arguments


def test_the_commands_own_exit_code_is_2_after_bad_usage(folder: Path) -> None:
    ran = invoke("app", folder=folder)

    (said,) = ran.complaints
    assert said.startswith("lambda-tracer: HANDLER must be MODULE.FUNCTION")
    assert said.endswith("(see lambda-tracer invoke --help)")
    assert (ran.exit_code, ran.out) == (2, "")


def test_the_command_alone_says_what_it_can_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert all(f"    {name} " in err for name in ("invoke", "view", "doctor", "migrate"))
    assert main(["--bogus"]) == 2
    assert capsys.readouterr().err == (
        "lambda-tracer: unrecognized arguments: --bogus (see lambda-tracer --help)\n"
    )


@MODES
@pytest.mark.parametrize(
    ("handler", "error_type", "message"),
    [
        (
            "nope.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'nope': No module named 'nope'",
        ),
        ("app.nope", "Runtime.HandlerNotFound", "Handler 'nope' missing on module 'app'"),
        ("broken.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'broken': "),
        (
            "needs.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'needs': No module named 'x_y'",
        ),
        ("exits.handler", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
    ],
)
def test_a_function_that_can_not_start_is_one_line_and_exit_code_1(
    folder: Path, handler: str, error_type: str, message: str, mode: list[str]
) -> None:
    (folder / "broken.py").write_text("def handler(event, context) return\n")
    (folder / "needs.py").write_text("import x_y\n")
    (folder / "exits.py").write_text("raise SystemExit(3)\n")

    ran = invoke(handler, "-n", "3", *mode, folder=folder)

    (said,) = ran.complaints
    assert said.startswith(f"lambda-tracer: {error_type}: {message}")
    (error,) = ran.results
    assert (error["errorType"], ran.exit_code) == (error_type, 1)


@MODES
def test_a_module_that_raises_is_shown_with_its_own_part_of_the_stack(folder: Path, mode: list[str]) -> None:
    (folder / "raises.py").write_text('print("before")\nraise KeyError("TABLE")\n')

    ran = invoke("raises.handler", *mode, folder=folder)

    printed, said, where, code = ran.complaints
    assert (printed, said) == ("before", "lambda-tracer: KeyError: 'TABLE'")
    assert where.endswith('raises.py", line 1, in <module>') or where.endswith(
        'raises.py", line 2, in <module>'
    )
    assert code.strip() == 'raise KeyError("TABLE")'
    assert ran.exit_code == 1


@pytest.mark.parametrize(
    ("missing", "line"),
    [
        ("rich", "rich is not installed: pip install 'lambda-tracer[local]'"),
        (
            "awslambdaric",
            "awslambdaric is not installed: pip install 'lambda-tracer[local]', or use --inline",
        ),
    ],
)
def test_what_is_not_installed_is_named_with_the_command_that_installs_it(
    folder: Path, missing: str, line: str
) -> None:
    """Absence can't be arranged in an environment that has it: the import system is told to find nothing."""
    program = (
        "import importlib.util as u, sys\n"
        "find = u.find_spec\n"
        f"u.find_spec = lambda name, *more: None if name == {missing!r} else find(name, *more)\n"
        "from lambda_tracer.local.cli import main\n"
        "sys.exit(main(['invoke', 'app.echo']))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment({}),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr.splitlines()) == (2, [f"lambda-tracer: {line}"])


@pytest.mark.parametrize("arguments", [["--help"], ["invoke", "--help"], ["--version"]])
@pytest.mark.parametrize("module", ["lambda_tracer", "lambda_tracer.local"])
def test_help_and_version_need_nothing(tmp_path: Path, module: str, arguments: list[str]) -> None:
    done = subprocess.run(
        [*COMMAND[:-1], module, *arguments],
        cwd=tmp_path,
        env=environment({}),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "lambda-tracer" in done.stdout


def test_a_reader_that_leaves_early_is_no_crash(folder: Path) -> None:
    pipe = f"{sys.executable} -m lambda_tracer.local invoke app.echo -n 3 2>err | true; wait"

    subprocess.run(["sh", "-c", pipe], cwd=folder, env=environment({}), check=True)

    assert "Error" not in (folder / "err").read_text()


def test_events_are_files_standard_input_samples_and_literals_used_in_turn(folder: Path) -> None:
    (folder / "event.json").write_text('{"from": "file"}')
    events = ("--event", "event.json", "--event", "-", "--sample", "sqs", "-e", '"literal"')

    ran = invoke("app.echo", *events, "-n", "5", folder=folder, stdin="[1.50, 2]")

    first, second, sample, *others = ran.results
    assert (first, second, others) == ({"from": "file"}, [1.5, 2], ["literal", {"from": "file"}])
    assert sample["Records"][0]["eventSource"] == "aws:sqs"


def test_an_event_over_lambdas_limit_is_refused_in_its_words(tmp_path: Path) -> None:
    largest = b'"' + b"x" * (MAX_EVENT_BYTES - 2) + b'"'
    (tmp_path / "fits.json").write_bytes(codecs.BOM_UTF8 + largest)
    (tmp_path / "large.json").write_bytes(largest + b" ")

    assert events([str(tmp_path / "fits.json")]) == [largest]
    with pytest.raises(UsageError) as raised:
        events([str(tmp_path / "large.json")])
    assert str(raised.value).endswith(
        "large.json is too large, RequestEntityTooLargeException: Request must be smaller than 6291456 bytes for "
        "the InvokeFunction operation"
    )


def test_a_command_line_that_can_not_be_is_one_plain_line(folder: Path) -> None:
    lines = [
        [f"app{HOSTILE[:9]}.echo"],
        ["app.echo", f"--{HOSTILE[:9]}"],
        ["app.echo", "--event", HOSTILE.replace("\0", "")],
        ["app.echo", "--env", HOSTILE[:9]],
        ["app.echo", "--function-name", "a\nb"],
        ["app.echo", "--function-name", "функция"],
        ["app.echo", "--task-root", HOSTILE[:9]],
        ["app.echo", "--json", f"no/{HOSTILE[:9]}"],
        ["app.echo", "-n", "9" * 5_000],
        ["app.echo", "--memory", "9" * 5_000],
        ["app.echo", "--timeout", "1e400"],
        ["app.echo", "--event", "[" * 20_000],
        ["app.echo", "--event", "/dev/zero"],
        ["app.echo", "--event", "\udcff"],
        ["app.echo", "--json", "/dev/full"],
    ]
    (folder / "lines.json").write_text(json.dumps(lines))

    ran = in_terminal([sys.executable, "-c", EACH], folder=folder)

    assert ran.exit_code == 0
    for arguments, (code, shown) in zip(lines, ends(ran.out), strict=True):
        said = [line for line in shown.splitlines() if not line.startswith(("{", "}"))]
        assert seen(shown) == set(), arguments
        assert said[-1].startswith("lambda-tracer: "), arguments
        assert "bug in lambda-tracer" not in shown, arguments
        assert len(said[-1]) < 600, arguments
        assert code in (1, 2), arguments


def test_any_command_line_ends_without_a_traceback(folder: Path) -> None:
    """In this process, as far as the command gets before the function starts."""
    source = random.Random(11)
    words = [
        *(
            "invoke",
            "app.echo",
            "-e",
            "{}",
            "--env",
            "A=b",
            "-n",
            "0",
            "--json",
            "--timeout",
            "x",
            "--help",
            "-",
        ),
        *(
            "--unsampled",
            "--trace-header",
            "Root=1;Sampled=1",
            "--memory",
            "--task-root",
            "/no",
            "--bogus",
            "",
        ),
        *(text for text in TEXTS if "\0" not in text),
    ]
    lines = [
        ["invoke", "no", *source.choices(words, k=source.randrange(6))]
        if number % 2
        else source.choices(words[2:], k=source.randrange(6))
        for number in range(500)
    ]
    (folder / "lines.json").write_text(json.dumps(lines))
    program = (
        "import io, json, sys\n"
        "from lambda_tracer.local.cli import main\n"
        "for line in json.load(open('lines.json')):\n"
        "    try:\n"
        "        code = main(line)\n"
        "    except SystemExit as exc:\n"
        "        code = exc.code\n"
        "    assert code in (0, 2), line\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment({}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2_000:]
    assert "bug in lambda-tracer" not in done.stderr
    assert seen(done.stderr) == set()


@MODES
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full"])
def test_streams_that_are_closed_or_full_are_no_crash(folder: Path, closed: str, mode: list[str]) -> None:
    command = f"{' '.join(COMMAND)} invoke app.traced {' '.join(mode)} {closed}"

    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment({}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert "Traceback" not in done.stderr + done.stdout
    assert "bug in lambda-tracer" not in done.stderr
    assert done.returncode in (0, 2)


def test_a_module_of_the_functions_takes_the_place_of_none_of_ours(folder: Path) -> None:
    for name in ("rich", "queue", "socketserver", "argparse", "uuid"):
        (folder / f"{name}.py").write_text("raise SystemError('not ours')\n")
    (folder / "plain.py").write_text("def handler(event, context):\n    return 1\n")

    ran = invoke("plain.missing", folder=folder)

    assert "bug in lambda-tracer" not in ran.err
    assert ran.err.count("Traceback") <= 1  # the function's own process, in which they do
    assert ran.exit_code == 1


def test_where_the_developers_side_is_not_installed_it_says_what_brings_it(tmp_path: Path) -> None:
    """As in the layer, and in a function's folder."""
    left_out = shutil.ignore_patterns("local", "__pycache__", "bundles")
    shutil.copytree(PROJECT / "lambda_tracer", tmp_path / "lambda_tracer", ignore=left_out)

    done = subprocess.run(
        [sys.executable, "-m", "lambda_tracer", "invoke", "app.echo"],
        cwd=tmp_path,
        env=environment({"PYTHONPATH": str(tmp_path)}),
        capture_output=True,
        text=True,
        check=False,
    )

    (said,) = done.stderr.splitlines()
    assert said.endswith("the command is not part of the layer: pip install 'lambda-tracer[local]'")
    assert (done.returncode, done.stdout) == (1, "")

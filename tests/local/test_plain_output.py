"""Plain output: whatever a function, a module, a command line or an environment holds, no terminal has to obey it."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_tracer.local.receive.plain_text import escaped, escaped_json
from tests.local.command import COMMAND, environment, invoke, invoke_in_terminal
from tests.local.hostile_documents import CONTROLS, TEXTS
from tests.local.test_hostile_documents import commands_in, strictly

MODES = pytest.mark.parametrize("mode", [[], ["--inline"]], ids=["process", "inline"])
HOSTILE = "\x1b]0;title\x07\x9b2J\u202e\u2066\x00\x7f\u2028"


def seen(text: str) -> set[str]:
    """What a terminal would obey in it, but for our own colours."""
    return commands_in(re.sub(r"\x1b\[[0-9;]*m", "", text))


@MODES
@pytest.mark.parametrize("error", ["ImportError", "ValueError", "SyntaxError"])
def test_a_module_that_raises_reaches_no_terminal_as_it_is(folder: Path, error: str, mode: list[str]) -> None:
    (folder / "raises.py").write_text(f"raise {error}({HOSTILE!a})\n")

    ran = invoke_in_terminal("raises.handler", *mode, folder=folder)

    assert seen(ran.out) == set()
    assert r"\x1b]0;title\x07\x9b2J" in ran.out
    assert ran.exit_code == 1


@MODES
def test_a_result_is_the_same_value_without_what_a_terminal_obeys(folder: Path, mode: list[str]) -> None:
    value = {
        CONTROLS.replace("\ud800", "").replace("\udfff", ""): [
            HOSTILE,
            "grüß 漢字",
            "\U0001f468\u200d\U0001f469",
        ]
    }
    (folder / "returns.py").write_text(
        f"import json\ndef handler(event, context):\n"
        f"    return json.dumps({value!a}, ensure_ascii=False).encode()\n"
    )

    piped = invoke("returns.handler", *mode, folder=folder)
    shown = invoke_in_terminal("returns.handler", *mode, folder=folder)

    assert (piped.results, seen(piped.out), seen(shown.out)) == ([value], set(), set())
    assert "grüß 漢字" in piped.out


@MODES
def test_what_a_failing_handler_says_reaches_no_terminal_as_it_is(folder: Path, mode: list[str]) -> None:
    (folder / "raises.py").write_text(
        f"import logging\ndef handler(event, context):\n"
        f"    logging.warning({HOSTILE!a})\n    raise type({HOSTILE[2:8]!a}, (Exception,), {{}})({HOSTILE!a})\n"
    )

    ran = invoke_in_terminal("raises.handler", *mode, folder=folder)

    assert seen(ran.out) == {"\t"}  # as the runtime client logs
    assert ran.exit_code == 1


def test_the_log_is_shown_with_escapes_whatever_its_bytes(folder: Path) -> None:
    (folder / "logs.py").write_text(
        "import sys, time\n"
        "def handler(event, context):\n"
        "    out = sys.stdout.buffer if hasattr(sys.stdout, 'buffer') else sys.__stdout__.buffer\n"
        "    for byte in 'a\\u202eb \\u6f22 \\x9b'.encode() + b'\\x9b \\xff \\xe6\\n\\ttab\\r\\n':\n"
        "        out.write(bytes([byte])); out.flush(); time.sleep(0.001)\n"
    )

    ran = invoke("logs.handler", folder=folder)

    assert ran.complaints[:2] == [r"a\u202eb 漢 \x9b\x9b \xff \xe6", "\ttab"]


@MODES
@pytest.mark.parametrize(
    "expression", ["float('nan')", "[1e999]", "{'a': -1e999}", "deep(300)", "deep(5000)"]
)
def test_json_holds_json_whatever_the_result(folder: Path, expression: str, mode: list[str]) -> None:
    (folder / "returns.py").write_text(
        "def deep(levels):\n    return ('[' * levels + ']' * levels).encode()\n"
        f"def handler(event, context):\n    return {expression}\n"
    )

    ran = invoke("returns.handler", "--json", "t.json", *mode, folder=folder)

    strictly((folder / "t.json").read_text())
    assert len(ran.results) == 1
    assert ran.exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
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
    ],
)
def test_a_command_line_that_can_not_be_is_one_plain_line(folder: Path, arguments: list[str]) -> None:
    ran = invoke_in_terminal(*arguments, folder=folder)

    said = [line for line in ran.out.splitlines() if not line.startswith(("{", "}"))]
    assert seen(ran.out) == set()
    assert said[-1].startswith("lambda-tracer: ")
    assert "bug in lambda-tracer" not in ran.out
    assert len(said[-1]) < 600
    assert ran.exit_code in (1, 2)


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


@pytest.mark.parametrize("columns", ["0", "1", "-5", "²", "x", "9" * 5_000, "99999"])
def test_any_number_of_columns_is_drawn_in(folder: Path, columns: str) -> None:
    ran = invoke("app.traced", folder=folder, COLUMNS=columns)

    assert (ran.exit_code, ran.results) == (0, [{"ok": True}])
    assert "lambda-tracer:" not in ran.err


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


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        ("    raise type('Stop', (BaseException,), {})('x')", "Runtime.ExitError"),
        ("    raise type('Bad', (Exception,), {'__str__': lambda self: 1 / 0})()", "Bad"),
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


@pytest.mark.parametrize("text", [*TEXTS, CONTROLS], ids=ascii)
def test_escaped_text_is_plain_and_escaped_json_the_same_value(text: str) -> None:
    assert commands_in(escaped(text)) == set()
    assert json.loads(escaped_json(json.dumps(text, ensure_ascii=False))) == text

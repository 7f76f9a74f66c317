"""Every fenced block of the documentation is what it says that it is.

A python block is a module `app`: it is imported in a process of its own, and its `lambda_handler`, if it has one, is
called with the event that the pages show. The trace block below it is the trace that must come of it. Where a module of
tests follows, the module `app` is what they test, and pytest runs them.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from lambda_tracer.local.cli import parser
from lambda_tracer.local.view.filter.parser import parse
from tests.daemon import Daemon
from tests.docs.pages import ALL_BLOCKS, BLOCKS, PAGES, PROJECT, Block
from tests.local.command import Ran, invoke
from tests.testing import project

RUN = """
import json, sys
import app
if hasattr(app, "lambda_handler"):
    app.lambda_handler(json.loads(sys.argv[1]), None)
"""


def trace_below(block: Block) -> str:
    """The trace that the page shows for a python block, if it shows one."""
    if not block.is_traced:
        return ""
    following = BLOCKS[block.page][BLOCKS[block.page].index(block) + 1 :][:2]
    return next((after.text for after in following if after.language == "trace"), "")


_OF_APP = re.compile(r"^ *(from|import) app\b", re.MULTILINE)


def has_tests_below(block: Block) -> bool:
    """Whether the next python block of the page has tests, of what is in this one."""
    after = BLOCKS[block.page][BLOCKS[block.page].index(block) + 1 :]
    following = next((each for each in after if each.language == "python"), None)
    return following is not None and following.is_test and _OF_APP.search(following.text) is not None


TESTED = [
    block for block in ALL_BLOCKS if block.language == "python" and (block.is_test or has_tests_below(block))
]
SNIPPETS = [block for block in ALL_BLOCKS if block.language == "python" and block not in TESTED]
APP = next(block.text for block in BLOCKS["README.md"] if block.language == "python")
(EVENT,) = (block.text for block in ALL_BLOCKS if block.language == "json")
# A command that goes on in the next line is one.
SHELL = [
    (block.page, line)
    for block in ALL_BLOCKS
    if block.language == "sh"
    for line in re.sub(r"\\\n\s*", "", block.text).splitlines()
]
OTHERS = ("lambda-tracer view", "lambda-tracer migrate", "lambda-tracer show")
COMMANDS = [
    (page, line)
    for page, line in SHELL
    if "lambda-tracer " in line and not any(other in line for other in OTHERS)
]
VIEWS = [line for _, line in SHELL if line.startswith("lambda-tracer view")]
SHOWS = [line.partition("lambda-tracer ")[2] for _, line in SHELL if "lambda-tracer show" in line]
MIGRATIONS = [line for _, line in SHELL if "lambda-tracer migrate" in line]


OUTSIDE_LAMBDA = ("docs/guides/outside-lambda.md", "docs/guides/sampling.md", "docs/guides/servers.md")
"""The pages whose code runs where no Lambda is, and segments are its own."""


@pytest.mark.parametrize("block", SNIPPETS, ids=[block.place for block in SNIPPETS])
def test_a_snippet_runs_silently_and_gives_the_trace_below_it(
    block: Block, daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "opentelemetry" in block.text:
        pytest.importorskip("opentelemetry.trace", reason="opentelemetry-api is not installed")
    if "fastapi" in block.text:
        pytest.importorskip("fastapi", reason="fastapi is not installed")
    expected = trace_below(block)
    if block.page in OUTSIDE_LAMBDA:
        monkeypatch.delenv("LAMBDA_TASK_ROOT")
        monkeypatch.delenv("_X_AMZN_TRACE_ID")
        monkeypatch.setenv("LAMBDA_TRACER_SEGMENT", "on")
    (tmp_path / "app.py").write_text(block.text, encoding="utf-8")
    # The folder comes first: Python puts it there itself for -c.
    ran = subprocess.run(
        [sys.executable, "-c", RUN, EVENT],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert block.is_traced == bool(expected)
    daemon.expect_tree(expected)


@pytest.mark.slow
def test_the_tests_shown_pass(tmp_path: Path) -> None:
    """What a page shows to be tested is the module `app` of its tests."""
    files = {}
    for block in TESTED:
        folder = Path(block.page).stem.replace("-", "_")
        files[f"{folder}/{f'test_line_{block.line}' if block.is_test else 'app'}.py"] = block.text

    ran = [
        project.run(project.write(tmp_path / folder, of_page))
        for folder, of_page in _by_folder(files).items()
    ]

    shown = sum(len(re.findall(r"^ *def test_", block.text, re.MULTILINE)) for block in TESTED)
    assert {block.page for block in TESTED} == {"docs/guides/testing.md", "docs/guides/sample-events.md"}
    assert [each.code for each in ran] == [0, 0], "\n".join(each.out for each in ran)
    assert sum(each.outcomes["passed"] for each in ran) == shown


def _by_folder(files: dict[str, str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for path, text in files.items():
        folder, _, name = path.partition("/")
        found.setdefault(folder, {})[name] = text
    return found


def test_every_trace_that_is_shown_belongs_to_a_snippet() -> None:
    shown = [block for block in ALL_BLOCKS if block.language == "trace"]

    assert len(shown) == len([block for block in SNIPPETS if trace_below(block)])


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_a_command_ends_as_its_page_says(page: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    (tmp_path / "event.json").write_text(EVENT, encoding="utf-8")
    programs = tmp_path / "bin"
    programs.mkdir()
    # Stands for the installed script, which may belong to another environment than the one that runs this.
    (programs / "lambda-tracer").write_text(
        f'#!/bin/sh\nexec "{sys.executable}" -m lambda_tracer.local "$@"\n'
    )
    (programs / "lambda-tracer").chmod(0o755)
    variables = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(PROJECT)}
    expected = re.search(r"# exit code (\d+)", line)

    ran = subprocess.run(
        ["sh", "-c", line],
        cwd=tmp_path,
        env={**os.environ, **variables},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )

    assert ran.returncode == (int(expected[1]) if expected else 0), ran.stderr
    if "lambda-tracer doctor" in line:
        assert ran.stderr == ""
        return
    assert ("## lambda_handler" in ran.stderr) == ("--unsampled" not in line)
    if expected is None:
        assert all(isinstance(json.loads(result), dict) for result in ran.stdout.splitlines())


def test_the_command_that_never_ends_is_one_that_begins() -> None:
    """`view` runs until it is interrupted: here it is only read."""
    read = [parser().parse_args(shlex.split(line)[1:]) for line in VIEWS]

    assert len(read) >= 5
    assert [parse(options.filter) for options in read if options.filter]


def test_the_commands_that_draw_a_log_are_some() -> None:
    """What is before them asks AWS."""
    read = [parser().parse_args(shlex.split(line)) for line in SHOWS]

    assert len(read) >= 4
    assert [parse(options.filter) for options in read if options.filter]


def test_the_filter_expressions_shown_are_some() -> None:
    texts = [block.text for block in BLOCKS["docs/guides/local-view.md"] if block.language == "text"]

    assert [parse(line) for text in texts for line in text.splitlines()]


@pytest.mark.parametrize("line", MIGRATIONS)
def test_a_command_that_moves_a_project_does(line: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from aws_xray_sdk.core import patch_all\n", encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("aws-xray-sdk\n", encoding="utf-8")

    ran = subprocess.run(
        [sys.executable, "-m", "lambda_tracer.local", *shlex.split(line, comments=True)[1:]],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert "+from lambda_tracer import patch_all" in ran.stdout
    is_written = "lambda_tracer" in (tmp_path / "app.py").read_text(encoding="utf-8")
    assert is_written == ("--write" in line)


def test_the_commands_for_make_and_pip_name_targets_and_extras_that_exist() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    pyproject = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    lines = "\n".join(line for _, line in SHELL)
    targets = set(re.findall(r"^make ([\w-]+)", lines, re.MULTILINE))
    extras = set(re.findall(r"^pip install .*\[([\w,]+)\]", lines, re.MULTILINE))
    extras = {extra for names in extras for extra in names.split(",")}

    assert targets >= {"demo", "test", "layer", "docs", "dist", "lock", "test-newest"}
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
    assert extras == {"local", "migrate", "otel"}
    assert [extra for extra in extras if not re.search(rf"^{extra} = \[", pyproject, re.MULTILINE)] == []


@pytest.mark.parametrize(
    "block",
    [block for block in ALL_BLOCKS if block.language == "sh"],
    ids=lambda block: block.place,
)
def test_a_shell_block_is_one_that_a_shell_can_read(block: Block) -> None:
    ran = subprocess.run(["sh", "-n"], input=block.text, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_of_a_kind_that_is_checked_here(page: str) -> None:
    kinds = {block.language for block in BLOCKS[page]}

    # The template in yaml is linted beside our own, in tests/sam.
    assert kinds <= {"python", "trace", "sh", "json", "text", "diff", "yaml"}
    assert PAGES[page].count("\n```") == 2 * len(BLOCKS[page])


def test_the_waterfall_shown_is_that_of_the_example() -> None:
    ran = invoke(
        "app.lambda_handler", "--event", "event.json", "-n", "2", folder=PROJECT / "examples" / "payment"
    )

    warm = ran.err.partition("── Invocation 2 of 2, warm ─")[2]
    for page in ("README.md", "docs/index.md"):
        shown = next(block.text for block in BLOCKS[page] if block.language == "text")
        assert Ran(0, "", shown).tree == Ran(0, "", warm).tree


def test_the_first_trace_is_the_same_on_both_pages_that_show_it() -> None:
    first, again = (
        [block.text for block in BLOCKS[page] if block.language in ("python", "trace")][:2]
        for page in ("README.md", "docs/getting-started.md")
    )

    assert first == again

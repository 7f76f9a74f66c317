"""The README does what it says: its snippets and commands run, its tables list what there is.

A python block is a module `app`: it is imported in a process of its own, and its `lambda_handler`, if it has one, is
called with the README's event. The trace block below it is the trace that must come of it.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from lambda_tracer import guard, settings, sqs
from lambda_tracer.encode import any_value, document, messages, redaction
from lambda_tracer.local import cli
from lambda_tracer.patches import registry
from lambda_tracer.patches.sql import text as sql_text
from lambda_tracer.send import emitter, outbox, watchdog
from lambda_tracer.trace import header, initialization
from tests.daemon import Daemon
from tests.local.command import Ran, invoke
from tests.tree import tree

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text(encoding="utf-8")
PACKAGE = PROJECT / "lambda_tracer"

RUN = """
import json, sys
import app
if hasattr(app, "lambda_handler"):
    app.lambda_handler(json.loads(sys.argv[1]), None)
"""


class Block(NamedTuple):
    """A fenced block: where it is, its language, and what is in it."""

    line: int
    language: str
    text: str

    @property
    def is_traced(self) -> bool:
        """Does it record anything, as far as a reader can tell?"""
        return any(word in self.text for word in ("capture", "in_subsegment", "begin_subsegment"))


def _blocks() -> list[Block]:
    found = re.finditer(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [Block(README.count("\n", 0, match.start()) + 1, match[1], match[2]) for match in found]


BLOCKS = _blocks()
SNIPPETS = [
    (block, next((after.text for after in BLOCKS[index + 1 : index + 3] if after.language == "trace"), ""))
    if block.is_traced
    else (block, "")
    for index, block in enumerate(BLOCKS)
    if block.language == "python"
]
APP = SNIPPETS[0][0].text
EVENT = next(block.text for block in BLOCKS if block.language == "json")
SHELL = [line for block in BLOCKS if block.language == "sh" for line in block.text.splitlines()]
COMMANDS = [line for line in SHELL if "lambda-tracer " in line]


def table(heading: str) -> list[list[str]]:
    """The cells of the tables below a heading, without the first one's head."""
    section = _prose(README).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[2:]]


def names(cells: list[str]) -> set[str]:
    """What stands between backticks."""
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize(("block", "expected"), SNIPPETS, ids=[f"line {block.line}" for block, _ in SNIPPETS])
def test_a_snippet_runs_silently_and_gives_the_trace_below_it(
    block: Block, expected: str, daemon: Daemon, tmp_path: Path
) -> None:
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
    assert tree(daemon) == expected


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_ends_as_the_readme_says(line: str, tmp_path: Path) -> None:
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
    assert ("## lambda_handler" in ran.stderr) == ("--unsampled" not in line)
    if expected is None:
        assert all(isinstance(json.loads(result), dict) for result in ran.stdout.splitlines())


def test_the_commands_for_make_and_pip_name_targets_and_extras_that_exist() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    pyproject = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    targets = re.findall(r"^make ([\w-]+)", "\n".join(SHELL), re.MULTILINE)
    extras = re.findall(r"^pip install '\.\[(\w+)\]'", "\n".join(SHELL), re.MULTILINE)

    assert targets == ["demo", "test", "layer", "test-newest", "lock"]
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
    assert extras == ["local"]
    assert [extra for extra in extras if not re.search(rf"^{extra} = \[", pyproject, re.MULTILINE)] == []


def test_every_block_is_of_a_kind_that_is_checked_here() -> None:
    kinds = {block.language for block in BLOCKS}

    # The template in yaml is linted beside our own, in tests/sam.
    assert kinds <= {"python", "trace", "sh", "json", "text", "diff", "yaml"}
    assert README.count("\n```") == 2 * len(BLOCKS)


def test_the_waterfall_shown_is_that_of_the_example() -> None:
    shown = next(block.text for block in BLOCKS if block.language == "text")

    ran = invoke(
        "app.lambda_handler", "--event", "event.json", "-n", "2", folder=PROJECT / "examples" / "payment"
    )

    warm = ran.err.partition("── Invocation 2 of 2, warm ─")[2]
    assert Ran(0, "", shown).tree == Ran(0, "", warm).tree


def test_the_table_of_options_has_every_option_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["invoke", "--help"])
    offered = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", capsys.readouterr().out.partition("options:")[2]))

    described = {name.partition(" ")[0] for row in table("`lambda-tracer invoke`") for name in names(row[:1])}
    assert described == offered - {"-h", "--help"} - {"-"}


def test_the_table_of_variables_has_every_variable_that_is_read() -> None:
    source = (PACKAGE / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'"(_?(?:AWS|POWERTOOLS|LAMBDA|X_AMZN)_[A-Z_]+)"', source))

    assert names([row[0] for row in table("Environment variables")]) == read


def test_the_table_of_log_messages_has_every_message_of_the_tracer() -> None:
    logged = set()
    for path in PACKAGE.rglob("*.py"):
        if "local" not in path.relative_to(PACKAGE).parts:  # the command has no log: it prints
            logged |= _messages(ast.parse(path.read_text(encoding="utf-8")))

    described = {re.sub("<[a-z]+>", "<>", name) for row in table("Log messages") for name in names(row[:1])}
    assert described == logged


def _messages(module: ast.Module) -> set[str]:
    """The templates of what a module logs, with `<>` for what is filled in."""
    texts = {}
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.JoinedStr):
            texts[ast.unparse(node.targets[0])] = _template(node.value)
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            for text in node.exc.args:
                if isinstance(text, ast.JoinedStr):
                    texts["error"] = _template(text)  # the name under which it is caught
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            index = {"warn_once": 1, "warning": 0}.get(called, len(node.args))
            template = node.args[index] if index < len(node.args) else None
            if isinstance(template, ast.Constant) and isinstance(template.value, str):
                if template.value == "%s":  # what is logged here is also raised elsewhere
                    found.add(texts[ast.unparse(node.args[index + 1])])
                else:
                    found.add(re.sub("%[sd]", "<>", template.value))
    return found


def _template(text: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "<>" for part in text.values)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (document.MAX_DATAGRAM_BYTES, "at most {} bytes. In a larger one"),
        (document.MAX_NAME, "Names have at most {} characters"),
        (document.MAX_ANNOTATION_TEXT, "Of a text, {} characters are kept"),
        (document.MAX_ANNOTATION_BYTES, "together have at most {} bytes"),
        (document.MAX_HTTP_TEXT, "user agent have at most {} characters"),
        (messages.MAX_MESSAGE, "exception messages {}."),
        (initialization.MAX_HELD_BYTES, "At most {} bytes are kept beside"),
        (int(initialization.MAX_AGE_S), "begins within {} seconds of the last thing"),
        (int(settings.DEFAULT_IMPORTS_MS), "Imports that take less than {} ms leave no trace"),
        (sqs.MAX_BODY_CHARACTERS, "made of the body, up to {} characters"),
        (int(watchdog.MAX_WAITING_S), "whether something finished has waited for {} seconds"),
        (outbox.MAX_WAITING_BYTES, "more than {} bytes in one parent"),
        (int(outbox.MAX_WAITING_S), "waited for {} seconds"),
        (header.MAX_HEADER_CHARACTERS, "further fields beyond {} characters in all"),
        (sql_text.MAX_TEXT, "comments go, and {} characters are kept"),
        (guard.MAX_UNSAID, "At most {} messages wait for a log"),
        (any_value.MAX_ITEMS, "Of one that is walked, {} members"),
        (any_value.MAX_DEPTH, "members of each list and dict, {} levels"),
        (any_value.MAX_TEXT, "levels and {} bytes of text are shown"),
        (int(emitter.RESOLVE_WAIT_S), "The first document waits for it at most {} second,"),
        (emitter.MAX_PENDING_BYTES, "what is sent meanwhile, up to {} bytes"),
    ],
)
def test_a_limit_is_the_one_that_the_code_has(limit: int, said: str) -> None:
    text = " ".join(README.split())

    assert said.format(f"{limit:,}") in text


def test_the_table_of_libraries_has_every_name_that_can_be_patched() -> None:
    described = names([row[0] for row in table("What libraries do")])

    assert {*registry.LIBRARIES, *registry.ALIASES} - described == set()


def test_the_names_of_secrets_are_those_that_are_redacted() -> None:
    quoted = " ".join(line[2:] for line in README.splitlines() if line.startswith("> "))
    secret = [name.removeprefix("as a whole name also ") for name in re.split("[,;] ", quoted)]
    harmless = ("NextToken", "max_tokens", "SecretId", "AccessKeyId")

    assert len(secret) > 20
    assert [name for name in secret if not redaction.is_secret(name)] == []
    assert [name for name in harmless if f"`{name}`" not in README or redaction.is_secret(name)] == []


@pytest.mark.parametrize("page", ["README.md", "RATIONALE.md", "CHANGELOG.md"])
def test_links_into_the_project_lead_somewhere(page: str) -> None:
    text = (PROJECT / page).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]

    lost = []
    for target in targets:
        path, _, anchor = target.partition("#")
        linked = PROJECT / (path or page)
        if not linked.exists() or (anchor and anchor not in _anchors(linked)):
            lost.append(target)
    assert targets or page != "README.md"
    assert lost == []


def test_the_contents_name_every_section_in_its_order() -> None:
    contents = README.partition("**Contents:**")[2].partition("\n\n")[0]

    assert re.findall(r"\[(.+?)\]\(#", contents) == re.findall(r"^## (.*)$", _prose(README), re.MULTILINE)


def _anchors(page: Path) -> set[str]:
    """What the headings of a page are linked by."""
    titles = re.findall(r"^#+ (.*)$", _prose(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).replace(" ", "-").lower() for title in titles}


def _prose(text: str) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)

"""The tables, lists and numbers of the documentation are those that the package has."""

from __future__ import annotations

import ast
import inspect
import re

import pytest

from lambda_tracer.events.trigger import facts_of
from lambda_tracer.testing import LambdaContext, capture_traces
from lambda_tracer.testing.events import makers
from lambda_tracer.testing.invocation import Invocation
from lambda_tracer.testing.traces import Traces
from tests.docs.limits import (
    ATTRIBUTES,
    EXPLANATIONS,
    FINDINGS,
    LIMITS,
    PATCHABLE,
    SHORT_FACTS,
    Limit,
    command,
    is_secret,
)
from tests.docs.pages import PAGES, PROJECT, names, prose, tables
from tests.events.test_trigger import TRIGGERS
from tests.testing.sent import made

pytestmark = pytest.mark.once

PACKAGE = PROJECT / "lambda_tracer"


@pytest.mark.parametrize(("name", "page"), [("invoke", "local-command"), ("view", "local-view")])
def test_the_table_of_options_has_every_option_of_the_command(
    name: str, page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        command([name, "--help"])
    help_text = capsys.readouterr().out.partition("options:")[2].partition("examples:")[0]
    offered = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", help_text))

    described = {
        option.partition(" ")[0]
        for row in tables(f"docs/guides/{page}.md")
        for option in names(row[:1])
        if option.startswith("-")
    }
    # What the help says of other commands is in their tables.
    assert described == offered - {"-h", "--help"} - {"-", "--json"} | (
        {"--json"} if name == "invoke" else set()
    )


def test_the_list_of_what_hides_a_trace_is_that_of_the_command_in_its_order() -> None:
    page = prose(PAGES["docs/no-trace.md"])
    group = ""
    listed, explained = [], {}
    parts = re.split(r"^(##+) (.*)$", page, flags=re.MULTILINE)
    for level, title, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        if level == "##":
            group = title
        else:
            listed.append((title, group))
            explained[title] = " ".join(re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text).split())

    assert listed == FINDINGS
    assert {code: " ".join(text.split()) for code, text in EXPLANATIONS.items()} == explained


def test_the_table_of_options_has_every_option_of_the_command_doctor(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        command(["doctor", "--help"])
    offered = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", capsys.readouterr().out.partition("options:")[2]))

    described = {name for row in tables("docs/guides/doctor.md") for name in names(row[:1]) if name[0] == "-"}
    assert {name.partition(" ")[0] for name in described} == offered - {"--help"}


def test_the_table_of_variables_has_every_variable_that_is_read() -> None:
    source = "".join(
        (PACKAGE / name).read_text(encoding="utf-8") for name in ("settings.py", "surroundings.py")
    )
    read = set(re.findall(r'"(_?(?:AWS|ECS|POWERTOOLS|LAMBDA|OTEL|X_AMZN)_[A-Z0-9_]+)"', source))

    assert names([row[0] for row in tables("docs/reference/environment-variables.md")]) == read


def test_the_page_on_what_tests_assert_on_has_every_name() -> None:
    page = PAGES["docs/reference/testing.md"]
    node = made({"id": "0" * 16, "name": "a"}).one()
    offered = {
        *vars(node),
        *dir(node),
        *dir(Traces),
        *dir(Invocation),
        *inspect.signature(Traces.show).parameters,
    }
    public = {name for name in offered if name[0] != "_"} - {"self", "read", "texts"}
    table = page.partition("## What a node has")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)

    told = {name for code in re.findall(r"`([^`\n]+)`", page) for name in re.findall(r"[a-z_]+", code)}

    assert public - told == set()
    assert {name.partition("(")[0] for name in names(rows)} - {*vars(node), *dir(node)} == set()


def test_the_table_of_attributes_has_every_attribute_that_has_a_place() -> None:
    rows = [row for row in tables("docs/reference/opentelemetry-mapping.md") if len(row) == 3]

    # The view alone shows an object's key: the tracer does not record it.
    assert names([row[1] for row in rows]) == ATTRIBUTES - {"aws.s3.key"} | SHORT_FACTS


def test_the_tables_of_the_markers_have_every_argument() -> None:
    page = PAGES["docs/guides/testing.md"]
    described = []
    for marker in ("traces", "lambda_context"):
        section = page.partition(f"### The marker `{marker}`")[2].partition("\n#")[0]
        rows = re.findall(r"^\| `(\w+)", section, re.MULTILINE)
        described.append(set(rows))

    assert described == [
        set(inspect.signature(capture_traces).parameters),
        set(inspect.signature(LambdaContext).parameters),
    ]


def test_the_table_of_log_messages_has_every_message_of_the_tracer() -> None:
    logged = set()
    for path in PACKAGE.rglob("*.py"):
        if "local" not in path.parts:  # the command has no log: it prints
            logged |= _messages(ast.parse(path.read_text(encoding="utf-8")))

    rows = tables("docs/reference/log-messages.md")
    described = {re.sub("<[a-z]+>", "<>", name) for row in rows for name in names(row[:1])}
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


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.said)
def test_a_limit_is_the_one_that_the_code_has(limit: Limit) -> None:
    text = " ".join(PAGES[limit.page].split())

    assert limit.said.format(f"{limit.value:,}") in text


def test_the_tables_of_libraries_have_every_name_that_can_be_patched() -> None:
    described = {
        name
        for page in PAGES
        if page.startswith("docs/libraries/")
        for row in tables(page)
        for name in names(row[1:2])
    }

    assert PATCHABLE - described == set()


def test_the_table_of_sample_events_has_every_function_and_its_trigger() -> None:
    described = {
        name: "".join(names(row[2:]))
        for row in tables("docs/guides/sample-events.md")
        for name in names(row[:1])
    }

    assert described == {
        name: (known.annotations["Trigger"] if (known := facts_of(maker())) is not None else "")
        for name, maker in makers().items()
    }


def test_the_names_of_secrets_are_those_that_are_redacted() -> None:
    page = PAGES["docs/guides/secrets.md"]
    quoted = " ".join(line[2:] for line in page.splitlines() if line.startswith("> "))
    secret = [name.removeprefix("as a whole name also ") for name in re.split("[,;] ", quoted)]
    harmless = ("NextToken", "max_tokens", "SecretId", "AccessKeyId")

    assert len(secret) > 20
    assert [name for name in secret if not is_secret(name)] == []
    assert [name for name in harmless if f"`{name}`" not in page or is_secret(name)] == []


def test_the_costs_shown_are_those_of_one_run() -> None:
    results = (PROJECT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    measured = results.partition("\n")[2].strip().partition(",")[0]
    complete: dict[str, list[str]] = {}
    for row in tables("docs/reference/performance.md"):
        complete.setdefault(row[0], row[1:])  # of the first table, the newest
    short = {row[0]: row[1:] for row in tables("README.md")}

    assert short
    assert {name: complete.get(name, [])[: len(cells)] for name, cells in short.items()} == short
    for page in ("README.md", "docs/reference/performance.md"):
        assert f"on {measured}" in " ".join(PAGES[page].split())


def test_the_table_of_sources_has_every_trigger_that_an_event_is_known_as() -> None:
    described = {name for row in tables("docs/guides/event-sources.md") for name in names(row[:1])}

    assert {trigger for trigger, _, _ in TRIGGERS.values()} <= described

"""Imports run one way through the package, from the user's side down to the wire, and nowhere in a circle.

Counted are all of them: at the top of a module, inside functions, under TYPE_CHECKING, and those of `guard.Late`.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import lambda_tracer

pytestmark = pytest.mark.once

PACKAGE = Path(lambda_tracer.__file__).parent

GROUND = {"clock", "guard", "safe", "settings", "surroundings", "xray"}
"""What every room may use."""

ARROWS: dict[str, set[str]] = {
    # the developer's side, of which the rest knows nothing
    "testing": {
        *("local.view", "local.run", "local.receive"),
        *(
            "tracer",
            "log_ids",
            "outside",
            "sdk",
            "sandbox",
            "patches",
            "capture",
            "recording",
            "send",
            "encode",
            "trace",
        ),
    },
    "__main__": {"local"},  # `python -m lambda_tracer`
    "local": {"local.commands", "local.run", "local.receive"},
    "local.commands": {
        *("local.view", "local.migrate", "local.doctor"),
        *("local.show", "local.run", "local.receive", "testing.events"),
    },
    "local.doctor": {"patches", "capture", "send", "local.run", "local.receive", "local.template"},
    "local.migrate": {"local.receive", "local.template", ""},
    "local.template": set(),
    "local.view": {"local.show", "local.receive"},
    "local.show": {"local.run", "local.receive"},
    "local.run": {"local.receive"},
    "local.receive": {"otel"},
    "testing.events": set(),  # plain values: a test has them without the tracer
    # what runs in Lambda
    "": {"tracer", "sdk", "patches", "send", "sqs", "trace", "bundle_rest", "bundle"},  # the public names
    "auto": {"tracer", "compat", "auto_beside", "sandbox", "capture"},
    "auto_beside": {"capture"},
    "durable": {"recording"},
    "tracer": {
        *("log_ids", "outside", "sdk", "segments", "sandbox", "patches", "capture", "recording", "encode"),
    },
    "log_ids": {"trace"},
    "outside": set(),
    "compat": {
        *("sdk", "segments", "segments.sampling", "segments.plugins", "patches", "sqs", "recording"),
        *("send", "encode", "trace", "wrapping"),
    },
    "web": {"sdk", "segments", "segments.sampling", "patches", "recording", "trace"},
    "sdk": {"segments", "patches", "recording", "trace"},
    "segments": {"segments.sampling", "segments.plugins", "capture", "recording", "trace", "wrapping"},
    "segments.sampling": {"segments.exchange", "send", "trace"},
    "segments.plugins": {"segments.exchange"},
    "segments.exchange": set(),
    "sandbox": {"patches", "recording", "send", "trace"},
    "otel": {"patches", "recording", "encode", "trace", "wrapping"},
    "patches": {"events", "recording", "trace", "wrapping"},
    "capture": {"events", "recording", "send", "encode", "sqs", "trace", "wrapping"},
    "recording": {"send", "encode", "trace", "wrapping"},
    "send": {"encode", "trace"},
    "encode": {"trace"},
    "sqs": {"events", "trace"},
    "events": set(),
    "trace": set(),
    "wrapping": set(),
    "bundle_rest": {"bundle", "bundle_sources"},
    "bundle_sources": {"bundle"},
    "bundle": set(),
    "surroundings": set(),
    "settings": set(),
    "safe": set(),
    "xray": set(),
    "clock": set(),
    "guard": set(),
}
"""The rooms from top to bottom, and the rooms that each of them may import, besides the ground."""


class Import(NamedTuple):
    """One module of the package that imports another."""

    by: str
    of: str
    line: int


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        found[name.removesuffix("__init__").rstrip(".")] = path
    return found


MODULES = modules()
NODES = {name: list(ast.walk(ast.parse(path.read_text(encoding="utf-8")))) for name, path in MODULES.items()}
"""All of each module's syntax tree, the module itself first."""


def imports_of(name: str) -> Iterator[Import]:
    """What a module imports of the package."""
    path = MODULES[name]
    here = name.split(".") if name else []
    if path.name != "__init__.py":
        here = here[:-1]
    for node in NODES[name]:
        if isinstance(node, ast.ImportFrom):
            module = (node.module or "").split(".") if node.module else []
            if node.level:
                module = here[: len(here) - node.level + 1] + module
            elif module[:1] == [PACKAGE.name]:
                module = module[1:]
            else:
                continue
            for alias in node.names:
                of = ".".join([*module, alias.name])
                yield Import(name, of if of in MODULES else ".".join(module), node.lineno)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                package, _, of = alias.name.partition(".")
                if package == PACKAGE.name:
                    yield Import(name, of, node.lineno)
        elif isinstance(node, ast.Call) and (late := late_module(node)):
            package, _, of = late.partition(".")
            if package == PACKAGE.name:
                yield Import(name, of, node.lineno)


def late_module(node: ast.AST) -> str:
    """The name in `Late("name")`; empty for anything else."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Late":
        return str(ast.literal_eval(node.args[0]))
    return ""


IMPORTS = [each for name in MODULES for each in imports_of(name) if each.of != each.by]


def room_of(module: str) -> str:
    """The room a module is in: the longest of the table's that its name begins with."""
    parts = module.split(".")
    for end in range(len(parts), 0, -1):
        if (room := ".".join(parts[:end])) in ARROWS:
            return room
    assert module == "", f"{module} is in no room"
    return ""


def test_every_module_has_a_room() -> None:
    assert {room_of(name) for name in MODULES} == ARROWS.keys()


def test_the_arrows_run_one_way() -> None:
    allowed = {room: {room, *others, *GROUND} for room, others in ARROWS.items()}
    # guard is the floor itself; the rest of the ground stands on it alone.
    allowed |= {room: {"guard"} for room in GROUND}

    against = [each for each in IMPORTS if room_of(each.of) not in allowed[room_of(each.by)]]

    assert against == []


def test_a_room_imports_only_rooms_below_it() -> None:
    """Of the table above: what stands further down."""
    rooms = list(ARROWS)

    assert [
        (room, other)
        for room, others in ARROWS.items()
        for other in others
        if rooms.index(other) <= rooms.index(room)
    ] == []


def test_no_module_imports_in_a_circle() -> None:
    arrows: dict[str, set[str]] = {name: set() for name in MODULES}
    for each in IMPORTS:
        arrows[each.by].add(each.of)

    # What imports nothing that is left stands on the floor: it is taken away, until nothing is.
    while floor := {name for name, of in arrows.items() if not of & arrows.keys()}:
        arrows = {name: of for name, of in arrows.items() if name not in floor}

    assert arrows == {}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_is_imported_late_is_imported_for_checkers_too(name: str) -> None:
    """Else `mypy` takes whatever is called of it."""
    late = {target.rpartition(".")[2] for node in NODES[name] if (target := late_module(node))}
    imported = {
        alias.name.rpartition(".")[2]
        for block in NODES[name]
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }

    assert late <= imported


LATE = {late for nodes in NODES.values() for node in nodes if (late := late_module(node))}


@pytest.mark.parametrize("late", sorted(LATE))
def test_a_module_that_is_imported_late_is_there(late: str) -> None:
    """A wrong name would show with the first call that needs it, and no sooner."""
    if late == "lambda_tracer.otel.bridge":
        pytest.importorskip("opentelemetry.trace", reason="opentelemetry-api is not installed")
    assert importlib.import_module(late).__name__ == late


IMPORTED_BY_NAME = {
    "",  # rare public names, on first use
    "auto",  # the function's own module
    "compat.finder",  # what a name of the X-Ray SDK's stands for, when it is asked for
    "compat.plugins",  # as the X-Ray SDK finds its plugins
    "guard",  # `Late`
    "patches.registry",  # the patch of a library that has been imported
}


def test_nothing_else_is_imported_by_a_text() -> None:
    """What is imported by a text, no checker can follow."""
    calls = {"__import__", "import_module"}
    by_name = {
        name
        for name, nodes in NODES.items()
        if room_of(name).partition(".")[0] != "local"
        for node in nodes
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", None) in calls or getattr(node.func, "attr", None) in calls)
    }

    assert by_name == IMPORTED_BY_NAME


NAMED_BY_POWERTOOLS = {"Tracer._reset_config"}
"""Tests of people's functions call it."""


def test_no_module_reads_a_private_attribute_of_another() -> None:
    """`module._name`, for a module of the package. What others need has a name without an underscore."""
    read = [
        (name, node.lineno, f"{node.value.id}.{node.attr}")
        for name, nodes in NODES.items()
        for bound in [
            {
                alias.asname or alias.name
                for node in nodes
                if isinstance(node, ast.ImportFrom) and node.level
                for alias in node.names
            }
        ]
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in bound
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and f"{node.value.id}.{node.attr}" not in NAMED_BY_POWERTOOLS
    ]
    taken = [
        (name, node.lineno, alias.name)
        for name, nodes in NODES.items()
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__")
    ]

    assert read + taken == []

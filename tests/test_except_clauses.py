"""Every `except` of the package asks first whether what it caught came from outside.

A time limit that a signal handler raises, Ctrl-C, an exception that another thread sets: none of them is ours to
swallow, wherever in our code it arrives (see `lambda_tracer.guard`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import lambda_tracer

pytestmark = pytest.mark.once

PACKAGE = Path(lambda_tracer.__file__).parent

ASKS = {"failed", "pass_on"}


def modules() -> list[Path]:
    """The modules that run in Lambda: the command does not, nor what tests use."""
    return [
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] not in ("local", "testing")
    ]


def swallowing(tree: ast.AST) -> Iterator[ast.ExceptHandler]:
    """The `except` clauses that neither ask at once nor raise in the end."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and not (
            _asks(node.body[0])
            or _is_of_a_file(node)
            or _raises(node.body)
            or _is_end_of_iteration(node)
            or _throws(node.body[0])
        ):
            yield node


def _is_of_a_file(clause: ast.ExceptHandler) -> bool:
    """Whether it catches but what a file system says, which is nobody's time limit."""
    names = (
        {node.id for node in ast.walk(clause.type) if isinstance(node, ast.Name)} if clause.type else set()
    )
    return names != set() and names <= {"FileNotFoundError", "NotADirectoryError", "PermissionError"}


def _is_end_of_iteration(clause: ast.ExceptHandler) -> bool:
    return isinstance(clause.type, ast.Name) and clause.type.id in ("StopIteration", "StopAsyncIteration")


def _throws(statement: ast.stmt) -> bool:
    """Whether an exception is on its way into the generator of the user's that it is meant for."""
    return any(
        isinstance(node, ast.Attribute) and node.attr in ("throw", "athrow") for node in ast.walk(statement)
    )


def _asks(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call):
        return False
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in ASKS


def _raises(statements: list[ast.stmt]) -> bool:
    """Whether an `except` clause does not end without raising, or asking, whichever way it takes."""
    for statement in statements:
        if isinstance(statement, ast.Raise) or _asks(statement):
            return True
        if (
            isinstance(statement, ast.If)
            and statement.orelse
            and _raises(statement.body)
            and _raises(statement.orelse)
        ):
            return True
    return False


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_except_clause_swallows_what_comes_from_outside(path: Path) -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{handler.lineno}: {ast.unparse(handler.type) if handler.type else 'everything'}"
        for handler in swallowing(ast.parse(path.read_text(encoding="utf-8")))
    ]

    assert found == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_suppresses_exceptions_without_an_except_clause(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))

    assert not [
        node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "suppress"
    ]


@pytest.mark.parametrize(
    ("clause", "is_found"),
    [
        ("except Exception:\n    pass", True),
        ("except Exception as error:\n    value = 1\n    failed(error)", False),
        ("except Exception as error:\n    if value:\n        raise\n    return", True),
        ("except KeyError as error:\n    guard.pass_on(error)\n    value = 1", False),
        ("except BaseException:\n    tidy()\n    raise", False),
        ("except Exception as error:\n    if value:\n        raise\n    failed(error)", False),
    ],
)
def test_a_clause_that_swallows_is_found(clause: str, is_found: bool) -> None:
    assert any(swallowing(ast.parse(f"try:\n    call()\n{clause}"))) is is_found

"""A module's source as that of a function, all of whose names are global: what the amalgamation is made of.

The text is the module's, line by line, but for what `_edited` leaves out; that it means the same is verified.
"""

from __future__ import annotations

import ast
import textwrap
import tokenize
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeGuard  # from Python 3.10 on

FUTURE = "from __future__ import annotations\n"

DOCUMENTED = {
    "InvalidDaemonAddressException",
    "Recorder",
    "SDKConfig",
    "SdkMethods",
    "Subsegment",
    "TraceHeader",
    "Tracer",
    "UDPEmitter",
}
"""Classes that users have to do with: what `help` shows of them stays."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

NEED_THE_MODULE = {"dir", "eval", "exec", "locals", "vars"}
"""Functions that look at the names of what calls them."""


class CannotAmalgamate(Exception):
    """A module has something at its top level that would mean something else in a function. Says where and what."""


def as_function(source: bytes, function: str, path: Path) -> str:
    """The module's source as a function of that name. Raises CannotAmalgamate when it would not mean the same."""
    # What is an error in a module may be none in a function.
    compile(source, str(path), "exec", dont_inherit=True)
    edited = _edited(source, path)
    try:
        tree = ast.parse(edited)
    except SyntaxError as error:
        raise CannotAmalgamate(f"{path}: without its annotations it is no Python: {error}") from error
    _check(tree, path)
    in_strings = _lines_in_strings(edited, path)
    lines = [
        line if not line.strip() or number in in_strings else f"    {line}"
        for number, line in enumerate(edited.decode().split("\n"), start=1)
    ]
    names = ", ".join(sorted(set(_bound(tree))))
    declared = [f"    global {line.strip(', ')}" for line in textwrap.wrap(names, 100)]
    text = "\n".join([f"def {function}():", *declared, *lines]).rstrip() + "\n"
    _verify(text, tree, path)
    return text


def _edited(source: bytes, path: Path) -> bytes:
    """The source without what a function may not have, or what only type checkers read.

    An annotation at the top level goes, since a global name can't have one in a function. Those of functions go: they
    name what only checkers import, and loading them is a twentieth of a cold start. So do docstrings that `help` has no
    use for, which are half as much. `if TYPE_CHECKING:` becomes `if False:`, which the compiler leaves out; overloads
    go, and so does the line that all modules begin with.
    """
    tree, lines = ast.parse(source), source.split(b"\n")
    edits: list[tuple[int, int, bytes]] = []

    def at(line: int | None, column: int | None) -> int:
        return sum(len(each) + 1 for each in lines[: (line or 1) - 1]) + (column or 0)

    def edit(node: ast.expr | ast.stmt, text: bytes) -> None:
        start, end = at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset)
        edits.append((start, end, text))

    def drop_annotation(after: int, annotation: ast.expr) -> None:
        edits.append((after, at(annotation.end_lineno, annotation.end_col_offset), b""))

    for docstring, is_all in _prose(tree):
        if is_all:
            edit(docstring, b"pass")
        else:
            edits.append((at(docstring.lineno, 0), at((docstring.end_lineno or 0) + 1, 0), b""))
    is_future = False
    left_out: set[ast.AST] = set()
    for node in ast.walk(tree):
        if node in left_out:
            left_out.update(ast.iter_child_nodes(node))
        elif is_for_checkers(node):
            edit(node.test, b"False")
        elif isinstance(node, FUNCTIONS) and _is_overload(node):
            edits.append((at(node.decorator_list[0].lineno, 0), at((node.end_lineno or 0) + 1, 0), b""))
            left_out.update(ast.iter_child_nodes(node))
        elif isinstance(node, FUNCTIONS) and node.returns is not None:
            arrow = source.rindex(b"->", 0, at(node.returns.lineno, node.returns.col_offset))
            drop_annotation(len(source[:arrow].rstrip()), node.returns)
        elif isinstance(node, ast.arg) and node.annotation is not None:
            drop_annotation(at(node.lineno, node.col_offset) + len(node.arg.encode()), node.annotation)
        elif isinstance(node, ast.ImportFrom) and node.module == "__future__":
            is_future = lines[node.lineno - 1] == FUTURE.strip().encode()
            edits.append((at(node.lineno, 0), at(node.lineno + 1, 0), b""))
    if not is_future:
        raise CannotAmalgamate(f"{path}: {FUTURE.strip()!r} must stand there, alone in its line")
    for node in top_level(tree.body):
        if isinstance(node, ast.AnnAssign) and node.value is None:
            edit(node, b"pass")
        elif isinstance(node, ast.AnnAssign):
            end = at(node.target.end_lineno, node.target.end_col_offset)
            edits.append((end, at(node.annotation.end_lineno, node.annotation.end_col_offset), b""))
    for start, end, text in sorted(edits, reverse=True):
        source = source[:start] + text + source[end:]
    return source


def _check(tree: ast.Module, path: Path) -> None:
    """Raise CannotAmalgamate for what is allowed at the top level and means something else in a function."""
    for node in top_level(tree.body):
        what = ""
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            what = "an import of *"
        elif isinstance(node, ast.Lambda):
            what = "a lambda (its qualified name would change)"
        elif isinstance(node, ast.Global):
            what = "a global statement"
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NEED_THE_MODULE
        ):
            what = f"a call of {node.func.id}()"
        if what:
            raise CannotAmalgamate(f"{path}: {what} at the top level cannot go into the amalgamation")


def _lines_in_strings(source: bytes, path: Path) -> set[int]:
    """The numbers of the lines that begin inside a text, where an indentation would change it."""
    inside: set[int] = set()
    opened: list[int] = []
    for token in tokenize.tokenize(BytesIO(source).readline):
        kind, first, last = tokenize.tok_name[token.type], token.start[0], token.end[0]
        is_formatted = kind.endswith("STRING_END")  # Python 3.12 and later take f-strings apart
        if kind.endswith("STRING_START"):
            opened.append(first)
        elif is_formatted:
            first = opened.pop()
        elif kind == "STRING":
            is_formatted = "f" in token.string.partition(token.string[-1])[0].lower()
        else:
            continue
        if first < last and is_formatted:
            raise CannotAmalgamate(f"{path}: an f-string of several lines cannot go into the amalgamation")
        if kind == "STRING":
            inside.update(range(first + 1, last + 1))
    return inside


def _verify(text: str, tree: ast.Module, path: Path) -> None:
    """Raise CannotAmalgamate unless the function has the module's statements, and no name of its own."""
    try:
        code = compile(FUTURE + text, str(path), "exec", dont_inherit=True).co_consts
        (made,) = ast.parse(text).body
    except SyntaxError as error:
        raise CannotAmalgamate(f"{path}: as a function it is no Python: {error}") from error
    assert isinstance(made, ast.FunctionDef)
    statements = [each for each in made.body if not isinstance(each, ast.Global)]
    if list(map(ast.dump, statements)) != list(map(ast.dump, tree.body)):
        raise CannotAmalgamate(f"{path}: as a function its statements are not the same")
    (function,) = (each for each in code if isinstance(each, CodeType))
    in_comprehensions = {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.comprehension)
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }
    own = set(function.co_varnames + function.co_cellvars) - in_comprehensions
    if own:
        raise CannotAmalgamate(f"{path}: in a function these would be local: {', '.join(sorted(own))}")


def _bound(tree: ast.Module) -> Iterator[str]:
    """The names that the module's top level binds."""
    for node in top_level(tree.body):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
        elif isinstance(node, ast.MatchMapping):
            yield from filter(None, [node.rest])
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            yield from filter(None, [node.name])


def top_level(nodes: Iterable[ast.AST], for_checkers: bool = True) -> Iterator[ast.AST]:
    """The nodes in the module's own scope: not what is inside functions and classes. Comprehensions' targets aren't.

    `for_checkers` includes what only type checkers read.
    """
    for node in nodes:
        yield node
        if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            left_out = "body"
        elif isinstance(node, ast.comprehension):
            left_out = "target"
        else:
            left_out = "body" if is_for_checkers(node) and not for_checkers else ""
        for field, value in ast.iter_fields(node):
            if field != left_out:
                children = value if isinstance(value, list) else [value]
                inner = (child for child in children if isinstance(child, ast.AST))
                yield from top_level(inner, for_checkers)


def is_for_checkers(node: ast.AST) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _prose(node: ast.AST, is_documented: bool = False) -> Iterator[tuple[ast.expr | ast.stmt, bool]]:
    """The docstrings that `help` has no use for, and whether nothing else is in what they describe."""
    described = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    if isinstance(node, described) and not is_documented and ast.get_docstring(node) is not None:
        yield node.body[0], len(node.body) == 1
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _prose(child, child.name in DOCUMENTED)
        elif is_for_checkers(child):
            yield from _prose(ast.Module(child.orelse, []))
        elif not isinstance(child, FUNCTIONS):
            yield from _prose(child)
        elif not _is_overload(child):
            is_public = not child.name.startswith("_") or child.name == "__init__"
            yield from _prose(child, is_documented and is_public and isinstance(node, ast.ClassDef))


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    names = [getattr(each, "id", getattr(each, "attr", "")) for each in node.decorator_list]
    return "overload" in names

"""Makes the amalgamation: one file with the code of all modules that a cold start loads.

The sources are many small modules. Each one that is imported costs a cold start a search, a look at its times, an open
and a read; what is released, wheel and layer, has `lambda_tracer/_amalgamation.py`, which costs that once. The word is
SQLite's, which is released in the same way.

In it each module is the body of a function, all of whose names are declared global, and the function runs with the
namespace of a module object in the place of its own. So what comes out is the separate modules: each with its own
namespace, its own entry in `sys.modules`, and the qualified names and docstrings that it has without. The text is the
source's, line by line, but for what `_edited` says; that it means the same is verified for each module.

    python -m release.amalgamation DIR        write the package to DIR/lambda_tracer as it is released
"""

from __future__ import annotations

import ast
import shutil
import sys
import textwrap
import tokenize
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from types import CodeType
from typing import TypeGuard

PACKAGE = Path(__file__).resolve().parent.parent / "lambda_tracer"

NAME = "_amalgamation"

ALSO_LOADED = ("patches", "patches.threads")
"""Modules that are loaded in every function by an import that stands in a function. What the package and these import
at their top level is found out; tests/test_amalgamation.py says when one is missing here, or too many."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

NEED_THE_MODULE = {"dir", "eval", "exec", "locals", "vars"}
"""Functions that look at the names of what calls them."""

FUTURE = "from __future__ import annotations\n"

IMPORT = f"""
# Added for the release: the modules that are imported below are in this file.
from . import {NAME}  # noqa: E402, F401, I001
"""

HEAD = f'''\
"""The modules of lambda_tracer that a cold start loads, in one file: this is the code that runs.

The modules of the same names beside it, if they are there, are what it was made of (by release/amalgamation.py), and
are read by type checkers and editors, not by Python. To change or debug a module where it is installed, change this
file, or remove the import of `{NAME}` from `__init__.py`: the separate modules run then.
"""

# mypy: ignore-errors
# ruff: noqa

{FUTURE}
import sys
from _frozen_importlib import ModuleSpec

'''

TAIL = f'''

def _load(*modules):
    """Make the modules, then run their code in this order; each finds what it imports in sys.modules."""
    loaded, file, loader, module_type, function_type = sys.modules, __file__, __loader__, type(sys), type(_load)
    for name, is_package, function in modules:
        loaded[name] = module = module_type(name, function.__doc__)
        module.__builtins__ = __builtins__
        module.__file__ = file
        module.__loader__ = loader
        module.__spec__ = spec = ModuleSpec(name, loader, origin=file)
        spec.has_location = True
        parent, _, last = name.rpartition(".")
        if is_package:
            path = file.rpartition("{NAME}")[0] + last
            module.__path__ = spec.submodule_search_locations = [path]
            parent = name
        module.__package__ = parent
    for name, _, function in modules:
        module = loaded[name]
        function_type(function.__code__, module.__dict__)()
        parent, _, last = name.rpartition(".")
        setattr(loaded[parent], last, module)


'''


class CannotAmalgamate(Exception):
    """A module has something at its top level that would mean something else in a function. Says where and what."""


def released(package: Path) -> dict[str, bytes]:
    """The files of the package that the release adds or changes, by name: the amalgamation, and what imports it."""
    if (package / f"{NAME}.py").exists():
        raise CannotAmalgamate(f"{package}: this is what was released, not the sources")
    start = (package / "__init__.py").read_text(encoding="utf-8")
    before, future, after = start.partition(FUTURE)
    if not future:
        raise CannotAmalgamate(f"{package / '__init__.py'}: no {FUTURE.strip()!r}")
    changed = before + future + IMPORT + after
    return {"__init__.py": changed.encode(), f"{NAME}.py": amalgamated(package).encode()}


def amalgamated(package: Path) -> str:
    """The text of the amalgamation."""
    text, table, functions = HEAD, "", []
    for name, path in modules(package).items():
        function = "_" + name.replace(".", "__")
        text += f"\n\n{as_function(path.read_bytes(), function, path)}"
        table += f"    ({f'{package.name}.{name}'!r}, {path.name == '__init__.py'}, {function}),\n"
        functions.append(function)
    unneeded = textwrap.fill(f"del {', '.join(functions)}, _load", 110).replace("\n", " \\\n    ")
    return f"{text}{TAIL}_load(\n{table})\n{unneeded}\n"


def modules(package: Path) -> dict[str, Path]:
    """The modules that go in, by name without the package's, in the order in which their imports have them run."""
    found: dict[str, Path] = {}
    visited: set[str] = set()

    def visit(name: str) -> None:
        path = _path(package, name)
        if path is None or name in visited:
            return
        visited.add(name)
        visit(name.rpartition(".")[0])
        for imported in _imports(path, package, name):
            visit(imported)
        found[name] = path

    for name in ("", *ALSO_LOADED):
        if _path(package, name) is None:
            raise CannotAmalgamate(f"{package}: no module {name}")
        visit(name)
    del found[""]  # the package itself stays a file
    return found


def _path(package: Path, name: str) -> Path | None:
    base = package.joinpath(*name.split(".")) if name else package
    return next((each for each in (base.with_suffix(".py"), base / "__init__.py") if each.is_file()), None)


def _imports(path: Path, package: Path, name: str) -> Iterator[str]:
    """What a module of the package imports at its top level, and may be a module of the package, without its name."""
    own = f"{package.name}.{name}".rstrip(".").split(".")
    if path.name != "__init__.py":
        own.pop()
    for node in _top_level(ast.parse(path.read_bytes()).body, for_checkers=False):
        imported: list[str] = []
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = own[: len(own) - node.level + 1] if node.level else []
            source = ".".join([*base, node.module] if node.module else base)
            imported = [source, *(f"{source}.{alias.name}" for alias in node.names)]
        for each in imported:
            if each.startswith(f"{package.name}."):
                yield each.partition(".")[2]


def as_function(source: bytes, function: str, path: Path) -> str:
    """The module's source as a function of that name. Raises CannotAmalgamate when it would not mean the same."""
    compile(
        source, str(path), "exec", dont_inherit=True
    )  # what is an error in a module may be none in a function
    edited = _edited(source, path)
    try:
        tree = ast.parse(edited)
    except SyntaxError as error:
        raise CannotAmalgamate(
            f"{path}: without an annotation at the top level it is no Python: {error}"
        ) from error
    _check(tree, path)
    in_strings = _lines_in_strings(edited, path)
    lines = [
        line if not line.strip() or number in in_strings else f"    {line}"
        for number, line in enumerate(edited.decode().split("\n"), start=1)
    ]
    names = ", ".join(sorted(set(_bound(tree))))
    declared = [f"    global {line.strip(', ')}" for line in textwrap.wrap(names, 100)]
    after_docstring = tree.body[0].end_lineno or 0 if ast.get_docstring(tree) is not None else 0
    lines[after_docstring:after_docstring] = declared
    text = "\n".join([f"def {function}():", *lines]).rstrip() + "\n"
    _verify(text, tree, path)
    return text


def _edited(source: bytes, path: Path) -> bytes:
    """The source without what a function may not have, or what only type checkers read.

    An annotation at the top level goes, since a global name can't have one in a function; `if TYPE_CHECKING:` becomes
    `if False:`, which the compiler leaves out; overloads go, and so does the line that all modules begin with.
    """
    tree, lines = ast.parse(source), source.split(b"\n")
    edits: list[tuple[int, int, bytes]] = []

    def at(line: int | None, column: int | None) -> int:
        return sum(len(each) + 1 for each in lines[: (line or 1) - 1]) + (column or 0)

    def edit(node: ast.expr | ast.stmt, text: bytes) -> None:
        start, end = at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset)
        edits.append((start, end, text))

    is_future = False
    for node in ast.walk(tree):
        if _is_for_checkers(node):
            edit(node.test, b"False")
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _is_overload(node):
            edits.append((at(node.decorator_list[0].lineno, 0), at((node.end_lineno or 0) + 1, 0), b""))
        elif isinstance(node, ast.ImportFrom) and node.module == "__future__":
            is_future = lines[node.lineno - 1] == FUTURE.strip().encode()
            edits.append((at(node.lineno, 0), at(node.lineno + 1, 0), b""))
    if not is_future:
        raise CannotAmalgamate(f"{path}: {FUTURE.strip()!r} must stand there, alone in its line")
    for node in _top_level(tree.body):
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
    for node in _top_level(tree.body):
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
    for node in _top_level(tree.body):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
        elif isinstance(node, ast.MatchMapping):
            yield from filter(None, [node.rest])
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            yield from filter(None, [node.name])


def _top_level(nodes: Iterable[ast.AST], for_checkers: bool = True) -> Iterator[ast.AST]:
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
            left_out = "body" if _is_for_checkers(node) and not for_checkers else ""
        for field, value in ast.iter_fields(node):
            if field != left_out:
                children = value if isinstance(value, list) else [value]
                inner = (child for child in children if isinstance(child, ast.AST))
                yield from _top_level(inner, for_checkers)


def _is_for_checkers(node: ast.AST) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    names = [getattr(each, "id", getattr(each, "attr", "")) for each in node.decorator_list]
    return "overload" in names


def main(target: Path) -> None:
    """Write the package to `target` as the wheel has it."""
    folder = target / PACKAGE.name
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name, data in released(PACKAGE).items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

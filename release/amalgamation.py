"""Makes the amalgamation: one file with the code of all modules that a cold start loads.

The sources are many small modules. Each one that is imported costs a cold start a search, a look at its times, an open
and a read; what is released, wheel and layer, has `lambda_tracer/_amalgamation.py`, which costs that once. The word is
SQLite's, which is released in the same way.

In it each module is the body of a function, all of whose names are declared global, and the function runs with the
namespace of a module object in the place of its own. So what comes out is the separate modules: each with its own
namespace, its own entry in `sys.modules`, and the qualified names and docstrings that it has without. The text is the
source's, line by line, but for what nobody reads there (see `as_function`).

    python -m release.amalgamation DIR        write the package to DIR/lambda_tracer as it is released
"""

from __future__ import annotations

import ast
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from release.as_function import FUTURE, CannotAmalgamate, as_function, top_level

PACKAGE = Path(__file__).resolve().parent.parent / "lambda_tracer"

NAME = "_amalgamation"

ALSO_LOADED = ("patches", "patches.threads")
"""Modules that are loaded in every function by an import that stands in a function. What the package and these import
at their top level is found out; tests/test_amalgamation.py says when one is missing here, or too many."""

IMPORT = '''

def _load_amalgamation(*names):
    """Added for the release: load the modules that are imported below, which are all in one file.

    Another thread that imports one of them is to wait for that, so their locks are held. Those that need others come
    first: in that order imports take them.
    """
    import _thread

    held = []
    if _thread._count():
        from _frozen_importlib import _DeadlockError, _get_module_lock

        for name in names:
            lock = _get_module_lock(f"{__name__}.{name}")
            try:
                lock.acquire()
            except _DeadlockError:  # who holds it waits for this import, and will find the module
                continue
            held.append(lock)
    try:
        from . import %s
    finally:
        for lock in held:
            lock.release()


_load_amalgamation(
%s
)
del _load_amalgamation
'''

HEAD = f'''\
"""The modules of lambda_tracer that a cold start loads, in one file: this is the code that runs.

The modules of the same names beside it, if they are there, are what it was made of (by release/amalgamation.py), and
are read by type checkers and editors, not by Python. To change or debug a module where it is installed, change this
file, or remove the call of `_load_amalgamation` from `__init__.py`: the separate modules run then.
"""

# mypy: ignore-errors
# ruff: noqa

{FUTURE}
import sys
from _frozen_importlib import ModuleSpec

'''

TAIL = f'''

def _load(*modules):
    """Make the modules, then run their code in this order; each finds what it imports in sys.modules.

    One that is there already, from its own file, was imported by another thread in the very moment before.
    """
    loaded, file, loader, module_type, function_type = sys.modules, __file__, __loader__, type(sys), type(_load)
    made = []
    for name, is_package, function in modules:
        if name in loaded:
            continue
        module = module_type(name)
        module.__builtins__ = __builtins__
        module.__file__ = file
        module.__loader__ = loader
        module.__spec__ = spec = ModuleSpec(name, loader, origin=file)
        spec.has_location = spec._initializing = True
        parent, _, last = name.rpartition(".")
        if is_package:
            path = file.rpartition("{NAME}")[0] + last
            module.__path__ = spec.submodule_search_locations = [path]
            module.__package__ = name
        else:
            module.__package__ = parent
        loaded[name] = module
        made.append((module, parent, last, function))
    try:
        for module, parent, last, function in made:
            function_type(function.__code__, module.__dict__)()
            module.__spec__._initializing = False
            setattr(loaded[parent], last, module)
    except BaseException:
        for module, *_ in made:
            loaded.pop(module.__name__, None)
        raise


'''


def released(package: Path) -> dict[str, bytes]:
    """The files of the package that the release adds or changes, by name: the amalgamation, and what loads it."""
    if (package / f"{NAME}.py").exists():
        raise CannotAmalgamate(f"{package}: this is what was released, not the sources")
    start = (package / "__init__.py").read_text(encoding="utf-8")
    before, future, after = start.partition(FUTURE)
    if not future:
        raise CannotAmalgamate(f"{package / '__init__.py'}: no {FUTURE.strip()!r}")
    found = modules(package)
    names = ", ".join(map(repr, reversed(found)))
    load = IMPORT % (NAME, textwrap.fill(names, 110, initial_indent="    ", subsequent_indent="    "))
    changed = before + future + load + after
    return {"__init__.py": changed.encode(), f"{NAME}.py": amalgamated(package, found).encode()}


def amalgamated(package: Path, found: Mapping[str, Path]) -> str:
    """The text of the amalgamation of these `modules`."""
    text, table, functions = HEAD, "", []
    for name, path in found.items():
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
    for node in top_level(ast.parse(path.read_bytes()).body, for_checkers=False):
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


def main(target: Path) -> None:
    """Write the package to `target` as the wheel has it."""
    folder = target / PACKAGE.name
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name, data in released(PACKAGE).items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

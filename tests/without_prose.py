"""Copies a package without what the amalgamation leaves out of its functions, in another way than it does.

without_prose.py PACKAGE TARGET DOCUMENTED...     where DOCUMENTED are the classes that keep their docstrings
"""

from __future__ import annotations

import ast
import shutil
import sys
from pathlib import Path
from typing import Any


class Unread(ast.NodeTransformer):
    """Takes away what is not in the amalgamation, in another way: annotations of functions, docstrings of internals."""

    documented = False
    keeping: frozenset[str]

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self.described(node, is_documented=False)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self.described(node, is_documented=node.name in self.keeping)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        is_public = node.name == "__init__" or not node.name.startswith("_")
        return self.described(node, is_documented=self.documented and is_public, within=False)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        is_public = not node.name.startswith("_")
        return self.described(node, is_documented=self.documented and is_public, within=False)

    def described(self, node: Any, is_documented: bool, within: bool = True) -> ast.AST:
        if ast.get_docstring(node) is not None and not is_documented:
            node.body = node.body[1:] or [ast.Pass()]
        outside, self.documented = self.documented, is_documented and within
        self.generic_visit(node)
        self.documented = outside
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node


def main(package: Path, target: Path, *documented: str) -> None:
    """Copy the package."""
    Unread.keeping = frozenset(documented)
    shutil.copytree(package, target, ignore=shutil.ignore_patterns("__pycache__", "local"))
    for path in target.rglob("*.py"):
        path.write_text(ast.unparse(Unread().visit(ast.parse(path.read_text()))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])

"""Bindings: the names that a file's imports of the X-Ray SDK and of Powertools bind, and where each of them is used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from .names import POWERTOOLS, SDK
from .source import Source
from .syntax import (
    ancestors,
    chain_of,
    is_attribute_name,
    is_bound_here,
    is_declared_elsewhere,
    occurrences,
    scope_of,
    text_of,
)

_ROOTS = re.compile(rb"\b(?:%b|%b)\b" % (SDK.encode(), POWERTOOLS.encode()))
_IMPORTS = {"import_statement", "import_from_statement"}


@dataclass(eq=False)
class Imported:
    """One name of an import statement. `node` is the name with its alias; `path` is what it stands for.

    `is_rebound`: something else in the same scope gives the name another value. `is_global`: its
    scope declares it `global` or `nonlocal`, so that it is used in places which are not known here.
    """

    statement: Node
    node: Node
    path: str
    bound: str
    has_alias: bool
    uses: list[Use] = field(default_factory=list)
    is_rebound: bool = False
    is_global: bool = False

    @property
    def is_from(self) -> bool:
        """Is it `from ... import`?"""
        return self.statement.type == "import_from_statement"


@dataclass(eq=False)
class Use:
    """A place where an imported name is read. `nodes` and `names` are the attributes that are read off it."""

    node: Node
    nodes: list[Node]
    names: list[str]

    def whole(self, length: int) -> Node:
        """The expression with `length` of its attributes."""
        return self.nodes[length - 1] if length else self.node


def imports_of(source: Source, root: Node) -> tuple[list[Imported], list[Node]]:
    """What the file imports of both, with its uses; and the statements that import everything (`*`)."""
    found: list[Imported] = []
    stars: list[Node] = []
    for statement in _statements(source, root):
        if any(child.type == "wildcard_import" for child in statement.children):
            stars.append(statement)
        found += _names_of(statement)
    for bound in dict.fromkeys(imported.bound for imported in found):
        _find_uses(source, root, [imported for imported in found if imported.bound == bound])
    return found, stars


def roots(source: Source, root: Node) -> Iterator[Node]:
    """The nodes in which one of both packages is named."""
    for found in _ROOTS.finditer(source.data):
        node = root.descendant_for_byte_range(found.start(), found.end())
        if node is not None:
            yield node


def _statements(source: Source, root: Node) -> list[Node]:
    statements = {}
    for node in roots(source, root):
        for above in ancestors(node):
            if above.type in _IMPORTS:
                statements[above.id] = above
    return list(statements.values())


def _names_of(statement: Node) -> list[Imported]:
    module = statement.child_by_field_name("module_name")
    start = "" if module is None else f"{''.join(text_of(module).split())}."
    found = []
    for node in statement.children_by_field_name("name"):
        name, alias = node, None
        if node.type == "aliased_import":
            name, alias = node.children_by_field_name("name")[0], node.child_by_field_name("alias")
        path = start + "".join(text_of(name).split())
        root = path.partition(".")[0]
        if root not in (SDK, POWERTOOLS):
            continue
        if alias is not None:
            bound = text_of(alias)
        elif module is not None:
            bound = text_of(name)
        else:
            bound = path = root
        found.append(Imported(statement, node, path, bound, alias is not None))
    return found


def _find_uses(source: Source, root: Node, same: list[Imported]) -> None:
    """Give every use of one name to those of its imports that it may mean."""
    imports: dict[int, list[Imported]] = {}
    for imported in same:
        imports.setdefault(scope_of(imported.statement).id, []).append(imported)
    others = set()
    delegated = set()
    uses = []
    inside = {imported.statement.id for imported in same}
    for node in occurrences(source, root, same[0].bound):
        if is_attribute_name(node):
            continue
        statement = next((above for above in ancestors(node) if above.type in _IMPORTS), None)
        if statement is not None:
            if statement.id not in inside and _binds(statement, same[0].bound):
                others.add(scope_of(node).id)
        elif is_declared_elsewhere(node):
            delegated.add(scope_of(node).id)
        elif is_bound_here(node):
            others.add(scope_of(_outside_own_scope(node)).id)
        else:
            uses.append(node)
    for scope_id, of_scope in imports.items():
        for imported in of_scope:
            imported.is_rebound = scope_id in others
            imported.is_global = scope_id in delegated
    for node in uses:
        scope: Node | None = scope_of(node)
        is_first = True
        while scope is not None:
            key = scope.id
            if key not in delegated and (is_first or scope.type != "class_definition"):
                if key in imports:
                    nodes, names = chain_of(node)
                    for imported in imports[key]:
                        imported.uses.append(Use(node, nodes, names))
                    break
                if key in others:
                    break
            is_first = False
            scope = scope_of(scope) if scope.parent is not None else None


def _binds(statement: Node, name: str) -> bool:
    for node in statement.children_by_field_name("name"):
        alias = node.child_by_field_name("alias") if node.type == "aliased_import" else None
        if text_of(alias if alias is not None else node).partition(".")[0] == name:
            return True
    return False


def _outside_own_scope(node: Node) -> Node:
    """A function's or a class's name is bound around it, any other name where it stands."""
    parent = node.parent
    if parent is not None and parent.type in {"function_definition", "class_definition"}:
        return parent
    return node

"""Python's syntax: a file as a tree with the place of everything in it.

The parser is tree-sitter's. It reads syntax that the running Python does not know yet, and says of a file that is no
Python (a template, Python 2) that it has errors.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

import tree_sitter_python
from tree_sitter import Language, Node, Parser

from .source import Source, Unreadable

_PYTHON = Language(tree_sitter_python.language())

MAX_DEPTH = 1_000
"""Python itself takes 200 parentheses and 100 blocks within each other."""

_ONLY_PYTHON_2 = re.compile(
    rb"^[ \t]*(?:(?:print|exec)[ \t]+(?:[\w\"'`]|>>)|raise[ \t]+[\w.]+[ \t]*,|except[^:\n]+,[ \t]*[a-z]\w*[ \t]*:)",
    re.MULTILINE,
)

_TARGETS = {"pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern", "dictionary_splat_pattern"}
_COMPREHENSIONS = {
    "list_comprehension",
    "set_comprehension",
    "dictionary_comprehension",
    "generator_expression",
}
_SCOPES = {"module", "function_definition", "lambda", "class_definition", *_COMPREHENSIONS}
_PARAMETERS = {"parameters", "lambda_parameters"}

Span = tuple[int, int]
"""Where a node begins and ends, by which it is known."""


def parse(source: Source) -> Node:
    """The tree of a file. Raises Unreadable for what is not Python 3."""
    root = Parser(_PYTHON).parse(source.data).root_node
    for error in _errors(root):
        raise Unreadable(f"is not Python 3 (line {error.start_point.row + 1})")
    if is_too_deep(root):
        raise Unreadable("is nested too deeply")
    if _ONLY_PYTHON_2.search(source.data) and not is_valid(source.data):
        raise Unreadable("is written for Python 2")
    return root


def is_too_deep(root: Node) -> bool:
    """Is something in more than MAX_DEPTH others? Finding what a node is in takes time with the square of that."""
    cursor = root.walk()
    while True:
        if cursor.goto_first_child():
            if cursor.depth > MAX_DEPTH:
                return True
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return False


def is_valid(data: bytes) -> bool:
    """Does the running Python take it?"""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def span(node: Node) -> Span:
    """What a node is known by: another object may stand for the same node."""
    return node.start_byte, node.end_byte


def text_of(node: Node) -> str:
    """The node as it is written."""
    return (node.text or b"").decode()


def ancestors(node: Node) -> Iterator[Node]:
    """From its parent up to the module."""
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


def occurrences(source: Source, root: Node, word: str) -> Iterator[Node]:
    """The nodes that are this one word: identifiers, in code and in f-strings."""
    for found in re.finditer(rb"(?<![\w.])%b(?!\w)|(?<=\.)%b(?!\w)" % ((word.encode(),) * 2), source.data):
        node = root.descendant_for_byte_range(found.start(), found.end())
        if node is not None and node.type == "identifier" and span(node) == found.span():
            yield node


def is_field(node: Node, parent: Node, field: str) -> bool:
    """Is it what `parent` has under that name?"""
    return any(child == node for child in parent.children_by_field_name(field))


def is_attribute_name(node: Node) -> bool:
    """Is it the `b` of `a.b`, or the name of a keyword argument?"""
    parent = node.parent
    if parent is None:
        return False
    return (parent.type == "attribute" and is_field(node, parent, "attribute")) or (
        parent.type == "keyword_argument" and is_field(node, parent, "name")
    )


def is_bound_here(node: Node) -> bool:
    """Does the identifier get its value here? Imports are asked elsewhere."""
    child, parent = node, node.parent
    while parent is not None and parent.type in _TARGETS:
        child, parent = parent, parent.parent
    if parent is None:
        return False
    if parent.type in _PARAMETERS or parent.type == "as_pattern_target":
        return True
    if parent.type == "typed_parameter":
        return child.start_byte == parent.start_byte
    if parent.type in {
        "default_parameter",
        "typed_default_parameter",
        "function_definition",
        "class_definition",
    }:
        return is_field(child, parent, "name")
    if parent.type in {"assignment", "augmented_assignment", "for_statement", "for_in_clause"}:
        return is_field(child, parent, "left")
    if parent.type == "named_expression":
        return is_field(child, parent, "name")
    return parent.type == "dotted_name" and any(above.type == "case_pattern" for above in ancestors(parent))


def is_declared_elsewhere(node: Node) -> bool:
    """Is it in a `global` or `nonlocal` statement?"""
    return node.parent is not None and node.parent.type in {"global_statement", "nonlocal_statement"}


def scope_of(node: Node) -> Node:
    """The innermost function, class, comprehension or module in which a name that stands here is looked up first."""
    is_parameter = False
    child = node
    for above in ancestors(node):
        if above.type in _PARAMETERS:
            is_parameter = is_bound_here(node) and not _is_value(node, above)
        if above.type in _SCOPES:
            is_inside = (
                above.type == "module"
                or above.type in _COMPREHENSIONS
                or is_field(child, above, "body")
                or (is_parameter and above.type in {"function_definition", "lambda"})
            )
            if is_inside:
                return above
        child = above
    return child


def _is_value(node: Node, parameters: Node) -> bool:
    """Is it part of a parameter's default or type?"""
    child = node
    for above in ancestors(node):
        if above == parameters:
            return False
        if is_field(child, above, "value") or is_field(child, above, "type"):
            return True
        child = above
    return False


def chain_of(node: Node) -> tuple[list[Node], list[str]]:
    """The attributes that are read off an identifier, from the inside out, and their names: `a.b.c` has b and c."""
    nodes: list[Node] = []
    names: list[str] = []
    current = node
    while (parent := current.parent) is not None and parent.type == "attribute":
        attribute = parent.child_by_field_name("attribute")
        if attribute is None or not is_field(current, parent, "object"):
            break
        nodes.append(parent)
        names.append(text_of(attribute))
        current = parent
    return nodes, names


def called(node: Node) -> Node | None:
    """The call of which this is the function."""
    parent = node.parent
    return (
        parent
        if parent is not None and parent.type == "call" and is_field(node, parent, "function")
        else None
    )


def arguments_of(call: Node) -> list[Node]:
    """What stands between the parentheses, without comments."""
    arguments = call.child_by_field_name("arguments")
    if arguments is None:
        return []
    return [child for child in arguments.named_children if child.type != "comment"]


def keyword(call: Node, name: str) -> Node | None:
    """The keyword argument of that name."""
    for argument in arguments_of(call):
        if argument.type == "keyword_argument":
            named = argument.child_by_field_name("name")
            if named is not None and text_of(named) == name:
                return argument
    return None


def literal_text(node: Node) -> tuple[str, Span] | None:
    """The text of a string that is nothing but text, and the place of that text."""
    if node.type != "string" or any(child.type == "interpolation" for child in node.children):
        return None
    start, end = node.children[0], node.children[-1]
    if "b" in text_of(start).lower() or start == end:
        return None
    place = (start.end_byte, end.start_byte)
    content = (node.text or b"")[place[0] - node.start_byte : place[1] - node.start_byte].decode()
    return None if "\\" in content else (content, place)


def _errors(root: Node) -> Iterator[Node]:
    """What the parser could not make sense of, or misses, but for the defaults of type parameters (PEP 696).

    These are newer than its grammar, which recovers from them at once.
    """
    waiting = [root] if root.has_error else []
    while waiting:
        node = waiting.pop()
        if node.is_missing:
            yield node
        elif node.is_error and node.parent is not None:
            if all(above.type != "type_parameter" for above in ancestors(node)):
                yield node
        elif node.is_error:
            yield node
        else:
            waiting += [child for child in reversed(node.children) if child.has_error or child.is_missing]

"""Strings that name the X-Ray SDK or Powertools' Tracer by a dotted path, and are read by somebody who follows it.

That is `mock.patch` and its relatives, `setattr`, `sys.modules`, `getLogger`, the configuration of logging, and
Django's settings. Prose is not looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tree_sitter import Node

from .findings import Finding
from .names import NO_MIDDLEWARE, OURS, POWERTOOLS, SDK, look_up, refused_attribute
from .source import Edit, Source
from .syntax import ancestors, arguments_of, is_field, literal_text, text_of

_PATH = re.compile(rf"(?P<before>(?:\w+\.)*?)(?P<path>(?:{SDK}|{POWERTOOLS})(?:\.\w+)*)")
_FOLLOWS = frozenset(("patch", "setattr", "delattr", "multiple", "spy", "stub", "resolve_name", "pkgutil"))
_ASKS = frozenset(("find_spec", "importorskip", "find_loader"))
_IMPORTS = frozenset(("import_module", "__import__", "reload", "get_loader"))
_MODULE = f"{SDK}.core"


@dataclass
class Strings:
    """What becomes of them. `blockers` keep the file as it is; of these `wide` hold for the whole project."""

    edits: list[Edit] = field(default_factory=list)
    blockers: list[Finding] = field(default_factory=list)
    others: list[Finding] = field(default_factory=list)
    is_wide: bool = False


class StringReader:
    """Reads the strings of one file."""

    def __init__(self, path: str, source: Source) -> None:
        self._path = path
        self._source = source
        self.found = Strings()

    def read(self, nodes: list[Node]) -> Strings:
        """`nodes` are those in which one of both packages is named."""
        strings: dict[int, Node] = {}
        for node in nodes:
            string = node if node.type == "string" else node.parent
            if node.type in {"string", "string_content"} and string is not None and string.type == "string":
                strings[string.id] = string
        modules = {text[0] for node in strings.values() if (text := literal_text(node)) and _in_modules(node)}
        for node in strings.values():
            self._read(node, modules)
        return self.found

    def _read(self, string: Node, modules: set[str]) -> None:
        literal = literal_text(string)
        matched = None if literal is None else _PATH.fullmatch(literal[0])
        if literal is None or matched is None or _is_prose(string):
            return
        path, start = matched["path"], literal[1][0] + len(matched["before"])
        end = start + len(path)
        function = _function_of(string)
        if path.startswith(f"{SDK}.ext.django") and not function:
            self.found.is_wide = True
            self._block(string, path, NO_MIDDLEWARE)
        elif function == "getLogger" or _is_logger_name(string):
            if path.startswith(SDK):
                self.found.edits.append(Edit(start, end, OURS))
            if path.startswith(f"{_MODULE}."):
                self._note(
                    string, f"{path} was one module's logger, lambda_tracer is that of all our messages"
                )
        elif _in_modules(string):
            self._read_module(string, path, start, end, modules)
        elif function in _ASKS:
            if path.startswith(SDK):
                self.found.edits.append(Edit(start, end, OURS))
        elif function in _IMPORTS:
            if path.startswith(SDK):
                self._block(string, path, "what is taken of a module imported by its name can't be followed")
        elif function in _FOLLOWS or (string.parent is not None and string.parent.type == "type"):
            self._follow(string, path, start, end)
        elif path.startswith(SDK):
            self._look(string, f"the text {path!r} names the X-Ray SDK, and stays")

    def _follow(self, string: Node, path: str, start: int, end: int) -> None:
        answer = look_up(path)
        if answer.kind == "moved":
            rest = path.split(".")[answer.length :]
            if rest and (reason := refused_attribute(answer.name, rest[0])):
                self._block(string, path, reason)
            else:
                self.found.edits.append(Edit(start, end, ".".join([OURS, answer.name, *rest])))
        elif answer.kind == "module":
            names = _keywords(string)
            if names and all(look_up(f"{path}.{name}").kind == "moved" for name in names):
                self.found.edits.append(Edit(start, end, OURS))
            elif path.startswith(SDK):
                self._block(string, path, "the module itself is replaced: name what is needed of it")
        elif answer.kind != "other":
            self._block(string, path, answer.reason or "lambda_tracer has no such class")

    def _read_module(self, string: Node, path: str, start: int, end: int, modules: set[str]) -> None:
        """A key of `sys.modules`: one of them becomes ours, the one with the names in it."""
        if path == POWERTOOLS:
            self._look(
                string,
                f"{path!r} in sys.modules stands for lambda_tracer no more, which is now imported beside it",
            )
        elif path.startswith(POWERTOOLS):
            if look_up(path).kind == "module":
                self.found.edits.append(Edit(start, end, OURS))
        elif path == _MODULE or (path == SDK and not self._has_module(modules)):
            self.found.edits.append(Edit(start, end, OURS))
        elif path == SDK:
            self._note(string, f"{path!r} in sys.modules stays: nothing that moves imports it any more")

    def _has_module(self, modules: set[str]) -> bool:
        """Is there a key for the module with the names, or was there before an earlier run?"""
        data = self._source.data
        return _MODULE in modules or f'"{OURS}"'.encode() in data or f"'{OURS}'".encode() in data

    def _block(self, node: Node, what: str, reason: str) -> None:
        self.found.blockers.append(Finding(self._path, self._line(node), f"{what}: {reason}"))

    def _note(self, node: Node, message: str) -> None:
        self.found.others.append(Finding(self._path, self._line(node), message, "note"))

    def _look(self, node: Node, message: str) -> None:
        self.found.others.append(Finding(self._path, self._line(node), message))

    def _line(self, node: Node) -> int:
        return self._source.line_at(node.start_byte)


def _is_prose(string: Node) -> bool:
    """Is it a docstring?"""
    return string.parent is not None and string.parent.type in {"expression_statement", "block", "module"}


def _function_of(string: Node) -> str:
    """The last name of the function that is called with this string."""
    for above in ancestors(string):
        if above.type == "call":
            function = above.child_by_field_name("function")
            name = "" if function is None else text_of(function)
            return "patch" if name.endswith("patch.object") else name.rpartition(".")[2]
        if above.type not in {"argument_list", "keyword_argument", "parenthesized_expression"}:
            return ""
    return ""


def _in_modules(string: Node) -> bool:
    """Is it a key of `sys.modules`, or of what is put there for a while?"""
    parent = string.parent
    if parent is None:
        return False
    if parent.type == "subscript":
        value = parent.child_by_field_name("value")
        return value is not None and text_of(value) in {"sys.modules", "modules"}
    if parent.type == "pair" and is_field(string, parent, "key"):
        return _call_has_modules(parent)
    return parent.type == "argument_list" and _call_has_modules(string) and _function_of(string) != "patch"


def _call_has_modules(node: Node) -> bool:
    call = next((above for above in ancestors(node) if above.type == "call"), None)
    if call is None:
        return False
    function = call.child_by_field_name("function")
    arguments = [text_of(argument) for argument in arguments_of(call)[:1]]
    if function is not None:
        arguments.append(text_of(function).rpartition(".")[0])
    return any(argument in {"sys.modules", '"sys.modules"', "'sys.modules'"} for argument in arguments)


def _is_logger_name(string: Node) -> bool:
    """Is it a key below `loggers`, in a configuration of logging?"""
    pair = string.parent
    if pair is None or pair.type != "pair" or not is_field(string, pair, "key"):
        return False
    outer = pair.parent.parent if pair.parent is not None else None
    if outer is None:
        return False
    name = (
        outer.child_by_field_name("key")
        or outer.child_by_field_name("name")
        or outer.child_by_field_name("left")
    )
    return name is not None and text_of(name).strip("\"'") == "loggers"


def _keywords(string: Node) -> list[str]:
    """The names that `patch.multiple(module, name=...)` replaces."""
    call = next((above for above in ancestors(string) if above.type == "call"), None)
    function = None if call is None else call.child_by_field_name("function")
    if call is None or function is None or not text_of(function).endswith("multiple"):
        return []
    names = []
    for argument in arguments_of(call):
        name = argument.child_by_field_name("name") if argument.type == "keyword_argument" else None
        if name is not None:
            names.append(text_of(name))
    return names

"""Requirements in TOML: pyproject.toml (PEP 621, dependency groups, Poetry, PDM, uv, Hatch) and Pipfile."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from .requirement import NAMED, OURS, Needs, is_powertools, is_sdk, like_poetry
from .requirements import Adder, Changed, element_separator
from .source import Source, Unreadable
from .syntax import ancestors, is_too_deep, span, text_of

_TOML = Language(tree_sitter_toml.language())
_SDK_PAIR = re.compile(rb"^\s*[\"']?aws[-_.]+xray[-_.]+sdk", re.IGNORECASE | re.MULTILINE)
_REQUIREMENTS = re.compile(
    r"(?:project|dependency-groups|build-system)(?:\..*)?|tool\.(?:uv|pdm|hatch|poetry|flit|setuptools)(?:\..*)?"
)
_BY_NAME = re.compile(r"tool\.poetry\.(?:group\.[^.]+\.)?(?:dev-)?dependencies|packages|dev-packages")


def toml_changed(path: PurePosixPath, raw: bytes, needs: Needs) -> Changed:
    """A pyproject.toml or a Pipfile. Raises Unreadable."""
    source = Source(raw)
    root = Parser(_TOML).parse(source.data).root_node
    if root.has_error:
        raise Unreadable("is not TOML")
    if is_too_deep(root):
        raise Unreadable("is nested too deeply")
    adder = Adder(str(path), source, needs)
    for found in NAMED.finditer(source.data):
        node = root.descendant_for_byte_range(found.start(), found.end())
        if node is None or node.type == "comment":
            continue
        table = _table_of(node)
        if node.type == "string" and node.parent is not None and node.parent.type == "array":
            if _REQUIREMENTS.fullmatch(table):
                _change_element(source, node, adder)
        elif (
            node.type in {"bare_key", "quoted_key"} and node.parent is not None and node.parent.type == "pair"
        ):
            if _BY_NAME.fullmatch(table) and span(node)[0] + (node.type == "quoted_key") == found.start():
                _change_pair(source, node.parent, node, needs, adder)
        elif needs.ours and _BY_NAME.match(table) and node.parent is not None and node.parent.type != "array":
            adder.find(
                node.start_byte, f"{text_of(node)} has a table of its own, which migrate does not change"
            )
    return adder.changed()


def _change_element(source: Source, string: Node, adder: Adder) -> None:
    written = text_of(string)
    quote = written[:1]
    text = written[1:-1]
    beside = b"" if string.parent is None else (string.parent.text or b"")
    outcome = adder.outcome(text, string.start_byte, beside)
    if outcome is None or written[:3] in ('"""', "'''"):
        return
    addition = ""
    if outcome.added:
        addition = f"{element_separator(source, string.start_byte)}{quote}{outcome.added}{quote}"
    adder.add(string.start_byte + 1, string.end_byte - 1, text, outcome, string.end_byte, addition)


def _change_pair(source: Source, pair: Node, key: Node, needs: Needs, adder: Adder) -> None:
    """`aws-xray-sdk = "^2"`, or with a table in the place of the version."""
    name = text_of(key).strip("\"'")
    value = _value(pair)
    if not needs.ours:
        return
    version = value if value.type == "string" else _value_of(value, "version")
    if value.type not in {"string", "inline_table"} or (is_sdk(name) and version is None):
        adder.find(pair.start_byte, f"{name} is written in a way that migrate does not change")
        return
    specifier = "*" if version is None else text_of(version).strip("\"'")
    quote = '"' if version is None else text_of(version)[:1]
    ours = f"{quote}{like_poetry(specifier)}{quote}"
    if is_sdk(name) and not needs.sdk:
        if adder.has_ours:
            adder.find(pair.start_byte, "nothing here needs the X-Ray SDK any more: it may go", is_note=True)
        elif version is not None:
            adder.edit(*span(key), OURS)
            adder.edit(*span(version), ours)
            adder.has_ours = True
        return
    if is_powertools(name):
        _change_extras(source, value, needs, adder)
        if not needs.powertools:
            adder.find(pair.start_byte, "nothing here imports Powertools any more: it may go", is_note=True)
    table = b"" if pair.parent is None else (pair.parent.text or b"")
    if not adder.has_ours and (needs.sdk or is_sdk(name) or not _SDK_PAIR.search(table)):
        end = pair.end_byte + len(source.data[pair.end_byte : source.line_end(pair.end_byte)].rstrip(b"\r\n"))
        adder.edit(end, end, f"{source.newline}{source.indentation(pair.start_byte)}{OURS} = {ours}")
        adder.has_ours = True


def _change_extras(source: Source, table: Node, needs: Needs, adder: Adder) -> None:
    extras = _value_of(table, "extras")
    if extras is None or extras.type != "array" or needs.sdk:
        return
    strings = [child for child in extras.named_children if child.type == "string"]
    names = [text_of(string).strip("\"'") for string in strings]
    if "all" in names:
        adder.find(
            extras.start_byte, "the extra [all] still brings the X-Ray SDK: name the extras that are needed"
        )
    elif "tracer" in names:
        kept = [text_of(string) for string, name in zip(strings, names, strict=True) if name != "tracer"]
        pair = extras.parent
        if kept or pair is None:
            adder.edit(*span(extras), f"[{', '.join(kept)}]")
            return
        follows = re.match(rb"\s*,\s*", source.data[pair.end_byte :])
        before = re.search(rb"\s*,\s*$", source.data[: pair.start_byte])
        if follows:
            adder.edit(pair.start_byte, pair.end_byte + follows.end(), "")
        else:
            adder.edit(before.start() if before else pair.start_byte, pair.end_byte, "")


def _value(pair: Node) -> Node:
    return [child for child in pair.named_children if child.type != "comment"][-1]


def _value_of(table: Node, name: str) -> Node | None:
    for pair in table.named_children:
        if pair.type == "pair" and text_of(pair.named_children[0]) == name:
            return _value(pair)
    return None


def _table_of(node: Node) -> str:
    """The name of the table in whose header or lines the node stands."""
    for above in ancestors(node):
        if above.type in {"table", "table_array_element"}:
            key = next(child for child in above.named_children if child.type.endswith("key"))
            return text_of(key).replace(" ", "").replace('"', "")
    return ""

"""Import statements, rewritten: the names that move get a statement of their own where others stay behind."""

from __future__ import annotations

import re

from tree_sitter import Node

from .decisions import Decision
from .names import OURS
from .source import Edit, Source
from .syntax import span, text_of

_PRAGMA = re.compile(r"#\s*(?:noqa|type:|pylint:|pragma|isort:|pyright:|nosec|ruff:|mypy:)")
_NAME_ALONE = re.compile(rb"[ \t]*,?[ \t]*(#[^\r\n]*)?\r?\n")


class Statements:
    """The statements of one file that change, and the edits of that."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._deleted: list[Node] = []
        self._modules: set[tuple[int, str]] = set()  # by scope: what has been imported as a module already
        self.edits: list[Edit] = []

    def rewrite(self, decisions: list[Decision]) -> None:
        """Rewrite the statements of these names."""
        statements: dict[int, list[Decision]] = {}
        for decision in decisions:
            statements.setdefault(decision.imported.statement.id, []).append(decision)
        for of_one in statements.values():
            if all(decision.kind == "keep" for decision in of_one):
                continue
            if of_one[0].imported.is_from:
                self._rewrite_from(of_one)
            else:
                self._rewrite_import(of_one)

    def delete(self, statement: Node) -> None:
        """Take a statement away, and its line if it has one for itself."""
        self._deleted.append(statement)

    def finish(self) -> list[Edit]:
        """All edits, with a `pass` where a block would have become empty."""
        gone = {statement.id for statement in self._deleted}
        filled = set()
        for statement in self._deleted:
            block = statement.parent
            if block is None:
                continue
            others = [child for child in block.named_children if child.type != "comment"]
            is_empty = block.type != "module" and all(child.id in gone for child in others)
            if is_empty and block.id not in filled:
                filled.add(block.id)
                self.edits.append(Edit(*span(statement), "pass"))
            elif self._has_own_lines(statement):
                start = self._source.line_start(statement.start_byte)
                self.edits.append(Edit(start, self._source.line_end(statement.end_byte), ""))
            else:
                self.edits.append(self._beside_others(statement))
        return self.edits

    def _beside_others(self, statement: Node) -> Edit:
        """Take away a statement that shares its line, with the semicolon behind it if there is one."""
        behind = re.match(rb"[ \t]*;[ \t]*(?=[^\s#])", self._source.data[statement.end_byte :])
        if behind is None:
            return Edit(*span(statement), "pass")
        return Edit(statement.start_byte, statement.end_byte + behind.end(), "")

    def _rewrite_from(self, decisions: list[Decision]) -> None:
        statement = decisions[0].imported.statement
        names = statement.children_by_field_name("name")
        by_name = {decision.imported.node.id: decision for decision in decisions}
        kinds = {decision.kind for decision in decisions}
        if len(by_name) < len(names):
            kinds.add("keep")
        if kinds == {"drop"}:
            self.delete(statement)
        elif "module" not in kinds and "keep" not in kinds:
            module = statement.child_by_field_name("module_name")
            assert module is not None
            self.edits.append(Edit(*span(module), OURS))
            self.remove(names, [by_name[name.id].kind == "drop" for name in names])
            for decision in decisions:
                if decision.kind == "move" and (text := _written(decision)) != text_of(
                    decision.imported.node
                ):
                    self.edits.append(Edit(*span(decision.imported.node), text))
        else:
            new = self._new_statements(decisions)
            gone = [name.id in by_name and by_name[name.id].kind != "keep" for name in names]
            if all(gone):
                comments = [text_of(child) for child in statement.children if child.type == "comment"]
                self._replace(statement, new, comments)
            else:
                comments = self.remove(names, gone)
                self._insert_after(statement, new, comments)

    def _rewrite_import(self, decisions: list[Decision]) -> None:
        statement = decisions[0].imported.statement
        names = statement.children_by_field_name("name")
        by_name = {decision.imported.node.id: decision for decision in decisions}
        gone = []
        for name in names:
            decision = by_name.get(name.id)
            if decision is None or decision.kind == "keep":
                gone.append(False)
            elif decision.kind == "drop":
                gone.append(True)
            elif decision.is_kept:
                gone.append(False)
                if self._is_first(decision):
                    self._insert_after(statement, [_written(decision)], [])
            else:
                is_first = self._is_first(decision)
                gone.append(not is_first)
                if is_first:
                    self.edits.append(Edit(*span(name), _written(decision).removeprefix("import ")))
        if all(gone):
            self.delete(statement)
        else:
            self.remove(names, gone)

    def _new_statements(self, decisions: list[Decision]) -> list[str]:
        moved = [_written(decision) for decision in decisions if decision.kind == "move"]
        modules = [
            _written(decision)
            for decision in decisions
            if decision.kind == "module" and self._is_first(decision)
        ]
        return [*([f"from {OURS} import {', '.join(moved)}"] if moved else []), *modules]

    def _is_first(self, decision: Decision) -> bool:
        """Is it the first time that this statement's block imports lambda_tracer below that name?"""
        block = decision.imported.statement.parent
        key = (block.id if block is not None else 0, decision.alias)
        is_first = key not in self._modules
        self._modules.add(key)
        return is_first

    def remove(self, names: list[Node], gone: list[bool]) -> list[str]:
        """Take names out of a list of which others stay. Gives the comments that stood beside them."""
        comments: list[str] = []
        index = 0
        while index < len(names):
            if not gone[index]:
                index += 1
                continue
            end = index
            while end < len(names) and gone[end]:
                end += 1
            comments += self._remove_run(names, index, end)
            index = end
        return comments

    def _remove_run(self, names: list[Node], first: int, end: int) -> list[str]:
        data = self._source.data
        found = [self._own_line(name) for name in names[first:end]]
        if all(found):
            for line in found:
                assert line is not None
                self.edits.append(Edit(line[0], line[1], ""))
            return [line[2] for line in found if line is not None and line[2]]
        run_start, run_end = names[first].start_byte, names[end - 1].end_byte
        if end < len(names):
            follows = names[end].start_byte
            if b"#" not in data[run_start:follows]:
                self.edits.append(Edit(run_start, follows, ""))
                return []
        elif first and b"#" not in data[names[first - 1].end_byte : run_end]:
            self.edits.append(Edit(names[first - 1].end_byte, run_end, ""))
            return []
        comma = re.match(rb"[ \t]*,[ \t]*", data[run_end:])
        stop = run_end + (comma.end() if comma else 0)
        if data[stop : stop + 1] == b"#":
            # The comment keeps its distance, and the blanks before the name go.
            stop = run_end + len(data[run_end:stop].rstrip())
            run_start -= len(data[:run_start]) - len(data[:run_start].rstrip(b" \t"))
        self.edits.append(Edit(run_start, stop, ""))
        return []

    def _own_line(self, name: Node) -> tuple[int, int, str] | None:
        """Where the line begins and ends that has nothing but this name, and the comment at its end."""
        if name.parent is None or all(child.type != "(" for child in name.parent.children):
            return None  # the line goes on behind a backslash
        start = self._source.line_start(name.start_byte)
        after = _NAME_ALONE.match(self._source.data, name.end_byte)
        if after is None or self._source.data[start : name.start_byte].strip():
            return None
        return start, after.end(), (after[1] or b"").decode().rstrip()

    def _replace(self, statement: Node, new: list[str], comments: list[str]) -> None:
        separator = self._separator(statement)
        text = separator.join(new)
        if comments and separator != "; ":
            text += "  " + "  ".join(comments)
        self.edits.append(Edit(*span(statement), text))

    def _insert_after(self, statement: Node, new: list[str], comments: list[str]) -> None:
        separator = self._separator(statement)
        if not new:
            return
        if separator == "; ":
            self.edits.append(Edit(statement.end_byte, statement.end_byte, separator + separator.join(new)))
            return
        line = self._source.data[statement.end_byte : self._source.line_end(statement.end_byte)]
        content = line.rstrip(b"\r\n")
        pragma = content.strip().decode()
        beside = [*comments, *([pragma] if _PRAGMA.match(pragma) else [])]
        end = statement.end_byte + len(content)
        text = separator.join(new) + (f"  {'  '.join(beside)}" if beside else "")
        self.edits.append(Edit(end, end, separator + text))

    def _separator(self, statement: Node) -> str:
        """What stands between this statement and one that follows it."""
        if not self._has_own_lines(statement):
            return "; "
        return self._source.newline + self._source.indentation(statement.start_byte)

    def _has_own_lines(self, statement: Node) -> bool:
        before = self._source.data[self._source.line_start(statement.start_byte) : statement.start_byte]
        after = self._source.data[statement.end_byte : self._source.line_end(statement.end_byte)].strip()
        return not before.strip() and (not after or after.startswith(b"#"))


def _written(decision: Decision) -> str:
    """The name as it stands in the new import, or the whole import of the module."""
    if decision.kind == "module":
        return f"import {OURS} as {decision.alias}" if decision.alias else f"import {OURS}"
    bound = decision.imported.bound
    return decision.name if bound == decision.name else f"{decision.name} as {bound}"

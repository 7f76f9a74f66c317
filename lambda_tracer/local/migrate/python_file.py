"""PythonFile: a source file of the project, what keeps it as it is, and what it becomes otherwise."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from tree_sitter import Node

from .bindings import roots
from .decisions import Verdict
from .findings import Finding
from .imports import Statements
from .judge import Judge
from .names import POWERTOOLS, SDK
from .source import Edit, Source, Unreadable
from .strings import StringReader, Strings
from .syntax import arguments_of, is_valid, parse, span, text_of

_NAMED = re.compile(rb"\b(?:%b|%b)\b" % (SDK.encode(), POWERTOOLS.encode()))
_SEGMENTS = re.compile(rb"recorder\.(?:begin_segment|in_segment|in_segment_async)\(")
_OURS = re.compile(rb"^[ \t]*(?:from|import)[ \t]+lambda_tracer\b", re.MULTILINE)
_POWERTOOLS = re.compile(rb"^[ \t]*(?:from|import)[ \t]+aws_lambda_powertools\b", re.MULTILINE)
_TESTS_FOLDER = re.compile(r"(?:^|.*/)(?:tests?|testing)/.*|(?:^|.*/)conftest\.py")
_TEST_NAME = re.compile(r"(?:^|.*/)(?:test_[^/]*|[^/]*_test)\.py")
_TEST = re.compile(rb"^\s*(?:async )?def test|\bTestCase\b", re.MULTILINE)


def is_of_interest(raw: bytes) -> bool:
    """Does the file name one of the packages? Most don't, and need not be parsed."""
    return _NAMED.search(raw) is not None


def imports_ours(raw: bytes) -> bool:
    """Does it import lambda_tracer?"""
    return _OURS.search(raw) is not None


def imports_powertools(raw: bytes) -> bool:
    """Does it import Powertools?"""
    return _POWERTOOLS.search(raw) is not None


def is_test(path: str, raw: bytes) -> bool:
    """Does it belong to tests?"""
    return _TESTS_FOLDER.fullmatch(path) is not None or (
        _TEST_NAME.fullmatch(path) is not None and _TEST.search(raw) is not None
    )


def lines_with_segments(path: str, raw: bytes) -> list[int]:
    """Where a file that has moved makes segments of its own, as it would without us."""
    if not imports_ours(raw) or is_test(path, raw):
        return []
    return [number for number, line in enumerate(raw.splitlines(), 1) if _SEGMENTS.search(line)]


class PythonFile:
    """One Python file that names the SDK or Powertools."""

    def __init__(self, path: PurePosixPath, raw: bytes) -> None:
        self.path = path
        self.raw = raw
        self.unreadable = ""
        self._verdict = Verdict()
        self._strings = Strings()
        self.new = raw
        name = str(path)
        try:
            self._source = Source(raw, is_python=True)
            self._root = parse(self._source)
        except Unreadable as exc:
            self.unreadable = f"{exc}: left as it is"
            return
        nodes = list(roots(self._source, self._root))
        self._verdict = Judge(name, self._source, self._root, is_test=is_test(name, raw)).judge()
        self._strings = StringReader(name, self._source).read(nodes)
        edits = self._edits()
        try:
            self.new = self._source.edited(edits)
        except Unreadable as exc:
            self.unreadable = f"{exc}: left as it is"
        if edits and is_valid(self._source.data) and not is_valid(self.new):
            self.unreadable = "would not be Python after the change, which is a defect of ours: left as it is"
        if self.unreadable:
            self.new = raw

    @property
    def blockers(self) -> list[Finding]:
        """What keeps this file as it is, and what runs together with it."""
        if self.unreadable:
            # What it does can't be known, but that it names the SDK.
            return [Finding(str(self.path), 0, self.unreadable)]
        return [*self._verdict.blockers, *self._strings.blockers]

    @property
    def others(self) -> list[Finding]:
        """What a person must look at if it moves."""
        return [*self._verdict.others, *self._strings.others]

    @property
    def is_wide(self) -> bool:
        """Does it keep the whole project as it is?"""
        return self._strings.is_wide

    @property
    def is_about_tracing(self) -> bool:
        """Has it anything that moves, or that stays for a reason?"""
        return bool(self.blockers) or self.new != self.raw or self._verdict.is_about_tracing

    def _edits(self) -> list[Edit]:
        statements = Statements(self._source)
        statements.rewrite(self._verdict.decisions)
        self._drop_contexts(statements)
        edits = [Edit(*span(rename.node), rename.text) for rename in self._verdict.renames]
        return [*statements.finish(), *edits, *self._strings.edits]

    def _drop_contexts(self, statements: Statements) -> None:
        """Take `context=Context()` out of calls of `configure`, and calls away that only had that."""
        for argument in self._verdict.contexts:
            call = argument.parent.parent if argument.parent is not None else None
            if call is None:
                continue
            arguments = arguments_of(call)
            if len(arguments) == 1 and _is_statement(call) and call.parent is not None:
                statements.delete(call.parent)
            else:
                statements.remove(arguments, [each == argument for each in arguments])


def _is_statement(call: Node) -> bool:
    """Does nobody want what it gives, and does nothing else happen on its way?"""
    function = call.child_by_field_name("function")
    is_plain = function is not None and re.fullmatch(r"[\w.]+", text_of(function)) is not None
    return is_plain and call.parent is not None and call.parent.type == "expression_statement"

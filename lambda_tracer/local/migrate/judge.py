"""Judge: reads how a file uses what it imports, and decides on each name, or finds what keeps the file as it is."""

from __future__ import annotations

from tree_sitter import Node

from .bindings import Imported, Use, imports_of
from .decisions import Decision, Kind, Rename, Verdict
from .findings import Finding, Weight
from .names import (
    ATTRIBUTES,
    NO_SEGMENT,
    NOT_TO_BE_MADE,
    OF_SEGMENTS,
    OURS,
    POWERTOOLS,
    SDK,
    look_up,
    refused_attribute,
)
from .source import Source
from .syntax import (
    ancestors,
    arguments_of,
    called,
    chain_of,
    is_attribute_name,
    is_bound_here,
    is_field,
    literal_text,
    occurrences,
    span,
    text_of,
)

_SUBCLASS = (
    "subclasses reach into what they are built on: change it by hand, or run it unchanged under "
    "lambda_tracer.compat"
)


class Judge:
    """Reads one file and reaches a verdict."""

    def __init__(self, path: str, source: Source, root: Node, *, is_test: bool) -> None:
        self._path = path
        self._source = source
        self._root = root
        self._is_test = is_test
        self.verdict = Verdict()

    def judge(self) -> Verdict:
        """The verdict on the file's imports and what is done with them."""
        imports, stars = imports_of(self._source, self._root)
        for statement in stars:
            self._judge_star(statement)
        for imported in imports:
            self._judge_import(imported)
        self._judge_middlewares()
        if any(decision.kind == "module" and not decision.alias for decision in self.verdict.decisions):
            self._check_our_name()
        return self.verdict

    def block(self, node: Node, what: str, reason: str) -> None:
        """Something keeps the file as it is."""
        self.verdict.blockers.append(Finding(self._path, self._line(node), f"{what}: {reason}"))

    def say(self, node: Node, message: str, weight: Weight) -> None:
        """Something to look at or to know, though the file moves."""
        self.verdict.others.append(Finding(self._path, self._line(node), message, weight))

    def _line(self, node: Node) -> int:
        return self._source.line_at(node.start_byte)

    def _judge_star(self, statement: Node) -> None:
        module = statement.child_by_field_name("module_name")
        path = "" if module is None else text_of(module)
        is_needed = path.startswith(SDK) or any(
            not is_attribute_name(node) for node in occurrences(self._source, self._root, "Tracer")
        )
        if is_needed:
            self.block(statement, f"from {path} import *", "name what is imported, and run migrate again")

    def _judge_import(self, imported: Imported) -> None:
        answer = look_up(imported.path)
        if answer.kind == "stays" or (
            answer.kind == "moved" and answer.length != imported.path.count(".") + 1
        ):
            self.block(imported.node, imported.path, answer.reason or look_up(SDK + "._").reason)
        elif answer.kind == "other":
            self._decide(imported, "keep")
        elif answer.kind == "module":
            self._judge_module(imported)
        elif answer.kind == "context":
            self._judge_context(imported)
        elif answer.kind == "constant":
            self._judge_constant(imported, answer.name)
        else:
            for use in imported.uses:
                self._judge_use(use, 0, answer.name)
            self._decide(imported, "move", name=answer.name)

    def _decide(
        self,
        imported: Imported,
        kind: Kind,
        *,
        name: str = "",
        alias: str = "",
        is_kept: bool = False,
    ) -> None:
        self.verdict.decisions.append(Decision(imported, kind, name, alias, is_kept))

    def _judge_context(self, imported: Imported) -> None:
        for use in imported.uses:
            self._judge_context_use(use, 0, imported.path)
        self._decide(imported, "drop")

    def _judge_constant(self, imported: Imported, value: str) -> None:
        """A name of a plain text, which is written out where it is used."""
        if not imported.uses or imported.is_rebound or imported.is_global:
            self.block(imported.node, imported.path, f"write {value!r} where it is used, and take it out")
            return
        for use in imported.uses:
            self._rename(use.node, f'"{value}"')
        self._decide(imported, "drop")

    def _judge_context_use(self, use: Use, length: int, path: str) -> None:
        """`configure(context=Context())` goes, and everything else that is done with a context stays."""
        call = called(use.whole(length))
        argument = None if call is None else call.parent
        if argument is not None and argument.type == "keyword_argument" and argument.parent is not None:
            configure = argument.parent.parent
            function = None if configure is None else configure.child_by_field_name("function")
            named = argument.child_by_field_name("name")
            if (
                function is not None
                and text_of(function).rpartition(".")[2] == "configure"
                and named is not None
                and text_of(named) == "context"
            ):
                if all(
                    each != argument for each in self.verdict.contexts
                ):  # imported twice, it is used twice
                    self.verdict.contexts.append(argument)
                return
        self.block(use.node, path, look_up(f"{SDK}.core.context.").reason)

    def _judge_module(self, imported: Imported) -> None:
        """A module that is bound: each use names what it takes of it."""
        parts = imported.path.count(".") + 1
        moved: list[tuple[Use, int, str]] = []
        objects: list[Node] = []
        constants: list[tuple[Use, int, str]] = []
        is_kept = False
        for use in imported.uses:
            path = ".".join([imported.path, *use.names])
            answer = look_up(path)
            if answer.kind == "other":
                is_kept = True
            elif answer.kind == "moved":
                length = answer.length - parts
                self._judge_use(use, length, answer.name)
                moved.append((use, length, answer.name))
            elif answer.kind == "constant":
                constants.append((use, answer.length - parts, answer.name))
            elif answer.kind == "context":
                self._judge_context_use(use, answer.length - parts, path)
            elif answer.kind == "stays":
                self.block(use.node, path, answer.reason)
            elif self._can_be_ours(use, path):
                objects.append(use.whole(len(use.names)))
            else:
                self.block(
                    use.node, path, "the module itself is passed on: take what is needed of it by name"
                )
        if not moved and not objects and imported.path.startswith(POWERTOOLS):
            self._decide(imported, "keep")
            return
        if imported.is_global:
            self.block(
                imported.node,
                imported.bound,
                "the module is bound in one place and used in others: import it there",
            )
        if imported.is_rebound and imported.bound in (SDK, POWERTOOLS) and moved:
            self.block(imported.node, imported.bound, "the file gives this name to something else, too")
        alias = imported.bound if imported.bound not in (SDK, POWERTOOLS) and not is_kept else ""
        for use, length, name in moved:
            self._rename(use.whole(length), f"{alias or OURS}.{name}")
        for use, length, value in constants:
            self._rename(use.whole(length), f'"{value}"')
        if constants and not moved and not objects and imported.is_from:
            self._decide(imported, "drop")
            return
        for node in objects:
            if node.parent is not None and node.parent.type == "type":
                self.say(node, f"{text_of(node)} is a module, and means nothing as a type", "note")
            self._rename(node, alias or OURS)
        self._decide(imported, "module", alias=alias, is_kept=is_kept)

    def _rename(self, node: Node, text: str) -> None:
        if text_of(node) != text and all(span(rename.node) != span(node) for rename in self.verdict.renames):
            self.verdict.renames.append(Rename(node, text))

    @staticmethod
    def _can_be_ours(use: Use, path: str) -> bool:
        """A module as such: in `patch.object(module, "patch_all")` and `setattr(module, "xray_recorder", ...)`, or in
        an annotation, where it means nothing.
        """
        node = use.whole(len(use.names))
        if node.parent is not None and node.parent.type == "type":
            return True
        call = node.parent.parent if node.parent is not None else None
        if call is None or call.type != "call":
            return False
        arguments = arguments_of(call)
        if len(arguments) < 2 or arguments[0] != node or (literal := literal_text(arguments[1])) is None:
            return False
        answer = look_up(f"{path}.{literal[0]}")
        return answer.kind == "moved" and answer.name == literal[0]

    def _judge_use(self, use: Use, length: int, name: str) -> None:
        """What is done with something that moves as lambda_tracer's `name`."""
        node = use.whole(length)
        if any(above.type == "class_definition" and self._is_base(node, above) for above in ancestors(node)):
            self.block(node, f"a subclass of {text_of(node)}", _SUBCLASS)
            return
        call = called(node)
        if name in NOT_TO_BE_MADE and call is not None:
            self.block(
                node,
                f"{text_of(node)}(...)",
                f"lambda_tracer's {name} takes other arguments: say begin_subsegment",
            )
        if name == "Subsegment" and _is_asked_about(node):
            self.say(
                node,
                "in an unsampled invocation, what is current is no Subsegment of lambda_tracer's",
                "note",
            )
        if len(use.names) > length:
            self._judge_attribute(node, name, use.names[length])
        if call is not None and name in ATTRIBUTES:
            self._judge_instance(call, name)

    def _judge_attribute(self, node: Node, name: str, attribute: str) -> None:
        what = f"{text_of(node)}.{attribute}"
        if reason := refused_attribute(name, attribute):
            self.block(node, what, reason)
        elif attribute in OF_SEGMENTS and name != "Tracer":
            self.say(node, f"{what} {NO_SEGMENT}", "note" if self._is_test else "look")

    def _judge_instance(self, call: Node, name: str) -> None:
        """`tracer = Tracer()`: what this file asks of `tracer`."""
        assignment = call.parent
        left = None if assignment is None else assignment.child_by_field_name("left")
        if left is None or left.type != "identifier" or assignment is None or assignment.type != "assignment":
            return
        for node in occurrences(self._source, self._root, text_of(left)):
            if not is_attribute_name(node) and not is_bound_here(node):
                _, names = chain_of(node)
                if names:
                    self._judge_attribute(node, name, names[0])

    @staticmethod
    def _is_base(node: Node, definition: Node) -> bool:
        bases = definition.child_by_field_name("superclasses")
        return bases is not None and any(child == node for child in bases.children)

    def _judge_middlewares(self) -> None:
        for node in occurrences(self._source, self._root, "trace_execution"):
            argument = node.parent
            if (
                argument is None
                or argument.type != "keyword_argument"
                or not is_field(node, argument, "name")
            ):
                continue
            value = argument.child_by_field_name("value")
            if value is not None and text_of(value) != "False":
                self.block(
                    node,
                    "trace_execution",
                    "Powertools records this middleware with a Tracer of its own, on the X-Ray SDK. Capture the "
                    "function instead, or run it unchanged under lambda_tracer.compat",
                )

    def _check_our_name(self) -> None:
        """The file must not call something else `lambda_tracer`."""
        for node in occurrences(self._source, self._root, OURS):
            if not is_attribute_name(node) and is_bound_here(node):
                self.block(node, OURS, "the file has given this name to something else")


def _is_asked_about(node: Node) -> bool:
    """Is it in a call of `isinstance`?"""
    for above in ancestors(node):
        if above.type == "call":
            function = above.child_by_field_name("function")
            return function is not None and text_of(function) == "isinstance"
    return False

"""Traces: everything that was sent while a test ran, for the test to look at."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ..local.receive.documents import Document
from .captured import Captured
from .invocation import Invocation
from .line import Line
from .subsegments import Subsegments
from .tree import draw


class Traces(Subsegments):
    """The traces of one test. What comes later is there when it is asked again.

        assert traces.tree == \"""
            ## lambda_handler
              ## app.charge
                dynamodb
        \"""
        assert traces.one("## app.charge").annotations["Risk"] == 0.01

    Iterates over all subsegments, and is false while nothing was sent.
    """

    def __init__(self, captured: Captured) -> None:
        """Nothing is read before it is asked for."""
        super().__init__(lambda: [invocation.roots for invocation in self.invocations], self._why_empty)
        self._captured = captured
        self._invocations: list[Invocation] = []

    @property
    def invocations(self) -> list[Invocation]:
        """The invocations in the order in which they began, those of which nothing was sent among them."""
        known = len(self._invocations)
        self._invocations += [Invocation(each) for each in self._captured.invocations[known:]]
        return list(self._invocations)

    @property
    def documents(self) -> list[Document]:
        """All documents as they were sent, by invocation, with their `subsegments` in place; not to be changed."""
        return [document for invocation in self.invocations for document in invocation.documents]

    @property
    def size_bytes(self) -> int:
        """Bytes of all documents, as X-Ray counts them."""
        return sum(invocation.size_bytes for invocation in self.invocations)

    def assert_no_secrets(self, *texts: str | bytes) -> None:
        """Fail if one of the texts is anywhere in what was sent: in names, keys or values, in whatever spelling.

        Found are upper and lower case, base64 (standard and URL-safe, also in the midst of other bytes), hex, URL- and
        JSON-escaped ones, those in JSON inside a text, and a text's beginning where a value was cut off in it. A text
        of digits is found with other separators, or with none. Ids and times are not searched. The message says where,
        and never what.

        Raises ValueError for a text of fewer than four characters, and if there is none; TypeError for what is neither
        str nor bytes.
        """
        __tracebackhide__ = True
        from .secrets import Secret, leaks

        if not texts:
            raise ValueError("assert_no_secrets needs at least one text to look for")
        secrets = [Secret(text, number) for number, text in enumerate(texts, 1)]
        if found := leaks(self.invocations, secrets):
            raise AssertionError("\n".join(["what is secret was sent:", *(f"  {each}" for each in found)]))

    def check(self) -> list[str]:
        """A sentence for each thing that X-Ray would hold against what was sent; empty if all is well."""
        from .validity import problems_of

        return problems_of(self.invocations)

    def assert_valid(self) -> None:
        """Fail if X-Ray would drop a document without a word, or could not put the trace together; see `check`."""
        __tracebackhide__ = True
        if problems := self.check():
            raise AssertionError(
                "\n".join(["X-Ray would not take what was sent:", *(f"  {each}" for each in problems)])
            )

    def report(self) -> str:
        """What a failed test shows: the trees with annotations, exceptions, calls and durations, and what is wrong."""
        line = Line(
            annotations=True, exceptions=True, places=True, http=True, sql=True, aws=True, duration=True
        )
        lines: list[str] = []
        for number, invocation in enumerate(self.invocations, 1):
            said = [invocation.trace_id]
            if invocation.cold_start:
                said.append("cold start")
            if not invocation.is_sampled:
                said.append("not sampled")
            lines.append(f"invocation {number}: {', '.join(said)}")
            text = draw(invocation.roots, line) or "(nothing was sent)"
            lines += [f"  {each}" for each in text.splitlines()]
        if not lines:
            return self._why_empty()
        return "\n".join(lines + [f"X-Ray: {problem}" for problem in self.check()])

    def save(self, path: str | PathLike[str]) -> None:
        """Write all invocations to a file that `lambda-tracer view FILE` opens, in the form of `invoke --json`.

        With the segments that Lambda would write.
        """
        from .saved import as_json

        Path(path).write_text(as_json(self.invocations), encoding="utf-8")

    def html(self) -> str:
        """The page of the local view with these traces in it. It needs no server and asks for nothing."""
        from .saved import as_html

        return as_html(self.invocations)

    def _why_empty(self) -> str:
        invocations = self.invocations
        if not invocations:
            return "nothing was sent: there was no invocation"
        unsampled = sum(not invocation.is_sampled for invocation in invocations)
        if len(invocations) == 1:
            return f"nothing was sent: the invocation is {'not ' if unsampled else ''}sampled"
        return f"nothing was sent: {len(invocations)} invocations, {unsampled} of which are not sampled"

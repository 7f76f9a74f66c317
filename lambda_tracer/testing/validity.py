"""What X-Ray would hold against what was sent: documents that it drops without a word, and parts that don't fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..local.receive import documents
from ..local.receive.documents import Document, is_number
from .invocation import Invocation, every_document

MAX_TRACE_BYTES = 500_000
"""What X-Ray keeps of a trace at most (https://docs.aws.amazon.com/general/latest/gr/xray.html)."""

MAX_SHOWN = 20


def problems_of(invocations: Iterable[Invocation]) -> list[str]:
    """A sentence for each problem, and one for those that are too many to be told."""
    found = [problem for invocation in invocations for problem in _problems(invocation)]
    if len(found) > MAX_SHOWN:
        return [*found[:MAX_SHOWN], f"and {len(found) - MAX_SHOWN:,} more"]
    return found


def _problems(invocation: Invocation) -> Iterator[str]:
    known: dict[str, Document] = {}
    parents = {invocation.parent_id}
    read = invocation.read()
    for number, (document, size_bytes) in enumerate(read, 1):
        if document is None:
            yield f"document {number} would be dropped: it is no JSON object"
            continue
        for problem in documents.problems_of(document, size_bytes):
            yield f"the document of {_named(document)} would be dropped: it {problem}"
        if document.get("trace_id") != invocation.trace_id:
            yield f"the document of {_named(document)} belongs to another trace than its invocation"
        yield from _problems_in(document, known)
        parents |= {str(each.get("id")) for each in every_document(document)}
    for document, _ in read:
        if document is not None and invocation.parent_id and document.get("parent_id") not in parents:
            yield f"the parent of {_named(document)} was never sent"
    if invocation.size_bytes > MAX_TRACE_BYTES:
        yield f"the trace has {invocation.size_bytes:,} bytes: X-Ray keeps {MAX_TRACE_BYTES:,}, and drops the rest"


def _problems_in(document: Document, known: dict[str, Document]) -> Iterator[str]:
    """What can't be right of a document and those in it; `known` are those that came before, by their ids."""
    here: set[str] = set()
    for each in every_document(document):
        start, end = each.get("start_time"), each.get("end_time")
        if is_number(start) and is_number(end) and end < start:
            yield f"{_named(each)} ends before it starts"
        key = each.get("id")
        if not isinstance(key, str):
            continue
        other = known.get(key)
        # What was in progress comes again when it is finished, and what is corrected comes again as well.
        if key in here or (other is not None and not _is_same(each, other)):
            yield f"the id of {_named(each)} is that of another subsegment, too"
        here.add(key)
        known[key] = each


def _is_same(document: Document, other: Document) -> bool:
    return all(document.get(key) == other.get(key) for key in ("name", "start_time"))


def _named(document: Document) -> str:
    name = document.get("name")
    shown = name if isinstance(name, str) and name else "(no name)"
    return f"{shown[:60]} ({document.get('id')})"

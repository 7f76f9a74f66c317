"""The intake: what was sent, in whatever form, becomes documents in the store, or a line in the log."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lambda_tracer.local.receive.documents import (
    NO_HEADER,
    Document,
    body_of,
    problems_of,
    read_document,
)
from lambda_tracer.local.receive.json_value import as_json, quick_json
from lambda_tracer.local.receive.kept_lines import KeptLine, kept_in_log
from lambda_tracer.local.receive.kept_segment import segment_of
from lambda_tracer.local.receive.otlp.received import Received, in_text, is_spans, received
from lambda_tracer.local.receive.otlp.span import Span
from lambda_tracer.local.receive.otlp.wire import WireError
from lambda_tracer.local.view.invocations import invocation_of
from lambda_tracer.local.view.log import Log, say
from lambda_tracer.local.view.size import Size, size_of
from lambda_tracer.local.view.store import Store, is_trace_id


class Refused(ValueError):
    """What was sent is not taken; the message says why, without a subject."""


class Intake:
    """Puts documents into `store`, and on to the end of the file `save`, if there is one."""

    def __init__(self, store: Store, log: Log, save: Path | None = None) -> None:
        self._store = store
        self._log = log
        self._save = save.open("a", encoding="utf-8") if save else None
        self._saving = threading.Lock()

    def datagram(self, data: bytes) -> None:
        """One datagram, as the X-Ray daemon receives it: a header line, then a document or spans of OpenTelemetry."""
        try:
            self._datagram(data)
        except Refused as exc:
            self._log.refuse(f"a datagram of {len(data):,} bytes", str(exc))

    def _datagram(self, data: bytes) -> None:
        body = body_of(data)
        if body is None:
            raise Refused(f"it {NO_HEADER}")
        self.text(body, len(data))

    def spans(self, spans: Iterable[Span]) -> list[str]:
        """Spans of OpenTelemetry; gives the ids of their traces. A `WireError` where one can't be read."""
        return self._keep_all(received(spans))

    def _keep_all(self, spans: Iterable[Received]) -> list[str]:
        found: dict[str, None] = {}
        for document, size_bytes, problems in spans:
            size = size_of(quick_json(document), size_bytes or None)
            found[self._keep(document, size, problems)] = None
        return list(found)

    def text(self, text: str | bytes, size_bytes: int = 0) -> str:
        """One document as text, or spans as ADOT sends them in its place; gives the id of its trace.

        `size_bytes` is what was sent. Without it the document is one that was put together of several, whose size
        nobody objects to.
        """
        beginning = text[:3].encode("utf-8", "replace") if isinstance(text, str) else text[:3]
        if is_spans(beginning):
            data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
            try:
                return self._keep_all(in_text(data))[0]
            except WireError as exc:
                raise Refused(f"its spans can't be read: {exc}") from exc
        document, problems = read_document(text, size_bytes)
        if document is None:
            raise Refused(f"it {problems[0]}")
        return self._keep(document, size_of(text, size_bytes or None), problems)

    def document(self, document: Document) -> str:
        """One document that was read already, or put together of several."""
        return self._keep(document, size_of(quick_json(document)), problems_of(document))

    def document_of(self, trace_id: str, document: Document) -> str:
        """One of a trace's documents, as `invoke` tells them: one that does not name the trace was cut off from what it
        was embedded in, because that was nested too deeply."""
        if "trace_id" not in document:
            document = {"trace_id": trace_id, "type": "subsegment", **document}
        return self.document(document)

    def kept(self, line: KeptLine) -> str:
        """What a function has written of an invocation that was not sampled: nobody sends it, so X-Ray rejects none."""
        segment = segment_of(line)
        return self._keep(segment, size_of(quick_json(segment)), [])

    def _keep(self, document: Document, size: Size, problems: list[str]) -> str:
        trace_id = self._store.add(document, size, problems)
        if trace_id is None:
            raise Refused("it has no trace_id that could be one")
        if self._save is not None:
            line = as_json(document) + "\n"
            with self._saving:
                try:
                    self._save.write(line)
                    self._save.flush()
                except (OSError, ValueError) as exc:
                    self._save = None  # closed when nothing refers to it: that may fail again
                    say(f"--save: nothing is written any more: {getattr(exc, 'strerror', None) or exc}")
        return trace_id

    def invocation(self, trace_id: str, invocation: dict[str, Any]) -> None:
        """What is known of an invocation beside its documents."""
        self._store.add_invocation(trace_id, invocation)

    def handed_over(self, given: dict[str, Any]) -> None:
        """An invocation with its documents, as `hand_over` sends it."""
        trace_id, documents = given.get("trace_id"), given.get("documents")
        if not is_trace_id(trace_id):
            raise Refused("it has no trace_id")
        if not isinstance(documents, list) or not all(isinstance(document, dict) for document in documents):
            raise Refused("its documents are no list of objects")
        for document in documents:
            self.document_of(trace_id, document)
        invocation = invocation_of(given)
        self.invocation(trace_id, invocation)
        for line in kept_in_log(str(invocation["log"])):
            self.kept(line)

    def close(self) -> None:
        """Close the file."""
        with self._saving:
            if self._save is not None:
                self._save.close()
                self._save = None

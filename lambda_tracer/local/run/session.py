"""Invocations one after the other, each with its trace: what `lambda-tracer invoke` does between reading
its options and drawing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lambda_tracer.clock import clock
from lambda_tracer.local.receive.daemon import Daemon, Datagram
from lambda_tracer.local.receive.documents import Document
from lambda_tracer.local.receive.invocation import Invocation
from lambda_tracer.local.receive.json_value import NotJSON, is_deep, read_deep
from lambda_tracer.local.receive.trace import Trace, as_documents
from lambda_tracer.local.run.function import FunctionSettings
from lambda_tracer.local.run.inline_sandbox import InlineSandbox
from lambda_tracer.local.run.process_sandbox import ProcessSandbox
from lambda_tracer.local.run.sandbox import Initialization, Sandbox
from lambda_tracer.local.run.silence import why_silent
from lambda_tracer.local.run.tracing import Tracing, lambda_segments


@dataclass(eq=False)
class Outcome:
    """How one invocation went, and what was received while it ran."""

    invocation: Invocation
    tracing: Tracing
    initialization: Initialization | None
    trace: Trace
    elsewhere: Trace
    """Documents of other traces: late ones of an earlier invocation, or a tracer that made up its own."""
    datagrams: list[Datagram]
    max_memory_mb: int | None
    silence: str = ""
    """Why no document came, where none did: a clause that begins with a small letter."""
    notes: list[str] = field(default_factory=list)
    """What else there is to say: clauses that begin with a small letter."""
    documents: list[Document] = field(default_factory=list)
    """All of both traces as they were sent, and Lambda's own segments."""
    log: str = ""
    """What the function has logged, where that is known."""

    @property
    def has_failed(self) -> bool:
        """Did the function, or its initialization, fail?"""
        return self.invocation.error is not None

    @property
    def has_started(self) -> bool:
        """False when initialization failed: there was nobody to run the event."""
        return self.invocation.started_at is not None

    @property
    def is_interrupted(self) -> bool:
        """Did a Ctrl-C end it? There is no result then, and its trace is the one so far."""
        return self.invocation.is_interrupted

    @property
    def duration_s(self) -> float:
        """From handing the event over to its answer."""
        started_at, finished_at = self.invocation.started_at, self.invocation.finished_at
        return finished_at - started_at if started_at is not None and finished_at is not None else 0.0

    @property
    def payload(self) -> bytes:
        """What Lambda would return to the caller: the response, or the error as JSON."""
        if self.invocation.error is not None:
            return json.dumps(self.invocation.error, ensure_ascii=False).encode("utf-8", "replace")
        return self.invocation.response or b""

    @property
    def payload_text(self) -> str:
        """The payload as text, whatever bytes a function has answered with."""
        return self.payload.decode("utf-8", "replace")

    def to_dict(self) -> dict[str, Any]:
        """For `--json`: the same things as in the report, and the trace as nested segment documents."""
        begin_end = self.initialization
        return {
            "request_id": self.invocation.request_id,
            "trace_id": self.tracing.trace_id,
            "trace_header": self.tracing.header,
            "cold_start": begin_end is not None,
            "init_duration_ms": None if begin_end is None else round((begin_end[1] - begin_end[0]) * 1000, 3),
            "duration_ms": round(self.duration_s * 1000, 3),
            "failed": self.has_failed,
            "interrupted": self.is_interrupted,
            "result": None if self.is_interrupted else _value(self.payload_text),
            "received": {
                "documents": len(self.datagrams),
                "bytes": sum(datagram.size_bytes for datagram in self.datagrams),
                "problems": [problem for datagram in self.datagrams for problem in datagram.problems],
                "silence": self.silence,
                "notes": self.notes,
            },
            "segments": as_documents(self.trace.roots()),
            "other_traces": as_documents(self.elsewhere.roots()),
        }


class Session:
    """One function with its daemon; use it as a context manager, whose end leaves no process behind."""

    def __init__(self, settings: FunctionSettings, inline: bool = False) -> None:
        self._settings = settings
        self._daemon = Daemon()
        self._sandbox: Sandbox
        if inline:
            self._sandbox = InlineSandbox(settings, self._daemon)
        else:
            self._sandbox = ProcessSandbox(settings, self._daemon)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._sandbox.close()
        self._daemon.close()

    def invoke(self, event: bytes, trace_header: str | None = None, is_sampled: bool = True) -> Outcome:
        """Run one event to its end and collect its trace. Without `trace_header` a new trace begins."""
        tracing = Tracing.new(is_sampled) if trace_header is None else Tracing.from_header(trace_header)
        settings = self._settings
        invocation = Invocation(event, tracing.header, settings.timeout_s, settings.arn)
        submitted_at = clock.now()
        initialization = self._sandbox.run(invocation)
        datagrams = self._daemon.take()
        self._sandbox.sync_log()
        segments: list[Document] = []
        if tracing.is_sampled and invocation.started_at is not None:
            segments = lambda_segments(invocation, tracing, settings, submitted_at, initialization)
        trace, elsewhere = Trace(tracing.trace_id), Trace("")
        documents = [*segments, *(item.document for item in datagrams if item.document is not None)]
        for document in documents:
            ours = document.get("trace_id") == tracing.trace_id
            (trace if ours else elsewhere).add(document)
        return Outcome(
            invocation,
            tracing,
            initialization,
            trace,
            elsewhere,
            datagrams,
            self._sandbox.max_memory_mb(),
            "" if datagrams else self._why_silent(invocation, tracing),
            list(self._notes(trace, elsewhere)),
            documents,
            self._sandbox.take_log(),
        )

    def _why_silent(self, invocation: Invocation, tracing: Tracing) -> str:
        variables = self._sandbox.environment()
        return why_silent(self._settings, tracing, invocation, variables, self._daemon.address)

    def _notes(self, *traces: Trace) -> Iterator[str]:
        dropped = self._daemon.take_dropped()
        if dropped:
            yield f"{dropped:,} more datagrams were not kept: nobody could read so many"
        replaced = sum(trace.replaced for trace in traces)
        if replaced:
            yield f"{replaced:,} finished subsegments had the id of another one, of which the last is shown"
        yield from self._sandbox.take_notes()


def _value(text: str) -> object:
    """The value that the text stands for as JSON; the text itself where it is none, or nested too deeply."""
    try:
        value = read_deep(text)
    except NotJSON:
        return text
    return text if is_deep(value) else value

"""Exports: a trace as a file, for a ticket, another tool, or another day."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

from lambda_tracer.local.receive.json_value import quick_json
from lambda_tracer.local.view.details import details_of
from lambda_tracer.local.view.intake import Intake
from lambda_tracer.local.view.joined_trace import JoinedTrace
from lambda_tracer.local.view.log import Log
from lambda_tracer.local.view.segments import batch_trace
from lambda_tracer.local.view.store import Store, newest_first
from lambda_tracer.local.view.summary import summary_of
from lambda_tracer.local.view.trace_events import trace_events_of

TEXT_WIDTH = 120
"""Columns."""


def as_html(traces: Iterable[JoinedTrace]) -> str:
    """The page with these traces in it, which needs no server and makes no request."""
    from lambda_tracer.local.view.single_file import single_file

    held = list(traces)
    details = {trace.id: details_of(trace) for trace in held}
    return single_file({"traces": [summary_of(trace) for trace in held], "details": details})


def html_of_invocations(invocations: Iterable[dict[str, Any]]) -> str:
    """The same for invocations with their documents, in the form of `RunningView.hand_over`."""
    store = Store()
    intake = Intake(store, Log())
    for invocation in invocations:
        intake.handed_over(invocation)
    return as_html(newest_first(store.traces()))


def as_batch(traces: Iterable[JoinedTrace]) -> str:
    """JSON as `aws xray batch-get-traces` gives it, with the invocations beside it. `view FILE` opens it."""
    held = list(traces)
    invocations: list[dict[str, Any]] = [
        {"trace_id": trace.id, **invocation} for trace in held for invocation in trace.invocations
    ]
    found: dict[str, Any] = {"Traces": [batch_trace(trace, has_inferred=False) for trace in held]}
    return quick_json({**found, "UnprocessedTraceIds": [], "Invocations": invocations})


def as_text(trace: JoinedTrace) -> str:
    """The waterfall, as the terminal shows it."""
    # rich only where something is drawn.
    from lambda_tracer.local.show.console import text_console
    from lambda_tracer.local.view.terminal import draw

    written = io.StringIO()
    draw(trace, text_console(written, TEXT_WIDTH))
    return written.getvalue()


def as_trace_events(trace: JoinedTrace) -> str:
    """For Perfetto and speedscope."""
    return quick_json(trace_events_of(trace))


EXPORTS: dict[str, tuple[Callable[[JoinedTrace], str], str]] = {
    ".html": (lambda trace: as_html([trace]), "text/html; charset=utf-8"),
    ".trace-events.json": (as_trace_events, "application/json"),
    ".json": (lambda trace: as_batch([trace]), "application/json"),
    ".txt": (as_text, "text/plain; charset=utf-8"),
}
"""By the end of the file's name: what makes it, and its content type. The longer ends come first."""

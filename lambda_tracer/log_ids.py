"""Log ids: the trace and the subsegment that a log record belongs to, as attributes of the record.

`Tracer(log_ids=True)` puts a factory of log records around the one that is there: each record gets `xray_trace_id` and
`span_id`, and with `log_ids="w3c"` also `trace_id`, unless it has them. Formatters print them: Lambda's and Powertools'
by themselves, others by `%(span_id)s`. Nothing else loads this module.

`span_id` is the id of the current subsegment, or of Lambda's segment where none is open. Where nothing is recorded,
nor kept, both are those of the trace header. What is not known is None: JSON formatters leave it out.

A record never begins an invocation and sends nothing: it only looks at what is there.
"""

from __future__ import annotations

import logging
import os
import sys

from . import settings
from .guard import failed
from .trace import running
from .trace.context import last_seen
from .trace.header import TraceHeader
from .trace.invocation import is_trace_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, MutableMapping
    from typing import Any

    RecordFactory = Callable[..., logging.LogRecord]
else:
    # For type hints, as in `tracer`.
    from _collections_abc import MutableMapping

    Any = object

TRACE, SPAN, W3C_TRACE = "xray_trace_id", "span_id", "trace_id"
"""What the ids are called in a record. Powertools' Logger writes the first by itself, with the same value."""

MAX_FRAMES = 50
"""How far above a factory the call may be that has the record made: other factories stand in between."""

_MAKERS = ("makeRecord", "_log")


class _Form:
    """Which ids a record gets."""

    __slots__ = ("has_w3c", "is_on")

    def __init__(self) -> None:
        self.is_on = False
        self.has_w3c = False


_form = _Form()
_installed: tuple[RecordFactory, RecordFactory, _Form] | None = None  # ours, the one before it, and its form
_read: tuple[object, str | None, str | None] = (None, None, None)  # a header, and what it says
_written: tuple[str | None, str | None] = (None, None)  # the id of a trace in both forms


def configure(form: bool | str) -> None:
    """Have records get ids from now on, or none, as `Tracer(log_ids=...)` says it."""
    if form:
        _add(with_w3c=form == settings.W3C)
    else:
        _remove()


def form() -> bool | str:
    """What is in force, as `configure` takes it."""
    return _installed is not None and (settings.W3C if _form.has_w3c else True)


def _add(*, with_w3c: bool) -> None:
    """Have records get ids, `trace_id` among them or not. Called again, only that changes."""
    global _form, _installed
    if _installed is None:
        before = logging.getLogRecordFactory()
        _form = _Form()
        ours = _factory(before, _form)
        _installed = ours, before, _form
        logging.setLogRecordFactory(ours)
    _form.has_w3c = with_w3c
    _form.is_on = True


def _remove() -> None:
    """Have records get no more ids. Where somebody's factory calls ours, ours stays, and only calls the one before."""
    global _installed
    if _installed is None:
        return
    ours, before, form = _installed
    form.is_on = form.has_w3c = False
    _installed = None
    if logging.getLogRecordFactory() is ours:
        logging.setLogRecordFactory(before)


def add_log_ids(logger: object, method_name: str, event_dict: MutableMapping[str, Any]) -> Any:
    """A processor for structlog: adds the ids to an event, unless it has them. It needs no `Tracer(log_ids=...)`.

    With `Tracer(log_ids="w3c")` it adds `trace_id`, too. What is not known is left out.
    """
    try:
        trace_id, span_id = _ids()
        w3c = _w3c(trace_id) if _form.has_w3c else None
        for name, value in ((TRACE, trace_id), (SPAN, span_id), (W3C_TRACE, w3c)):
            if value is not None:
                event_dict.setdefault(name, value)
    except Exception as error:
        failed(error)
    return event_dict


def _factory(before: RecordFactory, form: _Form) -> RecordFactory:
    def record_factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = before(*args, **kwargs)
        if form.is_on:
            try:
                _put(record.__dict__, form.has_w3c)
            except Exception as error:
                failed(error)
        return record

    return record_factory


def _put(attributes: dict[str, Any], has_w3c: bool) -> None:
    trace_id, span_id = _ids()
    given = _extra()
    if TRACE not in given:
        attributes.setdefault(TRACE, trace_id)
    if SPAN not in given:
        attributes.setdefault(SPAN, span_id)
    if has_w3c and W3C_TRACE not in given:
        attributes.setdefault(W3C_TRACE, _w3c(trace_id))


def _extra() -> Container[str]:
    """The names that the caller gives to the record by `extra`.

    `Logger.makeRecord` puts them on the record that a factory has made, and raises KeyError for a name that is there
    already. Why the frames are looked at: "Why do log ids read their callers' frames?".
    """
    frame = sys._getframe(3)
    found: Any = ()
    for _ in range(MAX_FRAMES):
        if frame is None:
            break
        name = frame.f_code.co_name
        if name in _MAKERS:
            extra = frame.f_locals.get("extra")
            if extra:
                found = {*found, *extra} if found else extra
            if name == "_log":
                break
        frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
    return found  # type: ignore[no-any-return]


def _ids() -> tuple[str | None, str | None]:
    """The trace and the subsegment that this context is in."""
    current = last_seen()
    while current is not None and (current.end_time is not None or not (current.sampled or current.is_kept)):
        current = current.parent
    invocation = running.bound_to()
    if invocation is None:
        invocation = running.latest
        raw = settings.trace_header()
        if raw != invocation.raw:  # nothing has been traced in it yet
            return _said_by(raw)
    if current is not None and current.invocation is not invocation:
        current = None
    if invocation.raw is None:  # there is no trace yet, but subsegments that will be part of one
        return None, None if current is None else current.id
    span_id = invocation.parent_id if current is None else current.id
    return invocation.trace_id or None, span_id or None


def _said_by(raw: bytes | str | None) -> tuple[str | None, str | None]:
    """The trace and its segment, by the header alone."""
    global _read
    read = _read
    if read[0] != raw:
        header = TraceHeader.from_header_str(os.fsdecode(raw) if isinstance(raw, (bytes, str)) else "")
        header.keep_what_can_be_sent()
        _read = read = raw, header.root or None, header.parent or None
    return read[1:]


def _w3c(trace_id: str | None) -> str | None:
    """The id of a trace as the W3C and OpenTelemetry write it: 32 hex digits."""
    global _written
    written = _written
    if written[0] != trace_id:
        hex_digits = trace_id[2:10] + trace_id[11:] if trace_id and is_trace_id(trace_id) else None
        _written = written = trace_id, hex_digits
    return written[1]

"""SegmentInvocation: the work below one segment of our own. It belongs to the contexts that are bound to it.

So many may run at once in one process: requests of a server, messages of a worker. Tasks and threads take along what
they are bound to, as they do in Lambda.
"""

from __future__ import annotations

import atexit
import os
import sys
from functools import partial
from os import urandom
from weakref import ref

from .. import recording, settings
from ..clock import clock
from ..guard import failed
from ..trace import running, time_travel
from ..trace.context import last_seen, place, see
from ..trace.header import TraceHeader
from ..trace.invocation import Invocation, ids, is_id, is_trace_id
from ..trace.running import bind, bound_to
from ..trace.subsegment import opened_in
from .plugins import host
from .sampling import decision as sampling
from .segment import Segment, UnsampledSegment, service_info

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from ..trace.context import AnySubsegment
    from ..trace.subsegment import Owner

    AnySegment: TypeAlias = "Segment | UnsampledSegment"

SDK = "lambda_tracer for Python"
"""What segments say that they were recorded by."""

_open: dict[int, ref[SegmentInvocation]] = {}
"""Those that have not ended, by their own `id`. Contexts keep them; one that nobody keeps any more is nobody's."""


class SegmentInvocation(Invocation):
    """What is below one segment: that is its `top`. `outside` is what its context was bound to before, and saw."""

    __slots__ = ("__weakref__", "is_block", "outside", "top")

    is_of_context = True

    top: AnySegment

    def __init__(self, header: TraceHeader, *, is_block: bool) -> None:
        """`header`: the trace, the segment's own id as Parent, and the decision.

        `is_block`: whether a block of code ends it, however that is left; else a later one may take its place.
        """
        text = header.to_header_str()
        super().__init__(text.encode("ascii") if text.isascii() else text)
        self.is_block = is_block
        self.outside: tuple[Invocation | None, AnySubsegment | None] = (None, None)

    def leave_if_over(self) -> None:
        """Leave it, if its segment has ended and nothing below it is open in this context."""
        if self.has_ended and place()[1] is None:
            leave(self)


def begin(
    name: str,
    *,
    header: TraceHeader | None = None,
    sampled: bool | None = None,
    request: sampling.Request | None = None,
    default_sampling: str = sampling.ALL,
    recorder: Owner | None = None,
    origin: str | None = None,
    is_block: bool = False,
) -> SegmentInvocation:
    """Begin a segment of our own, and have this context work for it until `end`.

    `header`: the trace header that a request came with; its trace goes on, and its decision holds. `sampled`: the
    decision, where the caller has made it. `request`: what else is known, for sampling rules; `default_sampling` is in
    the place of `LAMBDA_TRACER_SAMPLING` where that is not set. `recorder`: who records it, by default the shared one.
    """
    if "time_machine" in sys.modules:
        time_travel.renew(clock)
    settings.global_sdk_config.refresh()
    ids.renew()
    came = header or TraceHeader()
    goes_on = is_trace_id(came.root or "")
    trace_id = came.root if goes_on else new_trace_id()
    parent_id = came.parent if goes_on and came.parent and is_id(came.parent) else ""
    rule: str | None = None
    if sampled is None:
        asked = request or sampling.Request(name)
        asked.service_type = asked.service_type or origin or host.origin or ""
        sampled, rule = sampling.decide(came, asked, default_sampling)
    is_recorded = bool(sampled) and settings.global_sdk_config.enabled
    told = TraceHeader(trace_id, new_id(), is_recorded, came.data)
    begun = SegmentInvocation(told, is_block=is_block)
    if begun.is_sampled:
        segment = Segment(name, parent_id, begun, recorder or recording.default)
        segment.origin = origin or host.origin
        segment.service = service_info()
        segment.aws = {**host.blocks, "xray": {"sdk": SDK, "sdk_version": _version()}}
        if rule:
            segment.set_rule_name(rule)
        begun.top = segment
    else:
        begun.top = UnsampledSegment(name, parent_id, begun)
    enter(begun)
    return begun


def enter(begun: SegmentInvocation) -> None:
    """Have this context work for it. One that was begun before, and that no block ends, is left as it is."""
    was = bound_to()
    if isinstance(was, SegmentInvocation) and not was.is_block:
        begun.outside = was.outside
        leave_behind(was)
    else:
        begun.outside = was, last_seen()
    register(begun)
    bind(begun)
    see(begun.top)


def register(begun: SegmentInvocation) -> None:
    """Have what is recorded below its segment wait inside that, and have it sent should the process end."""
    segment = begun.top
    if isinstance(segment, Segment):
        begun.open[segment.id] = segment
        # The reference that it is called with is the default. What a signal raises in a function here would be lost.
        _open[id(begun)] = ref(begun, partial(_open.pop, id(begun)))


def end(begun: SegmentInvocation, end_time: float | None = None, error: BaseException | None = None) -> None:
    """End its segment, as failed by `error` if there is one, and have this context work for what it did before.

    Interrupted from outside, this may be called again.
    """
    segment = begun.top
    try:
        if error is not None and segment.end_time is None and not _is_no_failure(error):
            segment.add_exception(error)
    finally:
        try:
            close(begun, end_time)
        finally:
            leave(begun)


def undo(before: Invocation | None) -> None:
    """End what has been begun since this context worked for `before`: an interruption kept it from being anybody's."""
    begun = bound_to()
    if isinstance(begun, SegmentInvocation) and begun is not before:
        end(begun)


def close(begun: SegmentInvocation, end_time: float | None = None) -> None:
    """End its segment. This context goes on working for it."""
    _open.pop(id(begun), None)
    if begun.top.end_time is None or begun.open:
        begun.top.close(end_time)


def leave(begun: SegmentInvocation) -> None:
    """Have this context work for what it did before, unless it works for something else by now."""
    if bound_to() is begun:
        invocation, seen = begun.outside
        bind(invocation)
        see(seen)


def go_on(begun: SegmentInvocation, seen: AnySubsegment | None) -> None:
    """Have this context work for it again, where `seen` was current: a generator goes on."""
    begun.outside = bound_to(), last_seen()
    bind(begun)
    see(seen)


def current() -> SegmentInvocation | None:
    """What this context works for, if that is a segment of our own which has not ended."""
    working_for = bound_to()
    return working_for if isinstance(working_for, SegmentInvocation) and not working_for.has_ended else None


def leave_behind(begun: SegmentInvocation) -> None:
    """Send what is open in one that perhaps nobody will ever end. When somebody does, that replaces it."""
    for subsegment in opened_in(begun):
        subsegment.recorder.leave_behind(subsegment)


def new_trace_id() -> str:
    """`1-<8 hex>-<24 hex>`: the time, and 96 bits of chance."""
    return f"1-{int(clock.now()):08x}-{urandom(12).hex()}"


def new_id() -> str:
    """16 hex digits, for a segment."""
    return hex(next(ids.numbers))[2:]


def _is_no_failure(error: BaseException) -> bool:
    return type(error) is GeneratorExit or recording.is_suspension(error)


def _version() -> str:
    return str(getattr(sys.modules["lambda_tracer"], "__version__", ""))


def _opened() -> list[SegmentInvocation]:
    found = [each() for each in list(_open.values())]
    return [each for each in found if each is not None]


def _after_fork() -> None:
    for begun in _opened():
        running.abandon(begun)
    _open.clear()


def _at_exit() -> None:
    """What is open when the process ends is sent as it is."""
    for begun in _opened():
        try:
            leave_behind(begun)
        except Exception as error:
            failed(error)


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

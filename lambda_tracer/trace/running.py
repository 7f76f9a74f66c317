"""Which invocation runs now: of the process, and of this context if it works for another one.

An invocation begins when its header is first seen, or when a handler is called. Invocations are numbered, and each
number is given away once, by an operation that cannot be interrupted. So threads that notice a new header at the same
time agree on one invocation, and none of them waits for another.
"""

from __future__ import annotations

import sys

from .. import settings
from ..clock import clock
from ..guard import Late, can_load, pass_on
from .collection import variable
from .invocation import Invocation, ids
from .subsegment import opened_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import ContextVar

    from . import initialization, time_travel
    from .subsegment import Owner

else:
    initialization = Late(
        "lambda_tracer.trace.initialization"
    )  # only where something is traced ahead of invocations
    time_travel = Late("lambda_tracer.trace.time_travel")

# The invocation that this context works for, whatever runs by now: set in threads, which may outlive their invocation.
bound: ContextVar[Invocation | None]
bound, bind, bound_to = variable("lambda_tracer_invocation")

owner: Owner | None = None
"""The recorder that records what is traced before the first invocation."""


_NONE_YET: object = ()  # no value of the environment variable

_REMEMBERED = 16

latest = Invocation(_NONE_YET)
"""The invocation that ran when it was last asked for. Which one runs now, `current` knows."""

numbered: dict[int, Invocation] = {}
"""The last few, by their numbers."""

is_cold = True
"""Whether no handler has completed yet in the process."""

make: Callable[[bytes | str | None, bool], Invocation] | None = None
"""Where a test captures: what makes invocations of the header, and whether that is new to the process."""


def current() -> Invocation:
    """The running invocation. A header that is not the one last seen begins another."""
    raw = settings.trace_header()
    if raw != latest.raw:
        return _begin(raw, only_if_new=True)
    return latest


def begin() -> Invocation:
    """Begin a new invocation, even when its header looks like that of the last one (a test, a local run)."""
    return _begin(settings.trace_header(), only_if_new=False)


def _begin(raw: bytes | str | None, *, only_if_new: bool) -> Invocation:
    global latest
    fresh: Invocation | None = None
    while True:
        ended = latest
        while ended.number + 1 in numbered:
            ended = numbered.get(ended.number + 1, ended)
        if only_if_new and raw == ended.raw:  # another thread noticed it first
            latest = ended
            _see_to_what_ended(ended)
            return ended
        if fresh is None:
            fresh = _made(raw, only_if_new, is_first=raw is None and ended.raw is _NONE_YET)
        fresh.number = ended.number + 1
        fresh.before = [ended]
        if numbered.setdefault(fresh.number, fresh) is fresh:
            break
    latest = fresh
    numbered.pop(fresh.number - _REMEMBERED, None)
    _see_to_what_ended(fresh)
    return fresh


def _made(raw: bytes | str | None, is_noticed: bool, *, is_first: bool) -> Invocation:
    if "time_machine" in sys.modules and can_load(time_travel):
        time_travel.renew(clock)
    settings.global_sdk_config.refresh()
    if (
        is_first
        and is_noticed
        and owner is not None
        and settings.initialization() == "on-demand"
        and settings.in_lambda()
        and can_load(initialization)
    ):
        return initialization.Initialization(owner)
    fresh = Invocation(raw) if make is None else make(raw, is_noticed)
    if fresh.is_sampled:
        ids.renew()
    return fresh


def _see_to_what_ended(begun: Invocation) -> None:
    """Send what the invocation before left open. Interrupted from outside, it is done when the next one asks."""
    if not begun.before:
        return
    try:
        ended = begun.before.pop()
    except IndexError as error:  # another thread is at it
        pass_on(error)
        return
    try:
        ended.has_ended = True
        if ended.keeper is not None:
            ended.keeper.end(begun)
        if ended.open:
            for subsegment in opened_in(ended):
                subsegment.recorder.leave_behind(subsegment)
    except BaseException:
        begun.before.append(ended)
        raise


def after_fork() -> None:
    """In a forked child: what is open belongs to the parent process, which sends it; here it is only an ancestor."""
    ids.renew()
    abandon(latest)


def reset() -> None:
    """Begin as a process does, before its first invocation."""
    global latest, is_cold
    numbered.clear()
    latest = Invocation(None)
    is_cold = True


def abandon(invocation: Invocation) -> None:
    """Send nothing more of what is open in an invocation: others do, or nobody."""
    for subsegment in opened_in(invocation):
        subsegment.waiting = []
        subsegment.waiting_bytes = 0
        subsegment.accepts_children = False
        subsegment.is_stored = True
    invocation.open.clear()
    invocation.outgoing.clear()
    invocation.before.clear()


def take_cold_start() -> bool:
    """Whether this is the first handler to complete in the process; every later answer is False.

    With provisioned concurrency the sandbox was warmed before any request: always False.
    """
    global is_cold
    was_cold, is_cold = is_cold, False
    return was_cold and settings.initialization() != "provisioned-concurrency"


def is_cold_start() -> bool:
    """What `take_cold_start` would give now."""
    return is_cold and settings.initialization() != "provisioned-concurrency"

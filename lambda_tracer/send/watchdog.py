"""The one thread that sees to it that nothing is lost while a handler runs on.

While an invocation is recorded it looks once a second whether what is finished has waited too long, and shortly before
the deadline that the handler's context gives it sends everything: what waits, and what is open as in progress, the
innermost as faults whose cause is what was running. Should the function make it after all, the complete documents
replace those.

It lives as long as the process, uses no signals, and knows which invocation it works for: a sandbox that was frozen in
between, or is already busy with the next one, changes nothing. An invocation does not wake it, which would cost more
than all else that is done for a handler, but is found at its next look. Only one that is due before that wakes it, and
one that comes when it sleeps: after a few looks that found nothing to do it does, for as long as nothing is recorded.

SIGTERM, which ends a process without a word, has the same effect as a deadline while a handler runs. Between two
handlers it is not ours: the process then waits within C code, which no signal handler of Python's gets through.
"""

from __future__ import annotations

import _signal as signals  # type: ignore[import-not-found]  # the C module: `signal` would be one more to import
import os
from _thread import allocate_lock, start_new_thread

from .. import settings
from ..clock import clock
from ..guard import Late, can_load, failed, pass_on, warn_once
from ..trace.subsegment import opened_in
from .outbox import MAX_WAITING_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from ..trace.invocation import Invocation
    from . import unfinished
    from .outbox import Outbox

    Tell: TypeAlias = Callable[[str, str], None]
else:
    unfinished = Late("lambda_tracer.send.unfinished")  # what only a function in trouble needs

TICK_S = 1.0
"""How often the thread looks at what waits."""

IDLE_LOOKS = 2
"""After how many looks that found no invocation it sleeps until one comes."""

TERMINATION_S = 1.0
"""How long a process that got SIGTERM may take to send what there is, before it ends."""

IN_HAND_S = 0.05
"""How long it then waits for what another thread is just about to send."""

SENT_AFTER_S = MAX_WAITING_S - TICK_S
"""What has waited so long at a look is sent: before the next look it would have waited too long."""


class Watched:
    """One handler's call being watched: its invocation, and when the thread shall act (`time.monotonic`)."""

    __slots__ = ("deadline", "due", "invocation", "outbox", "tell")

    def __init__(
        self, running: Invocation, outbox: Outbox, deadline: float, due: float, tell: Tell | None
    ) -> None:
        self.invocation = running
        self.outbox = outbox
        self.deadline = deadline
        self.due = due
        self.tell = tell


_NEVER = float("inf")

_watched: Watched | None = None
_wake = allocate_lock()
_is_started = False
_next_look = 0.0  # when the thread looks by itself: infinite while it sleeps, and 0 when it is about to
_margin_s = 0.0
_last_looked_at = 0
_is_terminating = False
_is_stopping = False


def prepare(running: Invocation, outbox: Outbox, context: Any, tell: Tell | None = None) -> Watched:
    """What `begin` takes: an invocation, and its deadline by the `context` that Lambda passes to the handler.

    Without a deadline (a context that has no `get_remaining_time_in_millis`, or gives no number) only what waits is
    watched. `tell` is called in the place of sending what is open, with what happens and words for it: where nothing
    is recorded.
    """
    global _margin_s
    if not _is_started:
        _margin_s = settings.timeout_margin_s()
    now = clock.monotonic()
    remaining = _remaining_s(context)
    deadline = now + remaining if remaining is not None else _NEVER
    due = deadline - _margin_s if _margin_s else _NEVER
    return Watched(running, outbox, deadline, due, tell)


def begin(watched: Watched) -> None:
    """Watch over an invocation until `end`, which has to be called even where this is interrupted from outside."""
    global _watched
    _watched = watched
    if not _is_started:
        _wake.acquire(False)
        _start()
    elif watched.due < _next_look or _next_look == _NEVER:
        _wake_up()
    if _is_started:  # else SIGTERM ends the process as it does without us
        _set_handler(_on_sigterm, signals.SIG_DFL)


def _start() -> None:
    global _is_started
    try:
        _is_started = True
        start_new_thread(_run, ())
    except BaseException as error:
        _is_started = False
        if not isinstance(error, RuntimeError):
            raise
        pass_on(error)
        warn_once("watch", "no thread can be started: what is open at a time-out or SIGTERM is lost")


def end(watched: Watched) -> None:
    """The handler has returned: nothing is done for it any more. Interrupted from outside, this may be called again."""
    global _watched
    watched.tell = None  # the thread may hold it until its next look
    if _watched is watched or _watched is None:
        _watched = None
        _set_handler(signals.SIG_DFL, _on_sigterm)


def is_running() -> bool:
    """Whether the thread is there."""
    return _is_started


def ask_to_stop() -> None:
    """Have the thread end, soon; the next handler starts another. For tests, which ask until it has ended."""
    global _is_stopping
    if not _is_stopping and _is_started:  # in this order: the thread ends with both false, the latter first
        _is_stopping = True
    _wake_up()


def after_fork() -> None:
    """In a forked child, where the thread does not exist: SIGTERM ends it as it would have ended its parent."""
    global _watched, _is_started, _next_look, _is_stopping, _is_terminating, _wake
    _set_handler(signals.SIG_DFL, _on_sigterm)
    _watched = None
    _is_terminating = _is_stopping = _is_started = False
    _next_look = 0.0
    _wake = allocate_lock()


_NO_DEADLINE_S = 1e9


def _remaining_s(context: Any) -> float | None:
    try:
        milliseconds = context.get_remaining_time_in_millis()
        remaining = float(milliseconds) / 1000
        return remaining if abs(remaining) < _NO_DEADLINE_S else None  # nor is NaN one
    except Exception as error:  # not Lambda's context: a test's, or none
        pass_on(error)
        return None


def _run() -> None:
    global _is_started, _is_stopping
    try:
        _watch_on()
    finally:  # by whatever an emitter of the user's raised: the next handler starts another thread
        _is_started = _is_stopping = False
        _terminate()


def _watch_on() -> None:
    global _next_look
    idle_looks = 0
    while not _is_stopping:
        _next_look = 0.0
        watched = _watched
        wait = TICK_S
        try:
            if watched is not None:
                wait = _look(watched)
        except Exception as error:
            failed(error)
        _terminate()
        idle_looks = 0 if watched is not None else idle_looks + 1
        is_idle = idle_looks > IDLE_LOOKS
        # First said, then asked: what is set in between is either seen here, or sees that it has to wake us.
        _next_look = _NEVER if is_idle else clock.monotonic() + wait
        if _watched is watched and not _is_terminating:
            _wake.acquire(True, -1 if is_idle else wait)


def _look(watched: Watched) -> float:
    """Do what is due; returns the seconds until the next look."""
    now = clock.monotonic()
    running = watched.invocation
    if now >= watched.due or _is_terminating:
        watched.due = _NEVER
        if _watched is watched:
            if can_load(unfinished):
                time_out = None if _is_terminating else watched.deadline
                unfinished.send_all(running, watched.outbox, time_out, watched.tell)
            elif watched.tell is None:  # no more files can be opened, say
                watched.outbox.flush(running)
            if _is_terminating:
                clock.sleep(IN_HAND_S)
                watched.outbox.flush(running)
    elif running.waiting_since is not None and now - running.waiting_since >= SENT_AFTER_S:
        watched.outbox.flush(running)
        is_near = watched.due - now < 2 * TICK_S
        for subsegment in opened_in(running):
            if not subsegment.is_announced:  # lest what has left find no parent, should this process end now
                watched.outbox.announce(subsegment, is_brief=is_near)
    left = watched.due - clock.monotonic()
    if left < 2 * TICK_S:
        left = _made_ready(watched, left)
    return min(TICK_S, max(0.001, left))


def _made_ready(watched: Watched, left: float) -> float:
    """Load what is needed when time is up, for one that still runs when half of what was left has passed.

    With a small share of a processor that may take as long as there is between the margin and the end.
    """
    global _last_looked_at
    if _last_looked_at != id(watched):
        _last_looked_at = id(watched)
        return left / 2
    can_load(unfinished)
    return left


def _wake_up() -> None:
    try:
        _wake.release()
    except RuntimeError as error:  # it is not asleep
        pass_on(error)


def _set_handler(handler: Any, instead_of: Any) -> None:
    """Have SIGTERM handled by another, if nobody else has taken it."""
    try:
        if signals.getsignal(signals.SIGTERM) is instead_of:
            signals.signal(signals.SIGTERM, handler)
    except (ValueError, AttributeError) as error:  # not the main thread, or no such signal
        pass_on(error)


def _on_sigterm(number: int, frame: Any) -> None:
    """Have everything sent by the thread, which then ends the process as if we were not here.

    This returns at once: what was interrupted may hold a lock that the thread needs.
    """
    global _is_terminating
    signals.signal(signals.SIGTERM, signals.SIG_DFL)
    if not _is_started:  # a forked child
        os.kill(os.getpid(), signals.SIGTERM)
        return
    _is_terminating = True
    _wake_up()
    try:
        start_new_thread(_end_at_last, ())
    except RuntimeError as error:  # none can be started: the one that there is does it alone
        pass_on(error)


def _end_at_last() -> None:
    """End the process when the watching thread has had its time: it may be stuck in an emitter of the user's."""
    clock.sleep(TERMINATION_S)
    _terminate()


def _terminate() -> None:
    """End the process as SIGTERM does, or give the signal to a handler that the user has set meanwhile."""
    global _is_terminating
    if _is_terminating:
        _is_terminating = False
        os.kill(os.getpid(), signals.SIGTERM)

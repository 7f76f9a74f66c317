"""HandlerWatch: a handler that another Tracer captures on our recorder, watched as one that we capture.

It begins the invocation, and what is open at a time-out or at SIGTERM is sent. It opens no subsegment.
"""

from __future__ import annotations

from .. import recording
from ..guard import Late, can_load, failed
from ..send import watchdog
from ..trace.running import is_cold_start
from ..wrapping.wrap import wrap
from .handler import event_and_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from . import keeping
    from .keeping import KeptInvocation
else:
    keeping = Late("lambda_tracer.capture.keeping")  # where failures are kept that were not sampled


class HandlerWatch:
    """One call of the handler."""

    __slots__ = ("_watched",)

    def __init__(self, watched: watchdog.Watched) -> None:
        self._watched = watched

    def open(self) -> None:
        """Watch from now on."""
        try:
            watchdog.begin(self._watched)
        except Exception as error:
            failed(error)

    def close(self, error: BaseException | None = None) -> None:
        """The call has ended."""
        watchdog.end(self._watched)

    async def aopen(self) -> None:
        """See `open`."""
        self.open()

    async def aclose(self, error: BaseException | None = None) -> None:
        """See `close`."""
        self.close(error)

    def respond(self, value: object) -> None:
        """Nothing is kept of it."""

    def suspend(self) -> None:
        """Nothing is current by this."""

    def resume(self) -> None:
        """See `suspend`."""


def watch_handler(handler: Callable[..., Any]) -> Any:
    """`handler`, watched at each call of an invocation that is sampled, or kept for the case that it fails."""
    return wrap(handler, _watch, tells_arguments=True)


def _watch(args: Sequence[Any], kwargs: Mapping[str, Any]) -> HandlerWatch | KeptInvocation | None:
    try:
        recorder = recording.default
        running = recorder.begin_invocation_unless_begun()
        event, context = event_and_context(args, kwargs)
        if not running.is_sampled and recording.kept is not None and can_load(keeping):
            # The other Tracer has a subsegment of its own, which is then the outermost.
            call = keeping.begin(running, context, is_cold_start())
            if call is not None:
                call.told_by("", event, is_durable=False, tells_facts=False)
            return call
        if not (running.is_sampled and recorder.is_sampled()):
            return None
        return HandlerWatch(watchdog.prepare(running, recorder.outbox, context))
    except Exception as error:
        failed(error)
        return None

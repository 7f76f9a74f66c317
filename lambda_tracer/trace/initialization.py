"""Initialization: what is traced while the function's module loads, before any trace header exists.

It is kept, within bounds, and sent under the first invocation when that is sampled and follows at once: as the children
of one subsegment `Initialization code`, with their true times. A sandbox that was started ahead of its first request,
or restored from a snapshot, drops it instead: it would be minutes or hours old.
"""

from __future__ import annotations

from .. import settings
from ..clock import clock
from .invocation import Invocation
from .subsegment import Subsegment, opened_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .invocation import Keeper
    from .subsegment import Owner

NAME = "Initialization code"
"""Not `Initialization`: that is Lambda's own beside it, which has the start of the runtime in it as well."""

MAX_HELD_BYTES = 256_000
"""Documents kept beside the one that is sent as a whole (48 kB); what is beyond is counted and dropped."""

MAX_AGE_S = 10.0
"""An invocation that begins later than this after the last work of the initialisation did not wait for it: Lambda
starts sandboxes ahead of requests when it sees fit, and allows an initialisation 10 s."""

_TRACE_ID = "1-00000000-000000000000000000000000"
"""Stands in the documents until the trace is known; of the same length, so that it can be replaced in place."""


class Initialization(Invocation):
    """The time before the first invocation, as far as tracing goes."""

    __slots__ = ("_held", "_held_bytes", "_owner", "keeper", "top")

    top: Subsegment | None

    def __init__(self, owner: Owner) -> None:
        """`owner` is the recorder that records what is traced meanwhile."""
        super().__init__(None)
        self._owner = owner
        self.keeper: Keeper | None = self
        self._held: list[str] = []
        self._held_bytes = 0
        self.trace_id = _TRACE_ID
        self.is_sampled = True
        self.top = Subsegment(NAME, "local", None, self, owner)
        self.top.is_managed = True

    def hold(self, documents: list[str]) -> None:
        """Keep what could not wait in its parents; once nothing more fits, stop recording."""
        for document in documents:
            if self._held_bytes + len(document) > MAX_HELD_BYTES:
                self.is_sampled = False
                self.lose("initialization_left_out", len(document))
            else:
                self._held.append(document)
                self._held_bytes += len(document)

    def end(self, begun: Invocation) -> None:
        """The first invocation has begun: send what was kept as part of it, or drop it."""
        top, held = self.top, self._held
        if top is None:
            return
        ended_at = _last_moment(self, top, held)
        follows = ended_at is not None and clock.now() - ended_at < MAX_AGE_S
        self.is_sampled = False
        if not (begun.is_sampled and follows and settings.global_sdk_config.enabled):
            # Still holding: what is finished later, by a thread started here, is dropped too.
            self._held_bytes = MAX_HELD_BYTES
            self._held = []
            self.open.clear()
        else:
            self.keeper = None
            self.trace_id, self.parent_id = begun.trace_id, begun.parent_id
            top.parent_id = begun.parent_id
            self._owner.send(self, [document.replace(_TRACE_ID, begun.trace_id, 1) for document in held])
            self._held = []
            if top.end_time is None:
                self.open[top.id] = top
            top.close(ended_at)
        self.top = None


def _last_moment(running: Initialization, top: Subsegment, held: list[str]) -> float | None:
    """When the last of what is kept ended, or of what is open began; None when there is nothing.

    Ends are read from the documents, whose form is ours.
    """
    mark = '"end_time":'
    texts = [text for text, _ in top.waiting] + held
    moments = [
        float(text[text.index(mark) + len(mark) :].partition(",")[0]) for text in texts if mark in text
    ]
    moments += [subsegment.start_time for subsegment in opened_in(running)]
    return max(moments, default=None)

"""Batch: what is remembered of the records that an invocation works on, until its handler says which of them failed.

A handler tells Lambda by `batchItemFailures`. By then the records' subsegments have ended, and perhaps left: `send`
marks them all the same.
"""

from __future__ import annotations

import itertools

from ..events import record as records
from ..guard import Late, can_load
from ..trace.subsegment import Subsegment
from ..xray import MAX_LINKS, MAX_TRACE_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..recording import SubsegmentRecorder
    from ..send import correction
    from ..trace.context import AnySubsegment
    from ..trace.invocation import Invocation
else:
    correction = Late("lambda_tracer.send.correction")  # only where records have failed

NAMESPACE = "lambda_tracer"
NOT_SAMPLED = "records_not_sampled"
NOT_MARKED = "failed_records_not_marked"


class Batch:
    """The records of one invocation."""

    __slots__ = ("_finished", "_next_link", "_next_unsampled", "_open", "_room", "has_room_for_links")

    def __init__(self) -> None:
        # By the subsegment's id, with what the source calls the record.
        self._open: dict[str, tuple[str, Subsegment]] = {}
        self._finished: dict[str, tuple[str, str, str | None]] = {}  # also its parent's id, and its document
        self._room = MAX_TRACE_BYTES  # of what has left and is kept to be sent again: X-Ray takes no more
        # Counted by what threads share without a lock.
        self._next_link = itertools.count(1).__next__
        self._next_unsampled = itertools.count(1).__next__
        self.has_room_for_links = True

    def begin(self, subsegment: Subsegment, record_id: str) -> None:
        """The work on a record begins, which the handler may call failed."""
        self._open[subsegment.id] = record_id, subsegment

    def stored(self, subsegment_id: str, document: tuple[str, int] | str) -> None:
        """See `trace.invocation.Batch`. What is a fault already need not be remembered."""
        record_id, subsegment = self._open.pop(subsegment_id, (None, None))
        if record_id is None or subsegment is None or subsegment.fault:
            return
        text = document if isinstance(document, str) else document[0]
        self._room -= len(text)
        kept = text if self._room >= 0 else None
        self._finished[subsegment_id] = record_id, subsegment.parent_id, kept

    def take_link(self) -> bool:
        """Whether one more record may be linked to the trace that it came from."""
        number = self._next_link()
        self.has_room_for_links = number < MAX_LINKS
        return number <= MAX_LINKS

    def leave_out(self, parent: AnySubsegment | None) -> None:
        """Count a record whose sender did not sample it, on the outermost subsegment: the handler's, as a rule."""
        count = self._next_unsampled()
        outermost = parent
        while outermost is not None and outermost.parent is not None:
            outermost = outermost.parent
        if outermost is not None and outermost.end_time is None:
            outermost.put_metadata(NOT_SAMPLED, count, NAMESPACE)

    def mark_failed(
        self, running: Invocation, recorder: SubsegmentRecorder, handler: Subsegment, answer: object
    ) -> None:
        """Make faults of the records that the handler's answer calls failed."""
        failed = records.failed_ids(answer)
        if not failed:
            return
        for record_id, subsegment in list(self._open.values()):
            if record_id in failed:
                subsegment.add_fault_flag()
        finished = {
            id_: (parent_id, text)
            for id_, (record_id, parent_id, text) in list(self._finished.items())
            if record_id in failed
        }
        if finished and can_load(correction):
            left = correction.mark_faults(recorder.outbox, running, finished)
            if left:
                handler.put_metadata(NOT_MARKED, left, NAMESPACE)


def batch_of(running: Invocation) -> Batch:
    """The one of an invocation, made with its first record."""
    batch = running.records
    if type(batch) is not Batch:
        batch = running.records = Batch()
    return batch


def mark_failed(
    running: Invocation, recorder: SubsegmentRecorder, handler: Subsegment | None, answer: object
) -> None:
    """See `Batch.mark_failed`."""
    batch = running.records
    if type(batch) is Batch and handler is not None:
        batch.mark_failed(running, recorder, handler, answer)

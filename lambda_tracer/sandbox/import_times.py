"""Imports as subsegments: what a cold start is spent on.

Each module that is imported while something is recorded is a subsegment `import <module>`, below the one that imports
it; those faster than the threshold leave no trace of their own. Imports that ran before recording was asked for are not
seen.
"""

from __future__ import annotations

from .. import recording
from ..clock import clock
from ..guard import Late, can_load, failed
from ..patches import import_hook
from ..trace.context import last_seen, see
from ..trace.subsegment import opened_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..send import absorption
else:
    absorption = Late("lambda_tracer.send.absorption")  # little is recorded within a fast import

_OURS = "lambda_tracer."
_threshold_s = 0.0


def record(threshold_s: float) -> None:
    """Record imports that take `threshold_s` seconds or longer, from now on."""
    global _threshold_s
    _threshold_s = threshold_s
    import_hook.run_modules_in(_timed)


def _timed(name: str, run: Callable[[], None]) -> None:
    # Our own modules are not timed: recording that may be what imports them.
    recorder = recording.default
    timed = None if name.startswith(_OURS) else recorder.recording(f"import {name}")
    if timed is None:
        run()
        return
    with timed:
        timed.open()
        try:
            run()
        finally:
            try:
                subsegment = timed.subsegment
                # One that fails as fast is mostly a package asking whether another is there.
                if subsegment is not None and clock.now() - subsegment.start_time < _threshold_s:
                    _discard(recorder, subsegment)
            except Exception as error:
                failed(error)


def _discard(recorder: recording.SubsegmentRecorder, subsegment: Any) -> None:
    """End a subsegment that turned out not to be worth recording; what it holds goes to its parent."""
    if subsegment.is_kept:
        subsegment.discard()
        return
    if last_seen() is subsegment:
        see(subsegment.parent)
    subsegment.end_time = clock.now()
    parent, invocation = subsegment.parent, subsegment.invocation
    if subsegment.id not in invocation.open:
        return
    is_needed = any(other.parent is subsegment for other in opened_in(invocation))
    if subsegment.waiting and not is_needed:
        is_needed = parent is None or not parent.accepts_children or not can_load(absorption)
    if is_needed:
        recorder.outbox.put(subsegment)
        return
    subsegment.is_stored = True
    invocation.open.pop(subsegment.id, None)
    subsegment.accepts_children = False
    if subsegment.waiting:
        absorption.absorb(subsegment)

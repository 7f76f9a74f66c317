"""SnapStart: what has to be new in a sandbox that is restored from a snapshot.

Clones of one snapshot run at the same time, perhaps weeks later: they must not share a socket, send what was finished
before, or take themselves for warm. Ids are the kernel's random numbers and differ anyway.
"""

from __future__ import annotations

from .. import recording
from ..guard import pass_on, warn_once
from ..trace import running
from ..trace.invocation import ids

_is_prepared = False


def prepare() -> None:
    """Register with Lambda's runtime hooks (`snapshot_restore_py`), once."""
    global _is_prepared
    if _is_prepared:
        return
    _is_prepared = True
    try:
        from snapshot_restore_py import register_after_restore
    except ImportError as error:
        pass_on(error)
        warn_once(
            "snapshot", "snapshot_restore_py is missing: the tracer is not told when a snapshot is restored"
        )
        return
    register_after_restore(after_restore)


def after_restore() -> None:
    """Forget what was before the snapshot; the next invocation is a cold start."""
    ids.renew()
    running.abandon(running.latest)
    running.reset()
    recording.default.clear_trace_entities()
    if hasattr(recording.default.emitter, "reset"):
        recording.default.emitter.reset()

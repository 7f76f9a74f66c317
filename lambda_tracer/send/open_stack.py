"""What a subsegment that does not end is doing: the frames of its thread, or of its asyncio task, as X-Ray's cause."""

from __future__ import annotations

import sys

from ..encode import cause
from ..trace.context import seen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

    from ..trace.subsegment import Subsegment

    Frames = list[tuple[str, int, str]]


def cause_of(subsegment: Subsegment, kind: str, reason: str) -> dict[str, Any]:
    """The cause of a subsegment that was open when its time was up: type, message, and where it stands."""
    frame = sys._current_frames().get(subsegment.thread_id)
    frames = _task_frames(subsegment, frame) or _thread_frames(frame)
    return cause.of_frames(kind, reason, frames, subsegment.recorder.max_trace_back)


def _thread_frames(frame: FrameType | None) -> Frames:
    """The frames of a thread, outermost first."""
    frames: Frames = []
    while frame is not None:
        frames.append((frame.f_code.co_filename, frame.f_lineno or 0, frame.f_code.co_name))
        frame = frame.f_back
    return frames[::-1]


def _task_frames(subsegment: Subsegment, frame: FrameType | None) -> Frames:
    """The frames of the asyncio task in which the subsegment is current; none if it is in no suspended task.

    Before Python 3.12 a task does not tell its context, hence not whose it is.
    """
    asyncio = sys.modules.get("asyncio")
    if asyncio is None or sys.version_info < (3, 12):
        return []
    loop = _running_loop(frame)
    for task in asyncio.all_tasks(loop) if loop is not None else ():
        if task.get_context().get(seen) is subsegment:
            return _awaited_frames(task.get_coro())
    return []


def _running_loop(frame: FrameType | None) -> Any:
    """The event loop that a thread is running, found on its stack; one that is not asyncio's own has no frame there."""
    asyncio: Any = sys.modules["asyncio"]
    while frame is not None:
        if frame.f_code.co_name == "run_forever":
            loop = frame.f_locals.get("self")
            return loop if isinstance(loop, asyncio.AbstractEventLoop) else None
        frame = frame.f_back
    return None


def _awaited_frames(awaitable: Any) -> Frames:
    """The frames of a coroutine and of what it awaits, outermost first."""
    frames: Frames = []
    while awaitable is not None:
        for kind in ("cr", "gi", "ag"):
            frame = getattr(awaitable, f"{kind}_frame", None)
            if frame is not None:
                code: CodeType = frame.f_code
                frames.append((code.co_filename, frame.f_lineno or 0, code.co_name))
                awaitable = getattr(awaitable, f"{kind}_await", None) or getattr(
                    awaitable, f"{kind}_yieldfrom", None
                )
                break
        else:
            break
    return frames

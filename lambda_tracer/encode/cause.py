"""An exception -> X-Ray's `cause`: its type, message and frames, and those of the exceptions that led to it.

An exception is described once, in the subsegment that it left first; those it passes through afterwards refer
to it by id. Nothing is written on the exception, and nothing holds on to it: a reference kept
until the invocation ends would keep its frames alive, and with them the user's files, connections and locks
(`sighting` says what it is known by).

The stack runs from where an exception was raised out to the handler, wherever it was caught: the frames of its
traceback, and those that called the outermost of them.

The shape is that of "cause" in
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

import os
from itertools import islice
from types import TracebackType

from .. import guard
from ..guard import Late, pass_on
from ..safe import safe_str
from ..trace.context import in_handler
from .sighting import Sighting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType, FrameType
    from typing import Any

    from ..trace.invocation import Invocation
    from ..trace.subsegment import Subsegment
    from . import any_value

    Frame = tuple[str, int, str]
    Place = FrameType | TracebackType
else:
    any_value = Late("lambda_tracer.encode.any_value")  # only for messages

MAX_EXCEPTIONS = 10
"""Exceptions described in one cause: the one raised, those it came from, the members of a group."""

MAX_REMEMBERED = 256
"""Exceptions that one invocation knows again; the oldest are forgotten first."""

MAX_GIVEN = 10_000
"""Frames that are read of a stack that the caller gives."""

MAX_CALLERS = 100_000
"""Calling frames that are looked at for all exceptions of one invocation: some 20 ms. Then a hundred for each."""

# Through the class's own descriptors: an exception may have attributes of any kind in their place.
_traceback_of = BaseException.__dict__["__traceback__"].__get__
_cause_of = BaseException.__dict__["__cause__"].__get__
_context_of = BaseException.__dict__["__context__"].__get__
_suppresses_context = BaseException.__dict__["__suppress_context__"].__get__

_HERE = guard.PACKAGE_FOLDER
_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep


class Causes:
    """The exceptions that an invocation has already described."""

    __slots__ = ("_callers", "_known")

    def __init__(self) -> None:
        self._known: dict[int, tuple[Sighting, int, str]] = {}
        self._callers = MAX_CALLERS

    def recall(self, error: BaseException, stack: tuple[Frame, ...] = ()) -> str | None:
        """The id under which this very exception was described, or None.

        `stack` stands for the frames of one that was never raised.
        """
        known = self._known.get(id(error))
        if known is None:
            return None
        sighting, its_stack, exception_id = known
        if _traceback_of(error) is None and its_stack != hash(stack):
            return None
        return exception_id if sighting.is_of(error) else None

    def remember(self, error: BaseException, exception_id: str, stack: tuple[Frame, ...] = ()) -> None:
        """Note that this exception is described under `exception_id`."""
        if len(self._known) >= MAX_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[id(error)] = (Sighting(error), hash(stack), exception_id)

    def callers(self, used: int = 0) -> int:
        """How many calling frames may be looked at now; `used`: so many have been."""
        self._callers -= used
        return max(self._callers, 100)


def record(
    subsegment: Subsegment,
    error: BaseException,
    stack: Iterable[Any] | TracebackType | None,
    remote: bool,
    max_frames: int,
) -> None:
    """Put an exception into the `cause` of a subsegment, or count it where as many as may be are described there."""
    present = len(subsegment.cause["exceptions"]) if isinstance(subsegment.cause, dict) else 0
    described = describe(
        error, causes_of(subsegment.invocation), max_frames, stack, remote, MAX_EXCEPTIONS - present
    )
    if described is None:
        count_left_out(subsegment)
    elif isinstance(described, dict) and isinstance(subsegment.cause, dict):
        subsegment.cause["exceptions"] += described["exceptions"]
    elif isinstance(described, dict) or subsegment.cause is None:
        subsegment.cause = described


def count_left_out(subsegment: Subsegment) -> None:
    """Count an exception for which there is no room in the `cause`."""
    counts = subsegment.metadata.setdefault("lambda_tracer", {})
    counts["exceptions_left_out"] = counts.get("exceptions_left_out", 0) + 1


def causes_of(invocation: Invocation) -> Causes:
    """The exceptions that have been described in an invocation."""
    known = invocation.causes
    if type(known) is not Causes:
        known = invocation.causes = Causes()
    return known


def describe(
    error: BaseException,
    causes: Causes,
    max_frames: int,
    stack: Iterable[Any] | TracebackType | None = None,
    remote: bool = False,
    room: int = MAX_EXCEPTIONS,
) -> dict[str, Any] | str | None:
    """The `cause` of a subsegment that `error` left: an object, or the id of the exception described
    elsewhere. None where there is no `room`, which is the number of exceptions that may be described.

    `stack` stands in for the exception's own traceback: another traceback, or entries as `traceback.extract_tb` gives
    them. At most `max_frames` frames are kept of each exception, the one that raised and the handler among them; 0
    keeps none.
    """
    if stack is not None and stack is _traceback_of(error):
        stack = None
    given = None if stack is None else _given(stack, causes)
    known = causes.recall(error, tuple(given or ()))
    if known is not None:
        return known
    if room <= 0:
        return None
    exceptions: list[dict[str, Any]] = []
    _describe(error, causes, max_frames, exceptions, set(), min(room, MAX_EXCEPTIONS))
    if given is not None:
        _put_stack(exceptions[0], given, max_frames)
        causes.remember(error, exceptions[0]["id"], tuple(given))
    if remote:
        exceptions[0]["remote"] = True
    return {"working_directory": working_directory(), "exceptions": exceptions}


def of_frames(kind: str, message: str, frames: list[Frame], max_frames: int) -> dict[str, Any]:
    """A cause without an exception: where something stands that should have ended. Frames outermost first."""
    exception = {"id": os.urandom(8).hex(), "message": message, "type": kind, "remote": False}
    _put_stack(exception, [frame for frame in frames if not frame[0].startswith(_HERE)], max_frames)
    return {"working_directory": working_directory(), "exceptions": [exception]}


def _describe(
    error: BaseException,
    causes: Causes,
    max_frames: int,
    into: list[dict[str, Any]],
    seen: set[int],
    room: int,
) -> str | None:
    """Append `error` and what led to it to `into`; returns the id to refer to it by."""
    known = causes.recall(error)
    if known is not None and into:
        return known
    if id(error) in seen or len(into) == room:
        return None
    seen.add(id(error))
    exception: dict[str, Any] = {"id": os.urandom(8).hex()}
    message = any_value.message_of(error)
    if message:
        exception["message"] = message
    exception["type"] = type.__dict__["__name__"].__get__(type(error))
    exception["remote"] = False
    into.append(exception)
    _put_traceback(exception, _traceback_of(error), causes, max_frames)
    causes.remember(error, exception["id"])
    led_by = _cause_of(error)
    if led_by is None and not _suppresses_context(error):
        led_by = _context_of(error)
    members = _members(error)
    references = [
        _describe(other, causes, max_frames, into, seen, room)
        for other in ((led_by, *members) if led_by is not None else members)
    ]
    if references and references[0] is not None:
        exception["cause"] = references[0]
    return str(exception["id"])


def _members(error: BaseException) -> tuple[BaseException, ...]:
    """The members of an ExceptionGroup: built in from Python 3.11 on, a back-port before."""
    if not any(
        base.__name__ == "BaseExceptionGroup" for base in type.__dict__["__mro__"].__get__(type(error))
    ):
        return ()
    try:
        # More than can be described are not looked at.
        members = tuple(islice(error.exceptions, MAX_EXCEPTIONS))  # type: ignore[attr-defined]
    except BaseException as failure:  # a subclass of the user's
        pass_on(failure)
        return ()
    return tuple(member for member in members if issubclass(type(member), BaseException))


# The stack


def _put_traceback(
    exception: dict[str, Any], traceback: TracebackType | None, causes: Causes, max_frames: int
) -> None:
    """The stack of an exception that was raised."""
    places, has_handler = _places(traceback, causes)
    kept, left_out = _kept([(place, _is_library(_code(place))) for place in places], has_handler, max_frames)
    _put(
        exception,
        [(_code(place).co_filename, _line(place), _code(place).co_name) for place in kept],
        left_out,
    )


def _put_stack(exception: dict[str, Any], frames: list[Frame], max_frames: int) -> None:
    """The stack from frames that were given, outermost first."""
    kept = frames[-max_frames:] if max_frames > 0 else []
    _put(exception, kept, len(frames) - len(kept))


def _put(exception: dict[str, Any], frames: list[Frame], left_out: int) -> None:
    """Outermost frame first, as the X-Ray SDK sends them."""
    exception.pop("stack", None)
    exception.pop("truncated", None)
    if frames:
        exception["stack"] = [
            {"path": os.path.basename(path), "line": line, "label": label} for path, line, label in frames
        ]
    if left_out:
        exception["truncated"] = left_out


def _kept(places: list[tuple[Place, bool]], has_handler: bool, max_frames: int) -> tuple[list[Place], int]:
    """What is shown of a stack, outermost first, and how many places are left out.

    Where there are too many, frames of libraries go first, those farthest from the raise before others; then what lies
    between the handler and the last ones.
    """
    excess = len(places) - max_frames
    if excess <= 0:
        return [place for place, _ in places], 0
    if max_frames <= 0:
        return [], len(places)
    handler_at = next((at for at, (_, is_library) in enumerate(places) if not is_library), 0)
    keeps_handler = has_handler and max_frames > 1
    left: list[tuple[Place, bool]] = []
    for at, entry in enumerate(places):
        is_needed = at == len(places) - 1 or (keeps_handler and at == handler_at)
        if entry[1] and excess > 0 and not is_needed:
            excess -= 1
        else:
            left.append(entry)
    if len(left) > max_frames:
        head = [places[handler_at]] if keeps_handler else []
        left = head + left[len(left) - max_frames + len(head) :]
    return [place for place, _ in left], len(places) - len(left)


def _places(traceback: TracebackType | None, causes: Causes) -> tuple[list[Place], bool]:
    """Where an exception was, from the handler to the raise, without our own frames; and whether a handler runs.

    No source file is read, and nothing of the user's is called.
    """
    if traceback is None:
        return [], False
    outermost = traceback.tb_frame
    handlers = _handlers_frame_id()
    inner: list[Place] = []
    passed: set[int] = set()
    has_handler = False
    at: TracebackType | None = traceback
    while at is not None:
        if not at.tb_frame.f_code.co_filename.startswith(_HERE):
            inner.append(at)
        elif not has_handler and id(at.tb_frame) == handlers:
            has_handler = True
        passed.add(id(at.tb_frame))
        at = at.tb_next
    if has_handler:
        return inner, True
    outer, has_handler = _callers(outermost, passed, causes)
    return [*reversed(outer), *inner], has_handler


def _callers(frame: FrameType, passed: set[int], causes: Causes) -> tuple[list[Place], bool]:
    """The frames that called `frame`, innermost first, out to the handler, and whether there is one.

    `passed`: the frames that the exception went through. It may have been thrown into a generator by one of them, as
    `contextmanager` does; then those beyond that one are the callers.
    Where there is none (a thread, a task, a script), out to the first frame of a library: what lies beyond is the
    thread's, the event loop's or the interpreter's own.
    """
    callers: list[Place] = []
    handlers = _handlers_frame_id()
    at_handler = -1
    at_library = -1
    limit = causes.callers()
    looked_at = 0
    at = frame.f_back
    while at is not None and looked_at < limit:
        looked_at += 1
        code = at.f_code
        if id(at) in passed:
            callers.clear()
            at_handler = at_library = -1
            at = at.f_back
            continue
        if code.co_filename.startswith(_HERE):
            if id(at) == handlers:
                at_handler = len(callers)
        else:
            if at_library < 0 and _is_library(code):
                at_library = len(callers)
            callers.append(at)
        at = at.f_back
    causes.callers(looked_at)
    if at_handler >= 0:
        return callers[:at_handler], True
    return (callers if at_library < 0 else callers[:at_library]), False


def _is_library(code: CodeType) -> bool:
    """Whether code is a library's, or Python's: by where it was installed."""
    path = code.co_filename
    return (
        path.startswith((_STANDARD_LIBRARY, "<frozen ", "/var/runtime/", "/var/lang/"))
        or "site-packages" in path
        or "dist-packages" in path
    )


def _code(place: Place) -> CodeType:
    return (place.tb_frame if isinstance(place, TracebackType) else place).f_code


def _line(place: Place) -> int:
    return (place.tb_lineno if isinstance(place, TracebackType) else place.f_lineno) or 0


def _given(stack: Any, causes: Causes) -> list[Frame]:
    """Frames from the caller: a traceback, (path, line, label, ...) or `traceback.FrameSummary`; what is none of these
    is left out."""
    frames: list[Frame] = []
    try:
        if isinstance(stack, TracebackType):
            places, _ = _places(stack, causes)
            return [(_code(place).co_filename, _line(place), _code(place).co_name) for place in places]
        for entry in islice(stack, MAX_GIVEN):
            if hasattr(entry, "filename") and hasattr(
                entry, "lineno"
            ):  # by index it would read the source file
                path, line = entry.filename, entry.lineno
                label = entry.name if hasattr(entry, "name") else getattr(entry, "function", "")
            else:
                path, line, label = entry[0], entry[1], entry[2]
            frames.append((safe_str(path), line if isinstance(line, int) else 0, safe_str(label)))
    except Exception as failure:  # the caller's own iterable: the exception is recorded with what there is
        pass_on(failure)
    return frames


def working_directory() -> str:
    """The current folder, which X-Ray has a place for in a `cause`; empty where it is gone."""
    try:
        return os.getcwd()
    except OSError as failure:  # it was deleted under the process
        pass_on(failure)
        return ""


def _handlers_frame_id() -> int:
    """The `id` of the frame of ours that calls this context's handler; 0 where none runs."""
    call = in_handler.get()
    return 0 if call is None or call.has_ended else call.frame_id

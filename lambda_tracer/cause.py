"""An exception -> X-Ray's `cause`: its type, message and frames, and those of the exceptions that led to it.

An exception is described once, in the subsegment that it left first; those it passes through afterwards refer
to it by id. Nothing is written on the exception, and nothing holds on to it: a reference kept
until the invocation ends would keep its frames alive, and with them the user's files, connections and locks.
It is known again by its identity, its type and the frames it was raised through.

The shape is that of "cause" in
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

import os

from .jsonable import safe_str

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Any

    Frames = tuple[tuple[Any, ...], ...]

MAX_EXCEPTIONS = 10
"""Exceptions described in one cause: the one raised, those it came from, the members of a group."""

MAX_MESSAGE = 4_096
"""Characters kept of one message: ten of them, in JSON's escapes, still fit in a document together."""

MAX_REMEMBERED = 256
"""Exceptions that one invocation knows again; the oldest are forgotten first."""

# Through the class's own descriptors: an exception may have attributes of any kind in their place.
_traceback_of = BaseException.__dict__["__traceback__"].__get__
_cause_of = BaseException.__dict__["__cause__"].__get__
_context_of = BaseException.__dict__["__context__"].__get__
_suppresses_context = BaseException.__dict__["__suppress_context__"].__get__

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Causes:
    """The exceptions that an invocation has already described."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[int, tuple[type, str, Frames, str]] = {}

    def recall(self, error: BaseException, stack: Frames = ()) -> str | None:
        """The id under which this very exception was described, or None.

        `stack` stands for the frames of one that was never raised.
        """
        known = self._known.get(id(error))
        if known is None:
            return None
        # Another exception may have been given the address of a dead one, with the same type and message. An
        # exception gains frames at the outer end as it travels; the inner ones tell whether it is the same raise.
        # Where even those agree, the one description is true of both.
        kind, message, inner, exception_id = known
        frames = _frames(error)
        is_same = (
            kind is type(error) and message == safe_str(error) and frames[len(frames) - len(inner) :] == inner
        )
        return exception_id if is_same else None

    def remember(self, error: BaseException, message: str, exception_id: str, stack: Frames = ()) -> None:
        """Note that this exception is described under `exception_id`."""
        if len(self._known) >= MAX_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[id(error)] = (type(error), message, _frames(error) or stack, exception_id)


def describe(
    error: BaseException,
    causes: Causes,
    max_frames: int,
    stack: Iterable[Any] | None = None,
    remote: bool = False,
) -> dict[str, Any] | str:
    """The `cause` of a subsegment that `error` left: an object, or the id of the exception described
    elsewhere.

    `stack` stands in for the exception's own traceback: entries as `traceback.extract_tb` gives them. At most
    `max_frames` frames are kept of each exception, those nearest to the raise; 0 keeps none.
    """
    given = None if stack is None else _given(stack)
    known = causes.recall(error, tuple(given or ()))
    if known is not None:
        return known
    exceptions: list[dict[str, Any]] = []
    _describe(error, causes, max_frames, exceptions, set())
    if given is not None:
        _put_stack(exceptions[0], given, max_frames)
        causes.remember(error, safe_str(error), exceptions[0]["id"], tuple(given))
    if remote:
        exceptions[0]["remote"] = True
    return {"working_directory": _working_directory(), "exceptions": exceptions}


def standstill(
    kind: str, message: str, frames: list[tuple[str, int, str]], max_frames: int
) -> dict[str, Any]:
    """A cause without an exception: where something stands that should have ended. Frames outermost first."""
    exception = {"id": os.urandom(8).hex(), "message": message, "type": kind, "remote": False}
    _put_stack(exception, [frame for frame in frames if not frame[0].startswith(_HERE)], max_frames)
    return {"working_directory": _working_directory(), "exceptions": [exception]}


def _describe(
    error: BaseException, causes: Causes, max_frames: int, into: list[dict[str, Any]], seen: set[int]
) -> str | None:
    """Append `error` and what led to it to `into`; returns the id to refer to it by."""
    known = causes.recall(error)
    if known is not None and into:
        return known
    if id(error) in seen or len(into) == MAX_EXCEPTIONS:
        return None
    seen.add(id(error))
    message = whole = safe_str(error)
    if message[:1] in ("{", "["):  # JSON, as from a web service
        from .walk import plain

        message = plain(message, redact=True)
    if len(message) > MAX_MESSAGE:
        message = f"{message[:MAX_MESSAGE]}... {len(message) - MAX_MESSAGE} more characters"
    exception: dict[str, Any] = {"id": os.urandom(8).hex()}
    if message:
        exception["message"] = message
    exception["type"] = type.__dict__["__name__"].__get__(type(error))
    exception["remote"] = False
    into.append(exception)
    _put_stack(exception, _walked(_traceback_of(error)), max_frames)
    causes.remember(error, whole, exception["id"])
    led_by = _cause_of(error)
    if led_by is None and not _suppresses_context(error):
        led_by = _context_of(error)
    members = _members(error)
    references = [
        _describe(other, causes, max_frames, into, seen)
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
        members = tuple(error.exceptions)  # type: ignore[attr-defined]
    except BaseException:  # a subclass of the user's
        return ()
    return tuple(member for member in members if issubclass(type(member), BaseException))


def _put_stack(exception: dict[str, Any], frames: list[tuple[str, int, str]], max_frames: int) -> None:
    """Outermost frame first, as the X-Ray SDK sends them; the ones left out are the outermost."""
    exception.pop("stack", None)
    exception.pop("truncated", None)
    kept = frames[-max_frames:] if max_frames > 0 else []
    if kept:
        exception["stack"] = [
            {"path": os.path.basename(path), "line": line, "label": label} for path, line, label in kept
        ]
    if len(kept) < len(frames):
        exception["truncated"] = len(frames) - len(kept)


def _walked(traceback: TracebackType | None) -> list[tuple[str, int, str]]:
    """The frames of a traceback but the tracer's own. No source file is read."""
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not code.co_filename.startswith(_HERE):
            frames.append((code.co_filename, traceback.tb_lineno or 0, code.co_name))
        traceback = traceback.tb_next
    return frames


def _given(stack: Iterable[Any]) -> list[tuple[str, int, str]]:
    """Frames from the caller: (path, line, label, ...) or `traceback.FrameSummary`; what is neither is left out."""
    frames = []
    try:
        for entry in stack:
            path, line, label = entry[0], entry[1], entry[2]
            frames.append((safe_str(path), line if isinstance(line, int) else 0, safe_str(label)))
    except Exception:  # the caller's own iterable: the exception is recorded without a stack
        return []
    return frames


def _frames(error: BaseException) -> Frames:
    traceback = _traceback_of(error)
    frames = []
    while traceback is not None:
        frames.append((id(traceback.tb_frame.f_code), traceback.tb_lineno or 0))
        traceback = traceback.tb_next
    return tuple(frames)


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was deleted under the process
        return ""

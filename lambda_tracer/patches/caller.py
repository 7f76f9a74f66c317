"""Whose code it is that makes a call: what databases and spans of OpenTelemetry ask besides `nesting.is_below`."""

from __future__ import annotations

import sys

from ..guard import failed
from .nesting import AROUND, LIBRARY, RUN, RUN_ASYNC, USERS, kind_of, kinds, stands_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


def is_by_user(name: str, owner: object) -> bool:
    """Whether it is code of the user's that has the database call made which calls this, while another is under way.

    `name` is that of the method that is called, `owner` its object. What a library does for itself comes from the call
    under way, from SQLAlchemy, or runs in a thread or on a greenlet with nothing of the user's below it.
    """
    try:
        frame: FrameType | None = sys._getframe(1)
        # By code of the user's: a library's function, None for the patched method.
        called: FrameType | None = None
        entered: FrameType | None = None
        while frame is not None:
            code = frame.f_code
            kind = kinds.get(frame.f_globals.get("__name__")) or kind_of(frame)
            is_call = code is RUN or code is RUN_ASYNC
            if entered is not None and (is_call or kind == LIBRARY):
                # A proxy of the user's has methods of the names that it hands on.
                target = name if called is None else called.f_code.co_name
                if entered.f_code.co_name != target and not stands_in(entered, name, owner, called, False):
                    return True
                entered = None
            if is_call:
                return False
            if kind == LIBRARY:
                if frame.f_globals["__name__"].partition(".")[0] == "sqlalchemy":
                    return False
                called = frame
            elif kind == USERS:
                entered = frame
            frame = frame.f_back
    except Exception as error:
        failed(error)
        return False
    return entered is not None


def is_for_call() -> bool:
    """Whether what calls the caller of this is a library, or stands around its functions, and works for a call that is
    traced already."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if code is RUN or code is RUN_ASYNC:
            return True
        if (kinds.get(frame.f_globals.get("__name__")) or kind_of(frame)) == USERS:
            return False
        frame = frame.f_back
    return False


def is_by_library() -> bool:
    """Whether what calls the caller of this is a library, whatever stands around its functions."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        kind = kinds.get(frame.f_globals.get("__name__")) or kind_of(frame)
        if kind != AROUND:
            return kind == LIBRARY
        frame = frame.f_back
    return False


def is_by(package: str) -> bool:
    """Whether what calls the caller of this is that package, whatever stands around its functions."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__")
        if (kinds.get(name) or kind_of(frame)) != AROUND:
            return type(name) is str and name.partition(".")[0] == package
        frame = frame.f_back
    return False


def users_frame_id() -> int:
    """The `id` of the innermost call of the user's code that is under way; 0 where there is none."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if (kinds.get(frame.f_globals.get("__name__")) or kind_of(frame)) == USERS:
            return id(frame)
        frame = frame.f_back
    return 0

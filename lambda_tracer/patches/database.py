"""A call of a database as a subsegment, and what is below it: what SQL drivers, SQLAlchemy and Redis share.

A method that a driver calls to do its work (`executemany` calling `execute`) records nothing: it runs on
the object whose call is being recorded. A call on another object, or one that the user's code has made
meanwhile, is recorded: in a generator that gives `executemany` its rows, in a function that SQLite calls.
"""

from __future__ import annotations

from contextvars import ContextVar

from .. import recording
from ..trace.collection import is_collecting
from ..trace.context import last_seen
from . import caller, nesting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

EVERYTHING = object()
"""A target that stands for every one: what runs under it is not recorded."""

# What runs a statement that is being recorded. A variable and no mark on the object: it may be used by several tasks.
_running: ContextVar[Call | Quiet | None] = ContextVar("lambda_tracer_database_call", default=None)


def _set_running(call: Call | Quiet | None) -> None:
    if not is_collecting():
        _running.set(call)


class Call:
    """A database call being recorded, for `nesting.run`."""

    __slots__ = (
        "_before",
        "_context",
        "_cursor",
        "_expected",
        "_fill",
        "_is_block",
        "_name",
        "is_open",
        "target",
    )

    def __init__(
        self,
        target: Any,
        name: str,
        fill: Callable[[Any], None] | None,
        expected: tuple[type[BaseException], ...] = (),
        cursor: Any = None,
    ) -> None:
        """`expected` are exceptions with which the library tells itself something: no failure. `cursor` is what works
        for the call in any case, where `target` is EVERYTHING.
        """
        self.target = target
        self._cursor = cursor
        self._name = name
        self._fill = fill
        self._expected = expected
        self._context: Any = None
        self._before: Call | Quiet | None = None
        self._is_block = False
        self.is_open = False

    def open(self) -> None:
        """The call begins."""
        self._before = _running.get()
        self._context = recording.default.recording(self._name, "remote")
        if self._context is not None:
            self._context.open()
            subsegment = self._context.subsegment
            if self._fill is not None and subsegment is not None and subsegment.sampled:
                self._fill(subsegment)
        self.is_open = True
        _set_running(self)

    def answered(self, response: Any) -> None:
        """Nothing: rows are never recorded."""

    def close(self, error: BaseException | None = None) -> None:
        """The call has ended."""
        self.is_open = False
        if _running.get() is self:
            _set_running(self._before)
        if self._context is not None:
            self._context.close(None if issubclass(type(error), self._expected) else error)

    def is_stale(self) -> bool:
        """Whether it is over, or was left behind by an exception from outside: what runs now is not below it."""
        subsegment = None if self._context is None else self._context.subsegment
        if subsegment is None or not self.is_open:
            return not self.is_open
        above = last_seen()
        while above is not None and above is not subsegment:
            above = above.parent
        return above is None or above.end_time is not None

    def covers(self, target: Any, method: str) -> bool:
        """Whether `method`, called on `target` while this is under way, works for it."""
        if self.target is not target and self.target is not EVERYTHING:
            return False
        return self._is_block or target is self._cursor or not caller.is_by_user(method, target)

    def __enter__(self) -> None:
        self._is_block = True
        try:
            self.open()
        except BaseException:  # it came from outside
            self.close()
            raise

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: TracebackType | None) -> None:
        try:
            self.close(exc)
        except BaseException:
            self.close(exc)
            raise

    def makes(self, library: str, method: object, url: str | None) -> bool:
        """False: a database is not asked by HTTP."""
        return False

    def is_for(self, library: str, method: object, url: str) -> bool:
        """False, as above."""
        return False


class Quiet:
    """A context manager under which nothing is recorded of databases: what a library does on its own behalf."""

    __slots__ = ("_before", "is_open", "target")

    def __enter__(self) -> None:
        self.target = EVERYTHING
        self._before = _running.get()
        self.is_open = True
        _set_running(self)

    def __exit__(self, *exception: object) -> None:
        self.is_open = False
        _set_running(self._before)

    def is_stale(self) -> bool:
        """Whether it is over."""
        return not self.is_open

    def covers(self, target: Any, method: str) -> bool:
        """True."""
        return True


def running() -> Call | Quiet | None:
    """What runs a statement here, for a thread that works for it; see `run_as`."""
    return _running.get()


def is_under_way() -> bool:
    """Whether a call is being recorded here."""
    call = _running.get()
    return isinstance(call, Call) and not call.is_stale()


def run_as(call: Call | Quiet | None, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call `function` where `call`, which `running` returned in another thread, runs."""
    before = _running.get()
    try:
        _set_running(call)
        return function(*args, **kwargs)
    finally:
        _set_running(before)


def is_recorded(target: Any, method: str) -> bool:
    """Whether a call of that method of `target` is recorded now, or kept, and not on behalf of one that is."""
    if not recording.default.is_followed() or nesting.of_others("sql") is not None:
        return False
    if target is EVERYTHING:  # SQLAlchemy's: made by nobody but the user
        return True
    call = _running.get()
    return call is None or call.is_stale() or not call.covers(target, method)


def setting(value: Any) -> str | None:
    """Text of a setting that a driver keeps as text, bytes or a number; None for an empty one."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value) if value or value == 0 else None

"""What the database patches share: one statement is one subsegment, whichever driver and whichever of its
methods runs it.

A method that a driver calls to do its work (`executemany` calling `execute`) records nothing: it runs on
the object whose statement is being recorded. A statement on another object, or that the user's code has
run meanwhile, is recorded: in a generator that gives `executemany` its rows, in a function that SQLite
calls. Connecting, fetching, committing and rolling back are not recorded.
"""

from __future__ import annotations

from contextvars import ContextVar

from ...guard import failed
from ...recorder import xray_recorder
from ...trace.context import is_collecting
from .. import nesting
from . import text as sql_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Any, TypeAlias

    Described = tuple[str, dict[str, Any], str]  # subsegment name, X-Ray's sql block, dialect
    Describe = Callable[[Any], Described]
    Text = Callable[[Any, tuple[Any, ...], Mapping[str, Any]], object]
    Target: TypeAlias = tuple[Any, str, Callable[[Any], Any]]

EVERYTHING = object()
"""A target that stands for every one: what runs under it is not recorded."""

# What runs a statement that is being recorded. A variable and no mark on the object: it may be used by several tasks.
_running: ContextVar[Any] = ContextVar("lambda_tracer_database_call", default=None)


def _set_running(call: Any) -> None:
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
        self._before: Call | None = None
        self._is_block = False
        self.is_open = False

    def open(self) -> None:
        """The call begins."""
        self._before = _running.get()
        self._context = xray_recorder.recording(self._name, "remote")
        if self._context is not None:
            self._context.open()
            if self._fill is not None and self._context.subsegment is not None:
                self._fill(self._context.subsegment)
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
        return not self.is_open or (subsegment is not None and not xray_recorder.is_within(subsegment))

    def covers(self, target: Any, method: str) -> bool:
        """Whether `method`, called on `target` while this is under way, works for it."""
        if self.target is not target and self.target is not EVERYTHING:
            return False
        return self._is_block or target is self._cursor or not nesting.is_by_user(method, target)

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


def running() -> Any:
    """What runs a statement here, for a thread that works for it; see `run_as`."""
    return _running.get()


def run_as(call: Any, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call `function` where `call`, which `running` returned in another thread, runs."""
    before = _running.get()
    try:
        _set_running(call)
        return function(*args, **kwargs)
    finally:
        _set_running(before)


def is_recorded(target: Any, method: str) -> bool:
    """Whether a call of that method of `target` is recorded now: sampled, and not on behalf of one that is."""
    if not xray_recorder.is_sampled():
        return False
    if target is EVERYTHING:  # SQLAlchemy's: made by nobody but the user
        return True
    call = _running.get()
    return call is None or call.is_stale() or not call.covers(target, method)


def begin(
    target: Any,
    describe: Describe,
    text: Text,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    method: str = "",
    cursor: Any = None,
    is_quiet_below: bool = False,
) -> Call | None:
    """The recording of one statement that `target` is to run by `method`; None when nothing is to be recorded."""
    if not is_recorded(target, method):
        return None
    name = "database"
    sql: dict[str, Any] = {}
    try:
        name, sql, dialect = describe(target)
        if xray_recorder.stream_sql:
            query = text(target, args, kwargs)
            if isinstance(query, (str, bytes)):
                sql["sanitized_query"] = sql_text.sanitized(query, dialect)
    except Exception as error:
        failed(error)
    running_on = EVERYTHING if is_quiet_below else target
    return Call(running_on, name, lambda subsegment: subsegment.set_sql(sql), cursor=cursor)


def guarded(describe: Callable[..., Any], *args: Any) -> Any:
    """What `describe` returns; None when it fails, which is reported as an error of ours."""
    try:
        return describe(*args)
    except Exception as error:
        failed(error)
        return None


def traced(
    describe: Describe, text: Text | None = None, *, is_quiet_below: bool = False
) -> Callable[[Any], Any]:
    """What makes a recorded method of a driver's, for `replacing.replace`.

    `is_quiet_below`: nothing below the call is recorded, not even what runs on other objects.
    """
    read = text or first_argument

    def make(method: Callable[..., Any]) -> Callable[..., Any]:
        name = getattr(method, "__name__", "")

        def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            recording = begin(self, describe, read, args, kwargs, method=name, is_quiet_below=is_quiet_below)
            if recording is None:
                return method(self, *args, **kwargs)
            return nesting.run(recording, method, self, *args, **kwargs)

        return call

    return make


def traced_async(
    describe: Describe, text: Text | None = None, *, is_quiet_below: bool = False
) -> Callable[[Any], Any]:
    """`traced`, for a coroutine function."""
    read = text or first_argument

    def make(method: Callable[..., Any]) -> Callable[..., Any]:
        name = getattr(method, "__name__", "")

        async def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            recording = begin(self, describe, read, args, kwargs, method=name, is_quiet_below=is_quiet_below)
            if recording is None:
                return await method(self, *args, **kwargs)
            return await nesting.run_async(recording, method, self, *args, **kwargs)

        return call

    return make


def present(owner: Any, names: Iterable[str], make: Callable[[Any], Any]) -> list[Target]:
    """Targets for `replacing.replace`, but for methods that this version of the library does not have."""
    return [(owner, name, make) for name in names if name in vars(owner)]


# The text of a statement


def first_argument(target: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
    """The first argument of the call, under whatever name."""
    return args[0] if args else next(iter(kwargs.values()), None)


def procedure(target: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
    """The text for `callproc`."""
    name = first_argument(target, args, kwargs)
    return f"CALL {name}" if isinstance(name, str) else None


def composed(query: Any, connection: Any) -> object:
    """The text of a psycopg query: str, bytes, or what its `sql` module composes, values left out."""
    if query is None or isinstance(query, (str, bytes)):
        return query
    if hasattr(query, "interpolations"):  # a template string
        return "?".join(query.strings)
    parts: list[str] = []
    waiting = [query]
    while waiting and len(parts) < 1_000:
        part = waiting.pop()
        if isinstance(part, str):
            parts.append(part)
        elif type(part).__name__ == "Composed":
            waiting.extend(reversed(list(part)))
        elif type(part).__name__ == "Literal" or not hasattr(part, "as_string"):
            parts.append("?")  # only the server's escaping would make text of it, by code of the user's maybe
        else:
            parts.append(part.as_string(connection))
    return "".join(parts)


# The description of a database


def plain(value: Any) -> str | None:
    """Text of a setting that a driver keeps as text, bytes or a number; None for an empty one."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return str(value) if value or value == 0 else None


def described(
    scheme: str, user: Any, host: Any, port: Any, database: Any, dialect: str, **sql: Any
) -> Described:
    """What `begin` wants to know of a database server.

    Named `database@host`, as far as they are known. A path as host is a socket of this machine. The URL has
    no password. `sql`: the rest of X-Ray's block, what is None left out.
    """
    host, database, user = plain(host), plain(database), plain(user)
    if host is not None and host[0] in "/@":
        host = "localhost"
    name = f"{database}@{host}" if database and host else database or host or scheme
    if host is not None or database is not None:
        at = f"{user}@" if user else ""
        where = f"[{host}]" if host and ":" in host else host or ""
        sql["url"] = f"{scheme}://{at}{where}{f':{port}' if port and host else ''}/{database or ''}"
    sql["user"] = user
    return name, {key: str(value) for key, value in sql.items() if value is not None}, dialect


def version_of(module: Any) -> str:
    """A package's version number, as its module says it; empty when it does not."""
    version = str(getattr(module, "__version__", ""))
    return version.partition(" ")[0]  # psycopg2 tells how it was built after the number


def mysql_version(version: Any) -> str | None:
    """The version that a MySQL or MariaDB server gives, without what MariaDB puts before it.

    It does so for the sake of clients that would take its 10 for less than 5.
    """
    return version.removeprefix("5.5.5-") if isinstance(version, str) else None

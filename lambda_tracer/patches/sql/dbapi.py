"""What the database drivers share: one statement is one subsegment, whichever driver and whichever of its methods
runs it.

Here is what a call says of the statement and of the database; `database` knows when it is recorded. Connecting,
fetching, committing and rolling back are not.
"""

from __future__ import annotations

import functools

from ... import recording
from ...guard import failed
from .. import nesting
from ..database import EVERYTHING, Call, is_recorded, setting
from . import text as sql_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeAlias

    from ..replace import Make, Owner, Target

    Described: TypeAlias = tuple[str, dict[str, Any], str]
    """Subsegment's name, X-Ray's sql block, dialect."""
    Describe: TypeAlias = Callable[[Any], Described]
    Text: TypeAlias = Callable[[Any, tuple[Any, ...], Mapping[str, Any]], object]


def new_call(
    describe: Describe,
    text: Text,
    is_quiet_below: bool,
    target: Any,
    method: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    cursor: Any = None,
) -> Call | None:
    """The call of `method` by which `target` is about to run a statement; None when nothing is to be recorded."""
    if not is_recorded(target, method):
        return None
    name = "database"
    sql: dict[str, Any] = {}
    try:
        name, sql, dialect = describe(target)
        if recording.default.stream_sql:
            query = text(target, args, kwargs)
            if isinstance(query, (str, bytes)):
                sql["sanitized_query"] = sql_text.sanitized(query, dialect)
    except Exception as error:
        failed(error)
    running_on = EVERYTHING if is_quiet_below else target
    return Call(running_on, name, lambda subsegment: subsegment.set_sql(sql), cursor=cursor)


def first_argument(target: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
    """The text of a statement: the first argument of the call, under whatever name."""
    return args[0] if args else next(iter(kwargs.values()), None)


def traced(
    describe: Describe,
    text: Text = first_argument,
    *,
    is_async: bool = False,
    is_quiet_below: bool = False,
) -> Make:
    """What makes a traced method of a driver's, as a target's `make`.

    `is_quiet_below`: nothing below the call is recorded, not even what runs on other objects.
    """
    return nesting.traced(functools.partial(new_call, describe, text, is_quiet_below), is_async=is_async)


def present(owner: Owner, names: Iterable[str], make: Make) -> list[Target]:
    """Targets, but for methods that this version of the library does not have."""
    return [(owner, name, make) for name in names if name in vars(owner)]


# The text of a statement


def procedure(target: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
    """The text for `callproc`."""
    name = first_argument(target, args, kwargs)
    return f"CALL {name}" if isinstance(name, str) else None


# The description of a database


def described(
    scheme: str, user: Any, host: Any, port: Any, database: Any, dialect: str, **sql: Any
) -> Described:
    """What a driver's `describe` says of a database server.

    Named `database@host`, as far as they are known. A path as host is a socket of this machine. The URL has
    no password. `sql`: the rest of X-Ray's block, what is None left out.
    """
    host, database, user = setting(host), setting(database), setting(user)
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

"""PostgreSQL, through pg8000: its DB-API, native and legacy interfaces.

Wraps: `Cursor.execute`, `executemany` and `callproc` of `pg8000.dbapi` and of `pg8000.legacy` (which is
`pg8000.connect`); `Connection.run` and `PreparedStatement.run` of `pg8000.native`, and the latter of
`pg8000.legacy`; the constructor of connections, which alone knows the host and the database.
Records: a subsegment per call, named `database@host` (of a connection made before the patch,
`postgresql`), namespace remote, URL without password, user, versions, the statement without literals when
`stream_sql` is on.
Never records: parameters, rows, literals, passwords, what is copied.
Propagates: nothing.
"""

from __future__ import annotations

import sys

from .. import replace
from . import dbapi, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any

_PLACE = "_lambda_tracer_place"


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `pg8000.core`, `.dbapi`, `.legacy` or `.native`."""
    name = module.__name__.rpartition(".")[2]
    if name == "core":
        return [(module.CoreConnection, "__init__", _remember)]
    found: list[replace.Target] = []
    if name != "dbapi":
        found.append((module.PreparedStatement, "run", _prepared))
    if name == "native":
        return [(module.Connection, "run", dbapi.traced(_describe_connection)), *found]
    statement = dbapi.traced(_describe_cursor)
    found += [(module.Cursor, "execute", statement), (module.Cursor, "executemany", statement)]
    return found + dbapi.present(module.Cursor, ["callproc"], dbapi.traced(_describe_cursor, dbapi.procedure))


def _remember(init: Callable[..., None]) -> Callable[..., None]:
    def remember_place(self: Any, /, *args: Any, **kwargs: Any) -> None:
        given = {**dict(zip(("user", "host", "database", "port"), args, strict=False)), **kwargs}
        host = given.get("unix_sock") or given.get("host", "localhost")
        setattr(self, _PLACE, (host, given.get("port", 5432), given.get("database") or given.get("user")))
        init(self, *args, **kwargs)

    return remember_place


def _prepared(run: Callable[..., Any]) -> Callable[..., Any]:
    return dbapi.traced(lambda statement: _describe_connection(statement.con), _text)(run)


def _text(statement: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
    return getattr(statement, "statement", None) or getattr(statement, "operation", None)


def _describe_cursor(cursor: Any) -> dbapi.Described:
    return _describe_connection(getattr(cursor, "_c", None))


def _describe_connection(connection: Any) -> dbapi.Described:
    host, port, database = getattr(connection, _PLACE, (None, None, None))
    return dbapi.described(
        "postgresql",
        getattr(connection, "user", None),
        host,
        port,
        database,
        text.POSTGRESQL,
        database_type="PostgreSQL",
        database_version=(getattr(connection, "parameter_statuses", None) or {}).get("server_version"),
        driver_version=f"pg8000 {dbapi.version_of(sys.modules.get('pg8000'))}",
    )

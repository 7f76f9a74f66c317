"""PostgreSQL under asyncio, through asyncpg.

Wraps: the methods of Connection that run a statement, which pools' connections call too, those of
PreparedStatement, and the first step of a cursor.
Records: a subsegment per call, named `database@host`, namespace remote, URL without password, user,
versions, the statement without literals when `stream_sql` is on.
Never records: arguments, rows, literals, passwords, what is copied; nor the statements that asyncpg makes
up itself: those of transactions, and what resets a connection before it returns to a pool.
Propagates: nothing.
"""

from __future__ import annotations

import functools
import sys

from .. import database, replace
from . import dbapi
from . import text as sql_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any

_STATEMENTS = ("execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany", "copy_from_query")
_TABLE_COPIES = {
    "copy_from_table": "COPY {} TO STDOUT",
    "copy_to_table": "COPY {} FROM STDIN",
    "copy_records_to_table": "COPY {} FROM STDIN",
}
_PREPARED = ("fetch", "fetchrow", "fetchval", "fetchmany", "executemany")
_OWN = ("start", "commit", "rollback", "__aexit__")


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `asyncpg.connection`, `.prepared_stmt`, `.cursor` or `.transaction`."""
    name = module.__name__.rpartition(".")[2]
    traced = functools.partial(dbapi.traced, is_async=True)
    if name == "prepared_stmt":
        statement = traced(lambda prepared: _describe(prepared._connection), _prepared_text)
        return dbapi.present(module.PreparedStatement, _PREPARED, statement)
    if name == "cursor":
        statement = traced(lambda cursor: _describe(cursor._connection), _cursor_text)
        return dbapi.present(module.BaseCursor, ("_bind_exec", "_bind"), statement)
    if name == "transaction":
        return dbapi.present(module.Transaction, _OWN, _quiet)
    found = dbapi.present(module.Connection, _STATEMENTS, traced(_describe))
    for copy, form in _TABLE_COPIES.items():
        found += dbapi.present(module.Connection, [copy], traced(_describe, _copied(form)))
    return found + dbapi.present(module.Connection, ("reset",), _quiet)


def _quiet(method: Callable[..., Any]) -> Callable[..., Any]:
    async def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        with database.Quiet():
            return await method(self, *args, **kwargs)

    return call


def _copied(form: str) -> dbapi.Text:
    def text(connection: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
        table = args[0] if args else kwargs.get("table_name")
        return form.format(table) if isinstance(table, str) else None

    return text


def _prepared_text(prepared: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
    return prepared._query


def _cursor_text(cursor: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
    return cursor._query or getattr(cursor._state, "query", None)


def _describe(connection: Any) -> dbapi.Described:
    address = getattr(connection, "_addr", None)
    host, port = address if isinstance(address, tuple) else (address, None)
    parameters = getattr(connection, "_params", None)
    version = getattr(connection, "_server_version", None)
    return dbapi.described(
        "postgresql",
        getattr(parameters, "user", None),
        host,
        port,
        getattr(parameters, "database", None),
        sql_text.POSTGRESQL,
        database_type="PostgreSQL",
        database_version=f"{version.major}.{version.minor}" if version else None,
        driver_version=f"asyncpg {dbapi.version_of(sys.modules.get('asyncpg'))}",
    )

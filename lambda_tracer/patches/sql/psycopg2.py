"""PostgreSQL, through psycopg2.

Wraps: `psycopg2._connect`, which `psycopg2.connect` calls, however it was imported, to give connections
and cursors of subclasses: the classes are written in C. A `connection_factory` or `cursor_factory` class
gets ours below it, between itself and the C class. Connections made before the patch, or without
`connect`, stay untraced.
Records: a subsegment per `execute`, `executemany`, `callproc`, `copy_from`, `copy_to` and `copy_expert`,
named `database@host`, namespace remote, URL without password, user, versions, the statement without
literals when `stream_sql` is on.
Never records: parameters, rows, literals, passwords, what is copied.
Propagates: nothing.
"""

from __future__ import annotations

import sys

from .. import replace
from . import dbapi
from . import text as sql_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any

_is_on = False
_connection: Any = None
_cursor: Any = None
_C_CONNECTION: Any = None
_C_CURSOR: Any = None


def patch(module: ModuleType) -> None:
    """Patch `psycopg2`."""
    global _is_on
    _make_classes(module)
    replace.replace([(module, "_connect", _connect)])
    _is_on = True


def unpatch(module: ModuleType) -> None:
    """Undo `patch`; connections made in the meantime record no more."""
    global _is_on
    _is_on = False
    replace.restore([(module, "_connect")])


def _make_classes(module: Any) -> None:
    global _C_CONNECTION, _C_CURSOR, _connection, _cursor
    if _connection is not None:
        return
    _C_CONNECTION, _C_CURSOR = module.extensions.connection, module.extensions.cursor
    texts = {
        "execute": _query,
        "executemany": _query,
        "copy_expert": _query,
        "callproc": dbapi.procedure,
        "copy_from": lambda *call: _copy("COPY {} FROM STDIN", call),
        "copy_to": lambda *call: _copy("COPY {} TO STDOUT", call),
    }
    _cursor = dbapi.subclass(_C_CURSOR, {name: _statement(text) for name, text in texts.items()})
    _connection = dbapi.subclass(_C_CONNECTION, {"cursor": _with_traced_cursor})


def _statement(text: Any) -> Callable[[Any], Any]:
    make = dbapi.traced(_describe, text)

    def made(method: Callable[..., Any]) -> Callable[..., Any]:
        traced = make(method)

        def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            return (traced if _is_on else method)(self, *args, **kwargs)

        return call

    return made


def _connect(connect: Callable[..., Any]) -> Callable[..., Any]:
    def connect_traced(dsn: Any, connection_factory: Any = None, **kwargs: Any) -> Any:
        factory = _C_CONNECTION if connection_factory is None else connection_factory
        factory = dbapi.below(factory, _C_CONNECTION, _connection)
        return connect(dsn, connection_factory=factory, **kwargs)

    return connect_traced


def _with_traced_cursor(cursor: Callable[..., Any]) -> Callable[..., Any]:
    def cursor_traced(
        self: Any, /, name: Any = None, cursor_factory: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        factory = cursor_factory if cursor_factory is not None else self.cursor_factory
        factory = dbapi.below(_C_CURSOR if factory is None else factory, _C_CURSOR, _cursor)
        return cursor(self, name, factory, *args, **kwargs)

    return cursor_traced


def _query(cursor: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
    return dbapi.composed(dbapi.first_argument(cursor, args, kwargs), cursor)


def _copy(form: str, call: Any) -> object:
    _, args, kwargs = call
    table = args[1] if len(args) > 1 else kwargs.get("table")
    return form.format(table) if isinstance(table, str) else None


def _describe(cursor: Any) -> Any:
    connection: Any = getattr(cursor, "connection", None)
    is_open = connection is not None and not connection.closed
    info: Any = connection.info if is_open else None
    return dbapi.described(
        "postgresql",
        info and info.user,
        (info and info.host) or "localhost",
        info and info.port,
        info and info.dbname,
        sql_text.POSTGRESQL,
        database_type="PostgreSQL",
        database_version=connection.server_version if is_open else None,
        driver_version=f"psycopg2 {dbapi.version_of(sys.modules.get('psycopg2'))}",
    )

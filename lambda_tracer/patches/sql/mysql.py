"""MySQL and MariaDB, through MySQL Connector/Python: its C extension, its pure Python and its asyncio
classes.

Wraps: `execute`, `executemany` and `callproc` of the cursor classes that have their own; the others
inherit them.
Records: a subsegment per call, named `database@host`, namespace remote, URL without password, user,
versions, the statement without literals when `stream_sql` is on. Of `execute(..., multi=True)` in versions
that have it, the call, not the iteration.
Never records: parameters, rows, literals, passwords.
Propagates: nothing.
"""

from __future__ import annotations

import functools
import sys

from ...guard import pass_on
from .. import replace
from . import dbapi, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `mysql.connector.cursor`, `.cursor_cext` or `.aio.cursor`."""
    # To fill in parameters the driver may ask the server how to quote, on a cursor of its own.
    traced = functools.partial(dbapi.traced, is_async=".aio." in module.__name__, is_quiet_below=True)
    prefix = "CMySQL" if module.__name__.endswith("_cext") else "MySQL"
    cursor = getattr(module, f"{prefix}Cursor")
    prepared = getattr(module, f"{prefix}CursorPrepared")
    statement = traced(_describe)
    return [
        (cursor, "execute", statement),
        (cursor, "executemany", statement),
        (cursor, "callproc", traced(_describe, dbapi.procedure)),
        (prepared, "execute", statement),
        (prepared, "executemany", statement),
    ]


def _describe(cursor: Any) -> dbapi.Described:
    connection = getattr(cursor, "_connection", None)
    settings: dict[str, Any] = {}
    version = None
    try:
        # Not `connection.database`: that asks the server.
        for key in ("user", "host", "port", "database", "unix_socket"):
            settings[key] = getattr(connection, f"_{key}", None)
        version = _version(connection)
    except ReferenceError as error:  # cursors refer to their connection weakly
        pass_on(error)
    return dbapi.described(
        "mysql",
        settings.get("user"),
        settings.get("unix_socket") or settings.get("host"),
        settings.get("port"),
        settings.get("database"),
        text.MYSQL,
        database_type="mysql",
        database_version=version,
        driver_version=f"MySQL Connector/Python {dbapi.version_of(sys.modules.get('mysql.connector'))}",
    )


def _version(connection: Any) -> str | None:
    info = getattr(connection, "server_info", None)
    if isinstance(info, str):
        return dbapi.mysql_version(info)
    version = getattr(connection, "_server_version", None)  # in older versions of the driver
    return ".".join(map(str, version)) if isinstance(version, tuple) else None

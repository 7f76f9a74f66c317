"""MySQL and MariaDB, through PyMySQL.

Wraps: `Cursor.execute`, `executemany` and `callproc`, which every cursor class inherits.
Records: a subsegment per call, named `database@host`, namespace remote, URL without password, user,
versions, the statement without literals when `stream_sql` is on. `executemany` is one, however many
statements it sends.
Never records: parameters, rows, literals, passwords.
Propagates: nothing.
"""

from __future__ import annotations

import sys

from .. import replace
from . import dbapi, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


def targets(module: ModuleType) -> list[replace.Target]:
    """What is replaced in `pymysql.cursors`."""
    statement = dbapi.traced(_describe)
    cursor = module.Cursor
    return [
        (cursor, "execute", statement),
        (cursor, "executemany", statement),
        (cursor, "callproc", dbapi.traced(_describe, dbapi.procedure)),
    ]


def _describe(cursor: Any) -> dbapi.Described:
    connection = cursor.connection  # None once the cursor is closed
    return dbapi.described(
        "mysql",
        getattr(connection, "user", None),
        getattr(connection, "unix_socket", None) or getattr(connection, "host", None),
        getattr(connection, "port", None),
        getattr(connection, "db", None),
        text.MYSQL,
        database_type="MySQL",
        database_version=dbapi.mysql_version(getattr(connection, "server_version", None)),
        # Not __version__: that is the version of mysqlclient that it can stand in for.
        driver_version=f"PyMySQL {getattr(sys.modules.get('pymysql'), 'VERSION_STRING', '')}".rstrip(),
    )

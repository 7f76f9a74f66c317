"""What psycopg2 and psycopg 3 share: libpq's connections, and queries that are composed of parts."""

from __future__ import annotations

import sys

from . import dbapi, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def query(cursor: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
    """The text of the statement that is a call's first argument."""
    return composed(dbapi.first_argument(cursor, args, kwargs), cursor)


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


def describe(driver: str, cursor: Any) -> dbapi.Described:
    """What a cursor's connection says of its database, as long as it is open; `driver` is the library."""
    connection = getattr(cursor, "connection", None)
    info = None if connection is None or connection.closed else connection.info
    return dbapi.described(
        "postgresql",
        info and info.user,
        (info and info.host) or "localhost",
        info and info.port,
        info and info.dbname,
        text.POSTGRESQL,
        database_type="PostgreSQL",
        database_version=info and info.server_version,
        driver_version=f"{driver} {dbapi.version_of(sys.modules.get(driver))}",
    )

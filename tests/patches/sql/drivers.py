"""The SQL drivers, each behind the same handful of methods, for the contract that all of them keep."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from tests.patches.sql import servers as sql_servers
from tests.patches.sql.servers import DATABASE, HOST, PASSWORD, USER

SERVER_NAME = f"{DATABASE}@{HOST}"


class Session:
    """A connection, used."""

    def __init__(self, driver: Driver, connection: Any) -> None:
        self.driver = driver
        self.connection = connection

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement and fetch what it returns."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(statement, values) if values else cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            cursor.close()

    def executemany(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        cursor = self.connection.cursor()
        cursor.executemany(statement, rows if self.driver.has_lazy_rows else list(rows))
        cursor.close()


class Driver:
    """How one driver is used."""

    id: str
    library: str
    """What it is called in `patch`."""

    module: str
    targets: tuple[tuple[str, str, str], ...]
    """What is replaced: module, class (empty for a function of the module), name."""

    placeholder: ClassVar[str] = "%s"
    database_type: ClassVar[str] = "PostgreSQL"
    is_async: ClassVar[bool] = False
    has_executemany: ClassVar[bool] = True
    has_lazy_rows: ClassVar[bool] = True
    """Whether `executemany` takes a generator as it is."""

    traces_existing: ClassVar[bool] = True
    """Whether connections made before the patch are traced."""

    @property
    def name(self) -> str:
        """The name of its subsegments."""
        return SERVER_NAME

    def server(self) -> Any:
        return sql_servers.postgresql()

    def marks(self, count: int) -> str:
        return ", ".join([self.placeholder] * count)

    def connect(self, port: int) -> Any:
        raise NotImplementedError

    @contextmanager
    def session(self) -> Iterator[Any]:
        connection = self.connect(self.server().port)
        try:
            yield Session(self, connection)
        finally:
            connection.close()

    def refused(self) -> None:
        """Connect to where nobody listens."""
        self.connect(sql_servers.free_port())

    too_slow: ClassVar[tuple[str, ...]] = ("SET statement_timeout = 50", "SELECT pg_sleep(20)")
    """Statements of which the server ends the last one."""


class Sqlite3(Driver):
    id = library = module = "sqlite3"
    targets = (("sqlite3", "", "connect"), ("sqlite3.dbapi2", "", "connect"))
    placeholder = "?"
    database_type = "sqlite3"
    traces_existing = False
    # A recursive query that would count for minutes; the progress handler of `connect` ends it.
    too_slow = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0",
    )

    @property
    def name(self) -> str:
        return ":memory:"

    def server(self) -> Any:
        return sql_servers.Server(0, "")

    def connect(self, port: int) -> Any:
        import sqlite3

        connection = sqlite3.connect(self.name)
        connection.set_progress_handler(lambda: 1, 2_000_000)
        return connection

    def refused(self) -> None:
        import sqlite3

        sqlite3.connect(os.fspath(Path("/nowhere/at/all")))


class PyMySQL(Driver):
    id = library = module = "pymysql"
    targets = tuple(("pymysql.cursors", "Cursor", name) for name in ("execute", "executemany", "callproc"))
    database_type = "MySQL"
    too_slow = ("SET max_statement_time = 0.05", "CREATE TEMPORARY TABLE slow AS SELECT SLEEP(20)")

    def server(self) -> Any:
        return sql_servers.mariadb()

    def connect(self, port: int) -> Any:
        import pymysql

        return pymysql.connect(host=HOST, port=port, user=USER, password=PASSWORD, database=DATABASE)


class MySQL(PyMySQL):
    id = "mysql-c"
    library = "mysql"
    module = "mysql.connector"
    targets = tuple(
        (f"mysql.connector.cursor{suffix}", f"{prefix}Cursor{kind}", name)
        for prefix, suffix in (("MySQL", ""), ("CMySQL", "_cext"))
        for kind, names in (
            ("", ("execute", "executemany", "callproc")),
            ("Prepared", ("execute", "executemany")),
        )
        for name in names
    )
    database_type = "mysql"
    use_pure = False
    has_lazy_rows = False

    def settings(self, port: int) -> dict[str, Any]:
        where = {"host": HOST, "port": port, "user": USER, "password": PASSWORD, "database": DATABASE}
        # MariaDB knows none of MySQL 8's collations.
        return {**where, "collation": "utf8mb4_general_ci", "ssl_disabled": True}

    def connect(self, port: int) -> Any:
        import mysql.connector

        return mysql.connector.connect(**self.settings(port), use_pure=self.use_pure)


class PureMySQL(MySQL):
    id = "mysql-pure"
    use_pure = True


class Psycopg2(Driver):
    id = library = module = "psycopg2"
    targets = (("psycopg2", "", "_connect"),)
    traces_existing = False

    def connect(self, port: int) -> Any:
        import psycopg2

        return psycopg2.connect(host=HOST, port=port, user=USER, password=PASSWORD, dbname=DATABASE)


class Psycopg(Driver):
    id = library = module = "psycopg"
    targets = tuple(
        ("psycopg", owner, name)
        for owner in ("Cursor", "AsyncCursor", "ServerCursor", "AsyncServerCursor")
        for name in ("execute", *(() if "Server" in owner else ("executemany", "stream", "copy")))
    )

    def connect(self, port: int) -> Any:
        import psycopg

        return psycopg.connect(host=HOST, port=port, user=USER, password=PASSWORD, dbname=DATABASE)


class Pg8000(Driver):
    id = "pg8000-dbapi"
    library = "pg8000"
    module = "pg8000.dbapi"
    targets = (
        ("pg8000.core", "CoreConnection", "__init__"),
        ("pg8000.dbapi", "Cursor", "execute"),
        ("pg8000.dbapi", "Cursor", "executemany"),
        ("pg8000.dbapi", "Cursor", "callproc"),
        ("pg8000.legacy", "Cursor", "execute"),
        ("pg8000.legacy", "Cursor", "executemany"),
        ("pg8000.legacy", "PreparedStatement", "run"),
        ("pg8000.native", "Connection", "run"),
        ("pg8000.native", "PreparedStatement", "run"),
    )

    def connect(self, port: int) -> Any:
        import pg8000.dbapi

        return pg8000.dbapi.connect(host=HOST, port=port, user=USER, password=PASSWORD, database=DATABASE)


class Pg8000Legacy(Pg8000):
    id = "pg8000"
    module = "pg8000"

    def connect(self, port: int) -> Any:
        import pg8000

        return pg8000.connect(host=HOST, port=port, user=USER, password=PASSWORD, database=DATABASE)


class Pg8000Native(Pg8000):
    id = "pg8000-native"
    module = "pg8000.native"
    has_executemany = False

    def marks(self, count: int) -> str:
        return ", ".join(f":v{number}" for number in range(count))

    def connect(self, port: int) -> Any:
        import pg8000.native

        return pg8000.native.Connection(host=HOST, port=port, user=USER, password=PASSWORD, database=DATABASE)

    @contextmanager
    def session(self) -> Iterator[Any]:
        connection = self.connect(self.server().port)
        try:
            yield NativeSession(self, connection)
        finally:
            connection.close()


class NativeSession(Session):
    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        named = {f"v{number}": value for number, value in enumerate(values)}
        return [tuple(row) for row in self.connection.run(statement, **named) or ()]


# Under asyncio


class AsyncSession(Session):
    """A connection in a loop of its own."""

    def __init__(self, driver: AsyncDriver, connection: Any, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(driver, connection)
        self.async_driver = driver
        self.loop = loop

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.loop.run_until_complete(
            self.async_driver.execute(self.connection, statement, *values)
        )
        return rows

    def executemany(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self.loop.run_until_complete(self.async_driver.executemany(self.connection, statement, rows))


class AsyncDriver(Driver):
    is_async = True

    async def open(self, port: int) -> Any:
        raise NotImplementedError

    async def close(self, connection: Any) -> None:
        await connection.close()

    async def discard(self, connection: Any) -> None:
        """Close it, whatever it is in the middle of."""
        await self.close(connection)

    async def execute(self, connection: Any, statement: str, *values: Any) -> Any:
        cursor = connection.cursor()
        await cursor.execute(statement, values or None)
        rows = [tuple(row) for row in await cursor.fetchall()] if cursor.description else []
        await cursor.close()
        return rows

    async def executemany(self, connection: Any, statement: str, rows: Any) -> None:
        cursor = connection.cursor()
        await cursor.executemany(statement, rows)
        await cursor.close()

    @contextmanager
    def session(self) -> Iterator[Any]:
        loop = asyncio.new_event_loop()
        try:
            connection = loop.run_until_complete(self.open(self.server().port))
            try:
                yield AsyncSession(self, connection, loop)
            finally:
                loop.run_until_complete(self.close(connection))
                loop.run_until_complete(asyncio.sleep(0.01))  # transports close in the loop's next rounds
        finally:
            loop.close()

    def refused(self) -> None:
        asyncio.run(self.open(sql_servers.free_port()))

    sleep: ClassVar[str] = "SELECT pg_sleep(20)"


class Aiosqlite(AsyncDriver):
    id = library = module = "aiosqlite"
    targets = (("aiosqlite.core", "Connection", "_execute"),)
    placeholder = "?"
    database_type = "sqlite3"
    traces_existing = False
    too_slow = Sqlite3.too_slow
    sleep = ""

    @property
    def name(self) -> str:
        return ":memory:"

    def server(self) -> Any:
        return sql_servers.Server(0, "")

    async def open(self, port: int) -> Any:
        import aiosqlite

        connection = await aiosqlite.connect(self.name)
        await connection.set_progress_handler(lambda: 1, 2_000_000)
        return connection

    async def execute(self, connection: Any, statement: str, *values: Any) -> Any:
        async with connection.execute(statement, values) as cursor:
            return [tuple(row) for row in await cursor.fetchall()]

    async def executemany(self, connection: Any, statement: str, rows: Any) -> None:
        await connection.executemany(statement, rows)

    def refused(self) -> None:
        async def main() -> None:
            import aiosqlite

            try:
                _ = await aiosqlite.connect("/nowhere/at/all")
            finally:
                await asyncio.sleep(0.05)  # its thread reports its end to the loop

        asyncio.run(main())


class AsyncMySQL(AsyncDriver, MySQL):
    id = "mysql-aio"
    module = "mysql.connector.aio"
    targets = tuple(
        ("mysql.connector.aio.cursor", f"MySQLCursor{kind}", name)
        for kind, names in (
            ("", ("execute", "executemany", "callproc")),
            ("Prepared", ("execute", "executemany")),
        )
        for name in names
    )
    sleep = "SELECT SLEEP(20)"

    async def open(self, port: int) -> Any:
        import mysql.connector.aio

        return await mysql.connector.aio.connect(**self.settings(port))

    async def discard(self, connection: Any) -> None:
        await connection.shutdown()

    async def execute(self, connection: Any, statement: str, *values: Any) -> Any:
        cursor = await connection.cursor()
        await cursor.execute(statement, values)
        rows = [tuple(row) for row in await cursor.fetchall()] if cursor.description else []
        await cursor.close()
        return rows

    async def executemany(self, connection: Any, statement: str, rows: Any) -> None:
        cursor = await connection.cursor()
        await cursor.executemany(statement, rows)
        await cursor.close()


class AsyncPsycopg(AsyncDriver, Psycopg):
    id = "psycopg-async"

    async def open(self, port: int) -> Any:
        import psycopg

        return await psycopg.AsyncConnection.connect(
            host=HOST, port=port, user=USER, password=PASSWORD, dbname=DATABASE
        )


class Asyncpg(AsyncDriver):
    id = library = module = "asyncpg"
    targets = (
        *(
            ("asyncpg.connection", "Connection", name)
            for name in (
                "execute",
                "executemany",
                "fetch",
                "fetchrow",
                "fetchval",
                "copy_from_query",
                "reset",
            )
        ),
        *(("asyncpg.prepared_stmt", "PreparedStatement", name) for name in ("fetch", "fetchrow", "fetchval")),
        ("asyncpg.cursor", "BaseCursor", "_bind_exec"),
        ("asyncpg.transaction", "Transaction", "commit"),
    )

    def marks(self, count: int) -> str:
        return ", ".join(f"${number}" for number in range(1, count + 1))

    async def open(self, port: int) -> Any:
        import asyncpg

        return await asyncpg.connect(host=HOST, port=port, user=USER, password=PASSWORD, database=DATABASE)

    async def execute(self, connection: Any, statement: str, *values: Any) -> Any:
        return [tuple(row) for row in await connection.fetch(statement, *values)]

    async def executemany(self, connection: Any, statement: str, rows: Any) -> None:
        await connection.executemany(statement, rows)


DRIVERS: list[Driver] = [
    Sqlite3(),
    PyMySQL(),
    MySQL(),
    PureMySQL(),
    Psycopg2(),
    Psycopg(),
    Pg8000(),
    Pg8000Legacy(),
    Pg8000Native(),
    Aiosqlite(),
    AsyncMySQL(),
    AsyncPsycopg(),
    Asyncpg(),
]

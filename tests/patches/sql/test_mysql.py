"""The MySQL drivers patched behave as they do: what a wrapper typically breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lambda_tracer import patch
from lambda_tracer.patches.unpatch import unpatch_all
from tests.daemon import Daemon
from tests.patches.sql.drivers import MySQL, PureMySQL, PyMySQL
from tests.patches.sql.servers import DATABASE, HOST, PASSWORD, USER, mariadb

NAME = f"{DATABASE}@{HOST}"

# SET and SELECT of the procedure's arguments are the drivers' own.
PROCEDURE = "CREATE OR REPLACE PROCEDURE twice(IN a INTEGER, OUT b INTEGER) SET b = 2 * a"


@pytest.fixture(autouse=True)
def _patched(daemon: Daemon) -> Iterator[None]:
    mariadb()
    patch(["pymysql", "mysql"])
    yield
    unpatch_all()


def statements(daemon: Daemon) -> list[str]:
    """The text of what was recorded, in the order of its beginning."""
    calls = sorted(daemon.subsegments(), key=lambda call: call["start_time"])
    return [call["sql"]["sanitized_query"] for call in calls]


class TestPyMySQL:
    @pytest.fixture
    def pymysql(self) -> Any:
        pytest.importorskip("pymysql.cursors", reason="pymysql is not installed")
        import pymysql

        return pymysql

    @pytest.fixture
    def connection(self, pymysql: Any) -> Iterator[Any]:
        connection = PyMySQL().connect(mariadb().port)
        yield connection
        connection.close()

    @pytest.mark.parametrize("kind", ["DictCursor", "SSCursor", "SSDictCursor"])
    def test_every_cursor_class_is_traced(
        self, pymysql: Any, connection: Any, daemon: Daemon, kind: str
    ) -> None:
        cursor_class = getattr(pymysql.cursors, kind)

        with connection.cursor(cursor_class) as cursor:
            affected = cursor.execute("SELECT 1 AS one UNION SELECT 2")
            rows = list(cursor.fetchall_unbuffered() if kind.startswith("SS") else cursor)

        assert type(cursor) is cursor_class
        assert [row["one"] if "Dict" in kind else row[0] for row in rows] == [1, 2]
        assert affected == (2 if kind == "DictCursor" else 18446744073709551615)
        daemon.expect_tree(NAME)

    def test_a_procedure_is_one_subsegment(self, connection: Any, daemon: Daemon) -> None:
        with connection.cursor() as cursor:
            cursor.execute(PROCEDURE)
            cursor.callproc("twice", (4, 0))
            cursor.execute("SELECT @_twice_1")
            row = cursor.fetchone()

        assert row == (8,)
        assert statements(daemon)[1:] == ["CALL twice", "SELECT @_twice_1"]

    def test_a_connection_class_made_directly_and_a_subclassed_cursor(
        self, pymysql: Any, daemon: Daemon
    ) -> None:
        class Cursor(pymysql.cursors.Cursor):  # type: ignore[misc]
            def execute(self, query: str, args: Any = None) -> Any:
                return super().execute(f"{query} + 1", args)

        connection = pymysql.connections.Connection(
            host=HOST, port=mariadb().port, user=USER, password=PASSWORD, cursorclass=Cursor
        )
        with connection.cursor() as cursor:
            cursor.execute(query="SELECT %s", args=(1,))
            row = cursor.fetchone()

        assert row == (2,)
        daemon.expect_tree(HOST)  # it has no database
        assert statements(daemon) == ["SELECT %s + ?"]
        connection.close()

    def test_a_socket_is_named_localhost_and_a_closed_cursor_raises(
        self, pymysql: Any, daemon: Daemon
    ) -> None:
        connection = pymysql.connect(unix_socket=mariadb().socket, user="root", database=DATABASE)
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        cursor.close()

        with pytest.raises(pymysql.ProgrammingError, match="Cursor closed"):
            cursor.execute("SELECT 2")

        assert daemon.subsegments()[0]["name"] == f"{DATABASE}@localhost"
        connection.close()


@pytest.mark.parametrize("driver", [MySQL(), PureMySQL()], ids=lambda driver: driver.id)
class TestConnectorPython:
    @pytest.fixture
    def connection(self, driver: MySQL) -> Iterator[Any]:
        connector = pytest.importorskip("mysql.connector", reason="mysql.connector is not installed")
        if not (driver.use_pure or connector.HAVE_CEXT):
            pytest.skip("the C extension of mysql.connector cannot be loaded")
        connection = driver.connect(driver.server().port)
        yield connection
        connection.close()

    @pytest.mark.parametrize(
        "options", [{"dictionary": True}, {"buffered": True}, {"raw": True}, {"prepared": True}]
    )
    def test_every_cursor_class_is_traced_once(
        self, connection: Any, daemon: Daemon, options: dict[str, bool]
    ) -> None:
        with connection.cursor(**options) as cursor:
            cursor.execute("SELECT %s AS one", ("x",))
            rows = cursor.fetchall()

        assert [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in rows] in (
            [("x",)],
            [(b"x",)],
        )
        daemon.expect_tree(NAME)

    def test_a_procedure_is_one_subsegment(self, connection: Any, daemon: Daemon) -> None:
        with connection.cursor() as cursor:
            cursor.execute(PROCEDURE)
            result = cursor.callproc("twice", (4, 0))

        assert tuple(result) == (4, 8)
        assert statements(daemon)[1:] == ["CALL twice"]

    def test_a_pooled_connection_is_traced(self, connection: Any, driver: MySQL, daemon: Daemon) -> None:
        from mysql.connector import pooling

        pool = pooling.MySQLConnectionPool(
            pool_size=1, pool_name=driver.id, use_pure=driver.use_pure, **driver.settings(mariadb().port)
        )
        pooled = pool.get_connection()
        with pooled.cursor() as cursor:
            cursor.execute("SELECT 1")
            row = cursor.fetchone()
        pooled.close()

        assert row == (1,)
        daemon.expect_tree(NAME)
        pool._remove_connections()

"""The PostgreSQL drivers patched behave as they do: what a wrapper typically breaks."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_tracer import patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch_all
from tests.daemon import Daemon
from tests.patches.sql.servers import DATABASE, HOST, PASSWORD, USER, postgresql

NAME = f"{DATABASE}@{HOST}"


@pytest.fixture(autouse=True)
def _patched(daemon: Daemon) -> Iterator[None]:
    postgresql()
    patch(["psycopg2", "psycopg", "pg8000", "asyncpg"])
    yield
    unpatch_all()


def where(database: str = "dbname") -> dict[str, Any]:
    """The keyword arguments for `connect`."""
    return {"host": HOST, "port": postgresql().port, "user": USER, "password": PASSWORD, database: DATABASE}


def statements(daemon: Daemon) -> list[str]:
    """The text of what was recorded, in the order of its beginning."""
    calls = sorted(daemon.subsegments(), key=lambda call: call["start_time"])
    return [call["sql"]["sanitized_query"] for call in calls]


class TestPsycopg2:
    @pytest.fixture
    def psycopg2(self) -> Any:
        pytest.importorskip("psycopg2.extras", reason="psycopg2 is not installed")
        import psycopg2

        return psycopg2

    @pytest.fixture
    def connection(self, psycopg2: Any) -> Iterator[Any]:
        connection = psycopg2.connect(**where())
        yield connection
        connection.close()

    def test_registrations_take_the_connection(self, psycopg2: Any, connection: Any, daemon: Daemon) -> None:
        extensions, extras = psycopg2.extensions, psycopg2.extras

        extensions.register_type(extensions.UNICODE, connection)
        extensions.register_type(extensions.UNICODE, connection.cursor())
        extras.register_default_jsonb(connection)
        extras.register_default_jsonb(
            conn_or_curs=connection, loads=lambda text: ("loaded", json.loads(text))
        )
        extras.register_uuid(conn_or_curs=connection)
        with connection.cursor() as cursor:
            cursor.execute("SELECT '[1]'::jsonb, '00000000-0000-0000-0000-000000000001'::uuid")
            row = cursor.fetchone()

        assert row == (("loaded", [1]), uuid.UUID(int=1))
        assert extensions.quote_ident('a"b', connection) == '"a""b"'
        assert extensions.quote_ident('a"b', connection.cursor()) == '"a""b"'
        daemon.expect_tree(NAME)

    def test_with_commits_and_gives_the_connection(
        self, psycopg2: Any, connection: Any, daemon: Daemon
    ) -> None:
        with connection as entered, connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE t (a integer)")
        with pytest.raises(psycopg2.Error), connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO t VALUES ('not a number')")

        assert entered is connection
        assert isinstance(connection, psycopg2.extensions.connection)
        assert connection.status == psycopg2.extensions.STATUS_READY
        daemon.expect_tree(f"""
            {NAME}
            {NAME}  fault InvalidTextRepresentation
        """)

    @pytest.mark.parametrize("given", ["connect", "connection", "cursor", "attribute"])
    @pytest.mark.parametrize("kind", ["DictCursor", "RealDictCursor", "NamedTupleCursor"])
    def test_a_cursor_factory_is_used_and_traced_once(
        self, psycopg2: Any, daemon: Daemon, given: str, kind: str
    ) -> None:
        factory = getattr(psycopg2.extras, kind)
        connections = {"connection_factory": getattr(psycopg2.extras, kind.replace("Cursor", "Connection"))}
        options = {"connect": {"cursor_factory": factory}, "connection": connections}.get(given, {})
        connection = psycopg2.connect(**where(), **options)
        if given == "attribute":
            connection.cursor_factory = factory

        with connection.cursor(**({"cursor_factory": factory} if given == "cursor" else {})) as cursor:
            cursor.execute("SELECT 1 AS one")
            row = cursor.fetchone()

        assert isinstance(cursor, factory)
        assert (row.one if kind == "NamedTupleCursor" else row["one"]) == 1
        daemon.expect_tree(NAME)
        connection.close()

    def test_a_connection_factory_of_the_users_is_used(self, psycopg2: Any, daemon: Daemon) -> None:
        made = []

        class Connection(psycopg2.extensions.connection):  # type: ignore[misc]
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                made.append(self)

            def cursor(self, *args: Any, **kwargs: Any) -> Any:
                cursor = super().cursor(*args, **kwargs)
                cursor.arraysize = 7
                return cursor

        connection = psycopg2.connect(connection_factory=Connection, **where())
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

        assert made == [connection]
        assert isinstance(connection, Connection)
        assert cursor.arraysize == 7
        daemon.expect_tree(NAME)
        connection.close()

    def test_a_server_side_cursor_fetches_in_pieces(self, connection: Any, daemon: Daemon) -> None:
        with connection.cursor("named", scrollable=True, withhold=False) as cursor:
            cursor.itersize = 2
            cursor.execute("SELECT generate_series(1, 5)")
            rows = [row[0] for row in cursor]

        assert cursor.name == "named"
        assert rows == [1, 2, 3, 4, 5]
        assert statements(daemon) == ["SELECT generate_series(?, ?)"]

    def test_copy_and_procedures_are_recorded(self, connection: Any, daemon: Daemon) -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE copied (a integer)")
            cursor.copy_from(io.StringIO("1\n2\n"), "copied")
            cursor.copy_to(out := io.StringIO(), "copied")
            cursor.copy_expert("COPY (SELECT 'x' FROM copied) TO STDOUT", io.StringIO())
            cursor.callproc("upper", ["x"])
            upper = cursor.fetchone()

        assert out.getvalue() == "1\n2\n"
        assert upper == ("X",)
        assert statements(daemon)[1:] == [
            "COPY copied FROM STDIN",
            "COPY copied TO STDOUT",
            "COPY (SELECT ? FROM copied) TO STDOUT",
            "CALL upper",
        ]

    def test_composed_statements_are_shown_without_their_literals(
        self, psycopg2: Any, connection: Any, daemon: Daemon
    ) -> None:
        from psycopg2 import sql

        query = sql.SQL("SELECT {} AS {} WHERE {} = %s").format(
            sql.Literal("canary"), sql.Identifier("a b"), sql.Literal(1)
        )
        with connection.cursor() as cursor:
            cursor.execute(query, (1,))
            rows = cursor.fetchall()

        assert rows == [("canary",)]
        assert statements(daemon) == ['SELECT ? AS "a b" WHERE ? = %s']

    def test_execute_values_and_batch_are_recorded_as_they_are_sent(
        self, psycopg2: Any, connection: Any, daemon: Daemon
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE pages (a integer)")
            psycopg2.extras.execute_values(
                cursor, "INSERT INTO pages VALUES %s", ((n,) for n in range(4)), page_size=2
            )
            cursor.execute("SELECT count(*) FROM pages")
            count = cursor.fetchone()

        assert count == (4,)
        assert len(daemon.subsegments()) == 4

    def test_a_connect_that_was_imported_before_the_patch_is_traced(self, daemon: Daemon) -> None:
        program = f"""
            from psycopg2 import connect
            import lambda_tracer
            lambda_tracer.patch(["psycopg2"])
            connect("host={HOST} port={postgresql().port} user={USER} dbname={DATABASE}").cursor().execute("SELECT 1")
        """

        subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=dict(os.environ), check=True)

        daemon.expect_tree(NAME)

    def test_a_socket_is_named_localhost_and_a_closed_connection_raises(
        self, psycopg2: Any, daemon: Daemon
    ) -> None:
        connection = psycopg2.connect(**{**where(), "host": postgresql().socket})
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        connection.close()

        with pytest.raises(psycopg2.InterfaceError):
            cursor.execute("SELECT 2")

        assert daemon.subsegments()[0]["name"] == f"{DATABASE}@localhost"


class TestPsycopg:
    @pytest.fixture
    def psycopg(self) -> Any:
        return pytest.importorskip("psycopg", reason="psycopg is not installed")

    def test_each_way_to_run_statements_is_one_subsegment(self, psycopg: Any, daemon: Daemon) -> None:
        with psycopg.connect(**where()) as connection:
            connection.execute("CREATE TEMPORARY TABLE t (a integer)")
            with connection.cursor() as cursor, cursor.copy("COPY t FROM STDIN") as copy:
                copy.write_row([1])
            with connection.cursor("named") as cursor:
                named = cursor.execute("SELECT a FROM t").fetchall()
            with psycopg.ClientCursor(connection) as cursor:
                client = cursor.execute("SELECT a + %s FROM t", [1]).fetchall()
            with connection.cursor() as cursor:
                streamed = list(cursor.stream("SELECT generate_series(1, 3)"))
            with connection.pipeline(), connection.cursor() as cursor:
                cursor.executemany("INSERT INTO t VALUES (%s)", [(2,), (3,)])

        assert (named, client, streamed) == ([(1,)], [(2,)], [(1,), (2,), (3,)])
        assert statements(daemon) == [
            "CREATE TEMPORARY TABLE t (a integer)",
            "COPY t FROM STDIN",
            "SELECT a FROM t",
            "SELECT a + %s FROM t",
            "SELECT generate_series(?, ?)",
            "INSERT INTO t VALUES (%s)",
        ]

    def test_a_stream_is_lazy_and_may_be_left(self, psycopg: Any, daemon: Daemon) -> None:
        with psycopg.connect(**where(), autocommit=True) as connection, connection.cursor() as cursor:
            unstarted = cursor.stream("SELECT 1")
            assert daemon.subsegments() == []
            unstarted.close()

            stream = cursor.stream("SELECT generate_series(1, 1000000)")
            first = next(stream)
            stream.close()
            empty = list(cursor.stream("SELECT 1 WHERE false"))
            with pytest.raises(psycopg.errors.UndefinedTable):
                next(cursor.stream("SELECT * FROM no_such_table"))

        assert (first, empty) == ((1,), [])
        daemon.expect_tree(f"""
            {NAME}
            {NAME}
            {NAME}  fault UndefinedTable
        """)

    def test_async_cursors_stream_copy_and_fetch(self, psycopg: Any, daemon: Daemon) -> None:
        async def main() -> Any:
            async with await psycopg.AsyncConnection.connect(**where()) as connection:
                await connection.execute("CREATE TEMPORARY TABLE t (a integer)")
                async with connection.cursor() as cursor:
                    async with cursor.copy("COPY t FROM STDIN") as copy:
                        await copy.write_row([1])
                    streamed = [row async for row in cursor.stream("SELECT a FROM t")]
                    await cursor.executemany("INSERT INTO t VALUES (%s)", [(2,)])
                async with connection.cursor("named") as cursor:
                    await cursor.execute("SELECT a FROM t ORDER BY a")
                    return streamed, [row async for row in cursor]

        assert asyncio.run(main()) == ([(1,)], [(1,), (2,)])
        assert len(daemon.subsegments()) == 5

    def test_row_factories_composed_statements_and_transactions(self, psycopg: Any, daemon: Daemon) -> None:
        from psycopg import rows, sql

        query = sql.SQL("SELECT {} AS {}").format(sql.Literal("canary"), sql.Identifier("one"))
        with psycopg.connect(**where(), row_factory=rows.dict_row) as connection, connection.transaction():
            row = connection.execute(query).fetchone()

        assert row == {"one": "canary"}
        assert statements(daemon) == ['SELECT ? AS "one"']

    def test_a_failing_copy_is_a_fault_and_work_inside_it_is_below(
        self, psycopg: Any, daemon: Daemon
    ) -> None:
        with (
            psycopg.connect(**where()) as connection,
            connection.cursor() as cursor,
            pytest.raises(KeyError),
            cursor.copy("COPY pg_class TO STDOUT"),
            xray_recorder.in_subsegment("inside"),
        ):
            raise KeyError

        daemon.expect_tree(f"""
            {NAME}  fault KeyError
              inside  fault KeyError
        """)

    def test_pools_sync_and_async(self, psycopg: Any, daemon: Daemon) -> None:
        pools = pytest.importorskip("psycopg_pool", reason="psycopg_pool is not installed")
        conninfo = psycopg.conninfo.make_conninfo(**where())

        with pools.ConnectionPool(conninfo, min_size=1, open=True) as pool, pool.connection() as connection:
            first = connection.execute("SELECT 1").fetchone()

        async def main() -> Any:
            async with (
                pools.AsyncConnectionPool(conninfo, min_size=1, open=False) as pool,
                pool.connection() as connection,
            ):
                return await (await connection.execute("SELECT 2")).fetchone()

        assert (first, asyncio.run(main())) == ((1,), (2,))
        assert statements(daemon) == ["SELECT ?", "SELECT ?"]

    def test_it_works_without_psycopg_pool(self, psycopg: Any, daemon: Daemon) -> None:
        program = f"""
            import sys
            sys.modules["psycopg_pool"] = None  # as if it were not installed
            import lambda_tracer
            for _ in range(3):
                lambda_tracer.patch(["psycopg"])
            import psycopg
            with psycopg.connect("host={HOST} port={postgresql().port} user={USER} dbname={DATABASE}") as connection:
                connection.execute("SELECT 1")
        """

        subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=dict(os.environ), check=True)

        daemon.expect_tree(NAME)


class TestPg8000:
    def test_the_native_interface_prepares_and_converts(self, daemon: Daemon) -> None:
        native = pytest.importorskip("pg8000.native", reason="pg8000 is not installed")
        connection = native.Connection(**where("database"))

        rows = connection.run("SELECT CAST(:v AS integer)", v=7)
        prepared = connection.prepare("SELECT CAST(:v AS integer)")
        prepared_rows = [prepared.run(v=1), prepared.run(v=2)]
        prepared.close()

        assert rows == [[7]]
        assert prepared_rows == [[[1]], [[2]]]
        assert connection.columns[0]["name"] == "int4"
        texts = statements(daemon)
        assert len(texts) == 3
        assert texts[0] == "SELECT CAST(:v AS integer)"
        connection.close()

    def test_the_dbapi_interface_calls_procedures_and_copies(self, daemon: Daemon) -> None:
        dbapi = pytest.importorskip("pg8000.dbapi", reason="pg8000 is not installed")
        connection = dbapi.connect(**where("database"))
        cursor = connection.cursor()

        cursor.execute("CREATE TEMPORARY TABLE t (a integer)")
        cursor.execute("COPY t FROM STDIN", stream=io.BytesIO(b"1\n2\n"))
        cursor.execute("SELECT a FROM t WHERE a > %s", (1,))
        rows = list(cursor)
        cursor.execute("CREATE PROCEDURE nothing(a integer) LANGUAGE sql AS 'SELECT 1'")
        cursor.callproc("nothing", (1,))
        connection.rollback()

        assert [tuple(row) for row in rows] == [(2,)]
        assert statements(daemon)[-1] == "CALL nothing"
        assert len(daemon.subsegments()) == 5
        connection.close()


class TestAsyncpg:
    @pytest.fixture
    def asyncpg(self) -> Any:
        return pytest.importorskip("asyncpg", reason="asyncpg is not installed")

    def test_each_way_to_run_statements_is_one_subsegment(self, asyncpg: Any, daemon: Daemon) -> None:
        async def main() -> Any:
            connection = await asyncpg.connect(**where("database"))
            await connection.execute("CREATE TEMPORARY TABLE t (a integer)")
            await connection.executemany("INSERT INTO t VALUES ($1)", [(1,), (2,)])
            await connection.copy_records_to_table("t", records=[(3,)])
            results = [
                [tuple(row) for row in await connection.fetch("SELECT a FROM t ORDER BY a")],
                await connection.fetchval("SELECT count(*) FROM t WHERE a > $1", 1),
                tuple(await connection.fetchrow("SELECT 'x'")),
            ]
            prepared = await connection.prepare("SELECT $1::integer")
            results += [await prepared.fetchval(8), await prepared.fetchval(9)]
            await connection.close()
            return results

        assert asyncio.run(main()) == [[(1,), (2,), (3,)], 2, ("x",), 8, 9]
        assert statements(daemon) == [
            "CREATE TEMPORARY TABLE t (a integer)",
            "INSERT INTO t VALUES ($1)",
            "COPY t FROM STDIN",
            "SELECT a FROM t ORDER BY a",
            "SELECT count(*) FROM t WHERE a > $1",
            "SELECT ?",
            "SELECT $1::integer",
            "SELECT $1::integer",
        ]

    def test_a_pool_its_transactions_and_cursors(self, asyncpg: Any, daemon: Daemon) -> None:
        async def main() -> Any:
            async with asyncpg.create_pool(**where("database"), min_size=1, max_size=1) as pool:
                await pool.execute("SELECT 1")
                async with pool.acquire() as connection, connection.transaction():
                    iterated = [row[0] async for row in connection.cursor("SELECT generate_series(1, 120)")]
                    cursor = await connection.cursor("SELECT generate_series(1, 3)")
                    fetched = [tuple(row) for row in await cursor.fetch(2)]
                with pytest.raises(asyncpg.PostgresError):
                    async with pool.acquire() as connection, connection.transaction():
                        await connection.execute("SELECT 1 / 0")
                return len(iterated), fetched

        assert asyncio.run(main()) == (120, [(1,), (2,)])
        # Not what asyncpg sends by itself: BEGIN, COMMIT, ROLLBACK, and the reset of a connection.
        assert statements(daemon) == [
            "SELECT ?",
            "SELECT generate_series(?, ?)",
            "SELECT generate_series(?, ?)",
            "SELECT ? / ?",
        ]

"""sqlite3 patched behaves as sqlite3 does: what a wrapper typically breaks."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch_all
from tests.daemon import Daemon


@pytest.fixture(autouse=True)
def _patched(daemon: Daemon) -> Iterator[None]:
    patch(["sqlite3"])
    yield
    unpatch_all()


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    yield connection
    connection.close()


def statements(daemon: Daemon) -> list[str]:
    """The text of what was recorded, in the order of its beginning."""
    calls = sorted(daemon.subsegments(), key=lambda call: call["start_time"])
    return [call["sql"]["sanitized_query"] for call in calls]


@pytest.mark.parametrize("on", ["connection", "cursor"])
def test_each_way_to_run_statements_is_one_subsegment(
    connection: sqlite3.Connection, daemon: Daemon, on: str
) -> None:
    target: Any = connection if on == "connection" else connection.cursor()

    returned = [
        target.execute("CREATE TABLE t (a)"),
        target.executemany("INSERT INTO t VALUES (?)", [(1,), (2,)]),
        target.executescript("DELETE FROM t; INSERT INTO t VALUES (3);"),
    ]

    assert [type(cursor) for cursor in returned] == [type(connection.cursor())] * 3
    assert connection.execute("SELECT a FROM t").fetchall() == [(3,)]
    assert statements(daemon) == [
        "CREATE TABLE t (a)",
        "INSERT INTO t VALUES (?)",
        "DELETE FROM t; INSERT INTO t VALUES (?);",
        "SELECT a FROM t",
    ]


@pytest.mark.parametrize(
    ("database", "name"),
    [
        ("app.db", "app.db"),
        (Path("app.db"), "app.db"),
        (b"app.db", "app.db"),
        ("", "sqlite3"),
        ("file:app.db?mode=memory&cache=private", "file:app.db"),
    ],
)
def test_the_subsegment_is_named_by_the_path(
    daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: Any, name: str
) -> None:
    monkeypatch.chdir(tmp_path)

    connection = sqlite3.connect(database=database, uri=True)
    connection.execute("SELECT 1")
    connection.close()

    daemon.expect_tree(name)


@pytest.mark.parametrize(
    "connect",
    [
        lambda: sqlite3.connect(":memory:"),
        lambda: sqlite3.connect(database=":memory:"),
        lambda: sqlite3.dbapi2.connect(":memory:"),
        lambda: sqlite3.connect(":memory:", timeout=1.0, isolation_level=None, cached_statements=5),
        lambda: sqlite3.connect(":memory:", factory=sqlite3.Connection),
    ],
    ids=["positional", "keyword", "dbapi2", "options", "factory"],
)
def test_connect_is_called_as_ever(daemon: Daemon, connect: Callable[[], sqlite3.Connection]) -> None:
    connection = connect()

    assert isinstance(connection, sqlite3.Connection)
    assert connection.execute("SELECT 1").fetchone() == (1,)
    daemon.expect_tree(":memory:")
    connection.close()


@pytest.mark.filterwarnings("ignore:Passing more than 1 positional argument:DeprecationWarning")
def test_every_argument_may_be_positional(daemon: Daemon) -> None:
    class Own(sqlite3.Connection):
        pass

    connection = sqlite3.connect(":memory:", 1.0, 0, None, True, Own, 10)

    assert isinstance(connection, Own)
    assert connection.execute("SELECT 1").fetchone() == (1,)
    daemon.expect_tree(":memory:")
    connection.close()


def test_a_connect_that_was_imported_before_the_patch_is_traced(daemon: Daemon) -> None:
    program = """
        from sqlite3 import connect
        from sqlite3 import dbapi2 as database
        original = connect
        numbers = [connect]

        import lambda_tracer
        lambda_tracer.patch(["sqlite3"])
        connect(":memory:").execute("SELECT 1")
        database.connect(":memory:").execute("SELECT 2")
        lambda_tracer.xray_recorder.unpatch(["sqlite3"])
        assert connect is numbers[0]
        connect(":memory:").execute("SELECT 3")
    """

    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=dict(os.environ), check=True)

    assert statements(daemon) == ["SELECT ?", "SELECT ?"]


# Classes of the user's


def test_a_factory_of_the_users_keeps_its_methods_and_is_traced_once(daemon: Daemon) -> None:
    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *parameters: Any) -> Cursor:
            super().execute(sql + " /* mine */", *parameters)
            return self

    class Connection(sqlite3.Connection):
        cursors = 0

        def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:
            super().__init__(database.replace("elsewhere", ":memory:"), *args, **kwargs)

        def cursor(self, factory: Any = Cursor) -> Any:
            Connection.cursors += 1
            return super().cursor(factory)

    connection = sqlite3.connect("elsewhere", factory=Connection)
    with xray_recorder.in_subsegment("handler"):
        cursor = connection.cursor()
        rows = cursor.execute("SELECT ?", ("x",)).fetchall()

    assert isinstance(connection, Connection)
    assert isinstance(cursor, Cursor)
    assert rows == [("x",)]
    assert Connection.cursors == 1
    daemon.expect_tree("""
        handler
          :memory:
    """)
    connection.close()


def test_a_factory_makes_connections_of_one_class(daemon: Daemon) -> None:
    class Connection(sqlite3.Connection):
        pass

    first, second = (sqlite3.connect(":memory:", factory=Connection) for _ in range(2))

    assert type(first) is type(second)
    first.close()
    second.close()


def test_a_function_as_factory_is_called_as_ever() -> None:
    made = []

    def make(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        made.append(args)
        return sqlite3.Connection(*args, **{**kwargs, "factory": sqlite3.Connection})

    factory: Any = make  # typeshed knows classes only
    connection = sqlite3.connect(":memory:", factory=factory)

    assert len(made) == 1
    assert connection.execute("SELECT 1").fetchone() == (1,)
    connection.close()


def test_what_is_no_cursor_factory_raises_what_it_raised(connection: sqlite3.Connection) -> None:
    def wrong(connection: Any) -> Any:
        return "no cursor"

    factory: Any = wrong
    with pytest.raises(TypeError) as patched:
        connection.cursor(factory)

    unpatch_all()
    with sqlite3.connect(":memory:") as plain, pytest.raises(TypeError) as unpatched:
        plain.cursor(factory)
    assert str(patched.value) == str(unpatched.value)
    plain.close()


# What a connection can do


def test_with_gives_the_connection_and_commits_or_rolls_back(
    connection: sqlite3.Connection, daemon: Daemon
) -> None:
    connection.execute("CREATE TABLE t (a UNIQUE)")
    with connection as entered:
        entered.execute("INSERT INTO t VALUES (1)")

    def insert_twice() -> None:
        with connection:
            connection.execute("INSERT INTO t VALUES (2)")
            connection.execute("INSERT INTO t VALUES (1)")

    with pytest.raises(sqlite3.IntegrityError):
        insert_twice()

    assert entered is connection
    assert connection.execute("SELECT a FROM t").fetchall() == [(1,)]
    daemon.expect_tree("""
        :memory:
        :memory:
        :memory:
        :memory:  fault IntegrityError
        :memory:
    """)


def test_backup_takes_a_traced_connection_on_both_sides(
    connection: sqlite3.Connection, daemon: Daemon
) -> None:
    connection.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (1);")
    target = sqlite3.connect(":memory:")

    connection.backup(target)

    assert target.execute("SELECT a FROM t").fetchall() == [(1,)]
    assert 'INSERT INTO "t" VALUES(1);' in list(target.iterdump())
    target.close()
    daemon.clear()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs Python 3.11")
def test_blobs_open(connection: Any, daemon: Daemon) -> None:
    connection.execute("CREATE TABLE t (a BLOB)")
    connection.execute("INSERT INTO t VALUES (zeroblob(3))")

    with connection.blobopen("t", "a", 1) as blob:
        blob.write(b"abc")

    assert connection.execute("SELECT a FROM t").fetchone() == (b"abc",)
    daemon.clear()


def test_row_factories_types_and_attributes_are_those_of_sqlite3(daemon: Daemon) -> None:
    connection = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_COLNAMES)
    connection.row_factory = sqlite3.Row
    connection.text_factory = bytes

    row = connection.execute("SELECT 1 AS one, 'x' AS text").fetchone()
    cursor = connection.cursor()
    cursor.execute("SELECT 1 AS one")

    assert isinstance(row, sqlite3.Row)
    assert (row["one"], row["text"]) == (1, b"x")
    assert cursor.connection is connection
    assert cursor.description[0][0] == "one"
    assert [tuple(each) for each in cursor] == [(1,)]
    assert connection.total_changes == 0
    connection.close()
    daemon.clear()


@pytest.mark.parametrize("attempt", [copy.copy, pickle.dumps])
def test_copying_raises_what_it_raised(connection: sqlite3.Connection, attempt: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="cannot pickle"):
        attempt(connection)


def test_a_function_that_sqlite_calls_may_run_statements_of_its_own(
    connection: sqlite3.Connection, daemon: Daemon
) -> None:
    other = sqlite3.connect(":memory:")
    connection.create_function("looked_up", 0, lambda: other.execute("SELECT 7").fetchone()[0])

    assert connection.execute("SELECT looked_up()").fetchone() == (7,)
    daemon.expect_tree("""
        :memory:
          :memory:
    """)
    other.close()


def test_rows_are_fetched_lazily(connection: sqlite3.Connection, daemon: Daemon) -> None:
    computed = []

    def noted(number: int) -> int:
        computed.append(number)
        return number

    connection.create_function("noted", 1, noted)
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT noted(i) FROM n"

    first = next(connection.execute(numbers))

    assert first == (1,)
    assert len(computed) <= 2  # it would never end
    daemon.clear()


# aiosqlite


def test_aiosqlites_statements_are_below_whoever_calls(daemon: Daemon) -> None:
    aiosqlite = pytest.importorskip("aiosqlite", reason="aiosqlite is not installed")
    patch(["aiosqlite", "threads"])

    async def main() -> Any:
        async with aiosqlite.connect(":memory:") as connection:
            await connection.execute("CREATE TABLE t (a)")
            async with xray_recorder.in_subsegment("one"):
                await connection.executemany("INSERT INTO t VALUES (?)", [(1,), (2,)])
            async with xray_recorder.in_subsegment("two"), connection.execute("SELECT a FROM t") as cursor:
                return [tuple(row) async for row in cursor]

    assert asyncio.run(main()) == [(1,), (2,)]
    daemon.expect_tree("""
        :memory:
        one
          :memory:
        two
          :memory:
    """)


# Django


def test_djangos_orm_works(daemon: Daemon, tmp_path: Path) -> None:
    pytest.importorskip("django", reason="django is not installed")
    program = f"""
        import lambda_tracer
        lambda_tracer.patch_all()
        import django
        from django.conf import settings

        settings.configure(
            DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {str(tmp_path / "app.db")!r}}}}},
            INSTALLED_APPS=[], USE_TZ=True,
        )
        django.setup()
        from django.db import connection, models, transaction

        class Book(models.Model):
            title = models.CharField(max_length=20)
            class Meta:
                app_label = "shop"

        with connection.schema_editor() as editor:
            editor.create_model(Book)
        with lambda_tracer.xray_recorder.in_subsegment("handler"):
            with transaction.atomic():
                Book.objects.bulk_create([Book(title="a"), Book(title="b")])
            assert list(Book.objects.filter(title="b").values_list("title", flat=True)) == ["b"]
    """

    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=dict(os.environ), check=True)

    handler = daemon.subsegment("handler")
    texts = [
        call["sql"]["sanitized_query"] for call in daemon.subsegments() if call["parent_id"] == handler["id"]
    ]
    assert [text.split()[0] for text in texts] == ["BEGIN", "INSERT", "SELECT"]
    assert 'WHERE "shop_book"."title" = ?' in texts[-1]

"""What the user's code asks a database, or anybody else, while a statement runs is recorded below that statement."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiosqlite", reason="aiosqlite is not installed: pip install aiosqlite")
pytest.importorskip("requests", reason="requests is not installed: pip install requests")
pytest.importorskip("sqlalchemy", reason="sqlalchemy is not installed: pip install sqlalchemy")

import aiosqlite
import requests
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

from lambda_tracer import patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch_all
from tests.daemon import Daemon
from tests.patches.http.server import serving

LIBRARIES = ["aiosqlite", "requests", "sqlalchemy_core", "sqlite3", "threads"]


@pytest.fixture(autouse=True)
def _in_a_folder(daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database is named by its path: these are `orders` and `stock`."""
    monkeypatch.chdir(tmp_path)
    patch(LIBRARIES)
    yield
    unpatch_all()


@pytest.fixture
def stock() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect("stock", check_same_thread=False)) as connection:
        yield connection


Query = Callable[[Callable[[], Any]], object]
QUERIES: list[Query] = []


def query(run: Query) -> Query:
    QUERIES.append(run)
    return run


@query
def through_sqlite3(work: Callable[[], Any]) -> None:
    with closing(sqlite3.connect("orders")) as orders:
        orders.create_function("work", 0, work)
        orders.execute("select work()").fetchall()


@query
def through_sqlalchemy(work: Callable[[], Any]) -> None:
    engine = sqlalchemy.create_engine("sqlite:///orders")
    with closing(sqlite3.connect("orders")):
        pass
    warm_up(engine)
    with engine.connect() as orders:
        orders.connection.driver_connection.create_function("work", 0, work)  # type: ignore[union-attr]
        orders.execute(sqlalchemy.text("select work()")).fetchall()
    engine.dispose()


@query
def through_aiosqlite(work: Callable[[], Any]) -> None:
    async def main() -> None:
        async with aiosqlite.connect("orders") as orders:
            await orders.create_function("work", 0, work)
            await orders.execute("select work()")

    asyncio.run(main())


@query
def through_sqlalchemy_and_aiosqlite(work: Callable[[], Any]) -> None:
    async def main() -> None:
        engine = create_async_engine("sqlite+aiosqlite:///orders")
        with xray_recorder.in_subsegment("first connection"):
            async with engine.connect():
                pass
        async with engine.connect() as orders:
            raw: Any = (await orders.get_raw_connection()).driver_connection
            await raw.create_function("work", 0, work)
            await orders.execute(sqlalchemy.text("select work()"))
        await engine.dispose()

    asyncio.run(main())


def warm_up(engine: Any) -> None:
    """What SQLAlchemy asks a database when it first connects."""
    with xray_recorder.in_subsegment("first connection"), engine.connect():
        pass


def below_orders(daemon: Daemon) -> list[str]:
    """The names of what is below the last statement that `orders` ran."""
    documents = sorted(daemon.subsegments(), key=lambda each: each["start_time"])
    statement = [each for each in documents if each["name"].endswith("orders")][-1]
    assert not statement.get("fault")
    return [each["name"] for each in documents if each["parent_id"] == statement["id"]]


@pytest.mark.parametrize("run", QUERIES)
def test_a_function_of_the_users_that_asks_another_database(
    run: Query, stock: sqlite3.Connection, daemon: Daemon
) -> None:
    run(lambda: stock.execute("select 1").fetchone()[0])

    assert below_orders(daemon) == ["stock"]


@pytest.mark.parametrize("run", QUERIES)
def test_a_function_of_the_users_that_asks_another_engine(run: Query, daemon: Daemon) -> None:
    engine = sqlalchemy.create_engine("sqlite:///stock", poolclass=sqlalchemy.pool.NullPool)
    warm_up(engine)

    def work() -> Any:
        with engine.connect() as connection:
            return connection.execute(sqlalchemy.text("select 1")).scalar()

    run(work)

    assert below_orders(daemon) == ["stock"]


@pytest.mark.parametrize("run", QUERIES)
def test_a_function_of_the_users_that_calls_a_server(run: Query, daemon: Daemon) -> None:
    with serving() as server:
        run(lambda: requests.get(server.url()).status_code)

        assert below_orders(daemon) == ["127.0.0.1"]
        assert len(server.last.trace_headers) == 1


def test_an_interrupted_statement_leaves_the_next_ones_recorded(daemon: Daemon) -> None:
    class Interrupted(BaseException):
        pass

    class Cursor(sqlite3.Cursor):
        def execute(self, statement: str, *args: Any) -> Any:
            if "interrupt" in statement:
                raise Interrupted
            return super().execute(statement, *args)

    class Connection(sqlite3.Connection):
        def cursor(self, *args: Any) -> Any:
            return super().cursor(Cursor)

    engine = sqlalchemy.create_engine("sqlite:///orders", connect_args={"factory": Connection})
    warm_up(engine)
    daemon.clear()
    with pytest.raises(Interrupted), engine.connect() as orders:
        orders.execute(sqlalchemy.text("select 'interrupt'"))
    with engine.connect() as orders:
        orders.execute(sqlalchemy.text("select 1"))
    engine.dispose()

    daemon.expect_tree("""
        orders  fault Interrupted
        orders
    """)


def test_cursors_of_the_users_own_are_the_statement_itself(daemon: Daemon) -> None:
    class Cursor:
        def __init__(self, cursor: Any) -> None:
            self._cursor = cursor

        def execute(self, *args: Any) -> Any:
            return self._cursor.execute(*args)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._cursor, name)

    class Connection:
        def __init__(self) -> None:
            self._connection = sqlite3.connect("orders")

        def cursor(self) -> Any:
            return Cursor(self._connection.cursor())

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

    engine = sqlalchemy.create_engine("sqlite://", creator=Connection)
    warm_up(engine)
    daemon.clear()
    with engine.connect() as orders:
        orders.execute(sqlalchemy.text("select 1")).fetchall()
    engine.dispose()

    daemon.expect_tree(":memory:")

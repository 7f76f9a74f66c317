"""SQLAlchemy patched: one subsegment per statement, whichever way it is run and whichever driver runs it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lambda_tracer import patch, patch_all, xray_recorder
from lambda_tracer.patches.unpatch import unpatch, unpatch_all
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.patches.sql.servers import DATABASE, HOST, PASSWORD, USER, mariadb, postgresql
from tests.tree import tree

sqlalchemy: Any = pytest.importorskip("sqlalchemy", reason="sqlalchemy is not installed")
orm: Any = pytest.importorskip("sqlalchemy.orm", reason="sqlalchemy is not installed")

metadata = sqlalchemy.MetaData()
books = sqlalchemy.Table(
    "books",
    metadata,
    sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True),
    sqlalchemy.Column("title", sqlalchemy.String(20), unique=True),
)


class Book:
    title: Any = None  # the column's, once it is mapped

    def __init__(self, title: str) -> None:
        self.title = title


orm.registry().map_imperatively(Book, books)

ENGINES = {
    "sqlite": "sqlite://",
    "sqlite+aiosqlite": "sqlite+aiosqlite://",
    "postgresql+psycopg2": "postgresql",
    "postgresql+psycopg": "postgresql",
    "postgresql+pg8000": "postgresql",
    "postgresql+asyncpg": "postgresql",
    "postgresql+psycopg_async": "postgresql",
    "mysql+pymysql": "mysql",
    "mysql+mysqlconnector": "mysql",
}
SYNC = [name for name in ENGINES if not name.endswith(("aiosqlite", "asyncpg", "_async"))]
ASYNC = [name for name in ENGINES if name not in SYNC]


def url_of(name: str) -> str:
    if name.startswith("sqlite"):
        return f"{name}://"
    port = (mariadb() if name.startswith("mysql") else postgresql()).port
    options = "?collation=utf8mb4_general_ci" if name.endswith("mysqlconnector") else ""
    return f"{name}://{USER}:{PASSWORD}@{HOST}:{port}/{DATABASE}{options}"


def name_of(name: str) -> str:
    return ":memory:" if name.startswith("sqlite") else f"{DATABASE}@{HOST}"


@pytest.fixture(autouse=True)
def _patched(daemon: Daemon) -> Iterator[None]:
    postgresql()
    mariadb()
    patch_all()  # the drivers below, too
    yield
    unpatch_all()


@pytest.fixture(params=SYNC)
def engine(request: pytest.FixtureRequest, daemon: Daemon) -> Iterator[Any]:
    """An engine with the empty table of books; what was sent so far is forgotten."""
    if request.param.startswith("sqlite"):
        engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.pool.StaticPool)
    else:
        engine = sqlalchemy.create_engine(url_of(request.param))
    metadata.drop_all(engine)
    metadata.create_all(engine)
    daemon.clear()
    yield engine
    metadata.drop_all(engine)
    engine.dispose()
    daemon.clear()


def memory(daemon: Daemon) -> Any:
    """An engine that has connected: what SQLAlchemy asks a database at first is forgotten."""
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.pool.StaticPool)
    engine.connect().close()
    daemon.clear()
    return engine


def statements(daemon: Daemon) -> list[str]:
    """The text of what was recorded, in the order of its beginning, on one line each."""
    calls = sorted(daemon.subsegments(), key=lambda call: call["start_time"])
    return [" ".join(call["sql"]["sanitized_query"].split()) for call in calls if "sql" in call]


def name_at(engine: Any) -> str:
    return ":memory:" if engine.dialect.name == "sqlite" else f"{DATABASE}@{HOST}"


def test_each_way_to_run_a_statement_is_one_subsegment(engine: Any, daemon: Daemon) -> None:
    with engine.begin() as connection:
        connection.execute(books.insert(), [{"title": "a"}, {"title": "b"}])
        connection.exec_driver_sql("INSERT INTO books (title) VALUES ('canary')")
        titles = connection.execute(sqlalchemy.text("SELECT title FROM books ORDER BY title")).scalars().all()
        count = connection.scalar(sqlalchemy.select(sqlalchemy.func.count()).select_from(books))
        found = list(connection.scalars(sqlalchemy.select(books.c.id).where(books.c.title == "a")))

    assert titles == ["a", "b", "canary"]
    assert count == 3
    assert len(found) == 1
    texts = statements(daemon)
    assert len(texts) == 5
    assert texts[0].startswith("INSERT INTO books (title) VALUES (")
    assert texts[1:3] == ["INSERT INTO books (title) VALUES (?)", "SELECT title FROM books ORDER BY title"]
    daemon.expect_tree("\n".join([name_at(engine)] * 5))
    assert not any(b"canary" in datagram for datagram in daemon.datagrams())


def test_a_session_records_each_statement_once_below_its_caller(engine: Any, daemon: Daemon) -> None:
    with xray_recorder.in_subsegment("handler"), orm.Session(engine) as session:
        session.add(Book("one"))
        session.commit()
        book = session.scalars(sqlalchemy.select(Book)).one()
        book.title = "two"
        session.commit()
        title = session.execute(sqlalchemy.select(Book.title)).scalar_one()

    assert title == "two"
    verbs = [text.split()[0] for text in statements(daemon)]
    assert verbs == ["INSERT", "SELECT", "UPDATE", "SELECT"]
    daemon.expect_tree("handler\n" + "\n".join([f"  {name_at(engine)}"] * 4))


def test_the_sql_block_has_no_password_and_no_options(engine: Any, daemon: Daemon) -> None:
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT 1"))

    [call] = daemon.subsegments()
    sql = call["sql"]
    assert PASSWORD not in str(sql)
    assert sql["database_type"] == engine.dialect.name
    assert sql["driver_version"].startswith(engine.dialect.driver)
    assert sql["database_version"][0].isdigit()
    if engine.dialect.name == "sqlite":
        assert (sql["url"], "user" in sql) == ("sqlite:///", False)
    else:
        where = f"{USER}@{HOST}:{engine.url.port}/{DATABASE}"
        assert (sql["url"], sql["user"]) == (f"{engine.url.drivername}://{where}", USER)


def test_a_failing_statement_is_a_fault_and_the_transaction_rolls_back(engine: Any, daemon: Daemon) -> None:
    def insert_twice() -> None:
        with engine.begin() as connection:
            connection.execute(books.insert(), {"title": "same"})
            connection.execute(books.insert(), {"title": "same"})

    with pytest.raises(sqlalchemy.exc.DBAPIError) as raised:
        insert_twice()
    with engine.connect() as connection:
        count = connection.scalar(sqlalchemy.select(sqlalchemy.func.count()).select_from(books))

    assert count == 0
    flags = [bool(call.get("fault")) for call in daemon.subsegments()]
    assert flags == [False, True, False]
    [failed] = [call for call in daemon.subsegments() if call.get("fault")]
    assert failed["cause"]["exceptions"][0]["type"] == type(raised.value.orig).__name__


def test_the_driver_used_by_itself_is_traced_as_ever(engine: Any, daemon: Daemon) -> None:
    connection = engine.raw_connection()
    cursor = connection.cursor()
    cursor.execute("SELECT 1")
    cursor.close()
    connection.close()

    daemon.expect_tree(name_at(engine))


def test_statements_run_inside_an_event_of_the_users_are_recorded(daemon: Daemon) -> None:
    engine = memory(daemon)

    @sqlalchemy.event.listens_for(engine, "before_cursor_execute")
    def before(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement == "SELECT 1":
            connection.exec_driver_sql("SELECT 'inner'")

    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")

    daemon.expect_tree("""
        :memory:
        :memory:
    """)
    engine.dispose()


@pytest.mark.parametrize("event", ["before_cursor_execute", "do_execute", "after_cursor_execute"])
def test_a_listener_that_raises_leaves_nothing_open(daemon: Daemon, event: str) -> None:
    engine = memory(daemon)

    def refuse(*args: Any) -> None:
        raise PermissionError("read only")

    sqlalchemy.event.listen(engine, event, refuse)
    with engine.connect() as connection, pytest.raises(PermissionError):
        connection.execute(sqlalchemy.text("SELECT 1"))
    sqlalchemy.event.remove(engine, event, refuse)
    with xray_recorder.in_subsegment("next"), engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT 2"))

    lines = str(tree(daemon)).splitlines()
    assert lines[-2:] == ["next", "  :memory:"]
    assert not any("in progress" in line for line in lines)
    engine.dispose()


def test_a_listener_that_executes_by_itself_is_recorded(daemon: Daemon) -> None:
    engine = memory(daemon)

    @sqlalchemy.event.listens_for(engine, "do_execute")
    def do_execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        cursor.execute(statement, parameters)
        return True

    with engine.connect() as connection:
        value = connection.execute(sqlalchemy.text("SELECT :v"), {"v": 3}).scalar()

    assert value == 3
    daemon.expect_tree(":memory:")
    engine.dispose()


def test_a_file_is_named_by_its_path(daemon: Daemon, tmp_path: Path) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/app.db")

    engine.connect().close()
    daemon.clear()
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT 1"))

    daemon.expect_tree(f"{tmp_path}/app.db")
    engine.dispose()


@pytest.mark.parametrize("state", ["unsampled", "stream_sql off"])
def test_nothing_or_no_text_is_recorded(engine: Any, daemon: Daemon, invoke: Invoke, state: str) -> None:
    if state == "unsampled":
        invoke(sampled=0)
    else:
        xray_recorder.configure(stream_sql=False)

    with engine.connect() as connection:
        value = connection.scalar(sqlalchemy.text("SELECT 1"))

    assert value == 1
    assert [("sanitized_query" in call["sql"]) for call in daemon.subsegments()] == (
        [] if state == "unsampled" else [False]
    )


def test_an_engine_made_before_the_patch_is_traced_and_an_unpatched_one_is_not(daemon: Daemon) -> None:
    unpatch_all()
    engine = memory(daemon)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        patch(["sqlalchemy", "sqlalchemy_core"])
        connection.exec_driver_sql("SELECT 2")
        unpatch(["sqlalchemy"])
        connection.exec_driver_sql("SELECT 3")

    daemon.expect_tree(":memory:")
    engine.dispose()


@pytest.mark.parametrize("name", ASYNC)
def test_async_engines_and_sessions(daemon: Daemon, name: str) -> None:
    asynchronous: Any = pytest.importorskip("sqlalchemy.ext.asyncio", reason="greenlet is not installed")
    url = url_of(name)

    async def main() -> Any:
        options = {"poolclass": sqlalchemy.pool.StaticPool} if name.startswith("sqlite") else {}
        engine = asynchronous.create_async_engine(url, **options)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.drop_all)
            await connection.run_sync(metadata.create_all)
        daemon.clear()

        async def work(number: int) -> Any:
            async with xray_recorder.in_subsegment(f"work {number}"), engine.connect() as connection:
                return (await connection.execute(sqlalchemy.text(f"SELECT {number}"))).scalar()

        # One after the other where all share one connection.
        together = [await work(0), await work(1)] if options else await asyncio.gather(work(0), work(1))
        async with xray_recorder.in_subsegment("session"), asynchronous.AsyncSession(engine) as session:
            session.add(Book("a"))
            await session.flush()
            titles = (await session.scalars(sqlalchemy.select(Book.title))).all()
            await session.rollback()
        async with xray_recorder.in_subsegment("stream"), engine.connect() as connection:
            result = await connection.stream(sqlalchemy.text("SELECT title FROM books"))
            streamed = [row async for row in result]
            with pytest.raises(sqlalchemy.exc.DBAPIError):
                await connection.execute(sqlalchemy.text("SELECT * FROM no_such_table"))
        await engine.dispose()
        return together, titles, streamed

    assert asyncio.run(main()) == ([0, 1], ["a"], [])
    called = name_of(name)
    subsegments = {call["id"]: call for call in daemon.subsegments()}
    under = sorted(
        (subsegments[call["parent_id"]]["name"], call["name"], bool(call.get("fault")))
        for call in subsegments.values()
        if call["name"] == called
    )
    assert under == [
        ("session", called, False),
        ("session", called, False),
        ("stream", called, False),
        ("stream", called, True),
        ("work 0", called, False),
        ("work 1", called, False),
    ]


@pytest.mark.parametrize("first", ["patch", "import"])
def test_it_is_patched_whichever_is_imported_first(daemon: Daemon, first: str) -> None:
    steps = {"patch": "import lambda_tracer; lambda_tracer.patch_all()", "import": "import sqlalchemy"}
    program = f"""
        {steps[first]}
        {steps["import" if first == "patch" else "patch"]}
        with sqlalchemy.create_engine("sqlite://").connect() as connection:
            with lambda_tracer.xray_recorder.in_subsegment("handler"):
                connection.execute(sqlalchemy.text("SELECT 1"))
    """

    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=dict(os.environ), check=True)

    handler = daemon.subsegment("handler")
    calls = [call["name"] for call in daemon.subsegments() if call["parent_id"] == handler["id"]]
    assert calls == [":memory:"]

"""What every patched SQL driver does, against real servers."""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lambda_tracer import patch, xray_recorder
from lambda_tracer.patches.unpatch import unpatch, unpatch_all
from tests.conftest import Invoke
from tests.daemon import Daemon
from tests.documents import Document
from tests.patches.sql.drivers import DRIVERS, AsyncDriver, Driver
from tests.patches.sql.servers import PASSWORD, USER
from tests.tree import tree

CANARY = "canary-va1ue"
CANARY_NUMBER = 918273645

ASYNC_DRIVERS = [driver for driver in DRIVERS if isinstance(driver, AsyncDriver)]


def only(drivers: list[Any]) -> Any:
    """The test is about these drivers."""
    return pytest.mark.parametrize("driver", drivers, ids=lambda driver: driver.id, indirect=True)


@pytest.fixture(autouse=True)
def _unpatched_afterwards() -> Iterator[None]:
    yield
    unpatch_all()


@pytest.fixture(params=DRIVERS, ids=lambda driver: driver.id)
def driver(request: pytest.FixtureRequest) -> Driver:
    driver: Driver = request.param
    pytest.importorskip(driver.module, reason=f"{driver.module} is not installed")
    driver.server()
    return driver


def apply_patch(driver: Driver) -> None:
    # aiosqlite's statements are sqlite3's, in a thread.
    patch([driver.library, *(["sqlite3"] if driver.library == "aiosqlite" else [])])


def the_call(daemon: Daemon) -> Document:
    calls = daemon.subsegments()
    assert len(calls) == 1, [call["name"] for call in calls]
    return calls[0]


def outcome_of(session: Any, statement: str, *values: Any) -> Any:
    try:
        return session.execute(statement, *values)
    except Exception as error:
        return type(error), error.args, str(error)


# What is recorded


def test_a_statement_is_one_remote_subsegment_below_its_caller(driver: Driver, daemon: Daemon) -> None:
    apply_patch(driver)

    with driver.session() as session, xray_recorder.in_subsegment("handler"):
        rows = session.execute("SELECT 7, 'x'")

    assert rows == [(7, "x")]
    daemon.expect_tree(
        f"""
        handler
          {driver.name}  [remote]
    """,
        namespace=True,
    )


def test_the_sql_block_says_which_database_and_which_statement(driver: Driver, daemon: Daemon) -> None:
    apply_patch(driver)

    with driver.session() as session:
        session.execute("SELECT 7 AS seven, 'x' /* why */")

    sql = the_call(daemon)["sql"]
    assert sql.pop("database_version")[0].isdigit()
    if driver.database_type != "sqlite3":
        assert sql.pop("driver_version")[-1].isdigit()
        scheme = "mysql" if driver.database_type.lower() == "mysql" else "postgresql"
        assert sql.pop("url") == f"{scheme}://{USER}@127.0.0.1:{driver.server().port}/app"
        assert sql.pop("user") == USER
    assert sql == {"database_type": driver.database_type, "sanitized_query": "SELECT ? AS seven, ?"}


def test_the_statement_is_not_recorded_when_stream_sql_is_off(driver: Driver, daemon: Daemon) -> None:
    apply_patch(driver)
    xray_recorder.configure(stream_sql=False)

    with driver.session() as session:
        session.execute("SELECT 7")

    assert "sanitized_query" not in the_call(daemon)["sql"]
    assert b"SELECT" not in daemon.datagrams()[0]


def test_literals_parameters_rows_and_passwords_are_never_sent(driver: Driver, daemon: Daemon) -> None:
    apply_patch(driver)

    with driver.session() as session:
        session.execute(f"SELECT '{CANARY}', {CANARY_NUMBER} -- {CANARY}")
        session.execute(f"SELECT {driver.marks(1)}", CANARY)

    sent = b"".join(daemon.datagrams())
    assert len(daemon.subsegments()) == 2
    for secret in (CANARY, str(CANARY_NUMBER), PASSWORD):
        assert secret.encode() not in sent, secret


def test_a_failing_statement_is_a_fault_with_the_exception(driver: Driver, daemon: Daemon) -> None:
    apply_patch(driver)

    with driver.session() as session, pytest.raises(Exception) as raised:
        session.execute("SELECT * FROM no_such_table")

    call = the_call(daemon)
    assert call["fault"] is True
    assert call["cause"]["exceptions"][0]["type"] == type(raised.value).__name__


def test_a_statement_that_the_server_ends_is_a_fault(driver: Driver, daemon: Daemon) -> None:
    apply_patch(driver)
    *settings, slow = driver.too_slow

    with driver.session() as session:
        for setting in settings:
            session.execute(setting)
        daemon.clear()
        with pytest.raises(Exception) as raised:
            session.execute(slow)

    daemon.expect_tree(f"{driver.name}  fault {type(raised.value).__name__}")


@only([driver for driver in DRIVERS if driver.has_executemany])
def test_many_statements_of_one_executemany_are_one_subsegment(driver: Driver, daemon: Daemon) -> None:
    apply_patch(driver)

    with driver.session() as session:
        session.execute("CREATE TEMPORARY TABLE many (a INTEGER, b VARCHAR(20))")
        daemon.clear()
        session.executemany(f"INSERT INTO many VALUES ({driver.marks(2)})", [(1, "a"), (2, "b"), (3, "c")])
        call = the_call(daemon)
        rows = session.execute("SELECT a FROM many ORDER BY a")

    assert call["sql"]["sanitized_query"] == f"INSERT INTO many VALUES ({driver.marks(2)})"
    assert rows == [(1,), (2,), (3,)]
    daemon.clear()


@only([driver for driver in DRIVERS if driver.has_executemany and driver.has_lazy_rows])
def test_the_rows_of_executemany_are_taken_from_a_generator_once(driver: Driver, daemon: Daemon) -> None:
    apply_patch(driver)
    taken = []

    def rows() -> Iterator[tuple[int]]:
        for number in range(3):
            taken.append(number)
            yield (number,)

    with driver.session() as session:
        session.execute("CREATE TEMPORARY TABLE lazy (a INTEGER)")
        session.executemany(f"INSERT INTO lazy VALUES ({driver.marks(1)})", rows())
        stored = session.execute("SELECT a FROM lazy ORDER BY a")

    assert taken == [0, 1, 2]
    assert stored == [(0,), (1,), (2,)]
    assert len(daemon.subsegments()) == 3


@only(
    [driver for driver in DRIVERS if driver.has_executemany and driver.has_lazy_rows and not driver.is_async]
)
def test_what_a_generator_of_rows_runs_on_another_connection_is_recorded(
    driver: Driver, daemon: Daemon
) -> None:
    apply_patch(driver)

    with driver.session() as session, driver.session() as other:
        session.execute("CREATE TEMPORARY TABLE fed (a INTEGER)")
        daemon.clear()
        session.executemany(
            f"INSERT INTO fed VALUES ({driver.marks(1)})", (row for row in other.execute("SELECT 1"))
        )
        first = tree(daemon)
        daemon.clear()

        def rows() -> Iterator[tuple[int]]:
            yield (other.execute("SELECT 2")[0][0],)

        session.executemany(f"INSERT INTO fed VALUES ({driver.marks(1)})", rows())

    assert (
        first
        == f"""
        {driver.name}
        {driver.name}
    """
    )
    daemon.expect_tree(f"""
        {driver.name}
          {driver.name}
    """)


# What is not


@pytest.mark.parametrize("header", ["unsampled", "absent"])
def test_nothing_is_recorded_where_nothing_is_to_be(
    driver: Driver, daemon: Daemon, invoke: Invoke, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    apply_patch(driver)
    if header == "unsampled":
        invoke(sampled=0)
    else:
        monkeypatch.delenv("_X_AMZN_TRACE_ID")

    with driver.session() as session:
        rows = session.execute(f"SELECT {driver.marks(1)}", "x")

    assert rows == [("x",)]
    assert daemon.datagrams() == []


def test_a_refused_connection_raises_what_it_raises_and_is_not_recorded(
    driver: Driver, daemon: Daemon
) -> None:
    with pytest.raises(Exception) as unpatched:
        driver.refused()
    apply_patch(driver)

    with xray_recorder.in_subsegment("handler"), pytest.raises(Exception) as patched:
        driver.refused()

    assert type(patched.value) is type(unpatched.value)
    daemon.expect_tree("handler")


# What the caller sees


def test_results_and_exceptions_are_those_of_the_unpatched_driver(driver: Driver, daemon: Daemon) -> None:
    statements = [
        ("SELECT 1, 'a', NULL",),
        (f"SELECT {driver.marks(2)}", "b", "c"),
        ("SELECT * FROM no_such_table",),
        (f"SELECT {driver.marks(1)}", "too", "many"),
        ("",),
    ]

    def outcomes() -> list[Any]:
        shown = []
        for statement in statements:
            with driver.session() as session:
                shown.append(outcome_of(session, *statement))
        return shown

    expected = outcomes()
    apply_patch(driver)

    assert outcomes() == expected
    daemon.clear()


def test_a_connection_is_an_instance_of_the_drivers_class(driver: Driver, daemon: Daemon) -> None:
    apply_patch(driver)

    with driver.session() as session:
        patched = type(session.connection)
    unpatch_all()
    with driver.session() as session:
        unpatched = type(session.connection)

    assert issubclass(patched, unpatched)
    assert (patched.__name__, patched.__module__) == (unpatched.__name__, unpatched.__module__)


# Concurrency


def test_statements_of_several_threads_are_each_below_their_own_subsegment(
    driver: Driver, daemon: Daemon
) -> None:
    patch(["threads"])
    apply_patch(driver)
    together = threading.Barrier(3)

    def work(number: int) -> Any:
        with driver.session() as session, xray_recorder.in_subsegment(f"work {number}"):
            together.wait(20)
            return session.execute(f"SELECT {number}")

    with xray_recorder.in_subsegment("handler"), ThreadPoolExecutor(3) as pool:
        rows = list(pool.map(work, range(3)))

    assert rows == [[(0,)], [(1,)], [(2,)]]
    subsegments = {each["id"]: each for each in daemon.subsegments()}
    parents = sorted(
        subsegments[each["parent_id"]]["name"] for each in subsegments.values() if each["name"] == driver.name
    )
    assert parents == ["work 0", "work 1", "work 2"]


@only(ASYNC_DRIVERS)
def test_statements_of_several_tasks_are_each_below_their_own_subsegment(
    driver: AsyncDriver, daemon: Daemon
) -> None:
    apply_patch(driver)

    async def work(number: int, port: int) -> Any:
        connection = await driver.open(port)
        try:
            async with xray_recorder.in_subsegment(f"work {number}"):
                return await driver.execute(connection, f"SELECT {number}")
        finally:
            await driver.close(connection)

    async def main() -> Any:
        port = driver.server().port
        with xray_recorder.in_subsegment("handler"):
            return await asyncio.gather(*[work(number, port) for number in range(4)])

    rows = asyncio.run(main())

    assert rows == [[(0,)], [(1,)], [(2,)], [(3,)]]
    subsegments = {each["id"]: each for each in daemon.subsegments()}
    parents = sorted(
        subsegments[each["parent_id"]]["name"] for each in subsegments.values() if each["name"] == driver.name
    )
    assert parents == ["work 0", "work 1", "work 2", "work 3"]


@only([driver for driver in ASYNC_DRIVERS if driver.sleep])
def test_a_cancelled_statement_is_a_fault_and_the_next_one_none(driver: AsyncDriver, daemon: Daemon) -> None:
    apply_patch(driver)

    async def main() -> None:
        connections = [await driver.open(driver.server().port) for _ in range(2)]
        task = asyncio.ensure_future(driver.execute(connections[0], driver.sleep))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await driver.execute(connections[1], "SELECT 1")
        for connection in connections:
            await driver.discard(connection)

    asyncio.run(main())

    daemon.expect_tree(f"""
        {driver.name}  fault CancelledError
        {driver.name}
    """)


# When it is patched


def test_patching_again_records_a_statement_once(driver: Driver, daemon: Daemon) -> None:
    apply_patch(driver)
    apply_patch(driver)

    with driver.session() as session:
        session.execute("SELECT 1")

    assert tree(daemon) == driver.name


def test_a_connection_made_before_the_patch_works_and_is_traced_where_the_class_is_pythons(
    driver: Driver, daemon: Daemon
) -> None:
    with driver.session() as session:
        apply_patch(driver)

        rows = session.execute("SELECT 1")

    assert rows == [(1,)]
    assert len(daemon.subsegments()) == driver.traces_existing


def test_a_connection_that_outlives_the_patch_works_and_is_not_traced(driver: Driver, daemon: Daemon) -> None:
    apply_patch(driver)
    with driver.session() as session:
        unpatch_all()

        rows = session.execute("SELECT 1")

    assert rows == [(1,)]
    assert daemon.subsegments() == []


def test_unpatching_puts_the_very_same_functions_back(driver: Driver) -> None:
    def functions() -> list[Any]:
        owners = [(importlib.import_module(module), owner, name) for module, owner, name in driver.targets]
        return [vars(getattr(module, owner) if owner else module)[name] for module, owner, name in owners]

    before = functions()
    patch([driver.library])
    during = functions()
    unpatch([driver.library])

    assert functions() == before
    assert not any(patched is original for patched, original in zip(during, before, strict=True))


@pytest.mark.slow
def test_a_driver_imported_after_the_patch_is_traced(driver: Driver, daemon: Daemon) -> None:
    port = driver.server().port
    program = f"""
        import sys
        from lambda_tracer import patch_all
        patch_all()
        assert {driver.module!r} not in sys.modules
        from tests.patches.sql import drivers as sql_drivers, servers as sql_servers
        driver = next(driver for driver in sql_drivers.DRIVERS if driver.id == {driver.id!r})
        type(driver).server = lambda self: sql_servers.Server({port}, "")
        with driver.session() as session:
            assert session.execute("SELECT 1") == [(1,)]
    """

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert tree(daemon) == driver.name

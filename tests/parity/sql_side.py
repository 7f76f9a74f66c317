"""Runs the same statements on one side and prints what was seen: `python -m tests.parity.sql_side powertools <ports>`.

The libraries that both sides know, each patched as its users patch it. `ports` is JSON: where PostgreSQL,
MariaDB and the stand-in for MongoDB listen on 127.0.0.1.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

from tests.parity import lab, run_side
from tests.patches.sql.servers import DATABASE, HOST, PASSWORD, USER

CASES: dict[str, Callable[..., Any]] = {}
"""What is done with a connection of each DB-API driver."""

Ports = dict[str, int]


def case(function: Callable[..., Any]) -> Callable[..., Any]:
    CASES[function.__name__.replace("_", " ")] = function
    return function


@case
def execute(connection: Any, mark: str) -> Any:
    cursor = connection.cursor()
    cursor.execute("SELECT 1")
    return cursor.fetchall()


@case
def parameters(connection: Any, mark: str) -> Any:
    cursor = connection.cursor()
    cursor.execute(f"SELECT {mark}", ("secret",))
    return cursor.fetchone()


@case
def executemany(connection: Any, mark: str) -> Any:
    cursor = connection.cursor()
    cursor.execute("CREATE TEMPORARY TABLE many (a INTEGER)")
    cursor.executemany(f"INSERT INTO many VALUES ({mark})", [(1,), (2,)])
    cursor.execute("SELECT a FROM many ORDER BY a")
    connection.commit()
    return [row[0] for row in cursor.fetchall()]


@case
def failing(connection: Any, mark: str) -> Any:
    cursor = connection.cursor()
    cursor.execute("SELECT * FROM no_such_table")


@case
def with_connection(connection: Any, mark: str) -> Any:
    with connection as entered:
        cursor = (entered if hasattr(entered, "cursor") else connection).cursor()
        cursor.execute("SELECT 1")


@case
def type_of_a_cursor(connection: Any, mark: str) -> Any:
    cursor = connection.cursor()
    return [type(cursor).__name__, type(cursor).__module__]


UNRECORDED = ("unsampled", "no trace header")


def connect_sqlite3(ports: Ports) -> Any:
    import sqlite3

    return sqlite3.connect(":memory:")


def connect_pymysql(ports: Ports) -> Any:
    import pymysql

    return pymysql.connect(host=HOST, port=ports["mysql"], user=USER, password=PASSWORD, database=DATABASE)


def connect_psycopg2(ports: Ports) -> Any:
    import psycopg2

    return psycopg2.connect(
        f"host={HOST} port={ports['postgresql']} user={USER} password={PASSWORD} dbname={DATABASE}"
    )


DRIVERS: dict[str, tuple[Callable[[Ports], Any], str]] = {
    "sqlite3": (connect_sqlite3, "?"),
    "pymysql": (connect_pymysql, "%s"),
    "psycopg2": (connect_psycopg2, "%s"),
}


# What only one of the libraries has


def sqlite3_shortcuts(ports: Ports) -> Any:
    connection = connect_sqlite3(ports)
    connection.execute("CREATE TABLE t (a)")
    connection.executemany("INSERT INTO t VALUES (?)", [(1,)])
    return connection.execute("SELECT a FROM t").fetchall()


def sqlite3_script(ports: Ports) -> Any:
    connect_sqlite3(ports).executescript("CREATE TABLE t (a)")


def sqlite3_keyword(ports: Ports) -> Any:
    import sqlite3

    return sqlite3.connect(database=":memory:").execute("SELECT 1").fetchone()


def psycopg2_registrations(ports: Ports) -> Any:
    import psycopg2.extensions
    import psycopg2.extras

    connection = connect_psycopg2(ports)
    psycopg2.extensions.register_type(psycopg2.extensions.UNICODE, connection)
    psycopg2.extras.register_default_jsonb(conn_or_curs=connection)
    psycopg2.extras.register_uuid(conn_or_curs=connection)
    quoted = psycopg2.extensions.quote_ident("a", connection)
    psycopg2.extras.register_default_jsonb(connection)
    return quoted


def _engine(ports: Ports, kind: str) -> Any:
    import sqlalchemy

    if kind == "sqlite":
        return sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.pool.StaticPool)
    where = f"{USER}:{PASSWORD}@{HOST}:{ports['postgresql']}/{DATABASE}"
    return sqlalchemy.create_engine(f"postgresql+psycopg2://{where}")


def sqlalchemy_connection(ports: Ports, kind: str) -> Any:
    import sqlalchemy

    with _engine(ports, kind).connect() as connection:
        return connection.execute(sqlalchemy.text("SELECT 1, :v"), {"v": "secret"}).fetchone()[0]


def sqlalchemy_compiled(ports: Ports, kind: str) -> Any:
    import sqlalchemy

    with _engine(ports, kind).connect() as connection:
        value = sqlalchemy.literal("secret")
        return connection.execute(sqlalchemy.select(sqlalchemy.func.upper(value))).fetchone()[0]


def sqlalchemy_session(ports: Ports, kind: str) -> Any:
    import sqlalchemy
    import sqlalchemy.orm

    with sqlalchemy.orm.Session(_engine(ports, kind)) as session:
        return session.execute(sqlalchemy.text("SELECT 1")).scalar()


def sqlalchemy_driver_sql(ports: Ports, kind: str) -> Any:
    with _engine(ports, kind).connect() as connection:
        return connection.exec_driver_sql("SELECT 1").scalar()


def sqlalchemy_scalar(ports: Ports, kind: str) -> Any:
    import sqlalchemy

    with _engine(ports, kind).connect() as connection:
        return connection.scalar(sqlalchemy.text("SELECT 1"))


def sqlalchemy_failing(ports: Ports, kind: str) -> Any:
    import sqlalchemy

    with _engine(ports, kind).connect() as connection:
        connection.execute(sqlalchemy.text("SELECT * FROM no_such_table"))


def sqlalchemy_stream_sql_off(ports: Ports, kind: str) -> Any:
    return sqlalchemy_connection(ports, kind)


def _mongo(ports: Ports) -> Any:
    import pymongo

    return pymongo.MongoClient(HOST, ports["mongodb"])


def pymongo_insert_and_find(ports: Ports) -> Any:
    with _mongo(ports) as client:
        client.shop.books.insert_one({"title": "secret"})
        return client.shop.books.find_one({"title": "secret"})["title"]


def pymongo_failing(ports: Ports) -> Any:
    with _mongo(ports) as client:
        client.shop.books.find_one({"$no": "secret"})


SPECIAL: dict[str, Callable[[Ports], Any]] = {
    "sqlite3: shortcuts": sqlite3_shortcuts,
    "sqlite3: script": sqlite3_script,
    "sqlite3: keyword": sqlite3_keyword,
    "psycopg2: registrations": psycopg2_registrations,
    "pymongo: insert and find": pymongo_insert_and_find,
    "pymongo: failing": pymongo_failing,
}
SQLALCHEMY = {
    "connection": sqlalchemy_connection,
    "compiled": sqlalchemy_compiled,
    "session": sqlalchemy_session,
    "driver sql": sqlalchemy_driver_sql,
    "scalar": sqlalchemy_scalar,
    "failing": sqlalchemy_failing,
    "stream_sql off": sqlalchemy_stream_sql_off,
}
NAMES = [
    *(f"{library}: {name}" for library in DRIVERS for name in (*CASES, *UNRECORDED)),
    *SPECIAL,
    *(f"sqlalchemy {kind}: {name}" for kind in ("sqlite", "postgresql") for name in SQLALCHEMY),
]


def run(name: str, ports: Ports) -> Any:
    library, _, case_name = name.partition(": ")
    if name in SPECIAL:
        return SPECIAL[name](ports)
    if library.startswith("sqlalchemy"):
        return SQLALCHEMY[case_name](ports, library.split()[1])
    connect, mark = DRIVERS[library]
    return CASES["execute" if case_name in UNRECORDED else case_name](connect(ports), mark)


def main(side: str, ports_json: str) -> None:
    ports = json.loads(ports_json)
    daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    daemon.bind(("127.0.0.1", 0))
    daemon.setblocking(False)
    address = f"127.0.0.1:{daemon.getsockname()[1]}"
    # The X-Ray SDK looks for Lambda, and for the daemon, when it is imported.
    os.environ["AWS_XRAY_DAEMON_ADDRESS"] = address
    os.environ["LAMBDA_TASK_ROOT"] = "/var/task"
    logging.disable(logging.CRITICAL)
    api = {"powertools": run_side.powertools, "lambda_tracer": run_side.lambda_tracer}[side]()
    if side == "powertools":
        from aws_xray_sdk.core import patch
    else:
        from lambda_tracer import patch
    seen = {}
    # SQLAlchemy first, over drivers that are not patched: theirs would record its statements once more.
    patch(["sqlalchemy_core"])
    for name in sorted(NAMES, key=lambda name: not name.startswith("sqlalchemy")):
        if not name.startswith("sqlalchemy"):
            patch(["sqlite3", "pymysql", "psycopg2", "pymongo"])
        laboratory = lab.Lab(api, address)
        if name.endswith("unsampled"):
            laboratory.invoke(sampled="0")
        elif name.endswith("no trace header"):
            laboratory.header(None)
        elif name.endswith("stream_sql off"):
            laboratory.recorder.configure(stream_sql=False)
        with laboratory.recorder.in_subsegment("handler"):
            laboratory.attempt("the call", run, name, ports)
        laboratory.recorder.configure(stream_sql=True)
        seen[name] = {"notes": laboratory.notes, "documents": run_side.received(daemon)}
        api.recorder.clear_trace_entities()
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])

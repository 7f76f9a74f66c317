"""Database servers for the tests: real ones on free ports of the loopback, each started when a test first asks for it.

One of each kind for a test process, stopped when the process ends. A test is skipped when the program is not
installed; the reason names the Debian package.
"""

from __future__ import annotations

import atexit
import functools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

HOST = "127.0.0.1"
DATABASE = "app"
USER = "app"
PASSWORD = "canary-passw0rd"
"""Accepted by every server; no test may see it in what is sent."""

PATIENCE_S = 60.0


class Server(NamedTuple):
    """Where a server listens; `socket` is its Unix socket, for PostgreSQL the directory of it."""

    port: int
    socket: str


@functools.cache
def postgresql() -> Server:
    initdb = _program("initdb", "postgresql")
    account = _account("postgres", "postgresql")
    home = _home(account)
    data = home / "data"
    settings = ["-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    _run([initdb, *settings], account, home)
    port = free_port()
    options = {
        "listen_addresses": HOST,
        "port": port,
        "unix_socket_directories": home,
        "fsync": "off",
        "max_connections": 40,
        "max_prepared_transactions": 5,
    }
    command = [str(Path(initdb).with_name("postgres")), "-D", str(data)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    _serve(command, account, home)
    psycopg2 = pytest.importorskip("psycopg2", reason="psycopg2 is not installed")
    _wait_until_it_listens(port)
    connection = _wait_for(
        lambda: psycopg2.connect(host=HOST, port=port, user=USER, dbname="postgres"), psycopg2.Error
    )
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {DATABASE}")
    connection.close()
    return Server(port, str(home))


@functools.cache
def mariadb() -> Server:
    install = _program("mariadb-install-db", "mariadb-server")
    server = _program("mariadbd", "mariadb-server")
    account = _account("mysql", "mariadb-server")
    home = _home(account)
    data = home / "data"
    _run(
        [
            install,
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ],
        account,
        home,
    )
    port, path = free_port(), str(home / "socket")
    where = [f"--bind-address={HOST}", f"--port={port}", f"--socket={path}", f"--pid-file={home}/pid"]
    quick = ["--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", "--innodb-buffer-pool-size=8M"]
    _serve([server, "--no-defaults", f"--datadir={data}", *where, *quick], account, home)
    pymysql = pytest.importorskip("pymysql", reason="pymysql is not installed")
    _wait_until_it_listens(port)
    # It listens on its port a little before it listens on its socket.
    connection = _wait_for(
        lambda: pymysql.connect(unix_socket=path, user="root"), pymysql.err.OperationalError
    )
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {DATABASE}")
        cursor.execute(f"CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}'")
        cursor.execute(f"GRANT ALL ON *.* TO {USER}@'%'")
    connection.close()
    return Server(port, path)


@functools.cache
def redis_server(*options: str) -> Server:
    server = _program("redis-server", "redis-server")
    home = _home(None)
    port, path = free_port(), str(home / "socket")
    where = ["--bind", HOST, "--port", str(port), "--unixsocket", path, "--dir", str(home)]
    _serve([server, *where, "--save", "", "--appendonly", "no", *options], None, home)
    _wait_until_it_listens(port)
    return Server(port, path)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _program(name: str, package: str) -> str:
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), "/usr/sbin"]
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, places)])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install {package}")
    return found


def _account(name: str, package: str) -> str | None:
    """The account that a server runs as which refuses root; None where the tests do not run as root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        pytest.skip(f"there is no account {name}: apt-get install {package}")


def _home(account: str | None) -> Path:
    """A directory of the server's own, with a path short enough for a socket, removed in the end."""
    home = Path(tempfile.mkdtemp(prefix="db-", dir="/tmp"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    if account is not None:
        shutil.chown(home, account)
    return home


def _as(account: str | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account, "group": pwd.getpwnam(account).pw_gid, "extra_groups": []}


def _run(command: list[str], account: str | None, home: Path) -> None:
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False, **_as(account))
    assert done.returncode == 0, f"{command[0]} failed:\n{done.stdout}{done.stderr}"


def _serve(command: list[str], account: str | None, home: Path) -> None:
    with open(home / "log", "wb") as log:
        process = subprocess.Popen(
            command, cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **_as(account)
        )

    def stop() -> None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)

    atexit.register(stop)  # before the removal of its directory: the last registered is the first called


def _wait_until_it_listens(port: int) -> None:
    _wait_for(lambda: socket.create_connection((HOST, port), timeout=1), OSError).close()


def _wait_for(connect: Callable[[], Any], error: type[BaseException]) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return connect()
        except error:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)

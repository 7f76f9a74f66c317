"""What drivers and clients say when they fail: recorded without the values that they say it of.

A canary stands in every place where a value can: parameters, rows, literals, query strings, credentials, headers,
bodies. It may be in no datagram and no log line, as the exception's message or as one of its attributes.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from lambda_tracer import patch_all, xray_recorder
from lambda_tracer.encode import messages
from lambda_tracer.encode.any_value import message_of
from lambda_tracer.patches.unpatch import unpatch_all
from tests.daemon import Daemon
from tests.documents import Document
from tests.patches.sql import servers as sql_servers
from tests.patches.sql.drivers import DRIVERS, Driver

# Clients that are refused by what they are answered leave their sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CANARY = "CANARY-7"
QUERY = f"?mail={CANARY}&quoted='{CANARY}'"


@pytest.fixture(autouse=True, scope="module")
def _patched() -> Iterator[None]:
    patch_all()
    yield
    unpatch_all()


class Succeeded(Exception):
    """What should have failed."""


def fails(
    daemon: Daemon, caplog: pytest.LogCaptureFixture, call: Callable[[], Any], *, names_it: bool = False
) -> list[Document]:
    """Let `call` fail in a subsegment; returns the exceptions that were recorded, after a look for the canary.

    `names_it`: it is part of a host, a path or another name that is recorded of the call, but not of the exception.
    """
    daemon.clear()
    caught: BaseException | None = None
    before = ""
    try:
        with xray_recorder.in_subsegment("work"):
            try:
                call()
            except Exception as error:
                before = str(error)
                raise
    except Exception as error:
        caught = error
    if caught is None:
        daemon.clear()
        raise Succeeded
    assert str(caught) == before

    found: list[Document] = []
    for subsegment in daemon.subsegments():
        if isinstance(subsegment.get("cause"), dict):
            found += subsegment["cause"]["exceptions"]
    sent = str(found) if names_it else b"".join(daemon.datagrams()).decode()
    assert CANARY not in sent, [(each["type"], each.get("message")) for each in found]
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("lambda_tracer")]
    assert CANARY not in str(ours)
    for each_error in chain(caught):
        assert CANARY not in plain(messages.attributes(each_error))
    return found


def chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and not any(error is each for each in seen):
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def plain(value: Any) -> str:
    """What may be recorded of attributes: scalars, and containers of them."""
    if isinstance(value, dict):
        return str({plain(key): plain(item) for key, item in value.items()})
    if isinstance(value, (list, tuple, set)):
        return str([plain(item) for item in value])
    return repr(value) if isinstance(value, (str, bytes, int, float)) else ""


# --- Databases ----------------------------------------------------------------------------------------------


@pytest.fixture(params=DRIVERS, ids=lambda driver: driver.id)
def driver(request: pytest.FixtureRequest) -> Driver:
    driver: Driver = request.param
    pytest.importorskip(driver.module, reason=f"{driver.module} is not installed")
    driver.server()
    return driver


EVERYWHERE = (
    f"select * from person where mail = '{CANARY}'' x",
    f"select '{CANARY}' 'x' y z",
    f"select * from nowhere where mail = '{CANARY}'",
    f"select nothing from person where mail = '{CANARY}'",
    f"insert into person values ('{CANARY}', 1)",
    f"insert into person values ('it''s \"{CANARY}\" for key ''x''', 1)",
    "insert into person values ('other', -918273645)",
    f"insert into person values ('{CANARY * 10}', 1)",
    f"insert into child values ('{CANARY}')",
)
OF_POSTGRESQL = (
    f"select cast('{CANARY}' as integer)",
    f"select '{CANARY}'::uuid",
    f"select '{CANARY}'::date",
    f"select '{{\"a\": {CANARY}}}'::json",
    f"select '{CANARY}'::int[]",
    f"select set_config('statement_timeout', '{CANARY}', false)",
    f"select '2020-01-01' at time zone '{CANARY}'",
    f"do $$ begin raise exception 'no {CANARY}'; end $$",
    f"do $$ begin raise exception 'no {CANARY}' using errcode = '22023'; end $$",
    f"select to_date('{CANARY}', 'YYYY')",
    f"copy person from '/{CANARY}'",
    f"select U&'\\{CANARY}'",
)
OF_MYSQL = (
    f'select * from person where mail = "{CANARY}',
    f"signal sqlstate '45000' set message_text = '{CANARY}'",
    f"signal sqlstate '23000' set message_text = '{CANARY}'",
    f"set sql_mode = '{CANARY}'",
    f"set time_zone = '{CANARY}'",
    f"select extractvalue('<a/>', concat('~', '{CANARY}'))",
    f"select 'a' regexp '{CANARY}('",
    f"set names '{CANARY}'",
    f"update person set number = '{CANARY}'",
    f"load data infile '/{CANARY}' into table person",
)
OF_SQLITE = (
    f"select * from person where mail = '{CANARY}",
    f"select json('{CANARY}')",
    f"select json_extract('{{}}', '{CANARY}')",
    f"attach '{CANARY}/x' as other",
    f"select 5{CANARY}",
    f"insert into guarded values ('{CANARY}')",
)


def made(driver: Driver, session: Any) -> None:
    """The tables: their constraints are what the statements run into."""
    statements = [
        "create table person (mail varchar(50) unique not null, number int check (number > 0))",
        "create table child (mail varchar(50), foreign key (mail) references person (mail))",
    ]
    if "sqlite" in driver.id:
        statements += [
            "pragma foreign_keys = on",
            "create table guarded (a)",
            f"create trigger guard before insert on guarded begin select raise(abort, 'no {CANARY}'); end",
        ]
    for statement in ("drop table if exists child", "drop table if exists person", *statements):
        session.execute(statement)
    session.execute(f"insert into person values ({driver.marks(2)})", CANARY, 1)
    finish(session, "commit")


def finish(session: Any, how: str) -> None:
    finished = getattr(session.connection, how, lambda: None)()
    if hasattr(finished, "__await__"):
        session.loop.run_until_complete(finished)


def test_what_a_database_refuses_is_told_without_values(
    driver: Driver, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    statements = EVERYWHERE + (
        OF_SQLITE if "sqlite" in driver.id else OF_MYSQL if "mysql" in driver.id else OF_POSTGRESQL
    )
    told = []
    with driver.session() as session:
        made(driver, session)
        for statement in statements:
            with suppress(Succeeded):  # one driver takes what another refuses
                told += fails(daemon, caplog, lambda statement=statement: ran(session, statement))  # type: ignore[misc]
            finish(session, "rollback")
        duplicate = fails(
            daemon, caplog, lambda: ran(session, f"insert into person values ({driver.marks(1)}, 1)", CANARY)
        )
        finish(session, "rollback")
        with suppress(Succeeded):  # one driver makes JSON of it
            fails(
                daemon,
                caplog,
                lambda: ran(session, f"insert into person values ({driver.marks(1)}, 1)", {CANARY: CANARY}),
            )
    daemon.clear()

    assert len(told) >= 8
    assert "mail" in duplicate[0]["message"]
    assert any("nowhere" in each.get("message", "") for each in told)
    assert CANARY not in str(told)


def ran(session: Any, statement: str, *values: Any) -> None:
    session.execute(statement, *values)
    finish(session, "commit")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("psycopg2", 'duplicate key value violates unique constraint "person_mail_key" (SQLSTATE 23505)'),
        ("pymysql", "1062 (23000): Duplicate entry ? for key 'mail'"),
        ("sqlite3", "UNIQUE constraint failed: person.mail"),
    ],
)
def test_what_is_kept_says_what_was_violated(name: str, message: str, daemon: Daemon) -> None:
    [driver] = [driver for driver in DRIVERS if driver.id == name]
    pytest.importorskip(driver.module)
    with driver.session() as session:
        made(driver, session)
        with pytest.raises(Exception, match=CANARY if driver.id != "sqlite3" else "mail") as caught:
            ran(session, f"insert into person values ({driver.marks(1)}, 1)", CANARY)
        finish(session, "rollback")
    daemon.clear()

    assert message_of(caught.value) == message


def test_sqlalchemy_tells_neither_statement_nor_parameters(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine("sqlite://")

    def run(statement: str, **values: Any) -> None:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text(statement), values)

    run("create table person (mail text unique)")
    run("insert into person values (:mail)", mail=CANARY)

    duplicate = fails(daemon, caplog, lambda: run("insert into person values (:mail)", mail=CANARY))
    fails(daemon, caplog, lambda: run(f"select '{CANARY}' from nowhere"))
    fails(daemon, caplog, lambda: run("select :a, :b", a=CANARY))
    fails(daemon, caplog, lambda: sqlalchemy.create_engine(CANARY))
    fails(daemon, caplog, lambda: sqlalchemy.create_engine(f"postgresql://user:{CANARY}@host:{CANARY}/x"))

    assert {each["message"] for each in duplicate if "message" in each} == {
        "UNIQUE constraint failed: person.mail",
        "(sqlite3.IntegrityError) UNIQUE constraint failed: person.mail",
    }


def test_redis_tells_neither_keys_nor_values(daemon: Daemon, caplog: pytest.LogCaptureFixture) -> None:
    redis = pytest.importorskip("redis")
    client = redis.Redis(port=sql_servers.redis_server().port)
    client.set("text", CANARY)
    number = f"{CANARY}) of pipeline caused error: {CANARY}"

    def piped() -> None:
        pipeline = client.pipeline()
        pipeline.set("text", CANARY)
        pipeline.lpush("text", number)
        pipeline.execute()

    pipeline = fails(daemon, caplog, piped)
    wrong = fails(daemon, caplog, lambda: client.lpush("text", CANARY))
    for command in (
        ("NOWHERE", CANARY, CANARY),
        ("CLIENT", CANARY),
        ("SET", "key", CANARY, CANARY),
        ("CONFIG", "SET", CANARY, "x"),
        ("XREADGROUP", "GROUP", CANARY, "c", "STREAMS", CANARY, ">"),
        ("GEOADD", "key", CANARY, "1", "m"),
        ("EVAL", f"return redis.error_reply('{CANARY}')", 0),
        ("EVAL", f"error('{CANARY}')", 0),
        ("EVAL", f"return redis.call('{CANARY}')", 0),
    ):
        fails(daemon, caplog, lambda command=command: client.execute_command(*command))  # type: ignore[misc]
    fails(daemon, caplog, lambda: redis.Redis(port=1, password=CANARY).ping())
    fails(daemon, caplog, lambda: redis.Redis.from_url(f"redis://user:{CANARY}@host:{CANARY}/0"))
    fails(daemon, caplog, lambda: client.set("key", {CANARY: CANARY}))
    client.close()

    assert "Operation against a key holding the wrong kind of value" in wrong[0]["message"]
    assert "Command # 2" in pipeline[0]["message"]


# --- HTTP ---------------------------------------------------------------------------------------------------


def by_requests(url: str, headers: Any = None, proxy: str | None = None) -> Any:
    requests = pytest.importorskip("requests")
    with requests.Session() as session:
        proxies = {"http": proxy, "https": proxy} if proxy else None
        answer = session.get(url, headers=headers, timeout=3, proxies=proxies)
        answer.raise_for_status()
        return answer.json()


def by_urllib3(url: str, headers: Any = None, proxy: str | None = None) -> Any:
    urllib3 = pytest.importorskip("urllib3")
    kind = urllib3.ProxyManager(proxy, retries=0) if proxy else urllib3.PoolManager(retries=0)
    with kind as pool:
        answer = pool.request("GET", url, headers=headers, timeout=3)
        if answer.status >= 400:
            raise urllib3.exceptions.HTTPError(f"{answer.status} for url: {url}")
        return answer.json()


def by_httpx(url: str, headers: Any = None, proxy: str | None = None) -> Any:
    httpx = pytest.importorskip("httpx")
    with httpx.Client(proxy=proxy, follow_redirects=True) as client:
        answer = client.get(url, headers=headers, timeout=3)
        answer.raise_for_status()
        return answer.json()


def by_aiohttp(url: str, headers: Any = None, proxy: str | None = None) -> Any:
    aiohttp = pytest.importorskip("aiohttp")

    async def main() -> Any:
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, headers=headers, proxy=proxy) as answer,
        ):
            answer.raise_for_status()
            return await answer.json()

    return asyncio.run(main())


def by_urllib(url: str, headers: Any = None, proxy: str | None = None) -> Any:
    if proxy:
        pytest.skip("needs Python of its own for a proxy")
    return json.loads(
        urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=3).read()
    )


CLIENTS = [by_requests, by_urllib3, by_httpx, by_aiohttp, by_urllib]

ANSWERS = {
    "no HTTP": f"{CANARY} nonsense\r\n\r\n",
    "another protocol": f"{CANARY}/1.1 200 OK\r\n\r\n",
    "a reason": f"HTTP/1.1 404 {CANARY}\r\nContent-Length: 8\r\n\r\n{CANARY}",
    "a chunk": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{CANARY}\r\n",
    "a header": f"HTTP/1.1 200 OK\r\nX Y: {CANARY}\x01\r\n{CANARY}\r\n\r\n",
    "too short": f"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{CANARY}",
    "a redirect": f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://a:{CANARY}@127.0.0.1:1/x?{CANARY}\r\n\r\n",
    "a bad redirect": f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://{CANARY}:x y/\r\n\r\n",
    "no JSON": f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{CANARY}",
    "no gzip": f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\n{CANARY}",
}


@contextmanager
def answering(answer: str) -> Iterator[int]:
    """A server that answers each connection with these bytes, whatever it is asked; its port."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.1)
    is_over = threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            with suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(3)
                    connection.recv(65_536)
                    connection.sendall(answer.encode())

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        is_over.set()
        thread.join()
        server.close()


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_an_answer_that_makes_no_sense_is_not_quoted(
    client: Callable[..., Any], answer: str, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    with answering(ANSWERS[answer]) as port, suppress(Succeeded):  # one client takes what another refuses
        told = fails(daemon, caplog, lambda: client(f"http://127.0.0.1:{port}/find{QUERY}"))
        assert told


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "url",
    [
        f"http://127.0.0.1:1/find{QUERY}",
        f"http://user:{CANARY}@127.0.0.1:1/find{QUERY}",
        f"http://user:{CANARY}@host:{CANARY}/{QUERY}",
        f"http://user:x/{CANARY}@127.0.0.1:1/",
        f"{CANARY}/find{QUERY}",
        f"http:///find{QUERY}",
        f"http://127.0.0.1:1/a b{QUERY} {CANARY} {CANARY}",
        f"http://[{CANARY}]/find{QUERY}",
        f"https://127.0.0.1:1/find{QUERY}",
    ],
)
def test_a_url_is_told_by_host_and_path(
    client: Callable[..., Any], url: str, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    assert fails(daemon, caplog, lambda: client(url), names_it=True)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": f"{CANARY}\n x\ny"},
        {f"X-A\n {CANARY}": "x"},
        {"X-A": f"{CANARY}\u2100"},
        {f"{CANARY}\u2100": "x"},
    ],
)
def test_headers_that_cannot_be_sent_are_not_quoted(
    client: Callable[..., Any], headers: Any, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    with answering(ANSWERS["a reason"]) as port:
        fails(daemon, caplog, lambda: client(f"http://127.0.0.1:{port}/", headers))


@pytest.mark.parametrize("client", CLIENTS[:4])
@pytest.mark.parametrize(
    "proxy", [f"http://user:{CANARY}@127.0.0.1:1", f"{CANARY}://x", f"http://user:{CANARY}@host:{CANARY}/"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxys_credentials_are_not_told(
    client: Callable[..., Any], proxy: str, scheme: str, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    fails(daemon, caplog, lambda: client(f"{scheme}://127.0.0.1:2/find{QUERY}", None, proxy))


@pytest.mark.parametrize("client", CLIENTS[:4])
def test_a_proxys_answer_is_not_told(
    client: Callable[..., Any], daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    with answering(f"HTTP/1.1 407 {CANARY}\r\nContent-Length: 0\r\n\r\n") as port:
        told = fails(
            daemon,
            caplog,
            lambda: client(f"https://127.0.0.1:2/{QUERY}", None, f"http://user:{CANARY}@127.0.0.1:{port}"),
        )

    assert "407" in told[0]["message"]


def test_what_a_client_says_of_a_refused_connection_is_kept_but_for_the_query(
    daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    told = fails(daemon, caplog, lambda: by_requests(f"http://127.0.0.1:1/find{QUERY}"))

    [message] = [each["message"] for each in told if each["type"] == "ConnectionError"][:1]
    assert message.startswith(
        "HTTPConnectionPool(host='127.0.0.1', port=1): Max retries exceeded with url: /find (Caused by"
    )
    assert "Connection refused" in message


def test_http_client_tells_no_control_characters(daemon: Daemon, caplog: pytest.LogCaptureFixture) -> None:
    def get(path: str, host: str = "127.0.0.1:1") -> None:
        http.client.HTTPConnection(host, timeout=3).request("GET", path)

    told = fails(daemon, caplog, lambda: get(f"/find?mail={CANARY} x"))
    fails(daemon, caplog, lambda: get("/", f"host:{CANARY}"))

    assert told[0]["message"] == "URL can't contain control characters"


# --- AWS, MongoDB -------------------------------------------------------------------------------------------


def test_what_boto3_refuses_is_told_by_name(daemon: Daemon, caplog: pytest.LogCaptureFixture) -> None:
    boto3 = pytest.importorskip("boto3")
    from botocore.config import Config

    options = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": CANARY}
    config = Config(retries={"max_attempts": 0}, connect_timeout=1)
    dynamodb = boto3.client("dynamodb", endpoint_url="http://127.0.0.1:1", config=config, **options)
    s3 = boto3.client("s3", endpoint_url="http://127.0.0.1:1", config=config, **options)

    parameters = fails(daemon, caplog, lambda: dynamodb.put_item(TableName="t", Item={"id": {"S": [CANARY]}}))
    fails(daemon, caplog, lambda: dynamodb.put_item(TableName="t", Item={"id": {CANARY: "x"}}))
    fails(daemon, caplog, lambda: dynamodb.get_item(TableName="t", Key={"id": {"S": CANARY}}))
    fails(daemon, caplog, lambda: s3.get_object(Bucket=f"{CANARY} x", Key="k"), names_it=True)
    for answer in ("no JSON", "no HTTP"):
        with answering(ANSWERS[answer]) as port:
            for service in ("s3", "dynamodb"):
                other = boto3.client(
                    service, endpoint_url=f"http://127.0.0.1:{port}", config=config, **options
                )
                with suppress(Succeeded):
                    fails(daemon, caplog, other.list_buckets if service == "s3" else other.list_tables)

    assert parameters[0]["message"].startswith(
        "Parameter validation failed:\nInvalid type for parameter Item.id.S"
    )


def test_what_mongodb_says_is_told_by_code_and_index() -> None:
    errors = pytest.importorskip("pymongo.errors")
    details = {"code": 11000, "keyValue": {"mail": CANARY}, "errmsg": CANARY}
    said = f'E11000 duplicate key error collection: app.person index: mail_1 dup key: {{ mail: "{CANARY}" }}'

    duplicate = errors.DuplicateKeyError(said, 11000, details)
    refused = errors.OperationFailure(
        f"unknown operator: ${CANARY}", 2, {"codeName": "BadValue", "errmsg": CANARY}
    )
    bulk = errors.BulkWriteError({"writeErrors": [{"errmsg": CANARY, "op": {"mail": CANARY}}]})

    assert message_of(duplicate) == (
        "E11000 duplicate key error collection: app.person index: mail_1 (code 11000)"
    )
    assert message_of(refused) == "BadValue (code 2)"
    assert CANARY not in message_of(bulk)
    assert [CANARY in plain(messages.attributes(error)) for error in (duplicate, refused, bulk)] == [
        False
    ] * 3

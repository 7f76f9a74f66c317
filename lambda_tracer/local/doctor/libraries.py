"""Libraries: what a function uses of those that can be traced, and of those that nothing traces."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding
from .function import Function
from .requirements import Requirement

UNTRACED = {
    "aio-pika": "RabbitMQ",
    "aiokafka": "Kafka",
    "aiomcache": "Memcached",
    "aiomysql": "MySQL",
    "aioredis": "Redis",
    "aiosmtplib": "mail",
    "asyncmy": "MySQL",
    "asyncssh": "SSH",
    "cassandra-driver": "Cassandra",
    "clickhouse-driver": "ClickHouse",
    "confluent-kafka": "Kafka",
    "cx-oracle": "Oracle",
    "duckdb": "DuckDB",
    "google-cloud-bigtable": "gRPC",
    "google-cloud-firestore": "gRPC",
    "google-cloud-pubsub": "gRPC",
    "google-cloud-spanner": "gRPC",
    "grpcio": "gRPC",
    "kafka-python": "Kafka",
    "kafka-python-ng": "Kafka",
    "ldap3": "LDAP",
    "mariadb": "MariaDB",
    "mysqlclient": "MySQL",
    "nats-py": "NATS",
    "neo4j": "Neo4j",
    "oracledb": "Oracle",
    "paramiko": "SSH",
    "pika": "RabbitMQ",
    "psycopg2cffi": "PostgreSQL",
    "pycurl": "HTTP",
    "pylibmc": "Memcached",
    "pymemcache": "Memcached",
    "pymssql": "SQL Server",
    "pyodbc": "ODBC",
    "pysftp": "SSH",
    "python-ldap": "LDAP",
    "tornado": "HTTP",
    "turbodbc": "ODBC",
    "valkey": "Valkey",
    "valkey-glide": "Valkey",
    "websocket-client": "WebSockets",
    "websockets": "WebSockets",
    "niquests": "HTTP",
    "tritonclient": "gRPC",
}
"""By the distribution: what it speaks to. None has a patch of ours, and none works through a library that has one."""

DISTRIBUTIONS = {
    "boto3": "botocore",
    "botocore": "botocore",
    "aioboto3": "aiobotocore",
    "aiobotocore": "aiobotocore",
    "pynamodb": "pynamodb",
    "requests": "requests",
    "httpx": "httpx",
    "urllib3": "urllib3",
    "aiohttp": "aiohttp",
    "fastapi": "starlette",
    "starlette": "starlette",
    "flask": "flask",
    "quart": "quart",
    "django": "django",
    "aws-lambda-powertools": "powertools",
    "chalice": "chalice",
    "bottle": "bottle",
    "aiosqlite": "aiosqlite",
    "mysql-connector-python": "mysql",
    "pymysql": "pymysql",
    "psycopg2": "psycopg2",
    "psycopg2-binary": "psycopg2",
    "psycopg": "psycopg",
    "pg8000": "pg8000",
    "asyncpg": "asyncpg",
    "sqlalchemy": "sqlalchemy_core",
    "pymongo": "pymongo",
    "redis": "redis",
    "opentelemetry-api": "opentelemetry",
}
"""By the distribution: the library that is patched, by its name in `patch`."""


def untraced(needed: list[Requirement]) -> Iterator[Finding]:
    """The requirements that nothing traces."""
    for each in needed:
        speaks = UNTRACED.get(each.name)
        if speaks:
            yield Finding(
                "untraced-library",
                f"Nothing traces calls of {each.name} ({speaks}).",
                "Put them into a function with @tracer.capture_method, or into a with block.",
                each.file,
                each.line,
            )


def not_taken(
    function: Function, unpatchable: dict[str, str], needed: list[Requirement]
) -> Iterator[Finding]:
    """Patches that the installed versions did not take, by library: why."""
    for library, reason in unpatchable.items():
        asked = next((each for each in needed if DISTRIBUTIONS.get(each.name) == library), None)
        yield Finding(
            "patch-not-taken",
            f"{library} could not be patched as it is installed here ({reason}): its calls are not traced.",
            "Install a version that the tracer knows, and report this one.",
            asked.file if asked is not None else function.file,
            asked.line if asked is not None else function.line,
        )

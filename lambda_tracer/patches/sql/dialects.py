"""Dialects: how the SQL of a database is read, by what SQLAlchemy and OpenTelemetry call the database."""

from __future__ import annotations

from . import text

DIALECTS = {
    **dict.fromkeys(("postgresql", "cockroachdb", "redshift", "aws.redshift"), text.POSTGRESQL),
    **dict.fromkeys(("mysql", "mariadb", "tidb"), text.MYSQL),
    "sqlite": text.SQLITE,
    **dict.fromkeys(("mssql", "microsoft.sql_server"), text.ANSI),
    **dict.fromkeys(("oracle", "oracle.db", "snowflake", "awsathena", "athena", "trino"), text.ANSI),
}
"""Those that are not here are read as text.UNKNOWN."""
